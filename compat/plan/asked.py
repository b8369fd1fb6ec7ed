"""Requests from files: what requirements, projects, locks, environments, Dockerfiles and checkouts ask for.

The readers are those of the guard; they are handed in as what they answer. Of several demands for one component all
have to be met; a component that a file only names may be any release. A constraint counts for what is asked for
elsewhere. A build that is named (``2.1.0+cu118``, or PyTorch's index of it as the source of that very package) is
demanded; an index that a whole file names says only where an installer may look.
"""

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from compat import versions
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.markers import applies
from compat.plan.model import Pin, Request
from compat.plan.request import COMPONENTS, BadRequest, plannable
from compat.records import dataclass, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

# Names of files that say what a checkout needs, in the order in which they are shown.
_NAMES = (
    "pylock.toml",
    "pyproject.toml",
    "pixi.toml",
    "setup.cfg",
    "setup.py",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
    "dockerfile",
    "*.ipynb",
)
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
    @property
    def url(self) -> str | None: ...


@dataclass(frozen=True)
class Line:
    """What was read from one line, and why it is no part of the request where it is none."""

    where: str
    text: str
    left_out: str = ""


def requests_of(
    found: Iterable[Asked], machine: Machine, matrix: "Matrix", constraints: Iterable[Asked] = ()
) -> tuple[tuple[Request, ...], tuple[Line, ...]]:
    """The requests and the lines that they were read from. Of a component the files nearest to the root count.

    Raises BadRequest for a range that cannot be read.
    """
    limits = tuple(constraints)
    named: dict[str, list[Asked]] = {}
    lines = []
    for one in (*found, *limits):
        component = matrix.packages.component(normal(one.name))
        if component is None or not (component in COMPONENTS or _counts(component, matrix)):
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
    if "jaxlib" in named:  # half of JAX: the release of jax decides on it, and alone it asks for its own
        alone = named.pop("jaxlib")
        named.setdefault("jax", alone)
    wanted = {name: said for name, said in named.items() if any(one not in limits for one in said)}
    order = [*COMPONENTS, *sorted(set(wanted) - set(COMPONENTS))]
    bounds = tuple(_bounds((*found, *limits), frozenset(wanted), machine, matrix))
    lines += [Line(pin.by, f"{pin.name}{pin.range}") for pin in bounds]
    asked = (_request(name, wanted[name]) for name in order if name in wanted)
    return tuple(replace(one, limits=bounds) for one in asked), tuple(lines)


def _bounds(found: Iterable[Asked], wanted: frozenset[str], machine: Machine, matrix: "Matrix") -> Iterator[Pin]:
    """What the files demand of packages that builds of what is asked for share with others: numpy<1.24, or numpy in any
    release. Of one package the files nearest to the root count."""
    drawn = drawn_by(matrix, wanted)
    nearest: dict[str, int] = {}
    for one in found:
        name = normal(one.name)
        if name not in drawn or matrix.packages.component(name) in wanted:
            continue
        if (one.marker and not applies(one.marker, machine, "")) or nearest.setdefault(name, _depth(one.path)) < _depth(
            one.path
        ):
            continue
        yield Pin(name, re.sub(r"\+[^,]*", "", one.range), one.where, one.where)


@lru_cache(maxsize=16)
def drawn_by(matrix: "Matrix", components: frozenset[str]) -> frozenset[str]:
    """Names of packages that builds of the components require, or that are known to break some of them."""
    names = {name for component in components for name in matrix.packages.distributions(component)}
    rows = [row for name in names for builds in matrix.packages.builds(name).values() for row in builds]
    required = {name for row in rows for name, _, _ in matrix.packages.pins(row)}
    broken = {normal(row["other"]) for row in matrix.every("break") if row.get("other") and row["package"] in names}
    return frozenset(required | broken)


def _counts(component: str, matrix: "Matrix") -> bool:
    """Is it something with GPU code, or that is compiled against what has it?"""
    about = matrix.packages.about(component)
    return "module" in about and about.get("accelerator") != "none" and plannable(component, matrix)


def _text(one: Asked) -> str:
    return one.name if one.range == "*" else f"{one.name}{one.range}"


def _depth(path: str) -> int:
    return os.path.normpath(path).count(os.sep)


def _request(component: str, said: list[Asked]) -> Request:
    texts = list(dict.fromkeys(re.sub(r"\+[^,]*", "", one.range) for one in said if one.range != "*"))
    joined = ",".join(texts) or "*"
    where = ", ".join(dict.fromkeys(one.where for one in said))
    build = next((tag for one in said if (tag := _build(one)) is not None), "")
    try:
        versions.parse_range(joined)
    except versions.BadVersion:
        hint = "write it as pip does: ==2.15.1, >=2.3,<2.5"
        raise BadRequest(f"{where}: {component} {joined}: not a range", hint) from None
    return Request(component, joined, joined + (f"+{build}" if build else ""), where, build)


def _build(one: Asked) -> str | None:
    """The build that a demand names: by what stands behind the plus (``+cpu`` is left to the goal), or by PyTorch's
    folder that it comes from."""
    local = re.search(r"\+(cu\d+)\b", one.range) or re.search(r"/whl/(?:[a-z]+/)*(cu\d+)\b", one.url or "")
    return local[1] if local else None


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
    if lower.startswith("requirements") and lower.endswith((".txt", ".in")):
        return _NAMES.index("requirements.txt")
    if re.fullmatch(r"(?:environment|conda)[\w.-]*\.ya?ml", lower):
        return _NAMES.index("environment.yml")
    if re.fullmatch(r"dockerfile\..+|.+\.dockerfile", lower):
        return _NAMES.index("dockerfile")
    return _NAMES.index("*.ipynb") if lower.endswith(".ipynb") else len(_NAMES)
