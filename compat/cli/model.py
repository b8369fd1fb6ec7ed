"""``compatcheck model``."""

from typing import TYPE_CHECKING, Any

import click

from compat.cli import common
from compat.cli.app import InputError
from compat.cli.engine import open_file
from compat.report import FORMATS

if TYPE_CHECKING:
    from compat.artifacts import Artifact
    from compat.machine import Machine

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "int8", "fp8", "fp4", "int4", "mxfp8")


@click.command("model")
@click.argument("file", metavar="FILE")
@click.option("--machine", metavar="FILE", help="Judge for this described machine instead of this one.")
@click.option("--tensorrt", "tensorrt_release", metavar="V", help="As if this TensorRT were installed.")
@click.option("--onnxruntime", "onnxruntime_release", metavar="V", help="As if this ONNX Runtime were installed.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="The precision that the engine is to have.")
@click.option("--dla", is_flag=True, help="Run on a Jetson's DLA.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Exit 1 on unknown and on warnings too.")
def command(
    file: str,
    machine: str | None,
    tensorrt_release: str | None,
    onnxruntime_release: str | None,
    precision: str | None,
    dla: bool,
    form: str,
    strict: bool,
) -> int:
    """Say what a model file is, and which TensorRT and ONNX Runtime releases take it.

    The file is read as bytes: nothing in it is run or unpickled, and its weights are stepped over. Exit status as of
    check.
    """
    from compat.convert.study import study
    from compat.report import render
    from compat.report.style import Style

    matrix = common.load_matrix()
    artifact = open_file(file)
    machines = list(common.load_machines(machine)) if machine else common.read_machines()
    for text in (tensorrt_release, onnxruntime_release):
        _check_version(text)
    status = 0
    pages = []
    for here in machines:
        made = study(artifact, _as_if(here, artifact, tensorrt_release, onnxruntime_release, precision, dla), matrix)
        status = max(status, common.exit_status(made.reports, strict), int(artifact.damaged is not None))
        if form == "text":
            for line in made.lines(Style.of()):
                click.echo(line)
        elif form == "json":
            pages.append(made.record())
        else:
            for line in render(made.reports, form):
                click.echo(line)
    if form == "json":
        _print_json(pages)
    return status


def _check_version(text: str | None) -> None:
    from compat import versions

    if text is not None and versions.try_parse(text) is None:
        raise InputError(f"not a version: {text!r}", "give a release such as 10.3.0")


def _as_if(
    machine: "Machine",
    artifact: "Artifact",
    tensorrt: str | None,
    onnxruntime: str | None,
    precision: str | None,
    dla: bool,
) -> "Machine":
    from compat.convert.judge import with_model, with_onnxruntime, with_tensorrt

    machine = with_model(machine, artifact, precision, "dla" if dla else None)
    if tensorrt is not None:
        machine = with_tensorrt(machine, tensorrt)
    return with_onnxruntime(machine, onnxruntime) if onnxruntime is not None else machine


def _print_json(pages: list[dict[str, Any]]) -> None:
    import json

    click.echo(json.dumps(pages[0] if len(pages) == 1 else pages, ensure_ascii=False, indent=2))
