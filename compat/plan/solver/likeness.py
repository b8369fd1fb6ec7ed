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
    from compat.matrix import Matrix, Row

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
    found = []
    for row in named.get(name, ()):
        if versions.parse_range(row["range"]).admits(release) is not False:
            found.append(row.get("id") or f"{row['package']} {row['range']} {row['other']}")
    for row in others.get(name, ()):
        text = row.get("with") or row.get("fits") or "*"
        found.append(f"{text}: {versions.parse_range(text).admits(release)}")
    return tuple(found)


@lru_cache(maxsize=4)
def _by_name(matrix: "Matrix") -> "tuple[dict[str, list[Row]], dict[str, list[Row]]]":
    """The rows about pairs and breaks by the package that they are about, and by the other one."""
    named: dict[str, list[Row]] = {}
    others: dict[str, list[Row]] = {}
    for row in (*matrix.every("break"), *matrix.every("pair")):
        named.setdefault(normal(row["package"]), []).append(row)
        if row.get("other"):
            others.setdefault(normal(row["other"]), []).append(row)
    return named, others
