"""A plan for a terminal: the outcome, the steps with command and reasons, or what stands in the way; sources last."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from compat.plan.model import Plan, Reason, Step
from compat.report.plan import words
from compat.report.style import Style

if TYPE_CHECKING:
    from compat.matrix import Matrix

_ROLE = max(map(len, words.ROLES.values())) + 1


def render(plans: Sequence[Plan], matrix: "Matrix", installer: str) -> Iterator[str]:
    """Lines for a terminal, one plan after the other."""
    style = Style.of()
    sources = words.Sources()
    for number, plan in enumerate(plans):
        if number:
            yield ""
        yield from _plan(plan, style, installer, sources)
    if sources.listed:
        yield ""
        yield "sources:"
    for place, source in sources.listed:
        yield from style.wrap(source, "      ", f"  {f'[{place}]':<3} ")


def _plan(plan: Plan, style: Style, installer: str, sources: words.Sources) -> Iterator[str]:
    text = f"{words.machine(plan)}: {words.asked(plan)}: {words.outcome(plan)}"
    yield from style.wrap(text, "   ", style.mark(words.sign(plan)) + " ")
    if plan.outcome == "impossible":
        yield from _conflict(plan, style, installer, sources)
        return
    if plan.steps:
        yield from style.wrap(words.costs(plan), "   ")
        yield from style.wrap(words.untold(plan), "   ") if plan.untold else ()
    yield from _steps(plan.steps, style, installer, sources, "")
    for number, other in enumerate(plan.alternatives, 1):
        yield ""
        yield from style.wrap(words.summary(other), "    ", f"alternative {number}: ")
        yield from style.wrap(words.costs(other), "    ")
        for line, runs in words.to_do(other, installer):
            yield from [f"    $ {style.paint(line, 'bold')}"] if runs else style.wrap(line, "      ", "    - ")
    if plan.alternatives:
        yield ""
        yield from style.wrap(words.DOWNLOADS, "")


def _steps(steps: Sequence[Step], style: Style, installer: str, sources: words.Sources, indent: str) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield ""
        yield from style.wrap(f"{step.component}: {words.change(step)}", indent + "   ", f"{indent}{number}. ")
        yield from _command(step, style, installer, indent)
        for reason in step.why:
            role = words.ROLES[reason.role]
            first = f"{indent}   {role:<{_ROLE}}"
            yield from style.wrap(_reason(reason, sources), indent + " " * (3 + _ROLE), first)


def _command(step: Step, style: Style, installer: str, indent: str) -> Iterator[str]:
    wanted = words.commands(step, installer)
    for one in wanted:
        # A command stands on one line, however long, so that it can be copied.
        yield f"{indent}   $ {style.paint(one.shell, 'bold')}"
    if words.is_by_hand(step):
        yield f"{indent}   $ {words.by_hand(step)}"


def _reason(reason: Reason, sources: words.Sources) -> str:
    number = sources.number(reason)
    return f"{reason.message} ({reason.rule}){f' [{number}]' if number else ''}"


def _conflict(plan: Plan, style: Style, installer: str, sources: words.Sources) -> Iterator[str]:
    yield ""
    yield f"{words.in_the_way(plan)}:"
    for reason in plan.conflict:
        yield from style.wrap(_reason(reason, sources), "    ", "  - ")
    if not plan.lifts and plan.advised:
        yield ""
        yield "nothing that --allow could move would lift it."
    for lift in plan.lifts:
        yield ""
        yield from style.wrap(words.lift(lift), "  ", "would lift it: ")
        yield from _steps(lift.steps, style, installer, sources, "  ")
    if not plan.advised:
        yield from ("", f"{words.UNTRIED}.")
