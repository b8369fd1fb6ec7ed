"""Requests from files: what requirements, projects, locks, environments, Dockerfiles and checkouts ask for.

The readers are those of the guard; they are handed in as what they answer. Of several demands for one component all
have to be met; a component that a file only names may be any release.
"""

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from compat import versions
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.markers import applies
from compat.plan.model import Request
from compat.plan.request import COMPONENTS, BadRequest
from compat.records import dataclass

if TYPE_CHECKING:
    from compat.matrix import Matrix

# Names of files that say what a checkout needs, in the order in which they are shown.
_NAMES = ("pylock.toml", "pyproject.toml", "requirements.txt", "environment.yml", "environment.yaml", "dockerfile")
_SKIPPED = frozenset((".git", ".tox", ".venv", "venv", "node_modules", "site-packages", "__pycache__"))
_DEPTH = 3  # folders below the checkout's root that are looked into
_MOST = 40  # files of a checkout that are read


class Asked(Protocol):
    """A requirement as the readers answer it."""

    @property
    def name(self) -> str: ...
    @property
    def range(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def marker(self) -> str: ...


@dataclass(frozen=True)
class Line:
    """What was read from one line, and why it is no part of the request where it is none."""

    where: str
    text: str
    left_out: str = ""


def requests_of(
    found: Iterable[Asked], machine: Machine, matrix: "Matrix"
) -> tuple[tuple[Request, ...], tuple[Line, ...]]:
    """The requests and the lines that they were read from. Of a component the files nearest to the root count.

    Raises BadRequest for a range that cannot be read.
    """
    named: dict[str, list[Asked]] = {}
    lines = []
    for one in found:
        component = matrix.packages.component(normal(one.name))
        if component not in COMPONENTS or component is None:
            continue
        if one.marker and not applies(one.marker, machine, ""):
            lines.append(Line(one.where, _text(one), f"not for this machine: {one.marker}"))
            continue
        mine = named.setdefault(component, [])
        if mine and _depth(mine[0].path) < _depth(one.path):
            lines.append(Line(one.where, _text(one), f"{mine[0].path} is nearer to the root"))
            continue
        mine.append(one)
        lines.append(Line(one.where, _text(one)))
    return tuple(_request(name, named[name]) for name in COMPONENTS if name in named), tuple(lines)


def _text(one: Asked) -> str:
    return one.name if one.range == "*" else f"{one.name}{one.range}"


def _depth(path: str) -> int:
    return os.path.normpath(path).count(os.sep)


def _request(component: str, said: list[Asked]) -> Request:
    # What stands behind a plus names a build; which build fits here is the plan's to say.
    texts = list(dict.fromkeys(re.sub(r"\+[^,]*", "", one.range) for one in said if one.range != "*"))
    joined = ",".join(texts) or "*"
    where = ", ".join(dict.fromkeys(one.where for one in said))
    try:
        versions.parse_range(joined)
    except versions.BadVersion:
        hint = "write it as pip does: ==2.15.1, >=2.3,<2.5"
        raise BadRequest(f"{where}: {component} {joined}: not a range", hint) from None
    return Request(component, joined, joined, where)


def files_of(folder: str) -> Iterator[str]:
    """The files of a checkout that say what it needs, the nearest to its root first. Links are not followed."""
    count = 0
    for path, folders, names in os.walk(folder):
        depth = 0 if path == folder else os.path.relpath(path, folder).count(os.sep) + 1
        folders[:] = sorted(one for one in folders if one not in _SKIPPED and depth < _DEPTH)
        for name in sorted(names, key=_rank):
            whole = os.path.join(path, name)
            if _rank(name) < len(_NAMES) and not os.path.islink(whole) and count < _MOST:
                count += 1
                yield whole


def _rank(name: str) -> int:
    lower = name.lower()
    if lower in _NAMES:
        return _NAMES.index(lower)
    if lower.startswith("requirements") and lower.endswith(".txt"):
        return _NAMES.index("requirements.txt")
    return len(_NAMES)
