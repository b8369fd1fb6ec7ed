"""When two builds are alike for every rule about several packages together, so that one answer serves both.

Patch releases mostly are: same CUDA, same pins, same known breaks. Everything that such a rule reads of a build is in
its likeness; what only the rules about one build read (its machine code, its files) is not.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import normal
from compat.plan.model import Choice
from compat.plan.offers.places import ARCHIVE

if TYPE_CHECKING:
    from compat.matrix import Matrix

Likeness = tuple[object, ...]
_ROW = ("cuda", "cudnn", "tensorrt", "nccl")
_RELEASE = ("opset", "ir", "cudnn", "tensorrt")


def likeness(choice: Choice, matrix: "Matrix") -> Likeness:
    """The key of a build's class."""
    if choice.installed:
        return (choice,)
    release = matrix.packages.release(choice.component, choice.public) or {}
    return (
        choice.component,
        choice.distribution,
        choice.build,
        choice.extras,
        choice.parts,
        choice.conda,
        choice.libraries,
        tuple((pin.name, pin.range, pin.unread) for pin in choice.pins),
        tuple(str(choice.row.get(field)) for field in _ROW),
        tuple(choice.row.get("requires", ())),
        tuple(str(release.get(field)) for field in _RELEASE),
        _tables(choice, matrix),
        choice.brings,
        choice.version if choice.index == ARCHIVE else "",  # of wheels for one torch the release tells the ABI, too
    )


def _tables(choice: Choice, matrix: "Matrix") -> tuple[str, ...]:
    """The rows about pairs and breaks whose range has this release."""
    releases = {choice.distribution: choice.public, **dict(choice.brings)}
    return tuple([told for name, release in releases.items() for told in rows_with(matrix, name, release)])


@lru_cache(maxsize=8192)
def rows_with(matrix: "Matrix", name: str, release: str) -> tuple[str, ...]:
    """The rows about pairs and breaks that speak of a release, each in a few words."""
    named, others = _by_name(matrix)
    found = [told for allowed, told in named.get(name, ()) if allowed.admits(release) is not False]
    return (*found, *[f"{text}: {allowed.admits(release)}" for text, allowed in others.get(name, {}).items()])


Named = dict[str, list[tuple[versions.Range, str]]]
Others = dict[str, dict[str, versions.Range]]


@lru_cache(maxsize=4)
def _by_name(matrix: "Matrix") -> tuple[Named, Others]:
    """The rows about pairs and breaks by the package that they are about: its releases, and the row in a few words; and
    by the other one what they say of its releases, which is mostly the same."""
    named: Named = {}
    others: Others = {}
    for row in (*matrix.every("break"), *matrix.every("pair")):
        told = row.get("id") or f"{row['package']} {row['range']} {row['other']}"
        named.setdefault(normal(row["package"]), []).append((versions.parse_range(row["range"]), told))
        if row.get("other"):
            text = row.get("with") or row.get("fits") or "*"
            others.setdefault(normal(row["other"]), {})[text] = versions.parse_range(text)
    return named, others
