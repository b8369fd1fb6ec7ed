"""``compatcheck plan``."""

from typing import TYPE_CHECKING

import click

from compat.cli import common
from compat.cli.app import InputError, plain
from compat.plan.commands.managers import BY_NAME, OF_FORGE
from compat.plan.model import PREFERENCES
from compat.report.plan import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compat.cli.sources import Said
    from compat.goals import Goal
    from compat.machine import Machine
    from compat.matrix import Matrix
    from compat.plan.model import Plan, Request

_RANGE = "RELEASE"


@click.command("plan")
@click.argument("paths", metavar="[FILE|CHECKOUT]...", nargs=-1, type=click.Path())
@click.option(
    "-r",
    "--requirements",
    "listed",
    metavar="FILE",
    multiple=True,
    help="Ask for what a requirements.txt, pyproject.toml, pylock.toml, environment.yml or Dockerfile names.",
)
@click.option(
    "--torch", metavar=_RANGE, help='A release, a line (2.6, 2.x), a range (">=2.3,<2.5") or *; as for the others.'
)
@click.option("--tensorflow", metavar=_RANGE)
@click.option("--jax", metavar=_RANGE)
@click.option("--onnxruntime", metavar=_RANGE)
@click.option("--tensorrt", metavar=_RANGE)
@click.option(
    "-p",
    "--package",
    "named",
    metavar="NAME[RANGE]",
    multiple=True,
    help='Any other package that the matrix lists: vllm, "torch-tensorrt==2.6.0", cupy ...',
)
@click.option(
    "--python", "python", metavar="VERSION", help="Plan for this Python; a path reads that interpreter's environment."
)
@click.option(
    "--goal",
    "goal_text",
    metavar="GOAL",
    help="What it is for, such as convert:onnx-tensorrt; brings in what the goal needs.",
)
@click.option(
    "--machine",
    "files",
    metavar="FILE",
    multiple=True,
    help="Plan for a described machine; several: one plan that serves all.",
)
@click.option("--root", metavar="DIR", type=click.Path(), default="/", help="Read an unpacked image or a mounted disk.")
@click.option(
    "--allow",
    metavar="WHAT",
    default="",
    help="What may be moved besides packages: python, container, cuda-compat, driver; separated by commas.",
)
@click.option("--prefer", type=click.Choice(list(PREFERENCES)), default=PREFERENCES[0], show_default=True)
@click.option("--alternatives", is_flag=True, help="Show further plans.")
@click.option(
    "--installer",
    type=click.Choice(list(BY_NAME)),
    help="Whose commands to show; by default those of the environment's own manager (uv, pixi), else pip's. With conda,"
    " mamba or pixi conda-forge's packages where it has them.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="markdown and html have a picture of the stack before and after; dockerfile is for plans inside an image.",
)
@click.option(
    "--lock",
    "lock_file",
    metavar="FILE",
    type=click.Path(),
    help="Write the whole closure with hashes, resolved by your own pip or uv: pylock.toml or NAME.txt.",
)
def command(
    paths: tuple[str, ...],
    listed: tuple[str, ...],
    named: tuple[str, ...],
    goal_text: str | None,
    files: tuple[str, ...],
    root: str,
    allow: str,
    prefer: str,
    alternatives: bool,
    installer: str | None,
    form: str,
    lock_file: str | None,
    python: str | None,
    **options: str | None,
) -> int:
    """The least change that makes a request work here: ordered steps with reasons and pinned commands.

    The driver and Python stay as they are unless --allow names them; the OS, JetPack and GPU always do. Exit status:
    0 planned or nothing to do, 1 impossible, 2 wrong usage or unreadable input.
    """
    from compat.plan.asking.request import BadRequest, packages, requests
    from compat.plan.ways.several import plan_for
    from compat.report.plan import render

    matrix = common.load_matrix()
    try:
        asked = (*requests(options), *packages(named, matrix))
        goals = common.parse_goals([goal_text] if goal_text else [], matrix)
        if not (asked or goals or paths or listed):
            raise BadRequest("nothing is asked for", "name a component, such as --torch 2.6, a goal, or a file")
        machines = _machines(files, root, python)
        read = machines[0]
        optional, moved = "", _allowed(allow)
        if paths or listed:
            asked, machines, said = _with_files(
                asked, (*listed, *paths), machines, matrix, form == "text", python is None, goals
            )
            optional = said.optional
            moved |= {"python"} if said.any_python else set()
        if not asked and not goals:  # an image alone
            goals = common.parse_goals(["start:container"], matrix)
        goal, of_conda = goals[0] if goals else None, installer in OF_FORGE
        plans = plan_for(machines, asked, matrix, goal, moved, prefer, alternatives, of_conda)
        shown = installer or _of_environment(machines[0], form == "text")
    except BadRequest as error:
        raise InputError(str(error), error.hint) from None
    for line in render(plans, matrix, form, shown):
        click.echo(line)
    for line in _notes(plans, installer, optional):
        click.echo(plain(line), err=True)
    if lock_file is not None:
        # A base image in a file is another system than the one that was read.
        here = not files and root == "/" and (read.glibc, read.container) == (machines[0].glibc, machines[0].container)
        return _locked(lock_file, plans, (*listed, *paths), installer or _resolver(shown), here, matrix)
    return 1 if any(one.outcome == "impossible" for one in plans) else 0


