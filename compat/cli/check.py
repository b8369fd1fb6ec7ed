"""``compatcheck check``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from compat.cli import common
from compat.cli.ci import Gate, ci_options, of_files
from compat.report import FORMATS

if TYPE_CHECKING:
    from compat.check import Report
    from compat.goals import Goal
    from compat.machine import Machine


@click.command("check")
@click.option(
    "--machine",
    metavar="FILE",
    help="Description to judge: JSON, TOML, or .jsonl with one machine a line; - is standard input.",
)
@click.option(
    "--goal",
    "goal_texts",
    metavar="GOAL",
    multiple=True,
    help="What it is judged for, such as use:torch; several allowed. Default: what is installed suggests.",
)
@click.option(
    "--model", metavar="FILE", help="A model that the machine is to convert or run; its facts join the description."
)
@click.option("--engine", metavar="FILE", help="A TensorRT engine that the machine is to run.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Exit 1 on unknown and on warnings too: --fail-on unknown.")
@click.option(
    "-r",
    "--requirement",
    "files",
    metavar="FILE",
    multiple=True,
    help="Judge what this file would install: requirements.txt, pyproject.toml, environment.yml, Dockerfile, "
    "Pipfile, pylock.toml, uv.lock, poetry.lock and more; several allowed.",
)
@click.argument("paths", nargs=-1, metavar="[FILE]...")
@ci_options
@common.machine_options
def command(
    machine: str | None,
    goal_texts: tuple[str, ...],
    model: str | None,
    engine: str | None,
    form: str,
    strict: bool,
    files: tuple[str, ...],
    paths: tuple[str, ...],
    fail_on: str,
    baseline: str | None,
    write_baseline: str | None,
    root: str,
    pythons: tuple[str, ...],
) -> int:
    """Judge a described machine, or this one, for a goal; or what files would install on it (FILE, as -r FILE).

    A verdict is always about a goal: the same machine may be fine for one and broken for another. Exit status: 0
    compatible or unknown, 1 incompatible, 2 wrong usage or unreadable input.
    """
    from compat.check import check
    from compat.report import render
    from compat.suggest import goals_of

    matrix = common.load_matrix()
    goals = common.parse_goals(goal_texts, matrix)
    if machine:
        common.other_machine("--machine", root, pythons)
    machines = common.load_machines(machine) if machine else iter(common.read_machines(root, pythons))
    machines, file_goals = with_files(machines, model, engine)
    gate = Gate("unknown" if strict else fail_on, baseline, write_baseline)

    def reports() -> "Iterator[Report]":
        for one in machines:
            for goal in goals or file_goals or goals_of(one, matrix):
                yield check(one, goal, matrix)

    files = (*files, *paths)
    judged = reports() if not files else of_files(files, machines, goals, matrix)
    for line in render(gate.watch(judged), form, many=bool(machine and machine.endswith(".jsonl")), known=gate.known):
        click.echo(line)
    return gate.status()


def with_files(
    machines: "Iterator[Machine]", model: str | None, engine: str | None
) -> "tuple[Iterator[Machine], tuple[Goal, ...]]":
    """The machines with what the files hold, and the goals that the files suggest."""
    if model is None and engine is None:
        return machines, ()
    from compat.cli.engine import open_file
    from compat.convert.judge import goals_for, with_engine, with_model

    opened_model = open_file(model) if model else None
    opened_engine = open_file(engine) if engine else None

    def added() -> "Iterator[Machine]":
        for one in machines:
            one = with_model(one, opened_model) if opened_model else one
            yield with_engine(one, opened_engine) if opened_engine else one

    return added(), goals_for(opened_model, opened_engine)
