"""What ``compatcheck plan`` is asked for by files and checkouts: the readers of the guard, shown line by line."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from compat.cli.app import InputError

if TYPE_CHECKING:
    from compat.guard.files import Contents, Requirement
    from compat.machine import Machine
    from compat.matrix import Matrix
    from compat.plan.model import Request


def requests_of(paths: Sequence[str], machine: "Machine", matrix: "Matrix", shown: bool) -> "tuple[Request, ...]":
    """The requests of files and checkouts; what was read is written to stderr. Raises InputError and BadRequest."""
    from compat.plan.asked import requests_of as asked

    contents = [one for path in paths for one in _contents(path)]
    found = [one for said in contents for one in (*said.requirements, *said.constraints, *_of_image(said, matrix))]
    requests, lines = asked(found, machine, matrix)
    for line in lines if shown else ():
        click.echo(
            f"read: {line.where}: {line.text}{f' (left out: {line.left_out})' if line.left_out else ''}", err=True
        )
    for said in contents if shown else ():
        if said.python and not (machine.python or "").startswith(said.python):
            click.echo(f"read: {said.path}:{said.python_line}: Python {said.python}; --python plans for it", err=True)
    if not requests:
        known = ", ".join(paths)
        raise InputError(
            f"{known}: asks for no framework", "torch, tensorflow, jax, onnxruntime and tensorrt are planned"
        )
    return requests


def _contents(path: str) -> "Iterator[Contents]":
    from compat.guard.files import BadFile, read

    if not os.path.isdir(path):
        try:
            yield read(path)
        except BadFile as error:
            raise InputError(str(error), error.hint) from None
        return
    from compat.plan.asked import files_of

    for file in files_of(path):
        try:
            yield read(file)
        except BadFile as error:
            # One file of a checkout that is not what its name says does not hide the others.
            click.echo(f"warning: {error}: left out", err=True)


def _of_image(contents: "Contents", matrix: "Matrix") -> "tuple[Requirement, ...]":
    """What the image of a Dockerfile brings: it is what the checkout was written for."""
    if contents.image is None:
        return ()
    from compat.guard.files import Requirement
    from compat.guard.images import inside
    from compat.machine import Machine

    image = contents.image
    packages = inside(Machine(os="linux"), image, matrix).packages or {}
    named = [(name, version) for name, version in packages.items() if version]
    return tuple(Requirement(name, f"=={version}", image.path, image.line) for name, version in named)
