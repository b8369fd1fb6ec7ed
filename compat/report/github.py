"""Workflow commands of GitHub Actions: annotations at the line of the file, or on the job."""

from collections.abc import Iterable, Iterator

from compat.check import Report
from compat.report import Shown
from compat.report.baseline import fingerprint
from compat.report.location import location

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(reports: Iterable[Report], shown: Shown) -> Iterator[str]:
    """One ``::error file=...,line=...::`` a finding; what the baseline knows is a notice. The verdicts come last."""
    verdicts = []
    for report in reports:
        verdicts.append(f"{report.machine.name or 'this machine'}: {report.goal}: {report.verdict}")
        for found in report.findings:
            place = location(report, found)
            command = "notice" if fingerprint(report, found) in shown.known else _COMMANDS[found.severity]
            where = f"file={_property(place.path)},line={place.line}," if place else ""
            fixes = "".join(f"\nfix: {remedy.text}" for remedy in found.remedies)
            text = _data(f"{found.message} ({report.goal}){fixes}")
            yield f"::{command} {where}title={_property(found.rule)}::{text}"
    yield from verdicts


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