def _notes(plans: "list[Plan]", installer: str | None, optional: str) -> "Iterator[str]":
    """What there is to say beside the plans: that there is none for all machines, whose commands they are, and how to
    ask for one of several extras."""
    without = [one.machine.name or "a machine" for one in plans if one.outcome == "impossible"]
    if 0 < len(without) < len(plans):
        yield f"note: no one plan serves all: {', '.join(without)} has none; the others are each for its own machine"
    made = {one.installer for plan in plans for step in plan.steps for one in step.commands if step.kind == "package"}
    if installer in OF_FORGE and made and installer not in made:
        yield f"note: conda-forge has not all of what is asked for, so pip's indexes are used and not {installer}"
    if without and optional:
        yield f"hint: {optional}"


def _of_environment(machine: "Machine", said: bool) -> str:
    """The installer that goes with the environment; where it is not pip, it is said why."""
    from compat.plan.asking.manager import installer_of

    installer, why = installer_of(machine)
    if why and said:
        click.echo(f"read: {why}, so {installer}'s commands are shown (--installer names another's)", err=True)
    return installer


def _resolver(shown: str) -> str:
    """Who resolves a lock where nobody is named: uv where its commands are shown and it is there, else pip."""
    import shutil

    return "uv" if shown != "pip" and shutil.which("uv") else "pip"


def _locked(
    path: str, plans: "list[Plan]", files: tuple[str, ...], installer: str, here: bool, matrix: "Matrix"
) -> int:
    """Write the lock file; what there is to say goes to stderr, so that data stays data."""
    import os
    import sys

    from compat.guard.files import read
    from compat.lock import RESOLVERS, NoLock
    from compat.lock.write import lock
    from compat.plan.asking.groups import of_path, picked

    sys.stdout.flush()
    try:
        if installer not in RESOLVERS:
            raise NoLock(
                f"{installer}'s locks are its own", f"lock with --installer {' or '.join(RESOLVERS)}", status=2
            )
        named = [(path, groups) for path, groups in map(of_path, files) if not os.path.isdir(path)]
        contents = [one for path, groups in named for one in picked([read(path)], groups, path)]
        for line in lock(path, plans, contents, installer, here, matrix):
            click.echo(line, err=True)
    except NoLock as error:
        click.echo(f"error: {error}: {path} was not written" if error.status == 1 else f"error: {error}", err=True)
        for line in error.said:
            click.echo(f"  {line}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        return error.status
    return 0


def _with_files(
    asked: "tuple[Request, ...]",
    paths: tuple[str, ...],
    machines: "list[Machine]",
    matrix: "Matrix",
    shown: bool,
    any_python: bool,
    goals: "Sequence[Goal]",
) -> "tuple[tuple[Request, ...], list[Machine], Said]":
    """The requests of the options, and those of the files for components that no option names; the machines with the
    Python and the base image that the files are written for; what else the files say."""
    from compat.cli import sources
    from compat.guard.written_for import inside, with_python
    from compat.plan.asking.request import brought_by
    from compat.records import replace

    named = frozenset(one.component for one in asked)
    beside = named if asked or goals else None
    brought = brought_by(goals[0] if goals else None, matrix)
    said = sources.read(paths, machines[0], matrix, shown, any_python, beside, brought)
    pythons = said.python_range or "*"
    asked = tuple(replace(one, limits=said.limits, pythons=pythons) for one in asked)
    more = tuple(one for one in said.requests if one.component not in named)
    machines = [inside(machine, said.image, matrix) for machine in machines]
    if any_python:
        machines = [with_python(one, said.python, said.python_range, said.image, said.interpreter) for one in machines]
    return (*asked, *more), machines, said


def _allowed(text: str) -> frozenset[str]:
    from compat.plan.asking.request import ALLOWED

    names = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(names - set(ALLOWED))
    if unknown:
        raise InputError(f"--allow {unknown[0]}: nothing that can be moved", f"there is {', '.join(ALLOWED)}")
    return names


def _machines(files: tuple[str, ...], root: str, python: str | None) -> "list[Machine]":
    """The machines to plan for, each with the Python that was asked for."""
    from compat import versions

    version = versions.try_parse(python)
    if files:
        common.other_machine("--machine", root)
    if python is not None and version is None and files:
        raise InputError(
            f"--python {python}: not a version",
            "a path goes with this machine only; a described one has its Python in the file",
        )
    machines = (
        [machine for path in files for machine in common.load_machines(path)]
        if files
        else common.read_machines(root, (python,) if python is not None and version is None else ())
    )
    if not machines:
        raise InputError("no machine is described", "give a description in JSON, TOML or .jsonl")
    if version is None or python is None:
        return machines
    from compat.guard.written_for import with_python

    return [with_python(machine, python) for machine in machines]
