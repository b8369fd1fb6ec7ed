"""What ``compatcheck plan`` is asked for by files and checkouts: the readers of the guard, shown line by line."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from compat.cli.app import InputError, plain

if TYPE_CHECKING:
    from compat.guard.files import Contents, Image, Requirement
    from compat.machine import Machine
    from compat.matrix import Matrix
    from compat.plan.asking.asked import Line
    from compat.plan.model import Pin, Request


@dataclass(frozen=True)
class Said:
    """What files ask for, and the Python and the image that they are written for."""

    requests: "tuple[Request, ...]"
    python: str | None = None  # a release or a line
    python_range: str | None = None
    any_python: bool = False  # they make an environment of their own: any Python inside the range may be its own
    interpreter: str | None = None  # the name that starts that Python, where it is not the usual one
    image: "Image | None" = None
    limits: "tuple[Pin, ...]" = ()  # what is demanded of packages that builds share
    optional: str = ""  # of several extras and groups that are asked for unnamed, how to ask for one


def read(
    paths: Sequence[str],
    machine: "Machine",
    matrix: "Matrix",
    shown: bool,
    any_python: bool = True,
    beside: "frozenset[str] | None" = None,
    by_goal: "frozenset[str]" = frozenset(),
) -> Said:
    """What files and checkouts ask for; what was read is written to stderr. ``any_python``: the files may say for which
    Python; ``beside``: the components that are asked for already, None where nothing is; ``by_goal``: those
    that a goal brings in. Raises InputError and BadRequest."""
    from compat.guard.written_for import brought_by, has_gpu, inside, with_python
    from compat.plan.asking.asked import requests_of as asked
    from compat.plan.asking.groups import of_path, picked
    from compat.records import replace

    wanted = dict(map(of_path, paths))
    paths = list(wanted)
    by_path = {path: picked(_contents(path, machine.os), groups, path) for path, groups in wanted.items()}
    named = [one for path in paths if not os.path.isdir(path) for one in by_path[path]]
    walked = [one for path in paths if os.path.isdir(path) for one in by_path[path]]
    contents = [*named, *walked]
    image = next((one.image for one in named if one.image is not None), None)
    found = [_with_indexes(one, said) for said in contents for one in said.requirements]
    asked_for = {matrix.packages.component(one.name) for one in found}
    brought = [one for said in contents for one in brought_by(said, machine, matrix, said in named)]
    brought_in = [one for one in brought if matrix.packages.component(one.name) not in asked_for]
    found += brought_in
    limits = [one for said in contents for one in said.constraints]
    strong = [*named, *_strong(walked, [path for path in paths if os.path.isdir(path)], machine, matrix, by_goal)]
    weak = [said for said in walked if said not in strong]
    there = inside(machine, image, matrix)
    if image is not None and shown:
        _say(f"read: {image.path}:{image.line}: image {image.name}:{image.tag} ({_system(there)}planned for inside it)")
    loose = frozenset(one for said in walked for one in _paths(said))
    unnamed = {said.path for path, groups in wanted.items() if groups is None for said in by_path[path]}
    enough = _ask(strong, matrix, by_goal)
    ways = _weak_ways((*found, *limits), strong, weak, unnamed) - (_set_up(strong, weak, matrix) if enough else set())
    telling = strong if enough or any(said.image for said in strong) else contents
    own, opposed = _python(telling), frozenset[str]()
    while True:  # a file that is left out has no say on the Python either
        seen = with_python(there, own.release, own.range, image, own.name) if any_python else there
        requests, lines, bounds = asked(found, seen, matrix, limits, loose, ways, beside or frozenset(), by_goal)
        apart = opposed.union(line.path for line in lines if line.opposed)
        if apart == opposed:
            break
        opposed, own = apart, _python([said for said in telling if said.path not in apart])
    told = {line.path for line in lines if not line.left_out}
    makers = [said for said in telling if said.own_python or (said.image is not None and said.image is not image)]
    free = any_python and any(said.path in told for said in makers)
    together = _optional(wanted, by_path, shown)
    if shown:
        _show(own, lines, _passed_over(contents, image, {one.path for one in brought_in}))
    requests = tuple(replace(one, pythons=own.range or "*") for one in requests) if any_python else requests
    if not requests and beside is None and not (image is not None and has_gpu(there)):
        known = "torch, tensorflow, jax, onnxruntime, tensorrt and what is built on them are planned"
        raise InputError(f"{', '.join(paths)}: asks for no framework", known)
    return Said(requests, own.release, own.range, free, own.name, image, bounds, together)


def _weak_ways(
    lines: "Iterable[Requirement]", strong: "Sequence[Contents]", weak: "Sequence[Contents]", unnamed: set[str]
) -> frozenset[tuple[str, str]]:
    """What counts where no other asks for anything: weak files, and what is for a project's makers in files of which
    no extra or group is named (``unnamed``)."""
    from compat.plan.asking.checkout import for_makers
    from compat.plan.asking.ways import way_of

    firm = _firm(strong)
    weakened = {one for said in weak for one in _paths(said) if os.path.normpath(one) not in firm}
    return frozenset(
        way_of(one)
        for one in lines
        if one.path in weakened or (one.path in unnamed and one.group and for_makers(one.group))
    )


def _set_up(strong: "Sequence[Contents]", weak: "Sequence[Contents]", matrix: "Matrix") -> set[tuple[str, str]]:
    """How READMEs set up a checkout whose files ask for something: that counts beside them."""
    from compat.plan.asking.ways import set_up_by

    firm = _firm(strong)
    return {way for said in weak for way in set_up_by(said.path, said.requirements, firm, matrix)}


def _firm(strong: "Sequence[Contents]") -> set[str]:
    """The files that say what is needed, and those that they draw in."""
    return {os.path.normpath(one) for said in strong for one in _paths(said)}


def _show(own: "_Python", lines: "Iterable[Line]", passed: Iterable[str]) -> None:
    for text in own.read:
        _say(f"read: {text}")
    for line in lines:
        _say(f"read: {line.where}: {line.text}{f' (left out: {line.left_out})' if line.left_out else ''}")
    for text in passed:
        _say(f"read: {text}")


def _strong(
    walked: "Sequence[Contents]",
    folders: "Sequence[str]",
    machine: "Machine",
    matrix: "Matrix",
    by_goal: "frozenset[str]",
) -> "list[Contents]":
    """Of the files of checkouts those that say what is needed. A project of its own below the root (a demo, a server)
    does not where the root's files ask for something."""
    from compat.plan.asking.checkout import is_below, is_weak

    strong = [said for said in walked if not any(is_weak(folder, said.path, machine.os) for folder in folders)]
    of_root = [said for said in strong if not any(is_below(folder, said.path) for folder in folders)]
    return of_root if _ask(of_root, matrix, by_goal) else strong


