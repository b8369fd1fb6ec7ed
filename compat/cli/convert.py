"""``compatcheck convert``."""

import shlex
from typing import TYPE_CHECKING

import click

from compat.cli import common
from compat.cli.app import InputError
from compat.cli.engine import open_file
from compat.cli.model import PRECISIONS
from compat.report import FORMATS

if TYPE_CHECKING:
    from compat.artifacts import Artifact
    from compat.check import Report
    from compat.convert.step import Step
    from compat.machine import Machine


@click.command("convert")
@click.argument("file", metavar="FILE")
@click.option("--to", "target", type=click.Choice(["tensorrt"]), required=True, help="What to make.")
@click.option("--dry-run", is_flag=True, help="Show the steps; run and change nothing.")
@click.option("--force", is_flag=True, help="Build although the check fails.")
@click.option("--machine", metavar="FILE", help="With --dry-run: the steps for this described machine.")
@click.option(
    "--precision", type=click.Choice(PRECISIONS), help="The precision of the engine; default: what the model has."
)
@click.option("--dla", is_flag=True, help="Build for a Jetson's DLA.")
@click.option("--output", metavar="ENGINE", help="Where the engine goes; default: beside the model.")
@click.option(
    "--timeout", type=click.FloatRange(1), default=3600.0, show_default=True, help="Time limit of the build, in s."
)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
def command(
    file: str,
    target: str,
    dry_run: bool,
    force: bool,
    machine: str | None,
    precision: str | None,
    dla: bool,
    output: str | None,
    timeout: float,
    form: str,
) -> int:
    """Make a TensorRT engine from a model: the exact steps, the check before them, and a record of what made it.

    Without --dry-run the build runs trtexec, or TensorRT's Python API, where the check passes (or with --force), and
    writes ENGINE.json beside the engine: GPU, driver, TensorRT, precision, digests. `compatcheck engine` reads it back.
    """
    from compat.check import check
    from compat.convert.judge import with_model
    from compat.convert.prepare import EXPORT_GOALS
    from compat.convert.steps import chain
    from compat.goals import parse

    if machine is not None and not dry_run:
        raise InputError(
            "--machine describes a machine that is elsewhere, so nothing can be built on it", "add --dry-run"
        )
    matrix = common.load_matrix()
    artifact = open_file(file)
    if artifact.kind not in ("model", "weights") or artifact.damaged:
        raise InputError(
            f"{file}: {artifact.damaged or artifact.title}: nothing that can be converted", "give a model file"
        )
    here = next(iter(common.load_machines(machine) if machine else common.read_machines()))
    here = with_model(here, artifact, precision, "dla" if dla else None)
    goals = [EXPORT_GOALS[artifact.format]] if artifact.format in EXPORT_GOALS else []
    reports = [check(here, parse(goal), matrix) for goal in (*goals, "convert:onnx-tensorrt")]
    steps = chain(artifact, here, matrix, output)
    _show(artifact, steps, reports, form)
    status = common.exit_status(reports)
    if dry_run:
        return status
    if status and not force:
        click.echo("error: the check fails, so nothing is built (--force builds nevertheless)", err=True)
        return status
    return _build(artifact, here, steps, timeout, form)


def _show(artifact: "Artifact", steps: "tuple[Step, ...]", reports: "list[Report]", form: str) -> None:
    """The steps and the check; formats for CI have a place for the check only."""
    if form == "json":
        click.echo(_as_json(artifact, steps, reports))
        return
    from compat.report import render

    if form != "text":
        for line in render(reports, form):
            click.echo(line)
        return
    click.echo(f"{artifact.path}: {artifact.title}")
    for number, step in enumerate(steps, 1):
        click.echo(f"\n{number}. {step.kind}: {step.text}")
        for one in step.commands:
            click.echo(f"   {shlex.join(one)}")
    click.echo()
    for line in render(reports, "text"):
        click.echo(line)


def _as_json(artifact: "Artifact", steps: "tuple[Step, ...]", reports: "list[Report]") -> str:
    import json

    from compat.report import data

    plain = [
        {
            "kind": step.kind,
            "text": step.text,
            "commands": [{"argv": list(one), "shell": shlex.join(one)} for one in step.commands],
        }
        for step in steps
    ]
    answers = [data.answer(report) for report in reports]
    made = {"file": artifact.path, "format": artifact.format, "steps": plain, "answers": answers}
    return json.dumps(made, ensure_ascii=False, indent=2)


def _build(artifact: "Artifact", machine: "Machine", steps: "tuple[Step, ...]", timeout: float, form: str) -> int:
    from compat.convert.build import BuildFailed, build, record
    from compat.probe.host import Host

    if artifact.format != "onnx":
        raise InputError(
            "only the build from ONNX is run from here",
            "run the export step that is shown above, then convert its output",
        )
    line = next(step.commands[0] for step in steps if step.kind == "build")
    engine = next(word.partition("=")[2] for word in line if word.startswith("--saveEngine="))
    host = Host()
    try:
        command = build(host, machine, line, engine, timeout)
        made = record(Host(), machine, artifact, engine, command)
    except BuildFailed as error:
        click.echo(error.log, err=True)
        click.echo(f"error: {error}\nhint: compatcheck explain reads an error text", err=True)
        return 1
    click.echo(f"\nbuilt {made.engine}; what made it is in {made.side}", err=form != "text")
    return 0
