"""``compatcheck install``."""

import os
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from compat.cli import common
from compat.cli.app import InputError
from compat.cli.changes import refusals, run
from compat.cli.plan import command as plan_command

if TYPE_CHECKING:
    from compat.install.planfile import PlanFile, PlannedStep
    from compat.install.target import Target
    from compat.matrix import Matrix

_PLAN_OPTIONS = ("torch", "tensorflow", "jax", "onnxruntime", "tensorrt", "python", "goal_text", "allow", "prefer")


def plan_options(command: click.Command) -> click.Command:
    """Give a command the options of ``plan`` that say what is asked for."""
    command.params += [one for one in plan_command.params if one.name in _PLAN_OPTIONS]
    return command


@plan_options
@click.command("install")
@click.argument("plan_file", required=False, metavar="[PLAN.json]")
@click.option("--into", metavar="DIR", type=click.Path(), help="Make a new environment there, with the plan's Python.")
@click.option("--yes", is_flag=True, help="Do not ask before the environment is changed.")
@click.option("--dry-run", is_flag=True, help="Show what would be run; change nothing.")
@click.option(
    "--wheelhouse", metavar="DIR", type=click.Path(), help="Install from a folder that `bundle` made, offline."
)
@click.option(
    "--system", is_flag=True, help="Run steps that need an administrator too, each after a question of its own."
)
@click.option("--installer", type=click.Choice(["auto", "pip", "uv", "conda"]), default="auto", show_default=True)
@click.option(
    "--backup",
    type=click.Choice(["link", "copy"]),
    default="link",
    show_default=True,
    help="How files of 1 MiB and more are recorded: hard links (clones where possible), or full copies.",
)
def command(
    plan_file: str | None,
    into: str | None,
    yes: bool,
    dry_run: bool,
    wheelhouse: str | None,
    system: bool,
    installer: str,
    backup: str,
    python: str | None,
    **asked: Any,
) -> int:
    """Carry a plan out: one that `plan --format json` wrote, or one for the same options.

    The environment (--python PATH, the active one, or a new one with --into) is recorded first. On a failure, Ctrl-C or
    a kill it is put back, at once or by `compatcheck rollback`. Then it is checked for the plan's goals. Exit status:
    0 installed and not incompatible, 1 incompatible, impossible or failed, 2 wrong usage or input, 130 stopped.
    """
    from compat.install import wheelhouse as wheelhouses
    from compat.install.transaction import Options, carry_out

    matrix = common.load_matrix()
    with refusals():
        wheels = wheelhouses.check(wheelhouse) if wheelhouse else None
        if (
            wheelhouse
            and plan_file is None
            and not any(asked[name] for name in _PLAN_OPTIONS[:5])
            and not asked["goal_text"]
        ):
            plan_file = os.path.join(wheelhouse, wheelhouses.PLAN)
        plan = read_plan(plan_file, matrix, into is not None, python, asked)
        if plan.elsewhere:
            return _told(plan)
        target = _target(plan, into, None if is_version(python) else python)
    if plan.outcome != "planned":
        click.echo(
            {"nothing-to-do": "nothing to do", "impossible": "impossible: `compatcheck plan` says why"}[plan.outcome]
        )
        return 1 if plan.outcome == "impossible" else _judge(plan, target, matrix)
    _show(plan, target, into, installer, wheels)
    if dry_run:
        return 0
    if target is not None and not plan.changes_environment and not system:
        return _nothing_installed(plan, target, matrix)
    if not yes:
        click.confirm("carry this out?", abort=True, err=True)
    base = None if plan_file or python else _base()
    done: list[PlannedStep] = []
    options = Options(installer, wheels, backup == "link", into, base, _system_runner(done) if system else None)
    target = run(lambda progress: carry_out(plan, target, options, progress))
    return _after(plan, target, matrix, done)


def read_plan(
    path: str | None,
    matrix: "Matrix",
    fresh: bool,
    python: str | None,
    asked: dict[str, Any],
    machine_file: str | None = None,
) -> "PlanFile":
    """The plan of a file, or one made for the options and read like a file. Raises InputError and InstallError."""
    from compat.install import known, planfile

    if path is not None:
        try:
            return planfile.load(path, known.names(matrix))
        except OSError as error:
            raise InputError(
                f"{path}: {error.strerror or error}", "give a plan that `plan --format json` wrote"
            ) from None
    return planfile.from_data(_planned(matrix, fresh, python, asked, machine_file), known.names(matrix))


def _planned(matrix: "Matrix", fresh: bool, python: str | None, asked: dict[str, Any], machine_file: str | None) -> Any:
    """The planner's answer as plain data."""
    from compat.cli.plan import _allowed, _machines
    from compat.plan.asking.request import BadRequest, requests
    from compat.plan.solver.scene import emptied
    from compat.plan.ways.several import plan_for
    from compat.report.plan import as_data, render

    try:
        wanted = requests({name: asked[name] for name in _PLAN_OPTIONS[:5]})
        goals = common.parse_goals([asked["goal_text"]] if asked["goal_text"] else [], matrix)
        if not wanted and not goals:
            raise BadRequest("no plan is given", "name a plan file, or what is wanted, such as --torch 2.6")
        machine = _machines((machine_file,) if machine_file else (), "/", python)[0]
        machine = emptied(machine) if fresh else machine
        plan = plan_for(
            [machine], wanted, matrix, goals[0] if goals else None, _allowed(asked["allow"]), asked["prefer"], False
        )[0]
    except BadRequest as error:
        raise InputError(str(error), error.hint) from None
    if plan.outcome == "impossible":
        for line in render([plan], matrix, "text", "pip"):
            click.echo(line)
        raise click.exceptions.Exit(1)
    return as_data(plan, matrix)