def _ask(contents: "Sequence[Contents]", matrix: "Matrix", by_goal: "frozenset[str]") -> bool:
    """Do they ask for something that is planned for, and that says what the GPU is for?"""
    from compat.plan.asking.asked import planned_for, says_enough

    every = (one for said in contents for one in said.requirements)
    return any((name := planned_for(one, matrix, by_goal)) and says_enough(one, name, matrix) for one in every)


def _optional(
    wanted: "Mapping[str, frozenset[str] | None]", by_path: "Mapping[str, list[Contents]]", shown: bool
) -> str:
    """How to ask for one of several extras and groups that are asked for unnamed; empty where there are none."""
    from compat.plan.asking.checkout import for_makers
    from compat.plan.asking.groups import groups_of

    together = ""
    for path in (one for one, groups in wanted.items() if groups is None):
        alone = all(for_makers(line.group) for said in by_path[path] for line in said.requirements)
        # What is for a project's makers asks for nothing beside other things.
        optional = [one for one in groups_of(by_path[path]) if alone or not for_makers(one)]
        if optional:
            every, name = ", ".join(optional), optional[0].rpartition(" ")[2]
            if shown:
                _say(f"read: {path}: {every} asked for too ('{path}[{name}]' is that one alone, '{path}[]' none)")
            if len(optional) > 1 and not together:
                together = f"{every} are asked for together; '{path}[{name}]' asks for one of them, '{path}[]' for none"
    return together


