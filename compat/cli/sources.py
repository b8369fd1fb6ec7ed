"""What ``compatcheck plan`` is asked for by files and checkouts: the readers of the guard, shown line by line."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from compat.cli.app import InputError

if TYPE_CHECKING:
    from compat.guard.files import Contents, Image, Requirement
    from compat.machine import Machine
    from compat.matrix import Matrix
    from compat.plan.model import Request


@dataclass(frozen=True)
class Said:
    """What files ask for, and the Python and the image that they are written for."""

    requests: "tuple[Request, ...]"
    python: str | None = None  # a release or a line
    python_range: str | None = None
    image: "Image | None" = None


def read(paths: Sequence[str], machine: "Machine", matrix: "Matrix", shown: bool) -> Said:
    """What files and checkouts ask for; what was read is written to stderr. Raises InputError and BadRequest."""
    from compat.plan.asked import requests_of as asked

    named = [one for path in paths if not os.path.isdir(path) for one in _contents(path)]
    contents = [*named, *(one for path in paths if os.path.isdir(path) for one in _contents(path))]
    image = next((one.image for one in named if one.image is not None), None)
    found = [one for said in contents for one in (*said.requirements, *_of_image(said, matrix))]
    limits = [one for said in contents for one in said.constraints]
    requests, lines = asked(found, inside(machine, image, matrix), matrix, limits)
    python, python_range = _python(contents, shown)
    for line in lines if shown else ():
        left = f" (left out: {line.left_out})" if line.left_out else ""
        click.echo(f"read: {line.where}: {line.text}{left}", err=True)
    for said in contents if shown else ():
        for index in said.indexes:
            click.echo(f"read: {said.path}: index {index} (the plan names the index of each build itself)", err=True)
    if not requests:
        known = "torch, tensorflow, jax, onnxruntime, tensorrt and what is built on them are planned"
        raise InputError(f"{', '.join(paths)}: asks for no framework", known)
    return Said(requests, python, python_range, image)


def _python(contents: "list[Contents]", shown: bool) -> tuple[str | None, str | None]:
    """The Python that the files name, and the range that they admit; of several the first that says so."""
    exact = next((said for said in contents if said.python), None)
    within = next((said for said in contents if said.requires_python), None)
    if exact is not None and shown:
        click.echo(f"read: {exact.path}:{exact.python_line}: Python {exact.python}", err=True)
    if within is not None and shown:
        click.echo(f"read: {within.path}: Python {within.requires_python}", err=True)
    return (exact.python if exact else None), (within.requires_python if within else None)


def inside(machine: "Machine", image: "Image | None", matrix: "Matrix") -> "Machine":
    """The machine as a container of a Dockerfile's base image sees it; the machine itself where there is none."""
    if image is None:
        return machine
    from compat.guard.images import inside as entered
    from compat.records import replace

    there = entered(machine, image, matrix)
    where = machine.environment or ()
    return replace(
        there,
        environment=tuple(dict.fromkeys((*(one for one in where if one == "wsl2"), "docker"))),
        packages={},
        builds={},
        libraries=there.libraries if there.libraries != machine.libraries else None,
        interpreter=None,
        variables=None,
        container=replace(there.container, gpu_access=True, toolkit_installed=True),
    )


def with_python(machine: "Machine", said: Said) -> "Machine":
    """The machine with the Python that the files are written for, where its own is another: a new environment."""
    from compat import versions
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
    if line is None or (have is not None and versions.parse(line).covers(have)):
        return machine
    return replace(machine, python=line, packages={}, builds={}, interpreter=None)


def _minor(line: str) -> int:
    return int(line.partition(".")[2])


def _contents(path: str) -> "Iterator[Contents]":
    from compat.guard.files import BadFile
    from compat.guard.files import read as read_file

    if not os.path.isdir(path):
        try:
            yield read_file(path)
        except BadFile as error:
            raise InputError(str(error), error.hint) from None
        return
    from compat.plan.asked import files_of

    for file in files_of(path):
        try:
            yield read_file(file)
        except BadFile as error:
            # One file of a checkout that is not what its name says does not hide the others.
            click.echo(f"warning: {error}: left out", err=True)


def _of_image(contents: "Contents", matrix: "Matrix") -> "tuple[Requirement, ...]":
    """What the image of a Dockerfile brings: it is what the checkout was written for."""
    if contents.image is None:
        return ()
    from compat.guard.files import Requirement
    from compat.guard.images import inside as entered
    from compat.machine import Machine

    image = contents.image
    there = entered(Machine(os="linux"), image, matrix)
    found = []
    for name, version in (there.packages or {}).items():
        if version:
            cuda = there.builds[name].cuda if name in there.builds else None
            tag = f"+cu{cuda.replace('.', '')}" if name == "torch" and isinstance(cuda, str) else ""
            found.append(Requirement(name, f"=={version}{tag}", image.path, image.line))
    return tuple(found)
