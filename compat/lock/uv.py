"""uv: ``uv pip compile --format pylock.toml`` answers every file that fits the target, with hashes and sizes.

It resolves for any Python and platform (``--python-version``, ``--python-platform``), markers included
(https://docs.astral.sh/uv/concepts/resolution). It stops at the first index that has a package at all and pip compares
all of them; it is told to do as pip.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compat import toml
from compat.lock import File, Locked, NoLock, Package
from compat.lock.resolve import no_file, question, run, without_credentials, written
from compat.lock.wanted import Wanted
from compat.machine import Machine
from compat.matrix.packages import normal

# glibc 2.N that uv has a name for; an older one than the first has no name.
_GLIBC = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)


def ask(wanted: Wanted, constraints: Sequence[str], folder: str) -> Locked:
    """The closure. Raises NoLock."""
    argv = _argv(wanted, constraints, folder, ("--format", "pylock.toml"))
    try:
        answer = run("uv", argv)
    except NoLock as error:
        if any("--format" in line for line in error.said):
            raise NoLock("this uv is too old to write lock files", "update uv", status=2) from None
        raise
    version = run("uv", [argv[0], "--version"]).split()
    return Locked(tuple(_packages(toml.loads(answer))), " ".join(version[:2]))


def _argv(wanted: Wanted, constraints: Sequence[str], folder: str, form: Sequence[str]) -> list[str]:
    program = shutil.which("uv")
    if program is None:
        raise NoLock("uv is not on PATH", "install uv, or lock with --installer pip", status=2)
    argv = [program, "pip", "compile", written(folder, "wanted.in", question(wanted)), *form, "--no-header"]
    argv += ["--no-progress", "--color", "never", *_target(wanted)]
    if constraints:
        argv += ["--constraints", written(folder, "constraints.txt", constraints)]
    return [*argv, *(("--index-strategy", "unsafe-best-match") if wanted.indexes else ())]


def askers(wanted: Wanted, locked: Locked, folder: str) -> dict[str, str]:
    """Its lock file says nothing of who asks for what; its requirements file does, in a comment behind ``via``."""
    pins = [f"{one.name}=={one.version}" for one in locked.packages if not one.direct]
    text = run("uv", _argv(wanted, pins, folder, ("--format", "requirements.txt", "--annotation-style", "line")))
    found = {}
    for line in text.splitlines():
        name, _, via = line.partition("# via ")
        first = via.split(",")[0].strip()
        if "==" in name and first and not first.startswith(("-", "/")):
            found[normal(name.partition("==")[0])] = normal(first)
    return found


def _target(wanted: Wanted) -> Iterator[str]:
    target = wanted.target
    if wanted.line:
        yield from ("--python-version", str(target.python).removesuffix("t"))  # uv knows numbers alone
    if wanted.here:
        if target.interpreter and os.path.exists(target.interpreter):
            yield from ("--python", target.interpreter)
        return
    # A source archive would be built here, for this machine.
    yield from ("--python-platform", platform(target), "--only-binary", ":all:")


def platform(machine: Machine) -> str:
    """uv's name of the platform."""
    arch = machine.arch or "x86_64"
    if machine.os == "windows":
        return f"{arch}-pc-windows-msvc"
    minor = int(machine.glibc.split(".")[1]) if machine.glibc and machine.glibc.startswith("2.") else None
    known = [number for number in _GLIBC if minor is not None and number <= minor]
    return f"{arch}-manylinux_2_{known[-1]}" if known else f"{arch}-unknown-linux-gnu"


def _packages(data: Mapping[str, Any]) -> Iterator[Package]:
    for one in data.get("packages", ()):
        if "vcs" in one or "directory" in one:
            raise no_file(one["name"])
        wheels = tuple(map(_file, one.get("wheels", ())))
        archives = tuple(map(_file, (one[key] for key in ("archive", "sdist") if key in one)))
        yield Package(
            normal(one["name"]),
            str(one.get("version") or _version(wheels + archives)),
            wheels or archives,
            str(one.get("requires-python", "")),
            "archive" in one,
        )


def _version(files: Sequence[File]) -> str:
    """Of a file that was asked for by its address the lock says no version; its name does."""
    parts = files[0].name.split("-") if files else []
    return parts[1] if len(parts) > 2 else ""


def _file(entry: Mapping[str, Any]) -> File:
    where = entry["url"] if "url" in entry else f"file://{os.path.abspath(entry['path'])}"
    return File(without_credentials(where), tuple(sorted(entry.get("hashes", {}).items())), entry.get("size"))
