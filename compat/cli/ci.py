"""What CI asks of a command: when it fails, what is known already, and files instead of a machine."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from compat.cli.app import InputError, plain

if TYPE_CHECKING:
    from compat.check import Report
    from compat.goals import Goal
    from compat.machine import Machine
    from compat.matrix import Matrix

Command = TypeVar("Command", bound=Callable[..., Any])


def ci_options(command: Command) -> Command:
    """--fail-on, --baseline and --write-baseline."""
    command = click.option("--write-baseline", metavar="FILE", help="Record what is found as known, and exit 0.")(
        command
    )
    command = click.option("--baseline", metavar="FILE", help="Findings in this file are known: they do not fail.")(
        command
    )
    return click.option(
        "--fail-on",
        type=click.Choice(["error", "warning", "unknown"]),
        default="error",
        show_default=True,
        help="The least that makes the exit status 1.",
    )(command)


class Gate:
    """Watches reports go by and says at the end whether they fail."""

    def __init__(self, level: str, baseline: str | None, write: str | None) -> None:
        self._level = level
        self._write = write
        self._seen: list[Report] = []
        self._failed = False
        self._baseline = baseline
        self._known = _known(baseline)
        self._found: set[str] = set()
        self.known = frozenset(self._known)

    def watch(self, reports: "Iterable[Report]") -> "Iterator[Report]":
        """The reports, each judged as it passes."""
        from compat.report.baseline import fails, fingerprint

        for report in reports:
            self._failed = fails(report, self._level, self.known) or self._failed
            if self.known:
                self._found |= {fingerprint(report, found) for found in report.findings}
            if self._write is not None:
                self._seen.append(report)
            yield report

    def status(self) -> int:
        """The exit status, after the last report; the baseline is written here."""
        if self._write is None:
            for gone in (said for key, said in self._known.items() if key not in self._found):
                click.echo(f"{self._baseline}: no longer found: {gone}", err=True)
            return int(self._failed)
        from compat.report.baseline import write

        try:
            number = write(self._write, self._seen)
        except OSError as error:
            raise InputError(f"{self._write}: {error.strerror or error}", "give a file that can be written") from None
        click.echo(f"{self._write}: {number} finding(s) recorded as known", err=True)
        return 0


def _known(path: str | None) -> dict[str, str]:
    """Fingerprint -> what it is, in words."""
    if path is None:
        return {}
    from compat.report.baseline import BadBaseline, entries

    try:
        return entries(path)
    except BadBaseline as error:
        raise InputError(str(error), "--write-baseline FILE makes one") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}", "--write-baseline FILE makes one") from None


def of_files(
    files: tuple[str, ...], machines: "Iterable[Machine]", goals: "tuple[Goal, ...]", matrix: "Matrix"
) -> "Iterator[Report]":
    """What each file would install, on each machine. Of a file that asks for nothing here it is said."""
    from compat.guard.files import BadFile
    from compat.guard.judge import judge

    told: dict[str, bool] = {}
    for machine in machines:
        for path in files:
            try:
                for report in judge(path, machine, goals, matrix):
                    told[path] = True
                    yield report
            except BadFile as error:
                raise InputError(str(error), error.hint) from None
            told.setdefault(path, False)
    for path in (path for path, anything in told.items() if not anything):
        click.echo(plain(f"note: {path}: asks for nothing that the matrix speaks of"), err=True)
