"""Requests from files: what requirements, projects, locks, environments, Dockerfiles and checkouts ask for.

The readers are those of the guard; they are handed in as what they answer. Of several demands for one component all
have to be met; a component that a file only names may be any release. A constraint counts for what is asked for
elsewhere. A build that is named (``2.1.0+cu118``, or PyTorch's index of it as the source of that very package) is
demanded; an index that a whole file or a command names tells which build of a release is preferred.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.markers import applies
from compat.matrix.packages import has_cuda, normal
from compat.names import COMPONENTS
from compat.plan.asking.checkout import depth, for_other_devices
from compat.plan.asking.request import (
    BadRequest,
    build_of_name,
    plannable,
    why_not,
    without_build,
)
from compat.plan.asking.ways import Asked, build_of, final_of, folder_of, other_ways, way_of
from compat.plan.model import Pin, Request
from compat.plan.offers.published import INSTALLABLE
from compat.plan.ranges import joined
from compat.records import dataclass, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix


_PAIRS = 3  # of what goes with what is asked for, the newest
_SHOWN = 6  # names of packages that nothing is planned for
# conda's names of CUDA and its libraries; pip's packages of these names are others.
_OF_CUDA = re.compile(r"^(?:cuda|cudatoolkit|pytorch-cuda|cudnn|nccl|libcu(?!rl)|tensorrt)")


@dataclass(frozen=True)
class Line:
    """What was read from one line, and why it is no part of the request where it is none."""

    where: str
    text: str
    left_out: str = ""
    opposed: bool = False  # with all that its file asks for, which is another way to the same

    @property
    def path(self) -> str:
        return self.where.rpartition(":")[0]


def requests_of(
    found: Iterable[Asked],
    machine: Machine,
    matrix: "Matrix",
    constraints: Iterable[Asked] = (),
    loose: frozenset[str] = frozenset(),
    weak: frozenset[tuple[str, str]] = frozenset(),
    beside: frozenset[str] = frozenset(),
    brought: frozenset[str] = frozenset(),
) -> tuple[tuple[Request, ...], tuple[Line, ...], tuple[Pin, ...]]:
    """The requests, the lines that they were read from, and what is demanded of packages that builds share, those of
    the components ``beside`` them too. What a goal brings in (``brought``) is planned for. Of a component the files
    nearest to the root that bound it count.

    ``loose``: files that were found and not named, in the order of their weight: where one contradicts those before it
    (requirements.txt and environment.yml of two years), it is another way to the same, and left out; so is an extra or
    a group of a file (``cpu`` beside ``cu128``), those for devices other than NVIDIA's first. ``weak``: files,
    extras and groups (ways.way_of) that count where no other asks for anything.

    Raises BadRequest for a range that cannot be read.
    """
    found, limits = _once(found), _once(constraints)
    planned = [(one, name) for one in (*found, *limits) if (name := planned_for(one, matrix, brought)) is not None]
    planned.sort(key=lambda line: for_other_devices(line[0].group))
    choice = _choice(planned, machine, matrix, loose, weak)
    named, lines = _named(planned, choice)
    if "jaxlib" in named:  # half of JAX: the release of jax decides on it, and alone it asks for its own
        alone = named.pop("jaxlib")
        named.setdefault("jax", alone)
    wanted = {name: said for name, said in named.items() if any(one in found for one in said)}
    order = [*COMPONENTS, *sorted(set(wanted) - set(COMPONENTS))]
    skipped = weak if choice.strong is not None else frozenset[tuple[str, str]]()
    counted = [one for one in (*found, *limits) if way_of(one) not in skipped and way_of(one) not in choice.other]
    counted = [one for one in counted if planned_for(one, matrix, brought) is None]
    bounds = tuple(_bounds(counted, beside.union(wanted), machine, matrix, loose))
    lines += [Line(pin.by, pin.name if pin.range == "*" else f"{pin.name}{pin.range}") for pin in bounds]
    lines += _others(found, {pin.by for pin in bounds}, matrix, brought)
    asked = (_request(name, wanted[name], matrix) for name in order if name in wanted)
    return tuple(replace(one, limits=bounds) for one in asked), tuple(dict.fromkeys(lines)), bounds


@dataclass(frozen=True)
class _Choice:
    """What the lines on components say together, by which some of them count and others do not."""

    machine: Machine
    matrix: "Matrix"
    weak: frozenset[tuple[str, str]]
    strong: Asked | None  # the first that counts whether or not others do
    with_gpu: bool  # some are of builds with GPU code by their name
    on_gpu: frozenset[str]  # components of which some build has CUDA
    other: Mapping[tuple[str, str], str]  # another way to the same -> the file that contradicts it

    def against(self, one: Asked, component: str, mine: list[Asked]) -> str:
        """Why a line is no part of the request, beside those on its component that are; empty where it is one."""
        if not _for(one, self.machine):
            return f"not for this machine: {one.marker}"
        if (self.with_gpu and _without_gpu(one)) or (component in self.on_gpu and not _has_cuda(one, self.matrix)):
            return "it has no GPU code under this name"
        if self.strong is not None and way_of(one) in self.weak:
            of_makers = f"{one.group} is for those who work on it: " if one.path == self.strong.path else ""
            return f"{of_makers}{self.strong.path} says what is needed"
        if any(other.range != "*" and depth(other.path) < depth(one.path) for other in mine):
            return f"{mine[0].path} is nearer to the root"
        if oldest := _older(component, one.range, self.matrix):
            return f"the matrix knows {component} from {oldest} on: planned by hand"
        if way_of(one) in self.other:
            return f"{f'{one.group}: ' if one.group else ''}{self.other[way_of(one)]} says otherwise"
        return ""


def _choice(
    planned: list[tuple[Asked, str]],
    machine: Machine,
    matrix: "Matrix",
    loose: frozenset[str],
    weak: frozenset[tuple[str, str]],
) -> _Choice:
    mine = [(one, name) for one, name in planned if _for(one, machine)]
    here = [one for one, name in mine if says_enough(one, name, matrix)]
    on_the_gpu = [one for one in here if not _without_gpu(one)]
    return _Choice(
        machine,
        matrix,
        weak,
        strong=next((one for one in on_the_gpu or here if way_of(one) not in weak), None),
        with_gpu=any(not _without_gpu(one) for one, _ in planned),
        on_gpu=frozenset(name for one, name in mine if _has_cuda(one, matrix)),
        other=other_ways(mine, loose, machine, matrix),
    )


def _named(planned: list[tuple[Asked, str]], choice: _Choice) -> tuple[dict[str, list[Asked]], list[Line]]:
    """Component -> the lines on it that count; and every line, with the reason where it does not."""
    named: dict[str, list[Asked]] = {}
    lines = []
    for one, component in planned:
        mine = named.setdefault(component, [])
        why = choice.against(one, component, mine)
        if why:
            lines.append(Line(one.where, _text(one), why, opposed=(one.path, "") in choice.other))
            continue
        mine.append(one)
        final = final_of(component, one.range, choice.matrix)
        as_final = "" if final == one.range else f" (as {final}: the matrix does not know this pre-release)"
        lines.append(Line(one.where, _text(one) + as_final))
    return named, lines


def _once(found: Iterable[Asked]) -> list[Asked]:
    """Each line once, though several files draw its file."""
    lines: dict[tuple[str, ...], Asked] = {}
    for one in found:
        where = (os.path.normpath(one.path), one.where.rpartition(":")[2])
        lines.setdefault((*where, one.name, one.range), one)
    return list(lines.values())


def planned_for(one: Asked, matrix: "Matrix", brought: frozenset[str]) -> str | None:
    """The component that a requirement is about, where such are planned."""
    component = matrix.packages.component(normal(one.name))
    known = component is not None and (component in COMPONENTS or component in brought or _counts(component, matrix))
    return component if known else None


def _for(one: Asked, machine: Machine) -> bool:
    return not one.marker or applies(one.marker, machine, "")


def _others(found: Iterable[Asked], bounds: set[str], matrix: "Matrix", brought: frozenset[str]) -> Iterator[Line]:
    """What no plan is made for: what the matrix knows with the reason, of the rest the names, once a file."""
    rest: dict[str, list[Asked]] = {}
    found = list(found)
    for one in found:
        component = matrix.packages.component(normal(one.name))
        if planned_for(one, matrix, brought) is not None or one.where in bounds:
            continue
        about = matrix.packages.about(component) if component is not None else {}
        if one.conda and _OF_CUDA.match(one.name):
            yield Line(one.where, _text(one), "which CUDA fits is the plan's to say")
        elif component is not None and about.get("accelerator", "none") != "none":
            yield Line(one.where, _text(one), f"planned by hand: {why_not(component, matrix)}")
        elif component is not None and (pairs := _pairs_of(one, found, matrix)):
            yield Line(one.where, _text(one), f"by hand: the matrix knows none of its builds, but that {pairs}")
        else:
            rest.setdefault(one.path, []).append(one)
    for path, mine in rest.items():
        names = list(dict.fromkeys(one.name for one in mine))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield Line(path, ", ".join(names[:_SHOWN]) + more, "no code for GPUs that the matrix knows: nothing to plan")


def _pairs_of(one: Asked, found: list[Asked], matrix: "Matrix") -> str:
    """Which releases of a package go with what is asked for beside it, in words: torchcodec with torch. Empty where
    nothing is known of it, or its builds are listed."""
    name = normal(one.name)
    if matrix.packages.builds(name):
        return ""
    rows = [row for row in matrix.packages.pairs.get(name, ()) if row.get("package") == name and "fits" in row]
    asked = {normal(other.name): without_build(other.range) for other in found}
    fitting = [row for row in rows if _may_meet(asked.get(row["other"]), row["fits"])]
    said = [f"{name}{row['range']} goes with {row['other']}{row['fits']}" for row in fitting[-_PAIRS:]]
    return f"{', '.join(said)} ({matrix.source(fitting[-1])})" if said else ""


def _may_meet(asked: str | None, fits: str) -> bool:
    """Is there something that both ranges admit? Not of what is not asked for, or in no range that can be read."""
    try:
        return asked is not None and versions.parse_range(asked).meets(versions.parse_range(fits))
    except versions.BadVersion:
        return False


def _without_gpu(one: Asked) -> bool:
    """Does the name itself say that no GPU is meant (tensorflow-cpu)?"""
    return normal(one.name).endswith("-cpu")


def _has_cuda(one: Asked, matrix: "Matrix") -> bool:
    """Are there builds with GPU code under this name (onnxruntime-gpu), or are none known at all?"""
    builds = matrix.packages.builds(normal(one.name)).values()
    return not builds or bool(has_cuda(row for rows in builds for row in rows))


def says_enough(one: Asked, component: str, matrix: "Matrix") -> bool:
    """Does a line that is planned for say what the GPU is for? Not a helper that frameworks call and no code is built
    for (numba), nor a release older than all that the matrix knows: what a README says counts beside them."""
    return matrix.packages.about(component).get("linked") is not False and not _older(component, one.range, matrix)


def _older(component: str, text: str, matrix: "Matrix") -> str:
    """The oldest release that the matrix knows, where only older ones are admitted: nothing is known of those. Of the
    frameworks that have an option it knows them all."""
    if component in COMPONENTS:
        return ""
    upper = re.search(r"(==|===|<=|<)\s*(\d+(?:\.\d+)*)", text)
    known = [one for name in matrix.packages.distributions(component) for one in matrix.packages.versions(name)]
    top = versions.try_parse(upper[2]) if upper else None
    oldest = min((versions.parse(one) for one in known), key=lambda one: one.key(), default=None)
    if upper is None or top is None or oldest is None or top.covers(oldest):
        return ""
    return oldest.text if top.key() < oldest.key() or (upper[1] == "<" and top.same_as(oldest)) else ""


def _bounds(
    found: Iterable[Asked],
    wanted: frozenset[str],
    machine: Machine,
    matrix: "Matrix",
    loose: frozenset[str] = frozenset(),
) -> Iterator[Pin]:
    """What the files demand of packages that builds of what is asked for share with others: numpy<1.24, or numpy in any
    release. Of one package the files nearest to the root count, and of those that nobody named the first that bounds
    it."""
    drawn = drawn_by(matrix, wanted)
    nearest: dict[str, int] = {}
    bounded: dict[str, str] = {}
    for one in found:
        name = normal(one.name)
        if one.conda and _OF_CUDA.match(name):
            continue
        if name not in drawn or matrix.packages.component(name) in wanted or not _for(one, machine):
            continue
        if nearest.setdefault(name, depth(one.path)) < depth(one.path):
            continue
        if one.range != "*" and bounded.setdefault(name, one.path) != one.path and one.path in loose:
            continue
        yield Pin(name, without_build(one.range), one.where, one.where)


@lru_cache(maxsize=16)
def drawn_by(matrix: "Matrix", components: frozenset[str]) -> frozenset[str]:
    """Names of packages that builds of the components require, or that are known to break some of them."""
    names = {name for component in components for name in matrix.packages.distributions(component)}
    builds = (one for name in names for found in matrix.packages.builds(name).values() for one in found)
    rows = [row for row in builds if row["index"] in INSTALLABLE]
    required = {name for row in rows for name, _, _ in matrix.packages.pins(row)}
    broken = {normal(row["other"]) for row in matrix.every("break") if row.get("other") and row["package"] in names}
    return frozenset(required | broken)


def _counts(component: str, matrix: "Matrix") -> bool:
    """Is it something with GPU code, or that is compiled against what has it?"""
    about = matrix.packages.about(component)
    compiled = about.get("accelerator") != "none" or (about.get("family") in COMPONENTS and "runs_with" in about)
    return "module" in about and compiled and plannable(component, matrix)


def _text(one: Asked) -> str:
    return one.name if one.range == "*" else f"{one.name}{one.range}"


def _request(component: str, said: list[Asked], matrix: "Matrix") -> Request:
    ranges = (final_of(component, one.range, matrix) for one in said)
    texts = list(dict.fromkeys(without_build(text) for text in ranges if text != "*"))
    range_ = _one_range(texts)
    where = ", ".join(dict.fromkeys(one.where for one in said))
    build = next((tag for one in said if (tag := build_of(one)) is not None), "")
    try:
        versions.parse_range(range_)
    except versions.BadVersion:
        hint = "write it as pip does: ==2.15.1, >=2.3,<2.5"
        raise BadRequest(f"{where}: {component} {range_}: not a range", hint) from None
    said_of_it = range_ + (f"+{build}" if build else "")
    build = build or next((tag for one in said if (tag := build_of_name(one.name))), "")
    near = next((tag for one in said for index in one.indexes or () if (tag := folder_of(index))), "")
    names = {normal(one.name) for one in said}
    return Request(component, range_, said_of_it, where, build, near, name=names.pop() if len(names) == 1 else "")


def _one_range(texts: list[str]) -> str:
    try:
        return joined(texts)
    except versions.BadVersion:
        return ",".join(texts) or "*"  # said where the request is made
