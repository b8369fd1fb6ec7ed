"""A plan as Markdown for a pull request, an issue or a job summary, with a Mermaid picture of the stack."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from compat.plan.model import Plan, Reason, Step
from compat.report.markdown import escaped
from compat.report.plan import mermaid, words
from compat.report.plan.picture import rows

if TYPE_CHECKING:
    from compat.matrix import Matrix

_SIGNS = {"ok": "✅", "unknown": "❔", "error": "❌"}


def render(plans: Sequence[Plan], matrix: "Matrix", installer: str) -> Iterator[str]:
    """The document, one part a machine, the sources once at its end."""
    sources = words.Sources()
    for number, plan in enumerate(plans):
        if number:
            yield ""
        yield from _plan(plan, matrix, installer, sources)
    if sources.listed:
        yield from ("", "### Sources", "")
    for place, source in sources.listed:
        at = words.address(source, matrix)
        yield f"{place}. [{escaped(source)}](<{at}>)" if at is not None else f"{place}. {escaped(source)}"


def _plan(plan: Plan, matrix: "Matrix", installer: str, sources: words.Sources) -> Iterator[str]:
    yield f"## {_SIGNS[words.sign(plan)]} {escaped(words.machine(plan))}: {escaped(words.asked(plan))}"
    yield ""
    yield f"**{escaped(words.outcome(plan))}**" + (f" ({words.costs(plan)})" if plan.steps else "")
    if plan.steps and plan.untold:
        yield from ("", escaped(words.untold(plan)))
    yield ""
    yield "```mermaid"
    yield from mermaid.lines(rows(plan, matrix), plan.outcome == "planned")
    yield "```"
    if plan.outcome == "impossible":
        yield from _conflict(plan, installer, sources)
    yield from _steps(plan.steps, installer, sources)
    yield from _alternatives(plan, installer)


def _steps(steps: Sequence[Step], installer: str, sources: words.Sources) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield ""
        yield f"### {number}. {escaped(step.component)}: {escaped(words.change(step))}"
        yield ""
        yield from _command(step, installer)
        yield from (f"- *{words.ROLES[reason.role]}* {_reason(reason, sources)}" for reason in step.why)


def _command(step: Step, installer: str) -> Iterator[str]:
    wanted = words.commands(step, installer)
    if wanted:
        yield from ("```sh", *(one.shell for one in wanted), "```", "")
    elif words.is_by_hand(step):
        yield from (f"**{words.by_hand(step)}**", "")


def _reason(reason: Reason, sources: words.Sources) -> str:
    number = sources.number(reason)
    return f"{escaped(reason.message)} (`{reason.rule}`)" + (rf" \[{number}\]" if number else "")


def _conflict(plan: Plan, installer: str, sources: words.Sources) -> Iterator[str]:
    yield ""
    yield f"{words.in_the_way(plan).capitalize()}:"
    yield ""
    yield from (f"- {_reason(reason, sources)}" for reason in plan.conflict)
    if not plan.lifts and plan.advised:
        yield from ("", "Nothing that `--allow` could move would lift it.")
    for lift in plan.lifts:
        yield from ("", f"#### Would lift it: {escaped(words.lift(lift))}")
        yield from _steps(lift.steps, installer, sources)
    if not plan.advised:
        yield from ("", f"{words.UNTRIED.capitalize()}.")


def _alternatives(plan: Plan, installer: str) -> Iterator[str]:
    if not plan.alternatives:
        return
    yield from ("", "### Alternatives", "", "| plan | what it costs | what to do |", "|---|---|---|")
    for other in (plan, *plan.alternatives):
        name = escaped(words.summary(other)) + (" (the plan above)" if other is plan else "")
        lines = (f"<code>{_html(one)}</code>" if runs else escaped(one) for one, runs in words.to_do(other, installer))
        yield f"| {name} | {words.costs(other)} | {'<br>'.join(lines)} |"
    yield from ("", escaped(words.DOWNLOADS))


def _html(text: str) -> str:
    from html import escape

    return escape(text, quote=False).replace("|", "&#124;")
