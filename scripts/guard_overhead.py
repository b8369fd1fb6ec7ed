"""What the guard costs over the installer alone.

`python scripts/guard_overhead.py [ROUNDS] [--uv] [--cold] [--dry-run]`

Installs for real (or resolves only) with pip (or uv) alone and behind the guard, in turn, in an environment that
otherwise holds only metadata, from the index that pip is configured for; what came is removed again. ``--cold`` empties
uv's cache before each run. Prints, for each command, the medians of both in seconds of the clock and of the processor,
and the differences.
"""

import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "tests" / "guard"))

from record import environment  # noqa: E402

COMMANDS = ("einops", "requests", "rich tqdm pyyaml", "--upgrade pillow", "flask", "numpy --upgrade", "boto3", "onnx")


class Bench:
    """One environment, put back by hand after each run."""

    def __init__(self, folder: Path, cold: bool) -> None:
        self.python = str(environment(folder, "torch26"))
        self.site = next(folder.glob("torch26/lib/python*/site-packages"))
        self.kept = folder / "kept"
        self.cache = folder / "cache" if cold else None
        shutil.copytree(self.site, self.kept, symlinks=True)

    def alone(self, installer: str, words: Sequence[str]) -> list[str]:
        """The installer's own command."""
        if installer == "uv":
            return ["uv", "pip", "install", "--python", self.python, *words]
        return [self.python, "-m", "pip", "install", *words]

    def behind(self, installer: str, words: Sequence[str]) -> list[str]:
        """The same behind the guard."""
        own = [sys.executable, "-m", "compat", "guard", installer, "--python", self.python]
        judged = ["--dry-run"] if "--dry-run" in words else []
        verb = ["pip", "install"] if installer == "uv" else ["install"]
        return [*own, *judged, *verb, *(word for word in words if word != "--dry-run")]

    def run(self, argv: list[str]) -> tuple[float, float]:
        """Seconds that a command takes, by the clock and of the processor in all its processes. Puts back what was."""
        environ = dict(os.environ)
        if self.cache is not None:
            shutil.rmtree(self.cache, ignore_errors=True)
            environ["UV_CACHE_DIR"] = str(self.cache)
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(argv, check=True, capture_output=True, cwd=HERE, env=environ)
        clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if "--dry-run" not in argv:
            shutil.rmtree(self.site)
            shutil.copytree(self.kept, self.site, symlinks=True)
        return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    rounds = int(words[0]) if words else 5
    installer = "uv" if "--uv" in sys.argv else "pip"
    dry = ["--dry-run"] if "--dry-run" in sys.argv else []
    shares: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), "--cold" in sys.argv)
        for command in COMMANDS:
            asked = [*dry, *shlex.split(command)]
            plain, guarded = bench.alone(installer, asked), bench.behind(installer, asked)
            bench.run(plain)  # what the caches hold is the same for both
            alone, behind = [], []
            for _ in range(rounds):
                alone.append(bench.run(plain))
                behind.append(bench.run(guarded))
            clock, cpu = (
                tuple(statistics.median(one[kind] for one in runs) for runs in (alone, behind)) for kind in (0, 1)
            )
            shares.append((clock[1] / clock[0] - 1, cpu[1] / cpu[0] - 1))
            print(
                f"{installer} install {command:<20} clock {clock[0]:5.2f} -> {clock[1]:5.2f} s "
                f"{100 * shares[-1][0]:+5.1f} %, "
                f"processor {cpu[0]:5.2f} -> {cpu[1]:5.2f} s {100 * shares[-1][1]:+5.1f} %",
                flush=True,
            )
    medians = [100 * statistics.median(one[kind] for one in shares) for kind in (0, 1)]
    print(f"median overhead: clock {medians[0]:+.1f} %, processor {medians[1]:+.1f} %")


if __name__ == "__main__":
    main()
