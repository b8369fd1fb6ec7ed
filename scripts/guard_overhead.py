"""What the guard costs over the installer alone: `python scripts/guard_overhead.py [ROUNDS] [--dry-run]`.

Installs for real (or resolves only) with pip alone and behind the guard, in turn, in an environment that otherwise
holds only metadata, from the index that pip is configured for; what came is removed again. Prints, for each command,
the medians of both in seconds of the clock and of the processor, and the differences.
"""

import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "tests" / "guard"))

from record import environment  # noqa: E402

COMMANDS = ("einops", "requests", "rich tqdm pyyaml", "--upgrade pillow", "flask", "numpy --upgrade", "boto3", "onnx")


def timed(argv: list[str]) -> tuple[float, float]:
    """Seconds that the command takes: by the clock, and of the processor in all its processes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True, cwd=HERE)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Bench:
    """One environment, put back by hand after each run."""

    def __init__(self, folder: Path) -> None:
        self.python = str(environment(folder, "torch26"))
        self.site = next(folder.glob("torch26/lib/python*/site-packages"))
        self.kept = folder / "kept"
        shutil.copytree(self.site, self.kept, symlinks=True)

    def run(self, argv: list[str]) -> tuple[float, float]:
        """Time a command, then put the environment back."""
        seconds = timed(argv)
        if "--dry-run" not in argv:
            shutil.rmtree(self.site)
            shutil.copytree(self.kept, self.site, symlinks=True)
        return seconds


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--dry-run"]
    rounds = int(words[0]) if words else 5
    dry = ["--dry-run"] if "--dry-run" in sys.argv else []
    shares: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for command in COMMANDS:
            asked = ["install", *shlex.split(command)]
            plain = [bench.python, "-m", "pip", *asked, *dry]
            guarded = [sys.executable, "-m", "compat", "guard", "pip", "--python", bench.python, *dry, *asked]
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
                f"pip install {command:<24} clock {clock[0]:5.2f} -> {clock[1]:5.2f} s {100 * shares[-1][0]:+5.1f} %, "
                f"processor {cpu[0]:5.2f} -> {cpu[1]:5.2f} s {100 * shares[-1][1]:+5.1f} %",
                flush=True,
            )
    medians = [100 * statistics.median(one[kind] for one in shares) for kind in (0, 1)]
    print(f"median overhead: clock {medians[0]:+.1f} %, processor {medians[1]:+.1f} %")


if __name__ == "__main__":
    main()
