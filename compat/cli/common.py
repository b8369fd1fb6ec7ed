"""Options and steps that several commands share."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from compat.cli.app import InputError, plain

if TYPE_CHECKING:
    from compat.check import Report
    from compat.goals import Goal
    from compat.machine import Machine
    from compat.matrix import Matrix

Command = TypeVar("Command", bound=Callable[..., Any])


def machine_options(command: Command) -> Command:
    """--root and --python: which system, and which of its environments, is read."""
    command = click.option(
        "--python",
        "pythons",
        metavar="PATH",
        multiple=True,
        help="Interpreter or environment to inspect (read, never run); default: the active one.",
    )(command)
    return click.option(
        "--root",
        metavar="DIR",
        type=click.Path(),
        default="/",
        help="Read an unpacked image or a mounted disk instead of this machine.",
    )(command)


def read_machines(root: str = "/", pythons: tuple[str, ...] = (), redact: bool = False) -> "list[Machine]":
    """Read this machine (or a root), once for each interpreter."""
    from compat.probe.assemble import read_machine
    from compat.probe.host import Host

    if not os.path.isdir(root):
        raise InputError(f"--root {root}: no such directory", "give the folder of an unpacked image or a mounted disk")
    host = Host(root)
    return [read_machine(host, python, redact) for python in pythons or (None,)]


def other_machine(option: str, root: str, pythons: tuple[str, ...] = ()) -> None:
    """Refuse --root and --python, which say what of this machine is read, beside an option that names another."""
    if root != "/" or pythons:
        unheard = f"--root {root}" if root != "/" else f"--python {pythons[0]}"
        raise InputError(f"{unheard}: this machine is not read where {option} names another", "leave one of them out")


def load_machines(path: str) -> "Iterator[Machine]":
    """The machines of a description file, its own name where the description has none."""
    from compat.description import load
    from compat.records import replace
    from compat.remarks import remarks
    from compat.shapes import BadDescription

    try:
        for machine in load(path):
            for one in remarks(machine):
                click.echo(plain(f"warning: {path}: {one}"), err=True)
            yield machine if machine.name or path.endswith(".jsonl") else replace(machine, name=os.path.basename(path))
    except BadDescription as error:
        text = str(error) if str(error).startswith(path) else f"{path}: {error}"
        raise InputError(text, error.hint) from None
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error}", "give a machine description in JSON, TOML or .jsonl"
        ) from None


def load_matrix() -> "Matrix":
    """The matrix of this installation; of old data it warns on stderr, where text is written."""
    from compat.matrix import Matrix, age

    matrix = Matrix.load()
    context = click.get_current_context(silent=True)
    if context is None or context.params.get("form", "text") == "text":
        old = age.warning(matrix)
        if old:
            click.echo(f"warning: {old}", err=True)
    return matrix


def parse_goals(texts: Iterable[str], matrix: "Matrix") -> "tuple[Goal, ...]":
    """Goals from the command line. A package that looks like one of the matrix is taken for a slip of the pen."""
    from compat.goals import SUBJECTS, BadGoal, parse
    from compat.matrix.packages import normal

    goals = []
    for text in texts:
        try:
            goal = parse(text)
        except BadGoal as error:
            raise InputError(str(error), error.hint) from None
        known = str(goal) in SUBJECTS or f"use:{goal.object}" in SUBJECTS or _is_package(goal.object, matrix)
        near = "" if known else _nearest(goal.object, matrix)
        if near:
            raise InputError(f"unknown package: {normal(goal.object)!r}", f"did you mean {near}?")
        goals.append(goal)
    return tuple(goals)


def _is_package(name: str, matrix: "Matrix") -> bool:
    return (
        name in matrix.index["packages"]
        or matrix.packages.meant(name) is not None
        or name in matrix.components("build")
        or any(name == row["distribution"] for row in matrix.every("name"))  # a dead name is known as one
    )


def _nearest(name: str, matrix: "Matrix") -> str:
    from difflib import get_close_matches

    known = sorted({*matrix.index["packages"], *matrix.components("build")})
    return next(iter(get_close_matches(name, known, 1, 0.8)), "")


def exit_status(reports: "Iterable[Report]", strict: bool = False) -> int:
    """1 if any report is incompatible (or, with strict, not clearly fine); else 0."""
    status = 0
    for report in reports:
        unclear = report.verdict == "unknown" or any(found.severity == "warning" for found in report.findings)
        if report.verdict == "incompatible" or (strict and unclear):
            status = 1
    return status