def _passed_over(contents: "Sequence[Contents]", image: "Image | None", brought: set[str]) -> Iterator[str]:
    """What was read and asks for nothing; ``image`` is planned for, and what those of the files ``brought`` hold."""
    for one in dict.fromkeys(one for said in contents for one in said.passed):
        yield f"{one.where}: {one.text} (left out: {one.why})"
    for said in contents:
        other = said.image
        if other is not None and other is not image and said.path not in brought:
            why = "a Dockerfile that is named is planned for inside its image"
            yield f"{other.path}:{other.line}: image {other.name}:{other.tag} (left out: {why})"
    for said in contents:
        for index in said.indexes:
            yield f"{said.path}: index {index} (the plan names the index of each build itself)"


def _with_indexes(one: "Requirement", said: "Contents") -> "Requirement":
    """What names no index of its own is looked for in those of its file."""
    from compat.records import replace

    return one if one.indexes is not None or not said.indexes else replace(one, indexes=tuple(said.indexes))


def _system(inside: "Machine") -> str:
    """The system and the Python that an image has, as far as they are known."""
    system = " ".join(part for part in (inside.distribution, inside.distribution_version) if part)
    return "".join(f"{part}, " for part in (system, f"Python {inside.python}" if inside.python else "") if part)


def _say(text: str) -> None:
    click.echo(plain(text), err=True)


def _paths(said: "Contents") -> set[str]:
    """The file, and those that it draws in."""
    return {said.path, *(one.path for one in (*said.requirements, *said.constraints))}


@dataclass(frozen=True)
class _Python:
    """The Python that files name: its release or line, the range that they admit, the name that starts it where that
    is not the usual one; and where each was read."""

    release: str | None = None
    range: str | None = None
    name: str | None = None
    read: tuple[str, ...] = ()


def _python(contents: "Sequence[Contents]") -> _Python:
    """The Python that the files name: of several the first that says so. The ranges of files that lie equally deep hold
    together, that of an environment before that of a package, as far as there is a Python inside all."""
    from compat.plan.asking.checkout import depth
    from compat.plan.ranges import joined

    exact = next((said for said in contents if said.python), None)
    nearest = min((depth(said.path) for said in contents if said.requirements or said.image), default=0)
    if exact is not None and depth(exact.path) > nearest:
        exact = None  # an example's or a build's own
    ranged = [said for said in contents if said.requires_python]
    beside = [said for said in ranged if depth(said.path) == depth(ranged[0].path)]
    within: tuple[str, ...] = ()
    read = [f"{exact.path}:{exact.python_line}: Python {exact.python}"] if exact is not None else []
    for said in sorted(beside, key=lambda one: not one.own_python):
        mine = str(said.requires_python)
        if mine not in within and _has_python(joined((*within, mine))):
            within = (*within, mine)
            read.append(f"{said.path}: Python {said.requires_python}")
    release, name = (exact.python, exact.interpreter) if exact else (None, None)
    return _Python(release, joined(within) if within else None, name, tuple(read))


def _has_python(text: str) -> bool:
    """Is there a line of Python inside a range?"""
    from compat import versions
    from compat.matrix.index.builds import PYTHONS
    from compat.plan.ranges import admits_line

    return any(admits_line(versions.parse_range(text), line) for line in PYTHONS)


def _contents(path: str, system: str | None) -> "Iterator[Contents]":
    from compat.guard.files import BadFile
    from compat.guard.files import read as read_file

    if not os.path.isdir(path):
        try:
            yield read_file(path)
        except BadFile as error:
            raise InputError(str(error), error.hint) from None
        return
    from compat.plan.asking.checkout import files_of

    for file in files_of(path, system):
        try:
            yield read_file(file)
        except BadFile as error:
            # One file of a checkout that is not what its name says does not hide the others.
            _say(f"warning: {error}: left out")
