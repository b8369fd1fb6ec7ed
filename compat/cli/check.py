"""``compatcheck check``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from compat.cli import common
from compat.report import FORMATS

if TYPE_CHECKING:
    from compat.check import Report


@click.command("check")
@click.option("--machine", metavar="FILE", help="Description to judge: JSON, TOML, or .jsonl with one machine a line; - is standard input.")
@click.option("--goal", "goal_texts", metavar="GOAL", multiple=True,
              help="What the machine is judged for, such as use:torch; several allowed. Default: what is installed suggests it.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Exit 1 on unknown and on warnings too.")
@common.machine_options
def command(machine: str | None, goal_texts: tuple[str, ...], form: str, strict: bool, root: str, pythons: tuple[str, ...]) -> int:
    """Judge a described machine, or this one, for a goal.

    A verdict is always about a goal: the same machine may be fine for one and broken for another. Exit status: 0
    compatible or unknown, 1 incompatible, 2 wrong usage or unreadable input.
    """
    from compat.check import check
    from compat.report import render
    from compat.suggest import goals_of

    matrix = common.load_matrix()
    goals = common.parse_goals(goal_texts, matrix)
    machines = common.load_machines(machine) if machine else iter(common.read_machines(root, pythons))
    status = 0

    def reports() -> "Iterator[Report]":
        nonlocal status
        for one in machines:
            for goal in goals or goals_of(one):
                report = check(one, goal, matrix)
                status = max(status, common.exit_status([report], strict))
                yield report

    for line in render(reports(), form, many=bool(machine and machine.endswith(".jsonl"))):
        click.echo(line)
    return status
