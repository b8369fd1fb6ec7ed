"""What ``compatcheck plan`` is asked for by files and checkouts: the readers of the guard, shown line by line."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from compat.cli.app import InputError, plain

if TYPE_CHECKING:
    from compat.guard.files import Contents, Image, Requirement
    from compat.machine import Machine
    from compat.matrix import Matrix, Row
    from compat.plan.model import Pin, Request


@dataclass(frozen=True)
class Said:
    """What files ask for, and the Python and the image that they are written for."""

    requests: "tuple[Request, ...]"
    python: str | None = None  # a release or a line
    python_range: str | None = None
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
    that a goal brings in. Raises InputError and
    BadRequest."""
    from compat.plan.asking.asked import planned_for
    from compat.plan.asking.asked import requests_of as asked
    from compat.plan.asking.checkout import is_weak
    from compat.plan.asking.groups import groups_of, of_path, picked

    wanted = dict(map(of_path, paths))
    paths = list(wanted)
    by_path = {path: picked(_contents(path, machine.os), groups, path) for path, groups in wanted.items()}
    named = [one for path in paths if not os.path.isdir(path) for one in by_path[path]]
    walked = [one for path in paths if os.path.isdir(path) for one in by_path[path]]
    contents = [*named, *walked]
    image = next((one.image for one in named if one.image is not None), None)
    found = [_with_indexes(one, said) for said in contents for one in said.requirements]
    asked_for = {matrix.packages.component(one.name) for one in found}
    brought = [one for said in contents for one in _of_image(said, matrix, said in named)]
    brought_in = [one for one in brought if matrix.packages.component(one.name) not in asked_for]
    found += brought_in
    limits = [one for said in contents for one in said.constraints]
    folders = [path for path in paths if os.path.isdir(path)]
    weak = [said for said in walked if any(is_weak(folder, said.path, machine.os) for folder in folders)]
    strong_ones = [said for said in contents if said not in weak]
    asks = any(
        said.image or any(planned_for(one, matrix, by_goal) for one in said.requirements) for said in strong_ones
    )
    python, python_range = _python(strong_ones if asks else contents, shown)
    there = inside(machine, image, matrix)
    if image is not None and shown:
        _say(f"read: {image.path}:{image.line}: image {image.name}:{image.tag} ({_system(there)}planned for inside it)")
    there = with_python(there, Said((), python, python_range)) if any_python else there
    loose = frozenset(one for said in walked for one in _paths(said))
    strong = {os.path.normpath(one) for said in walked if said not in weak for one in _paths(said)}
    weakened = frozenset(one for said in weak for one in _paths(said) if os.path.normpath(one) not in strong)
    requests, lines, bounds = asked(found, there, matrix, limits, loose, weakened, beside or frozenset(), by_goal)
    together = ""
    for path in (one for one, groups in wanted.items() if groups is None):
        optional = list(groups_of(by_path[path]))
        if optional:
            every, name = ", ".join(optional), optional[0].rpartition(" ")[2]
            if shown:
                _say(f"read: {path}: {every} asked for too ('{path}[{name}]' is that one alone, '{path}[]' none)")
            if len(optional) > 1 and not together:
                together = f"{every} are asked for together; '{path}[{name}]' asks for one of them, '{path}[]' for none"
    for line in lines if shown else ():
        left = f" (left out: {line.left_out})" if line.left_out else ""
        _say(f"read: {line.where}: {line.text}{left}")
    for one in dict.fromkeys(one for said in contents for one in said.passed) if shown else ():
        _say(f"read: {one.where}: {one.text} (left out: {one.why})")
    for said, image_of in ((one, one.image) for one in contents if shown):
        if image_of is not None and image_of is not image and not any(one.path == said.path for one in brought_in):
            why = "a Dockerfile that is named is planned for inside its image"
            _say(f"read: {image_of.path}:{image_of.line}: image {image_of.name}:{image_of.tag} (left out: {why})")
    for said in contents if shown else ():
        for index in said.indexes:
            _say(f"read: {said.path}: index {index} (the plan names the index of each build itself)")
    if not requests and beside is None:
        known = "torch, tensorflow, jax, onnxruntime, tensorrt and what is built on them are planned"
        raise InputError(f"{', '.join(paths)}: asks for no framework", known)
    return Said(requests, python, python_range, image, bounds, together)


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


def _python(contents: "list[Contents]", shown: bool) -> tuple[str | None, str | None]:
    """The Python that the files name, and the range that they admit; of several the first that says so."""
    exact = next((said for said in contents if said.python), None)
    nearest = min((_depth(said.path) for said in contents if said.requirements or said.image), default=0)
    if exact is not None and _depth(exact.path) > nearest:
        exact = None  # an example's or a build's own
    within = next((said for said in contents if said.requires_python), None)
    if exact is not None and shown:
        _say(f"read: {exact.path}:{exact.python_line}: Python {exact.python}")
    if within is not None and shown:
        _say(f"read: {within.path}: Python {within.requires_python}")
    return (exact.python if exact else None), (within.requires_python if within else None)


