"""What the guard costs over the installer alone.

`python -m scripts.guard_overhead [ROUNDS] [--uv] [--known] [--cold]`

Without an option small packages are installed for real, by pip or (``--uv``) by uv, alone and behind the guard in turn,
in an environment that otherwise holds only metadata; what came is removed again. ``--known`` resolves only: every
command of tests/guard/commands.py that the configured index can answer and that is let through, each with its own
installer and environment (``--uv``: only uv's). ``--cold`` empties uv's cache before each run. Printed are, for each
command, the medians of both in seconds of the clock and of the processor, then how the overheads are distributed, and
the sum of all overheads over the sum of all that the installers alone took.
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE / "tests" / "guard"), str(HERE)]

from commands import ALL_HARMLESS  # noqa: E402
from record import environment  # noqa: E402

SMALL = ("einops", "requests", "rich tqdm pyyaml", "--upgrade pillow", "flask", "numpy --upgrade", "boto3", "onnx")
# What the program `compatcheck` does; that of older pips imports ``re`` besides.
_PROGRAM = "from compat.cli import main; main()"
_VENDOR = "download.pytorch.org"  # not every index is there everywhere


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of the processor in all processes."""

    clock: float
    processor: float


class Bench:
    """Environments, each put back by hand after each run."""

    def __init__(self, folder: Path, cold: bool) -> None:
        self.folder = folder
        self.cache = folder / "cache" if cold else None

    def python(self, name: str) -> str:
        """The interpreter of an environment, which is made when it is first asked for."""
        if not (self.folder / name).exists():
            environment(self.folder, name)
            self._copy(self._site(name), self.folder / f"{name}-kept")
        return str(self.folder / name / "bin" / "python")

    def _site(self, name: str) -> Path:
        return next((self.folder / name).glob("lib/python*/site-packages"))

    @staticmethod
    def _copy(one: Path, other: Path) -> None:
        """By hard links: installers replace files and do not write into them."""
        subprocess.run(["cp", "-al", str(one), str(other)], check=True)

    def pair(self, name: str, command: str) -> tuple[list[str], list[str]]:
        """The installer's own command, and the same behind the guard."""
        installer, *words = shlex.split(command)
        python = self.python(name)
        own = [sys.executable, "-c", _PROGRAM, "guard", installer, "--python", python]
        alone = ["uv"] if installer == "uv" else [python, "-m", "pip"]
        there = ["--python", python] if installer == "uv" else []
        return [*alone, *words, *there], [*own, *words]

    def run(self, name: str, argv: Sequence[str]) -> Spent:
        """What a command takes. Puts back what was."""
        environ = dict(os.environ)
        if self.cache is not None:
            shutil.rmtree(self.cache, ignore_errors=True)
            environ["UV_CACHE_DIR"] = str(self.cache)
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(argv, capture_output=True, cwd=HERE, env=environ, check=False)
        clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if "--dry-run" not in argv:
            site = self._site(name)
            shutil.rmtree(site)
            self._copy(self.folder / f"{name}-kept", site)
        return Spent(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def compared(self, name: str, command: str, rounds: int) -> tuple[Spent, Spent]:
        """The medians of some rounds, alone and behind the guard in turn."""
        plain, guarded = self.pair(name, command)
        self.run(name, plain)  # what the caches hold is the same for both
        runs = [(self.run(name, plain), self.run(name, guarded)) for _ in range(rounds)]
        alone, behind = (
            Spent(statistics.median(one.clock for one in side), statistics.median(one.processor for one in side))
            for side in zip(*runs, strict=True)
        )
        return alone, behind


def commands(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(environment, command)."""
    if "--known" not in options:
        installer = "uv pip" if "--uv" in options else "pip"
        yield from (("torch26", f"{installer} install {words}") for words in SMALL)
        return
    for _, name, command in ALL_HARMLESS:
        if "uninstall" not in command and _VENDOR not in command and ("--uv" not in options or command[:3] == "uv "):
            yield name, f"{command} --dry-run"


def main() -> None:
    """Run all and print the figures."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    if "--uv" in sys.argv and shutil.which("uv") is None:
        sys.exit("uv is not on PATH: there is nothing to compare with")
    found: dict[str, list[tuple[Spent, Spent]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), "--cold" in sys.argv)
        for name, command in dict.fromkeys(commands(sys.argv)):
            alone, behind = bench.compared(name, command, int(words[0]) if words else 5)
            found.setdefault(command.partition(" ")[0], []).append((alone, behind))
            print(
                f"{name}: {command:<50} clock {alone.clock:6.3f} -> {behind.clock:6.3f} s "
                f"{100 * (behind.clock / alone.clock - 1):+6.1f} %, processor {alone.processor:6.3f} -> "
                f"{behind.processor:6.3f} s {100 * (behind.processor / alone.processor - 1):+6.1f} %",
                flush=True,
            )
    for installer, pairs in found.items():
        for kind in ("clock", "processor"):
            print(f"{installer}, {kind}: {told([(getattr(a, kind), getattr(b, kind)) for a, b in pairs])}")


def told(pairs: Sequence[tuple[float, float]]) -> str:
    """How the overheads of (alone, behind) are distributed, and their share in all."""
    shares = sorted(100 * (behind / alone - 1) for alone, behind in pairs)
    more = sorted(1000 * (behind - alone) for alone, behind in pairs)
    total = 100 * (sum(behind for _, behind in pairs) / sum(alone for alone, _ in pairs) - 1)
    within = sum(share <= 15 for share in shares)
    return (
        f"{len(pairs)} commands, {within} within 15 %; median {statistics.median(shares):+.1f} %, "
        f"most {shares[-1]:+.1f} %; median {statistics.median(more):+.0f} ms, most {more[-1]:+.0f} ms; "
        f"all together {total:+.1f} %"
    )


if __name__ == "__main__":
    main()
