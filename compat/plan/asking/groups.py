"""Which extras and dependency groups of a project are asked for: ``path/to/repo[trt,dev]``, as pip writes extras.

Without brackets all of them are, as far as they go together; with empty ones none is.
"""

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from compat.names import normal
from compat.plan.asking.request import BadRequest
from compat.records import replace

if TYPE_CHECKING:
    from compat.guard.files import Contents

Groups = frozenset[str] | None
_NAMED = re.compile(r"(?P<path>.+)\[(?P<names>[\w\s,.-]*)\]")


def of_path(said: str) -> tuple[str, Groups]:
    """The file or folder, and the extras and groups that are named behind it; None where none are."""
    match = None if os.path.exists(said) else _NAMED.fullmatch(said)
    if match is None:
        return said, None
    return match["path"], frozenset(normal(name.strip()) for name in match["names"].split(",") if name.strip())


def name_of(group: str) -> str:
    """The name of an extra or a group by what a reader calls it (``extra trt``, ``group dev``)."""
    return normal(group.rpartition(" ")[2])


def groups_of(contents: "Iterable[Contents]") -> Iterator[str]:
    """The extras and groups that files have, each once, as readers call them; a block of a README is none."""
    named = (line.group for one in contents for line in one.requirements if _is_optional(line.group))
    yield from dict.fromkeys(named)


def picked(contents: "Iterable[Contents]", groups: Groups, path: str) -> "list[Contents]":
    """The files with what they always ask for, and with the named extras and groups alone. Raises BadRequest for one
    that none of them has."""
    every = list(contents)
    if groups is None:
        return every
    known = {name_of(group): group for group in groups_of(every)}
    unknown = sorted(groups - known.keys())
    if unknown:
        there = ", ".join(known.values()) or "none"
        raise BadRequest(f"{path} has no extra or group {unknown[0]}", f"there is: {there}")
    return [
        replace(one, requirements=tuple(line for line in one.requirements if _is_of(line.group, groups)))
        for one in every
    ]


def _is_of(group: str, groups: frozenset[str]) -> bool:
    return not _is_optional(group) or name_of(group) in groups


def _is_optional(group: str) -> bool:
    return group.partition(" ")[0] in ("extra", "group", "feature")
