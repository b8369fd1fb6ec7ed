"""``compatcheck bundle``."""

import sys
from typing import Any

import click

from compat.cli import common
from compat.cli.changes import refusals, run
from compat.cli.install import is_version, plan_options, read_plan


@plan_options
@click.command("bundle")
@click.argument("plan_file", required=False, metavar="[PLAN.json]")
@click.option("--output", metavar="DIR", required=True, type=click.Path(), help="The folder to make.")
@click.option("--machine", "machine_file", metavar="FILE", help="Plan for a described machine.")
@click.option(
    "--with", "downloader", metavar="PYTHON", default=sys.executable, help="An interpreter with pip, to download."
)
def command(
    plan_file: str | None, output: str, machine_file: str | None, downloader: str, python: str | None, **asked: Any
) -> int:
    """Download what a plan installs (wheels, hashes, the plan) for a machine without a network.

    There, `compatcheck install --wheelhouse DIR` installs from it.
    """
    from compat.install import wheelhouse

    matrix = common.load_matrix()
    with refusals():
        fresh = is_version(python) or machine_file is not None
        plan = read_plan(plan_file, matrix, fresh, python, asked, machine_file)
    if plan.outcome != "planned":
        click.echo(f"{plan.outcome}: there is nothing to bundle")
        return 1 if plan.outcome == "impossible" else 0
    digest = run(
        lambda progress: wheelhouse.make(plan, output, downloader, progress.step, progress.line), "nothing was written"
    )
    click.echo(f"{output}: SHA-256 of its {wheelhouse.SUMS}: {digest}")
    return 0
