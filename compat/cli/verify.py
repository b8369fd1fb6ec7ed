"""``compatcheck verify``."""

import os
from typing import TYPE_CHECKING

import click

from compat.cli import common
from compat.cli.app import InputError

if TYPE_CHECKING:
    from compat.explain import Symptom
    from compat.machine import Machine
    from compat.matrix import Matrix
    from compat.verify.prove import Proof


@click.command("verify")
@click.option(
    "--goal",
    "goal_texts",
    metavar="GOAL",
    multiple=True,
    help="What is to be proven, such as use:torch; several allowed. Default: what is installed.",
)
@click.option(
    "--timeout",
    metavar="S",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    help="Seconds that each computation may take.",
)
@click.option("--python", "python", metavar="PATH", help="Interpreter or environment to run; default: the active one.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--allow-cpu", is_flag=True, hidden=True)
def command(goal_texts: tuple[str, ...], timeout: float, python: str | None, form: str, allow_cpu: bool) -> int:
    """Prove by running it: a small real computation for each goal, held against a reference of higher precision.

    The only command that runs the inspected environment's Python, each goal in a process of its own with a time limit.
    Exit status: 0 everything asked for is verified, 1 something is not.
    """
    from compat.report.style import Style
    from compat.verify.prove import goals_of, prove
    from compat.verify.report import as_json, lines

    matrix = common.load_matrix()
    (machine,) = common.read_machines("/", (python,) if python else ())
    interpreter = _interpreter(machine, python)
    proofs, symptoms = [], []
    for goal in common.parse_goals(goal_texts, matrix) or goals_of(machine, matrix):
        if form == "text":
            click.echo(f"running {goal} ...", err=True)
        proofs.append(prove(goal, interpreter, timeout, allow_cpu))
        symptoms.append(_meanings(proofs[-1], matrix))
        if form == "text":
            for line in lines(proofs[-1], symptoms[-1], Style.of()):
                click.echo(line)
    if form == "json":
        click.echo(as_json(interpreter, proofs, symptoms))
    return 0 if proofs and all(proof.verdict == "verified" for proof in proofs) else 1


def _interpreter(machine: "Machine", given: str | None) -> str:
    found = machine.interpreter
    if found is None or not os.access(found, os.X_OK) or os.path.isdir(found):
        raise InputError(f"{given or 'python3'}: no interpreter that could be run", "name one with --python PATH")
    return os.path.abspath(found)


def _meanings(proof: "Proof", matrix: "Matrix") -> "tuple[Symptom, ...]":
    """What the matrix knows of the text that a failed computation left."""
    from compat import explain

    if proof.verdict not in ("failed", "stopped"):
        return ()
    return explain.read(f"{proof.text}\n{proof.message}", matrix)[:3]
