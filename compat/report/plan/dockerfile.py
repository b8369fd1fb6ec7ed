"""A plan that leads into a container, or is made inside a Dockerfile's base image, as a Dockerfile: the image, and what
is run in it as argument lists."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from compat.plan.commands.container import NAME
from compat.plan.model import Plan, Step
from compat.report.plan import words

if TYPE_CHECKING:
    from compat.matrix import Matrix

_EXEC = ("docker", "exec", NAME)


def render(plans: Sequence[Plan], matrix: "Matrix", installer: str) -> Iterator[str]:
    """A file for each machine's plan; of one that is in no container a comment."""
    for number, plan in enumerate(plans):
        if number:
            yield ""
        yield f"# {_line(words.machine(plan))}: {_line(words.asked(plan))}; compatcheck, matrix of {matrix.date}"
        image = next((step.after for step in plan.steps if step.kind == "container" and step.commands), None)
        if image is None and plan.steps and plan.machine.in_environment("docker") and plan.machine.container.image:
            yield from _inside(plan, plan.machine.container.image, installer)
            continue
        if image is None:
            yield "# This plan leads into no container: ask with --allow container, or for another format."
            continue
        for step in plan.steps:
            yield from _step(step)


def _inside(plan: Plan, image: str, installer: str) -> Iterator[str]:
    """A plan that was made inside an image: its commands are run there, but for what is the host's."""
    yield f"FROM {image}"
    yield "# What your own Dockerfile runs before (apt-get install python3-pip ...) goes here."
    for step in plan.steps:
        yield from (f"# {_line(one.message)} ({one.rule})" for one in step.why if one.role == "needed")
        commands = () if step.needs_root else words.commands(step, installer)
        yield from (f"RUN {json.dumps(list(one.argv), ensure_ascii=False)}" for one in commands)
        if not commands:
            yield f"# {'on the host: ' if step.kind == 'driver' else ''}{step.component}: {_line(words.change(step))}"


def _step(step: Step) -> Iterator[str]:
    yield from (f"# {_line(one.message)} ({one.rule})" for one in step.why if one.role == "needed")
    if step.kind == "container":
        yield f"FROM {step.after}"
    for command in step.commands:
        if command.argv[: len(_EXEC)] == _EXEC:
            yield f"RUN {json.dumps(list(command.argv[len(_EXEC) :]), ensure_ascii=False)}"
    if step.kind == "setting":
        yield f"# {_line(step.after)}"


def _line(text: str) -> str:
    return " ".join(text.split())
