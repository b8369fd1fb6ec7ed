"""What goes wrong with installations, one by one, for real: ``python -m scripts.mishaps`` prints a table.

Each mishap befalls a `compatcheck install` of a plan of two steps (tiny wheels, real pip) in an environment of its own.
What is left is compared, every file by content and mode, with what was before and with what was planned. A small disk
and a read-only one are mounted, which takes an administrator.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "install"))

import tiny

sys.path.pop(0)

Outcome = tuple[int, str]
_UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--ambient-caps=-all")


class Place:
    """An environment on a folder, and the installation that is to go wrong there."""

    def __init__(self, made: Path, folder: Path) -> None:
        self.folder = folder
        self.wheels = made.parent / "env-wheels"
        self.env = tiny.copy_environment(made, folder / "env")
        self.offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}

    def argv(self, plan: object = None) -> list[str]:
        """The command line of the installation."""
        value = plan if plan is not None else tiny.plan()
        # beside the environment there may be no room
        path = Path(tempfile.mkdtemp(dir=self.wheels.parent)) / "plan.json"
        return tiny.argv("install", str(tiny.write_plan(path, value)), "--python", str(self.env), "--yes")

    def run(
        self, *before: str, plan: object = None, limit: Callable[[], None] | None = None, **variables: str
    ) -> Outcome:
        """Carry it out; its exit status and what it said."""
        environ = tiny.variables_of(**(variables or self.offline))
        words = [*before, *self.argv(plan)]
        done = subprocess.run(
            words, env=environ, cwd="/", capture_output=True, text=True, preexec_fn=limit, check=False
        )
        return done.returncode, done.stderr


def mark(env: Path) -> str:
    """A hash of the whole tree."""
    return sha256(json.dumps(tiny.manifest(env), sort_keys=True).encode()).hexdigest()[:12]


def nothing(place: Place) -> Outcome:
    """undisturbed"""
    return place.run()


def full_disk(place: Place) -> Outcome:
    """disk full (2 MiB left)"""
    free = os.statvfs(place.folder)
    with open(place.folder / "ballast", "wb") as file:
        file.write(b"\0" * (free.f_bavail * free.f_frsize - (2 << 20)))
    return place.run()


def file_quota(place: Place) -> Outcome:
    """no file may grow beyond 64 KiB (RLIMIT_FSIZE)"""
    return place.run(limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, 64 << 10)))


def read_only_packages(place: Place) -> Outcome:
    """site-packages read-only"""
    site = next(place.env.glob("lib/*/site-packages"))
    site.chmod(0o555)
    try:
        return place.run(*(_UNPRIVILEGED if os.geteuid() == 0 else ()))
    finally:
        site.chmod(0o755)


def read_only_disk(place: Place) -> Outcome:
    """file system read-only"""
    subprocess.run(["mount", "-o", "remount,ro", str(place.folder)], check=True)
    try:
        return place.run()
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(place.folder)], check=True)


def network_lost(place: Place) -> Outcome:
    """the index closes the connection within a file"""
    with tiny.index(place.wheels, stop_after=2) as address:
        return place.run(PIP_INDEX_URL=address, PIP_TIMEOUT="2")


def wrong_hash(place: Place) -> Outcome:
    """a wheel with another hash than the index says"""
    with tiny.index(place.wheels, other_hash="onnx-1.18.0-py3-none-any.whl") as address:
        return place.run(PIP_INDEX_URL=address)


def edited_plan(place: Place) -> Outcome:
    """a plan whose command was edited"""
    value = tiny.plan()
    value["steps"][0]["commands"][0]["argv"] += ["--index-url", "http://localhost/simple"]
    return place.run(plan=value)


def two_at_once(place: Place) -> Outcome:
    """two installations at once"""
    runs = [
        subprocess.Popen(
            place.argv(), env=tiny.variables_of(**place.offline), cwd="/", stderr=subprocess.PIPE, text=True,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [run.communicate()[1] for run in runs]
    worst = max(range(2), key=lambda at: runs[at].returncode)
    return runs[worst].returncode, said[worst]


def _ended(place: Place, number: signal.Signals) -> Outcome:
    run = subprocess.Popen(
        place.argv(), env=tiny.variables_of(**place.offline), cwd="/", stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    journal = Path(f"{place.env}.compatcheck/000001/journal.jsonl")
    while run.poll() is None and not (journal.exists() and b'"before"' in journal.read_bytes()):
        time.sleep(0.01)
    run.send_signal(number)
    said = run.communicate()[1]
    return run.returncode, said


def stopped(place: Place) -> Outcome:
    """Ctrl-C within a step"""
    return _ended(place, signal.SIGINT)


def killed(place: Place) -> Outcome:
    """SIGKILL within a step, then `rollback`"""
    status, _ = _ended(place, signal.SIGKILL)
    done = tiny.compatcheck("rollback", str(place.env), "--yes")
    return status, done.stderr or done.stdout


MOUNTED = (full_disk, read_only_disk)
MISHAPS = (
    nothing, full_disk, file_quota, read_only_packages, read_only_disk, network_lost, wrong_hash, edited_plan,
    two_at_once, stopped, killed,
)  # fmt: skip


@contextmanager
def folder(mishap: Callable[[Place], Outcome], base: Path) -> Iterator[Path]:
    """Where the environment lies: a small disk of its own where the mishap is one of disks."""
    place = base / "place"  # always there: what is installed holds its own path
    place.mkdir()
    if mishap in MOUNTED:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        if mishap in MOUNTED:
            subprocess.run(["umount", str(place)], check=True)
        shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    """Let each befall an environment; the exit status is 1 where one was left in between."""
    lost, planned = 0, ""
    print("| mishap | exit | environment | what is said |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as path:
        base = Path(os.path.realpath(path))
        made = tiny.environment(base / "env")
        for mishap in MISHAPS:
            with folder(mishap, base) as there:
                place = Place(made, there)
                before = mark(place.env)
                status, said = mishap(place)
                after = mark(place.env)
            planned = planned or after
            left = "as before" if after == before else "as planned" if after == planned else "in between"
            lost += left == "in between"
            # what compatcheck itself says, not pip
            own = [line for line in said.splitlines() if line.startswith(("error:", "put back", "the environment"))]
            told = (own or said.strip().splitlines() or [""])[-1].replace(str(base), "").replace("|", "/")
            print(f"| {mishap.__doc__} | {status} | {left} ({before} -> {after}) | {told[:150]} |", flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