def inside(machine: "Machine", image: "Image | None", matrix: "Matrix") -> "Machine":
    """The machine as a container of a Dockerfile's base image sees it; the machine itself where there is none."""
    if image is None:
        return machine
    from compat.guard.images import inside as entered
    from compat.plan.ways.base_images import python_of
    from compat.plan.ways.images import entered as of_registry
    from compat.records import replace

    row = _row(image, matrix)
    if row is not None and "cuda" in row:
        return of_registry(machine, row, matrix)
    there = entered(replace(machine, packages={}, builds={}), image, matrix)
    where = machine.environment or ()
    system = there.distribution_version if there.distribution == "ubuntu" else None
    return replace(
        there,
        python=there.python or (python_of(system, matrix) if system else None),
        environment=tuple(dict.fromkeys((*(one for one in where if one == "wsl2"), "docker"))),
        libraries=there.libraries if there.libraries != machine.libraries else None,
        interpreter=None,
        variables=None,
        container=replace(there.container, gpu_access=True, toolkit_installed=True),
    )


def with_python(machine: "Machine", said: Said) -> "Machine":
    """The machine with the Python that is asked for, by its line, where its own is another: a new environment, which is
    still to be made unless it is that of a base image."""
    from compat import versions
    from compat.plan.solver.scene import UNMADE, emptied
    from compat.records import replace

    line = said.python
    have = versions.try_parse(machine.python) if machine.python else None
    if line is None and said.python_range and have is not None:
        allowed = versions.parse_range(said.python_range)
        if allowed.admits(have.public) is False:
            lines = sorted(
                (f"3.{minor}" for minor in range(6, 16)), key=lambda one: abs(_minor(one) - (have.minor or 0))
            )
            line = next((one for one in lines if allowed.admits(f"{one}.99") or allowed.admits(one)), None)
    if line is None or (have is not None and versions.parse(versions.major_minor(line)).covers(have)):
        return machine
    if have is None or said.image is not None:
        return replace(machine, python=line, packages={}, builds={}, interpreter=None)
    anew = emptied(machine)
    return replace(anew, python=line, environment=(*(anew.environment or ()), UNMADE))


def _row(image: "Image", matrix: "Matrix") -> "Row | None":
    """What the matrix knows of an image of NVIDIA's registry; the row that names its CUDA, where there is one."""
    import re

    found = re.fullmatch(r"nvcr\.io/nvidia/([a-z]+)", image.name.lower())
    release = re.match(r"\d\d\.\d\d(?:\.\d\d)?(-tf[12])?", image.tag)
    if found is None or release is None:
        return None
    major = (release[1] or "")[3:]
    rows = [
        row
        for row in matrix.rows("container", "container")
        if row["image"] == found[1]
        and row["tag"] == release[0].partition("-")[0]
        and (not major or str(row.get("framework", major)).startswith(major))
    ]
    return max(rows, key=lambda row: ("cuda" in row, "framework" in row), default=None)


def _meant(row: "Row", tag: str, matrix: "Matrix") -> dict[str, str]:
    """What an image of NVIDIA's registry was taken for: the framework that it is named for, in its release where the
    matrix knows it (of TensorFlow the major that the tag names)."""
    from compat.plan.ways.images import contents as inside_of

    component = matrix.packages.component("torch" if row["image"] == "pytorch" else row["image"])
    inside = inside_of(row)
    if component is None or component not in ("torch", "tensorflow", "tensorrt"):
        return {}
    major = tag.rpartition("-tf")[2][:1] if "-tf" in tag else ""
    return {component: f"=={_line(inside[component])}" if component in inside else f"=={major}.*" if major else "*"}


def _line(version: str) -> str:
    """A release; of NVIDIA's own build of a commit before it (2.6.0a0) the line that it stands for."""
    from compat import versions

    parsed = versions.parse(version)
    return f"{versions.major_minor(parsed.base)}.*" if parsed.is_prerelease else parsed.base


def _depth(path: str) -> int:
    return os.path.normpath(path).count(os.sep)


def _minor(line: str) -> int:
    return int(line.partition(".")[2])


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


def _of_image(contents: "Contents", matrix: "Matrix", named: bool) -> "tuple[Requirement, ...]":
    """What the image of a Dockerfile brings: it is what was meant where nothing else is said. The very build is
    demanded of a file that was named only."""
    if contents.image is None:
        return ()
    import re

    from compat.guard.files import Requirement
    from compat.guard.images import inside as entered
    from compat.machine import Machine

    image = contents.image
    row = _row(image, matrix)
    if row is not None:
        return tuple(
            Requirement(name, text, image.path, image.line) for name, text in _meant(row, image.tag, matrix).items()
        )
    named_for = re.fullmatch(r"nvcr\.io/nvidia/(pytorch|tensorflow|tensorrt)", image.name.lower())
    if named_for is not None:  # a release of it that the matrix does not know
        said = _meant({"image": named_for[1]}, image.tag, matrix)
        return tuple(Requirement(name, text, image.path, image.line) for name, text in said.items())
    there = entered(Machine(os="linux"), image, matrix)
    found = []
    for name, version in (there.packages or {}).items():
        if version:
            cuda = there.builds[name].cuda if name in there.builds else None
            tag = f"+cu{cuda.replace('.', '')}" if named and name == "torch" and isinstance(cuda, str) else ""
            found.append(Requirement(name, f"=={version}{tag}", image.path, image.line))
    return tuple(found)
