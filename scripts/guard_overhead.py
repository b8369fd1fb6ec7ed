"""What the guard costs over the resolver's own time: `python scripts/guard_overhead.py [ROUNDS]`.

Runs pip's dry run alone and behind the guard, in turn, in an environment that holds only metadata, against the index
that pip is configured for. Prints both medians and the difference for each command, and the median of the differences.
"""

import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "tests" / "guard"))

from record import environment  # noqa: E402

COMMANDS = ("requests", "pandas", "onnx", "--upgrade pillow scipy", "matplotlib")


def timed(argv: list[str]) -> float:
    """Seconds that the command takes."""
    start = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True, cwd=HERE)
    return time.perf_counter() - start


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        python = str(environment(Path(folder), "torch26"))
        for command in COMMANDS:
            words = ["install", *shlex.split(command)]
            alone, behind = [], []
            plain = [python, "-m", "pip", *words, "--dry-run", "--quiet", "--report", f"{folder}/report.json"]
            guarded = [sys.executable, "-m", "compat", "guard", "pip", "--python", python, "--dry-run", *words]
            timed(plain)  # what the caches hold is the same for both
            for _ in range(rounds):
                alone.append(timed(plain))
                behind.append(timed(guarded))
            one, other = statistics.median(alone), statistics.median(behind)
            shares.append(other / one - 1)
            share = f"{100 * shares[-1]:+5.1f} %"
            print(f"pip install {command:<24} {one:6.2f} s alone, {other:6.2f} s behind the guard, {share}")
    print(f"median overhead {100 * statistics.median(shares):+.1f} %")


if __name__ == "__main__":
    main()
