"""Markdown for a job summary or a comment: verdicts as a table, then each finding with its evidence and remedy."""

from collections.abc import Iterable, Iterator

from compat.check import Report
from compat.report import Shown
from compat.report.baseline import fingerprint
from compat.report.location import location

_SIGNS = {"compatible": "✅", "incompatible": "❌", "unknown": "❔"}


def render(reports: Iterable[Report], shown: Shown) -> Iterator[str]:
    """The document."""
    listed = list(reports)
    yield "| machine | goal | verdict | first cause |"
    yield "|---|---|---|---|"
    for report in listed:
        cause = f"`{report.primary.rule}`" if report.primary and report.verdict == "incompatible" else ""
        name = escaped(report.machine.name or "this machine")
        yield f"| {name} | `{report.goal}` | {_SIGNS[report.verdict]} {report.verdict} | {cause} |"
    for report in listed:
        for found in report.findings:
            place = location(report, found)
            old = " (known, in the baseline)" if fingerprint(report, found) in shown.known else ""
            yield ""
            yield f"### {found.severity}: `{found.rule}`{old}"
            yield ""
            yield f"{escaped(found.message)} (`{report.goal}`{f', `{place}`' if place else ''})"
            yield ""
            yield from (f"- {escaped(one.fact)} [{escaped(one.source)}]" for one in found.evidence)
            yield from (f"- **fix:** {escaped(remedy.text)}" for remedy in found.remedies)


def escaped(text: str) -> str:
    """Text in which nothing is markup."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
