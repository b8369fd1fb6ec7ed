"""A folder with everything an installation needs, for a machine without a network: wheels, plan, hashes.

``bundle`` makes it (``plan.json``, ``wheels/``, ``SHA256SUMS``). Before anything is installed from it every file is
held against its hash, and a file that is not listed is refused.
"""

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator

from compat import versions
from compat.install import execute, files
from compat.install.errors import InstallError
from compat.install.planfile import PlanFile
from compat.install.target import is_this_machine
from compat.install.templates import Conda, Fetch, Install
from compat.machine import Machine
from compat.plan.commands import python as installers
from compat.plan.commands import tags

SUMS = "SHA256SUMS"
PLAN = "plan.json"
WHEELS = "wheels"
_LINE = re.compile(r"^([0-9a-f]{64})  (plan\.json|wheels/[A-Za-z0-9][A-Za-z0-9._+!-]*\.(?:whl|tar\.gz|zip))$")


def check(folder: str) -> str:
    """Hold every file against its hash; returns the folder of the wheels. Raises InstallError."""
    listed = _listed(folder)
    here = {PLAN, *(f"{WHEELS}/{name}" for name in _names(f"{folder}/{WHEELS}"))}
    for name in sorted(here - set(listed)):
        raise InstallError(f"{folder}/{name}: is not listed in {SUMS}", "make the bundle again")
    for name, digest in listed.items():
        if name not in here:
            raise InstallError(f"{folder}/{name}: is missing", "copy the whole bundle again")
        if _digest(f"{folder}/{name}") != digest:
            raise InstallError(f"{folder}/{name}: is not the file that was bundled (SHA-256 differs)", "copy it again")
    return os.path.realpath(f"{folder}/{WHEELS}")


def _listed(folder: str) -> dict[str, str]:
    try:
        with open(f"{folder}/{SUMS}", encoding="ascii") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InstallError(
            f"{folder}/{SUMS}: cannot be read: {error}", "`compatcheck bundle` makes such a folder"
        ) from None
    found = [_LINE.match(line) for line in lines]
    if not all(found):
        raise InstallError(f"{folder}/{SUMS}: not a list of hashes", "make the bundle again")
    return {match[2]: match[1] for match in found if match}


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        raise InstallError(f"{folder}: {error.strerror}", "`compatcheck bundle` makes such a folder") from None


def _digest(path: str) -> str | None:
    digest = hashlib.sha256()
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with open(fd, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def make(plan: PlanFile, folder: str, python: str, step: Callable[[str], None], line: Callable[[str], None]) -> str:
    """Download what the plan's package steps install, with all that they need. Raises InstallError.

    ``python`` is an interpreter with pip, which is what downloads. Returns the SHA-256 of the list of hashes: who has
    that from elsewhere can trust the whole folder. The folder appears when it is complete.
    """
    if os.path.lexists(folder):
        raise InstallError(f"{folder}: is there already", "name another folder with --output")
    draft = f"{os.path.abspath(folder)}.draft"
    files.remove(draft)
    os.makedirs(f"{draft}/{WHEELS}")
    try:
        for number, argv in enumerate(downloads(plan, python, f"{draft}/{WHEELS}"), 1):
            step(f"download {number}")
            execute.run(argv, draft, line)
        with open(f"{draft}/{PLAN}", "w", encoding="ascii") as file:
            file.write(plan.text)
        names = [PLAN, *(f"{WHEELS}/{name}" for name in sorted(os.listdir(f"{draft}/{WHEELS}")))]
        text = "".join(f"{_digest(f'{draft}/{name}')}  {name}\n" for name in names)
        with open(f"{draft}/{SUMS}", "w", encoding="ascii") as file:
            file.write(text)
        check(draft)
        files.sync(draft)
        os.rename(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return hashlib.sha256(text.encode()).hexdigest()


def downloads(plan: PlanFile, python: str, wheels: str) -> Iterator[tuple[str, ...]]:
    """The download command of each package step; a later one finds what an earlier one has fetched."""
    pip = (python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--progress-bar", "off")
    here = is_this_machine(plan.result) and _same_python(plan.result.python, python)
    platform = () if here else _platform(plan.result)
    for step in plan.steps:
        action = step.action
        if isinstance(action, Conda):
            raise InstallError(f"{step.component} comes from conda-forge, which a bundle cannot carry")
        if isinstance(action, Install) and action.compiled:
            raise InstallError(f"{step.component} is compiled on the machine itself, which a bundle cannot carry")
        if isinstance(action, Fetch):
            yield (*pip, "--no-deps", *platform, "--dest", wheels, action.url)
        elif isinstance(action, Install):
            asked = (*action.requirements, *installers.places(action.index, action.extra))
            yield (*pip, *platform, "--dest", wheels, "--find-links", wheels, *asked)


def _same_python(wanted: str | None, python: str) -> bool:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if wanted is None:
        return True
    line = versions.major_minor(wanted)
    return line == own if python == sys.executable else True


def _platform(machine: Machine) -> tuple[str, ...]:
    """pip's description of another machine: its Python, and the platform tags that it takes (PEP 600)."""
    line = versions.major_minor(machine.python) if machine.python else None
    if machine.os not in ("linux", "windows") or machine.arch is None or line is None:
        raise InstallError(
            "the plan does not say for which system, architecture and Python it is",
            "plan for a machine whose os, arch and python are known",
        )
    if machine.os == "linux" and machine.glibc is None:
        raise InstallError("the plan does not say which glibc the machine has", 'describe it: glibc = "2.35"')
    named = [word for tag in tags.of_machine(machine) for word in ("--platform", tag)]
    return ("--only-binary=:all:", "--implementation", "cp", *tags.of_python(line), *named)
