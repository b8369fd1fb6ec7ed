"""``compatcheck engine``."""

from typing import TYPE_CHECKING

import click

from compat.cli import common
from compat.cli.app import InputError
from compat.report import FORMATS

if TYPE_CHECKING:
    from compat.artifacts import Artifact


@click.command("engine")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--machine", metavar="FILE", help="Judge for this described machine instead of this one.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Exit 1 on unknown and on warnings too.")
def command(files: tuple[str, ...], machine: str | None, form: str, strict: bool) -> int:
    """Say what a serialized TensorRT engine is, and whether it loads on a machine.

    Only the file's header is read; neither TensorRT nor a GPU is needed. Exit status as of check; of several files
    the worst.
    """
    from compat.convert.judge import judge_engine
    from compat.convert.remedies import for_engine
    from compat.report import artifact as pages
    from compat.report import engine as engines
    from compat.report import render
    from compat.report.style import Style

    matrix = common.load_matrix()
    found = [open_file(path) for path in files]
    machines = list(common.load_machines(machine)) if machine else common.read_machines()
    reports = [(one, judge_engine(here, one, matrix)) for one in found for here in machines]
    if form == "text":
        for number, (one, report) in enumerate(reports):
            ways = for_engine(one, report, matrix)
            for line in pages.lines(one, list(engines.rows(one, matrix)), [report], ways, Style.of()):
                click.echo(line)
            if number + 1 < len(reports):
                click.echo()
    elif form == "json":
        import json

        answers = [pages.record(one, [report], for_engine(one, report, matrix)) for one, report in reports]
        click.echo(json.dumps(answers[0] if len(answers) == 1 else answers, ensure_ascii=False, indent=2))
    else:
        for line in render([report for _, report in reports], form):
            click.echo(line)
    return common.exit_status([report for _, report in reports], strict)


def open_file(path: str) -> "Artifact":
    """The artifact at a path; InputError where it cannot be read."""
    from compat.artifacts import NotReadable, open_artifact

    try:
        return open_artifact(path)
    except NotReadable as error:
        raise InputError(str(error), "give the path of a model or engine file") from None
