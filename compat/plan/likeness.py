"""When two builds are alike for every rule about several packages together, so that one answer serves both.

Patch releases mostly are: same CUDA, same pins, same known breaks. Everything that such a rule reads of a build is in
its likeness; what only the rules about one build read (its machine code, its files) is not.
"""

from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import normal
from compat.plan.model import Choice

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
    )


def _tables(choice: Choice, matrix: "Matrix") -> tuple[str, ...]:
    """The rows about pairs and breaks whose range has this release."""
    names = {choice.distribution: choice.public, **dict(choice.brings)}
    found = []
    for row in (*matrix.every("break"), *matrix.every("pair")):
        release = names.get(normal(row["package"]))
        if release is not None and versions.parse_range(row["range"]).admits(release) is not False:
            found.append(row.get("id") or f"{row['package']} {row['range']} {row['other']}")
        other = names.get(normal(row.get("other", "")))
        if other is not None:
            text = row.get("with") or row.get("fits") or "*"
            found.append(f"{text}: {versions.parse_range(text).admits(other)}")
    return tuple(found)
