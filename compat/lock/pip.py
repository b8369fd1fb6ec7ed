"""pip: ``pip install --dry-run --ignore-installed --report`` (22.2 and newer) answers one file a package with its hash.

pip reads markers for the interpreter that it runs in, whatever ``--python-version`` and ``--platform`` say, so it is
run in one of the target's Python where there is one, and what the metadata asks for on the target is held against the
answer (https://pip.pypa.io/en/stable/reference/installation-report/).
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from compat.guard.answers import FIRST_PIP, REPORT_LIMIT
from compat.lock import File, Locked, NoLock, Package
from compat.lock.resolve import no_file, question, run, without_credentials, written
from compat.lock.wanted import Wanted, missing
from compat.markers import applies
from compat.matrix.packages import normal
from compat.plan.commands import tags
from compat.records import replace

_USUAL_GLIBC = "2.28"  # of a machine whose own is unknown
_FLAGS = ("-I", "-m", "pip", "--disable-pip-version-check", "--no-input")


def ask(wanted: Wanted, constraints: Sequence[str], folder: str) -> Locked:
    """The closure. Raises NoLock."""
    python, native = _python(wanted)
    report = os.path.join(folder, "report.json")
    argv = [python, *_FLAGS, "install", "--dry-run", "--ignore-installed", "--report", report]
    argv += ["--progress-bar", "off", "--requirement", written(folder, "wanted.in", question(wanted))]
    if constraints:
        argv += ["--constraint", written(folder, "constraints.txt", constraints)]
    try:
        run("pip", [*argv, *(() if native else _platform(wanted, os.path.join(folder, "never")))])
    except NoLock as error:
        if any("no such option" in line for line in error.said):
            said = f"pip tells what it would install from {FIRST_PIP} on"
            raise NoLock(said, f"update pip of {python}", status=2) from None
        if any("No module named pip" in line for line in error.said):
            raise NoLock(f"{python} has no pip", "lock with --installer uv", status=2) from None
        raise
    data = _load(report)
    packages = tuple(_package(item) for item in data["install"])
    if not native:
        _complete(packages, wanted)
    return Locked(packages, f"pip {data.get('pip_version', '')}".strip())


def askers(wanted: Wanted, locked: Locked, folder: str) -> dict[str, str]:
    """By the metadata in the report."""
    from packaging.requirements import Requirement

    found: dict[str, str] = {}
    for one in locked.packages:
        for requirement in map(Requirement, one.requires or ()):
            if requirement.marker is None or applies(str(requirement.marker), wanted.target):
                found.setdefault(normal(requirement.name), one.name)
    return found


def _python(wanted: Wanted) -> tuple[str, bool]:
    """An interpreter to run pip in, and whether it is one of the target itself."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    inspected = wanted.target.interpreter
    if wanted.here and inspected and os.path.exists(inspected):
        return inspected, True
    if wanted.line in ("", own):
        return sys.executable, wanted.here
    found = shutil.which(f"python{wanted.line}")
    return (found, wanted.here) if found and _has_pip(found) else (sys.executable, False)


def _has_pip(python: str) -> bool:
    """Does it start? A version manager leaves programs on PATH for Pythons that are not switched on."""
    try:
        run("pip", [python, *_FLAGS, "--version"])
    except NoLock:
        return False
    return True


def _platform(wanted: Wanted, folder: str) -> Iterator[str]:
    """The target in pip's words: every platform tag that it takes, and no source archive, which would be built here.

    pip before 23.3 wants ``--target`` with them even where nothing is installed.
    """
    yield from ("--target", folder)
    if wanted.line:
        yield from tags.of_python(str(wanted.target.python))
    target = wanted.target if wanted.target.glibc else replace(wanted.target, glibc=_USUAL_GLIBC)
    for tag in tags.of_machine(target):
        yield from ("--platform", tag)
    yield "--only-binary=:all:"


def _load(path: str) -> Any:
    try:
        if os.path.getsize(path) > REPORT_LIMIT:
            raise NoLock("pip's report is too long")
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError) as error:
        raise NoLock(f"pip wrote no report that can be read: {error}") from None
    if str(data.get("version", "")).partition(".")[0] != "1":
        raise NoLock(f"pip's report is of a later format: {data.get('version')}")
    return data


def _package(item: Any) -> Package:
    metadata, info = item["metadata"], item["download_info"]
    if "archive_info" not in info:
        raise no_file(str(metadata["name"]))
    archive = info["archive_info"]
    hashes = dict(archive.get("hashes") or {})
    if not hashes and "=" in archive.get("hash", ""):
        name, _, digest = archive["hash"].partition("=")
        hashes = {name: digest}
    return Package(
        normal(str(metadata["name"])),
        str(metadata["version"]),
        (File(without_credentials(str(info["url"])), tuple(sorted(hashes.items()))),),
        str(metadata.get("requires_python") or ""),
        bool(item.get("is_direct")),
        tuple(str(line) for line in metadata.get("requires_dist") or ()),
    )


def _complete(packages: Sequence[Package], wanted: Wanted) -> None:
    """Is it the target's closure? pip has read the markers for its own machine. Raises NoLock."""
    lacks = missing({one.name: one.requires or () for one in packages}, wanted.requirements, wanted.target)
    if lacks:
        where = f"Python {wanted.line or 'of the target'} on {wanted.target.os or 'its system'}"
        raise NoLock(
            f"pip reads markers for the Python that it runs in, not for {where}: {'; '.join(lacks[:3])}",
            "lock with --installer uv, or on the machine itself",
        )