def is_version(text: str | None) -> bool:
    from compat import versions

    return text is not None and versions.try_parse(text) is not None


def _base() -> str | None:
    """The interpreter that a new environment is made with, where the plan is for the machine as it is."""
    from compat.install.errors import InstallError
    from compat.probe.host import Host
    from compat.probe.layers.python import Interpreter, find

    found = find(Host())
    try:
        return found.executable if isinstance(found, Interpreter) else None
    except InstallError:
        return None


def _target(plan: "PlanFile", into: str | None, python: str | None) -> "Target | None":
    """The environment that the plan is for; None where it is to be made. Raises InstallError."""
    from compat.install import target as targets
    from compat.install.errors import InstallError
    from compat.install.templates import Create

    if not targets.is_this_machine(plan.result):
        raise InstallError(f"the plan is for {plan.result.os} on {plan.result.arch}, and this machine is another")
    creates = [step for step in plan.steps if isinstance(step.action, Create)]
    if len(creates) > 1 or (creates and into is None):
        raise InstallError("the plan makes a new environment", "name its folder with --into DIR")
    if into is None:
        target = targets.choose(python)
        for step in plan.steps:
            if step.interpreter not in (None, "python", target.interpreter) and not _same(step.interpreter, target):
                raise InstallError(
                    f"the plan is for {step.interpreter}, and {target.interpreter} is chosen",
                    f"choose it with --python {step.interpreter}",
                )
        return target
    made = {step.component for step in plan.steps}
    missing = [component for component, _ in plan.request if component not in made]
    if missing and plan.outcome == "planned":
        raise InstallError(f"the plan keeps {missing[0]} of an environment that is there", "plan for --into DIR anew")
    return None


def _same(interpreter: str | None, target: "Target") -> bool:
    return interpreter is not None and os.path.dirname(os.path.abspath(interpreter)) == os.path.dirname(
        os.path.abspath(target.interpreter)
    )


def _show(plan: "PlanFile", target: "Target | None", into: str | None, installer: str, wheels: str | None) -> None:
    from compat.install import show
    from compat.install.target import EVERYTHING, Target

    folder = os.path.abspath(into) if into else ""
    shown = target or Target(folder, f"{folder}/bin/python", "venv", None, (f"{folder}/lib",), EVERYTHING)
    click.echo(f"environment: {'new, ' if target is None else ''}{shown.prefix}")
    for line in show.lines(plan, shown, "pip" if target is None and installer == "auto" else installer, wheels):
        click.echo(line)


def _told(plan: "PlanFile") -> int:
    """A plan that leads into a container: all of it is printed, nothing here is changed."""
    from compat.install import show

    click.echo("the plan works inside a container, which is yours to start; nothing here is changed")
    for line in show.lines(plan, None, "auto", None):
        click.echo(line)
    return 1


def _nothing_installed(plan: "PlanFile", target: "Target", matrix: "Matrix") -> int:
    """Every step is a person's: what is left to do, and how things stand without it."""
    from compat.install import show

    click.echo(f"nothing of the plan is for {target.prefix}; it is not changed")
    for text in show.left_over(plan, ()):
        click.echo(f"left to you: {text}")
    return _judge(plan, target, matrix)


def _system_runner(done: "list[PlannedStep]") -> "Callable[[PlannedStep], bool]":
    """Runs a system step after a question, and keeps it in ``done``."""
    from compat.install import system

    def run(step: "PlannedStep") -> bool:
        # --yes is for the environment only; about the system the question is asked each time.
        agreed = system.run(step, lambda text: click.confirm(text, err=True), lambda text: click.echo(text, err=True))
        if agreed:
            done.append(step)
        return agreed

    return run


def _after(plan: "PlanFile", target: "Target", matrix: "Matrix", done: "Sequence[PlannedStep]") -> int:
    from compat.install import show

    click.echo(f"installed into {target.prefix}; `compatcheck rollback {shlex.quote(target.prefix)}` puts it back")
    for text in show.left_over(plan, done):
        click.echo(f"left to you: {text}")
    return _judge(plan, target, matrix)


def _judge(plan: "PlanFile", target: "Target | None", matrix: "Matrix") -> int:
    """Check the environment, read anew, for the plan's goals, on the machine that the plan is for."""
    from compat.check import check
    from compat.install.target import carried_to
    from compat.report import render

    (machine,) = common.read_machines("/", (target.interpreter,) if target is not None else ())
    wanted, here = (tuple(gpu.name for gpu in one.gpus or ()) for one in (plan.result, machine))
    if wanted not in ((), here):
        label = plan.machine or ", ".join(map(str, wanted))
        click.echo(f"held against the machine of the plan ({label}), not this one")
        machine = carried_to(plan.result, machine)
    reports = [check(machine, goal, matrix) for goal in plan.goals]
    for line in render(iter(reports), "text", many=False):
        click.echo(line)
    return common.exit_status(reports)
