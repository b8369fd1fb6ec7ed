"""Looks for releases that are newer than the matrix on the package index, and keeps them as the overlay.

Only builds are added, from what the index and the wheels say of themselves: file tags and METADATA (level
``declared``), and the CUDA release where a text file inside the wheel states it (level ``read``). What a release
needs of the driver or runs on is not among that: an overlay's build never inherits the evidence of an older one.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import requests
from packaging.version import InvalidVersion, Version

from compat import toml
from compat.matrix.canonical import write
from compat.matrix.compile import Row, read
from compat.matrix.document import Document
from compat.matrix.index.builds import Group, group, requirements
from compat.matrix.index.client import Index, NotFoundError
from compat.matrix.overlay import write_file
from compat.matrix.schema import Schema

if TYPE_CHECKING:
    from compat.matrix import Matrix

# Text files inside wheels that state the CUDA release of the build, and how (never evaluated).
STATED = {
    "torch": ("torch/version.py", re.compile(r"^cuda\b[^=]*=\s*'([\d.]+)'", re.MULTILINE)),
    "tensorflow": (
        "tensorflow/python/platform/build_info.py",
        re.compile(r"""['"]cuda_version['"]:\s*['"]([\d.]+)['"]"""),
    ),
    "onnxruntime-gpu": (
        "onnxruntime/capi/build_and_package_info.py",
        re.compile(r"""^cuda_version\s*=\s*['"]([\d.]+)['"]""", re.MULTILINE),
    ),
}


class Unreachable(Exception):
    """The package index does not answer."""


@dataclass(frozen=True)
class Outcome:
    """What was found for a package: newer releases, oldest first, or why it could not be looked up."""

    package: str
    known: str  # the newest release of the matrix itself
    newer: tuple[str, ...] = ()
    failed: str = ""


def packages(matrix: "Matrix") -> list[str]:
    """Distributions whose builds the matrix has from the default package index."""
    return [
        name
        for name in matrix.components("build")
        if any(row["index"] == "pypi" for rows in matrix.builds(name).values() for row in rows)
    ]


def update(matrix: "Matrix", index: Index, folder: str, today: str, only: Iterable[str] = ()) -> Iterator[Outcome]:
    """Look each package up and write what is new; ``matrix`` is the one without overlay.

    A package that cannot be read keeps what an earlier update found. Raises Unreachable if the index does not answer
    (what was found until then stays written), OSError if the folder cannot be written.
    """
    failures = 0
    for package in list(only) or packages(matrix):
        known = newest_known(matrix, package)
        try:
            files = index.files(package)
            newer = [one for one in group(files) if one.version > known]
            text = write(document(package, newer, index, today), Schema()) if newer else ""
        except (requests.ConnectionError, requests.Timeout) as error:
            raise Unreachable(type(error).__name__) from error
        except (OSError, BadZipFile, NotFoundError, ValueError, KeyError, StopIteration) as error:
            failures += 1
            yield Outcome(package, str(known), failed=f"{type(error).__name__}: {error}")
            continue
        if newer:
            write_file(folder, f"{package}.toml", text)
        elif files:
            _drop_outdated(os.path.join(folder, f"{package}.toml"), known)
        yield Outcome(package, str(known), tuple(dict.fromkeys(str(one.version) for one in newer)))
    if not failures and not only:
        note = "# The day on which `compatcheck matrix update` asked about every package."
        write_file(folder, "checked.toml", f"{note}\ndate = {today}\n")


def newest_known(matrix: "Matrix", package: str) -> Version:
    """The newest final release of the package that the matrix has from the default index."""
    found = [Version("0")]
    for version, rows in matrix.builds(package).items():
        try:
            parsed = Version(version)
        except InvalidVersion:
            continue
        if not parsed.is_prerelease and any(row["index"] == "pypi" for row in rows):
            found.append(parsed)
    return max(found)


def _drop_outdated(path: str, known: Version) -> None:
    """Remove an earlier overlay file that says only what the matrix knows by now."""
    try:
        rows = read(path).get("build", [])
        if all(Version(row["version"]) <= known for row in rows):
            os.remove(path)
    except (OSError, UnicodeDecodeError, toml.TOMLDecodeError, KeyError, InvalidVersion, AttributeError):
        return  # absent, or broken: loading sets it aside


def document(package: str, groups: list[Group], index: Index, today: str) -> Document:
    """The overlay's file of a package."""
    made = Document(package, comment="# Written by `compatcheck matrix update`; safe to delete.\n")
    where = f"package index: {package}"
    made.source("metadata", f"{package} wheels: METADATA and file tags", where, today, "declared")
    for one in groups:
        requires, extras = requirements(index.metadata(one.example))
        row: Row = {
            **one.row(),
            "package": package,
            "requires": requires,
            "extras": extras or None,
            "source": "metadata",
        }
        cuda = stated_cuda(package, one, index)
        if cuda is not None:
            made.source("wheels", f"{package} wheels: {STATED[package][0]}", where, today, "read")
            row.update(cuda=cuda, source=["wheels", "metadata"], level="read")
        made.add("build", row)
    return made


def stated_cuda(package: str, one: Group, index: Index) -> str | None:
    """The CUDA release that a text file inside the wheel states; None where there is no such file or statement."""
    if package not in STATED or one.os == "macos":
        return None
    member, pattern = STATED[package]

    def compute() -> str | None:
        wheel = index.wheel(one.example)
        if member not in wheel.names():
            return None
        match = pattern.search(wheel.read(member).decode("utf-8", "replace"))
        return match.group(1) if match else None

    found = index.remember(one.example, "stated-cuda/1", compute)
    return found if isinstance(found, str) else None
