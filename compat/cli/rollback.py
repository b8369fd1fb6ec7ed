"""``compatcheck rollback``."""

import os
from typing import TYPE_CHECKING

import click

from compat.cli.app import InputError
from compat.cli.changes import refusals, run

if TYPE_CHECKING:
    from compat.install.progress import Progress
    from compat.install.recovery import Transaction


@click.command("rollback")
@click.argument("environment", required=False, metavar="[ENV]")
@click.option("--yes", is_flag=True, help="Do not ask before a finished installation is undone.")
def command(environment: str | None, yes: bool) -> int:
    """Put an environment back as it was before the last `install`: one that was stopped, or one that is finished.

    ENV is the environment's folder; default: the active one. An environment that the installation made is removed.
    System steps (driver, apt) are not undone. May itself be stopped and run again.
    """
    from compat.install import recovery
    from compat.install.lock import Lock

    with refusals():
        home = recovery.chosen_home(environment)
        if not os.path.isdir(home):
            if environment is not None and not os.path.isdir(environment):
                raise InputError(f"{environment}: no such environment, and none on record", "give its folder")
            place = f"for {environment}" if environment else "here"
            click.echo(f"nothing to put back: no installation of compatcheck is on record {place}")
            return 0
        with Lock(home):
            left = [one for one in recovery.transactions(home) if one.state != "restored"]
            if left:
                _ask(left[-1], yes)
                run(lambda progress: _undo(left[-1], progress), "run rollback again")
                click.echo(f"{left[-1].prefix} {'is gone' if left[-1].created else 'is as it was'}")
            else:
                click.echo("nothing to put back")
            recovery.tidy(home)
    return 0


def _ask(transaction: "Transaction", yes: bool) -> None:
    """A finished run is undone only after a question, and it says so if more would be undone than that run."""
    if transaction.state != "done":
        return
    if transaction.changed_since():
        click.echo("warning: what is installed has changed since; those changes will be gone too", err=True)
    if not yes:
        verb = "remove" if transaction.created else "put back"
        click.confirm(f"{verb} {transaction.prefix}?", abort=True, err=True)


def _undo(transaction: "Transaction", progress: "Progress") -> None:
    from compat.install import recovery

    recovery.undo(transaction, progress.step)
