"""``compatcheck doctor``."""

import click

from compat.cli import common
from compat.cli.ci import Gate, ci_options
from compat.report import FORMATS


@click.command("doctor")
@click.option(
    "--goal",
    "goal_texts",
    metavar="GOAL",
    multiple=True,
    help="Judge this goal only, such as use:torch; several allowed. Default: every goal that is suggested.",
)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--example", is_flag=True, help="Show the described example machine instead of this one.")
@ci_options
@common.machine_options
def command(
    goal_texts: tuple[str, ...],
    form: str,
    example: bool,
    fail_on: str,
    baseline: str | None,
    write_baseline: str | None,
    root: str,
    pythons: tuple[str, ...],
) -> int:
    """Read this machine and judge each goal that what is installed suggests.

    Shows the stack layer by layer from GPU to framework, then each finding with its evidence and remedy, the primary
    cause first. Exit status as of check.
    """
    from compat.check import Report, check
    from compat.report import render as render_reports
    from compat.suggest import goals_of

    matrix = common.load_matrix()
    wanted = common.parse_goals(goal_texts, matrix)
    if example:
        common.other_machine("--example", root, pythons)
    machines = list(common.load_machines(example_machine())) if example else common.read_machines(root, pythons)
    gate = Gate(fail_on, baseline, write_baseline)
    collected: list[Report] = []
    for machine in machines:
        reports = list(gate.watch(check(machine, goal, matrix) for goal in wanted or goals_of(machine, matrix)))
        if form not in ("text", "json"):
            collected += reports  # formats for CI are one document, however many environments were read
            continue
        if form == "json":
            import json

            from compat.report.data import doctor

            click.echo(json.dumps(doctor(machine, reports, matrix), ensure_ascii=False, indent=2))
            continue
        from compat.report.doctor import render

        for line in render(machine, reports, matrix):
            click.echo(line)
        if machine.gpus == () and not example:
            click.echo(
                "\nThis machine has no NVIDIA GPU. `compatcheck doctor --example` shows a diagnosis of a\n"
                "described machine; `compatcheck check --machine FILE` judges one that is elsewhere."
            )
    if form not in ("text", "json"):
        for line in render_reports(collected, form, known=gate.known):
            click.echo(line)
    return gate.status()


def example_machine() -> str:
    """The description that ships with compatcheck."""
    import os

    import compat

    return os.path.join(os.path.dirname(compat.__file__), "examples", "workstation.toml")
