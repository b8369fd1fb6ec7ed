"""Files that say what will be installed, one reader a format. Nothing in them is executed or fetched.

A reader answers ``Contents``: requirements with file and line, the Python, the image. What it cannot read is BadFile
with the line; what is allowed in such a file and says nothing about packages is passed over.
"""

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

from compat.records import dataclass, field

LIMIT = 8 << 20
"""Bytes of a file that are read; lock files of large projects have some megabytes."""

_DESCRIPTION = 1 << 20  # bytes; a machine description has some kilobytes

MOST = 10_000
"""Entries of a file that are read; lock files of large projects have a thousand."""

LONGEST = 4096
"""Characters of one requirement, its hashes left out."""

_Entry = TypeVar("_Entry")


class BadFile(ValueError):
    """The file cannot be read; the message begins with ``PATH:LINE``, ``hint`` says what is expected."""

    def __init__(self, path: str, line: int, message: str, hint: str = "") -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.hint = hint or (
            "requirements.txt, pyproject.toml, setup.py, setup.cfg, environment.yml, pixi.toml, Dockerfile, Pipfile,"
            " cog.yaml, pylock.toml, the locks of uv, Poetry and PDM, what conda lists, notebooks and READMEs are read"
        )


@dataclass(frozen=True)
class Requirement:
    """One package that is asked for. ``range`` is a PEP 440 range, ``*`` for any release."""

    name: str
    range: str
    path: str
    line: int
    extras: tuple[str, ...] = ()
    marker: str = ""
    url: str | None = None  # the file or index that it is to come from
    indexes: tuple[str, ...] | None = None  # those that its own command names; None where those of its file count
    build: str | None = None  # conda's build string
    conda: bool = False  # from a channel of conda, under its name there
    group: str = ""  # what has to be asked for to get it: ``extra gpu``, ``group dev``

    @property
    def exact(self) -> str | None:
        """The release, where the range admits just one."""
        match = re.fullmatch(r"={2,3}\s*([^,*\s]+)", self.range)
        return match[1] if match else None

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Passed:
    """What stands in a file and is no package that could be read, and why."""

    path: str
    line: int
    text: str
    why: str

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Image:
    """The image that a Dockerfile's last stage stands on."""

    name: str
    tag: str
    path: str
    line: int
    platform: str | None = None


@dataclass(frozen=True)
class Contents:
    """What a file says."""

    kind: str
    path: str
    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    python: str | None = None  # a release or a line: 3.11
    python_line: int = 0
    interpreter: str | None = None  # the name that its commands start it by, where that is not the usual one
    requires_python: str | None = None
    own_python: bool = False  # it makes an environment of its own, whose Python the solver of that chooses
    indexes: tuple[str, ...] = ()
    image: Image | None = None
    system: tuple[str, ...] = field(default=())  # Debian packages that a Dockerfile installs
    passed: tuple[Passed, ...] = ()


class Gathered(Protocol):
    """What a reader has gathered from lines, and from the files that they name."""

    requirements: list[Requirement]
    constraints: list[Requirement]
    indexes: list[str]
    passed: list[Passed]


def gathered(kind: str, path: str, found: Gathered, **more: Any) -> Contents:
    """Contents of what was gathered, and ``more`` that the file itself says."""
    return Contents(
        kind,
        path,
        tuple(found.requirements),
        tuple(found.constraints),
        indexes=tuple(dict.fromkeys(found.indexes)),
        passed=tuple(dict.fromkeys(found.passed)),
        **more,
    )


def text_of(path: str) -> str:
    """The file's text. Raises BadFile."""
    if not path.isprintable():  # it is shown, and part of what a plan says
        raise BadFile(ascii(path), 0, "a name that steers terminals", "give the file another name")
    try:
        with open(path, "rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise BadFile(path, 0, error.strerror or str(error), "give a file that can be read") from None
    if len(data) > LIMIT:
        raise BadFile(path, 0, f"longer than {LIMIT >> 20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadFile(path, line, f"not UTF-8 text ({error.reason})") from None


class Entries:
    """Counts what a file, with those that it includes, asks for: one may name another many times."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._left = MOST

    def spend(self, line: int, entries: int = 1) -> None:
        """Raises BadFile behind the ``MOST``-th entry."""
        self._left -= entries
        if self._left < 0:
            raise BadFile(self.path, line, f"more than {MOST:,} entries", "give the files one by one")


def bounded(entries: Iterable[_Entry], path: str) -> Iterator[_Entry]:
    """The entries of a file. Raises BadFile behind the ``MOST``-th: the time that a file takes has an end."""
    count = Entries(path)
    for entry in entries:
        count.spend(0)
        yield entry


_BY_NAME = {
    "pipfile": "pipfile",
    "cog.yaml": "cog",
    **dict.fromkeys(("uv.lock", "poetry.lock", "pdm.lock"), "locks"),
}
_BY_ENDING = {"py": "setuppy", "cfg": "setupcfg", "ipynb": "notebook", "md": "readme"}


def kind_of(path: str) -> str:
    """The format, told by the file's name."""
    name = os.path.basename(path).lower()
    if re.fullmatch(r"pylock(?:\.[^.]+)?\.toml", name):
        return "pylock"
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.endswith(".toml"):
        return "pyproject"
    ending = name.rpartition(".")[2]
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if name.endswith((".yml", ".yaml")):
        return "conda"
    if re.search(r"(?:^|[.\-_])(?:docker|container)file(?:$|[.\-_])", name):
        return "dockerfile"
    return "requirements"


def read(path: str) -> Contents:
    """Read a file of any of the formats. Raises BadFile."""
    from importlib import import_module

    contents: Contents = import_module(f"compat.guard.files.{kind_of(path)}").read(path)
    if not contents.requirements and path.endswith((".json", ".jsonl", ".toml")) and _is_description(path):
        raise BadFile(path, 0, "a machine description, which asks for nothing", "--machine FILE is where it goes")
    return contents


def _is_description(path: str) -> bool:
    from compat.description import load
    from compat.machine import Machine
    from compat.shapes import BadDescription

    try:
        if os.path.getsize(path) > _DESCRIPTION:
            return False
        machine = next(load(path), Machine())
    except (BadDescription, OSError):
        return False
    return machine != Machine() and not machine.unknown


def logical_lines(text: str, path: str, comment: str = "#") -> Iterator[tuple[int, str]]:
    """Lines joined over a trailing backslash, each with the number of its first; comment lines inside are left out."""
    start, parts = 0, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(comment):
            continue
        start = start or number
        if line.rstrip().endswith("\\"):
            parts.append(line.rstrip()[:-1])
            continue
        yield start, " ".join([*parts, line]).strip()
        start, parts = 0, []
    if parts:
        yield start, " ".join(parts).strip()
