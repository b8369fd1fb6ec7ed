"""Explanations as text: a rule's page, or what an error text means."""

from collections.abc import Iterator, Sequence

from compat.check import Report
from compat.explain import Symptom, on_this_machine
from compat.report.style import Style
from compat.rules.base import Rule


def rule(entry: Rule, family: str, style: Style) -> Iterator[str]:
    """The page of a rule."""
    yield f"{style.paint(entry.name, 'bold')} ({family})"
    for paragraph in entry.page.split("\n\n"):
        yield ""
        yield from style.wrap(" ".join(paragraph.split()), "  ")
    if entry.masks:
        yield ""
        yield from style.wrap(
            f"Where it is found, these are its consequences and not reported: {', '.join(entry.masks)}", "  "
        )


def symptom(one: Symptom, reports: Sequence[Report], style: Style) -> Iterator[str]:
    """What an error text means, its causes likeliest first, and which of them is found here."""
    code = f" [{one.row['code']}]" if one.row.get("code") else ""
    yield f"{style.paint(one.row['id'], 'bold')}{code}{'  (harmless by itself)' if one.row.get('harmless') else ''}"
    yield from style.wrap(one.says, "  ")
    for name, value in one.found.items():
        yield from style.wrap(f"{name} in the text: {value}", "      ", "    - ")
    if one.rules:
        yield ""
        yield "  causes, likeliest first:"
    violated, held, _ = on_this_machine(one, reports)
    for entry in one.rules:
        state, mark = (
            ("found on this machine", "error")
            if entry.name in violated
            else (("not here: this holds", "ok") if entry.name in held else ("", "unknown"))
        )
        summary = entry.page.split("\n")[0]
        yield from style.wrap(
            f"{entry.name}: {summary}{f' [{state}]' if state else ''}", "       ", f"    {style.mark(mark)} "
        )
    if one.row.get("tell"):
        yield ""
        yield from style.wrap(f"Tell apart: {one.row['tell']}", "  ")
    yield from style.wrap(f"source: {one.source}", "  ")
