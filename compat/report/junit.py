"""JUnit XML: one suite a machine, one case a goal. A goal with new errors fails; unknown and known ones are skipped."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from compat.check import Report
from compat.report import Shown
from compat.report.baseline import fingerprint
from compat.report.location import location


def render(reports: Iterable[Report], shown: Shown) -> Iterator[str]:
    """The document."""
    suites: dict[str, list[Report]] = {}
    for report in reports:
        suites.setdefault(report.machine.name or "this machine", []).append(report)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<testsuites name="compatcheck">'
    for name, mine in suites.items():
        failures = sum(bool(_errors(one, shown.known)) for one in mine)
        skipped = sum(_skipped(one, shown.known) is not None for one in mine)
        yield (
            f'  <testsuite name={_quoted(name)} tests="{len(mine)}" failures="{failures}" errors="0" '
            f'skipped="{skipped}">'
        )
        for report in mine:
            yield from _case(report, shown.known)
        yield "  </testsuite>"
    yield "</testsuites>"


def _errors(report: Report, known: frozenset[str]) -> list[str]:
    """One text for each new error: where, which rule, what."""
    return [
        _text(report, index)
        for index, found in enumerate(report.findings)
        if found.severity == "error" and fingerprint(report, found) not in known
    ]


def _text(report: Report, index: int) -> str:
    found = report.findings[index]
    place = location(report, found)
    facts = "".join(f"\n  - {one.fact} [{one.source}]" for one in found.evidence)
    fixes = "".join(f"\n  fix: {one.text}" for one in found.remedies)
    return f"{f'{place}: ' if place else ''}{found.rule}: {found.message}{facts}{fixes}"


def _skipped(report: Report, known: frozenset[str]) -> str | None:
    if _errors(report, known):
        return None
    if report.verdict == "incompatible":
        return "known: in the baseline"
    return "could not be told" if report.verdict == "unknown" else None


def _case(report: Report, known: frozenset[str]) -> Iterator[str]:
    errors, skipped = _errors(report, known), _skipped(report, known)
    notes = [_text(report, index) for index, found in enumerate(report.findings) if found.severity != "error"]
    yield f'    <testcase classname="compatcheck" name={_quoted(str(report.goal))}>'
    if errors:
        first, whole = _quoted(errors[0].splitlines()[0]), _plain(chr(10).join(errors))
        yield f'      <failure type="incompatible" message={first}>{whole}</failure>'
    if skipped is not None:
        yield f"      <skipped message={_quoted(skipped)}/>"
    if notes:
        yield f"      <system-out>{_plain(chr(10).join(notes))}</system-out>"
    yield "    </testcase>"


def _plain(text: str) -> str:
    """Text for XML: characters that XML 1.0 does not have are shown as a question mark."""
    return escape(
        "".join(
            one
            if one in "\t\n\r" or "\x20" <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" or one > "\uffff"
            else "?"
            for one in text
        )
    )


def _quoted(text: str) -> str:
    return quoteattr(_plain(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
