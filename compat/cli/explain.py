"""``compatcheck explain``."""

from typing import TYPE_CHECKING

import click

from compat.cli import common
from compat.cli.app import InputError

if TYPE_CHECKING:
    from compat.check import Report


@click.command("explain")
@click.argument("words", nargs=-1, required=True, metavar="RULE | ERROR TEXT")
@click.option("--machine", metavar="FILE", help="Tell the causes apart on this described machine.")
@click.option("--no-machine", is_flag=True, help="Do not read this machine.")
def command(words: tuple[str, ...], machine: str | None, no_machine: bool) -> None:
    """Explain a finding by its name, or an error text: its causes, how to tell them apart on this machine, the remedy.

    A text of - is read from standard input, so a log can be piped in.
    """
    from compat import explain
    from compat.convert import messages
    from compat.report import explanation as pages
    from compat.report.style import Style

    style = Style.of()
    text = " ".join(words)
    if text == "-":
        text = _piped()
    page = explain.rule_page(text.strip())
    if page is not None:
        for line in pages.rule(*page, style):
            click.echo(line)
        return
    matrix = common.load_matrix()
    symptoms = explain.read(text, matrix)
    engine = messages.read(text, matrix)
    for one in engine:
        for line in style.wrap(one.text, ""):
            click.echo(line)
        click.echo()
    if not symptoms and engine:
        return
    if not symptoms:
        near = explain.close_names(text.strip())
        raise InputError(
            "neither the name of a finding nor an error text that the matrix knows",
            f"did you mean {', '.join(near)}?"
            if near
            else "paste the line that names the error; `compatcheck explain library-not-found` shows a finding by name",
        )
    reports = [] if no_machine else _reports(machine)
    for number, symptom in enumerate(symptoms):
        if number:
            click.echo()
        for line in pages.symptom(symptom, reports, style):
            click.echo(line)
    found = [name for symptom in symptoms for name in explain.on_this_machine(symptom, reports)[0]]
    for name in dict.fromkeys(found):
        click.echo(f"\ncompatcheck explain {name}   shows its page; compatcheck doctor the evidence and remedy here")


def _piped() -> str:
    """The end of standard input, however long a log it is."""
    import sys

    from compat.literals import LIMIT

    text = ""
    while chunk := sys.stdin.read(1 << 20):
        text = text[-LIMIT:] + chunk
    return text


def _reports(path: str | None) -> "list[Report]":
    from compat.check import check
    from compat.suggest import goals_of

    matrix = common.load_matrix()
    machines = list(common.load_machines(path)) if path else common.read_machines()
    return [check(machine, goal, matrix) for machine in machines for goal in goals_of(machine, matrix)]
