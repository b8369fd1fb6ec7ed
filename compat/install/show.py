"""A plan as it is shown before it is carried out: the changes, the reasons, and the commands that will run."""

import shlex
from collections.abc import Iterator, Sequence

from compat.install import commands
from compat.install.errors import InstallError
from compat.install.planfile import PlanFile, PlannedStep
from compat.install.target import Target
from compat.install.templates import Create, Start, System


def lines(plan: PlanFile, target: Target | None, options_installer: str, wheels: str | None) -> Iterator[str]:
    """One block a step. ``target`` None: the environment is inside a container."""
    for number, step in enumerate(plan.steps, 1):
        change = f"{step.before} -> {step.after}" if step.before else step.after
        yield f"{number}. {step.component}: {change}"
        for reason in step.why:
            yield f"   - {reason}"
        command = _command(step, target, options_installer, wheels)
        if command:
            yield f"   $ {command}"


def _command(step: PlannedStep, target: Target | None, installer: str, wheels: str | None) -> str:
    if isinstance(step.action, System | Start):
        return shlex.join(step.action.argv)
    if step.action is None or target is None or isinstance(step.action, Create):
        return ""
    try:
        chosen = commands.pick_installer(target, installer, step.action)
        return shlex.join(commands.argv_of(step.action, target, chosen, wheels))
    except InstallError as error:
        return f"# {error}"


def left_over(plan: PlanFile, done: Sequence[PlannedStep]) -> Iterator[str]:
    """What compatcheck does not do itself: settings, containers, and system steps but for those that were ``done``."""
    for step in plan.steps:
        if step.action is None:
            yield f"{step.component}: {step.after}"
        elif isinstance(step.action, Start | System) and step not in done:
            yield f"{step.component} {step.after}: {shlex.join(step.action.argv)}"
