"""Score compatcheck on the described cases: ``python -m scripts.cases [FILE] [--json OUT]``.

Runs the scorer that lies beside the cases (``shared/cases/score.py``, in this checkout or its parent) on the installed
command of this Python. Says so and exits 0 where there are no cases.
"""

import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent.parent
_COMMAND = "{python} -m compat check --machine {{file}} --goal {{goal}} --format json"


def folder() -> Path | None:
    """Where the cases lie, or None."""
    places = (_HERE / "shared" / "cases", _HERE.parent / "shared" / "cases")
    return next((place for place in places if (place / "score.py").is_file()), None)


def main(arguments: list[str]) -> int:
    """Run the scorer; its own exit status, 0 where there is none."""
    cases = folder()
    if cases is None:
        print("no shared/cases beside this checkout: nothing to score")
        return 0
    named = [] if arguments and not arguments[0].startswith("-") else [str(cases / "dev.jsonl")]
    command = _COMMAND.format(python=sys.executable)
    return subprocess.run(
        [sys.executable, str(cases / "score.py"), *named, *arguments, "--command", command], cwd=_HERE, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
