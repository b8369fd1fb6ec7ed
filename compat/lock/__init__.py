"""Locks a plan: the whole closure with hashes, resolved by the user's own uv or pip against their index.

    Plan -> wanted -> resolver (uv, pip) -> Locked -> judged by the rules -> written (pylock, requirements)

A resolver sees what metadata says and nothing else: it puts the cuDNN of two CUDA majors together without a word. So
the set that it answers is a machine again, and the rules have the last word before anything is written.
A format is one file here with ``render`` and one line in ``FORMATS``, a resolver one with ``ask`` and ``askers`` and
its name in ``RESOLVERS``.
"""

import os
import re
from urllib.parse import unquote, urlsplit

from compat.records import dataclass

# Pattern of the file's name -> the module that writes it.
FORMATS = {
    r"pylock(?:\.[^.]+)?\.toml": "compat.lock.pylock",
    r".+\.txt": "compat.lock.requirements",
}
RESOLVERS = ("pip", "uv")  # each a module here with ``ask`` and ``askers``
MADE_BY = "compatcheck"


class NoLock(Exception):
    """Nothing was written; ``said`` are the resolver's own last lines, ``status`` the exit status."""

    def __init__(self, message: str, hint: str = "", said: tuple[str, ...] = (), status: int = 1) -> None:
        super().__init__(message)
        self.hint = hint
        self.said = said
        self.status = status


@dataclass(frozen=True)
class File:
    """One file of a release: ``hashes`` are (algorithm, hexadecimal digest), ``size`` in bytes where the index says."""

    url: str
    hashes: tuple[tuple[str, str], ...]
    size: int | None = None

    @property
    def name(self) -> str:
        return unquote(urlsplit(self.url).path.rpartition("/")[2])

    @property
    def is_wheel(self) -> bool:
        return self.name.endswith(".whl")


@dataclass(frozen=True)
class Package:
    """One locked release. ``requires`` are its metadata's requirement lines, None where the resolver kept them."""

    name: str
    version: str
    files: tuple[File, ...]
    requires_python: str = ""
    direct: bool = False  # asked for by the file's address
    requires: tuple[str, ...] | None = None

    @property
    def size(self) -> int | None:
        """Bytes to download: of the files that fit, the installer takes one."""
        sizes = [one.size for one in self.files if one.size is not None]
        return max(sizes) if sizes and len(sizes) == len(self.files) else None


@dataclass(frozen=True)
class Locked:
    """What the resolver answered. ``resolver`` is its name and release."""

    packages: tuple[Package, ...]
    resolver: str

    @property
    def size(self) -> int | None:
        """Bytes to download, where the index says of every file."""
        sizes = [one.size for one in self.packages]
        return sum(one for one in sizes if one is not None) if sizes and None not in sizes else None


def module_of(path: str) -> str:
    """The module that writes a file of this name. Raises NoLock."""
    name = os.path.basename(path)
    for pattern, module in FORMATS.items():
        if re.fullmatch(pattern, name):
            return module
    raise NoLock(
        f"--lock {path}: the name tells no format",
        "pylock.toml and pylock.NAME.toml are PEP 751 lock files, NAME.txt is a requirements file with hashes",
        status=2,
    )
