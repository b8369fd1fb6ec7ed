"""A plan as one self-contained page: no script, nothing fetched, every text escaped, readable in light and in dark."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from compat.plan.model import Plan, Reason, Step
from compat.report.plan import svg, words
from compat.report.plan.picture import rows

if TYPE_CHECKING:
    from compat.matrix import Matrix

_STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1d2430; --soft: #5a6475; --line: #d9dee6;
  --code: #eef1f5; --stays: #eef1f5; --stays-line: #b4bdc9; --changes: #fff0c9; --changes-line: #b7791f;
  --new: #dcf5e3; --new-line: #267a42; --broken: #ffe0dd; --broken-line: #b02a20; --link: #1f5fbf; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2029; --text: #e4e8ee; --soft: #a0aaba;
  --line: #323b48; --code: #242c37; --stays: #242c37; --stays-line: #4d596a;
  --changes: #43350f; --changes-line: #d9a440; --new: #153a23; --new-line: #52b876;
  --broken: #481a17; --broken-line: #ee7168; --link: #82b1ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 28px 20px 60px; }
section, header { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px;
  margin: 0 0 18px; }
h1 { font-size: 22px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 0 0 12px; }
h3 { font-size: 15px; margin: 18px 0 8px; } p { margin: 6px 0; } .soft { color: var(--soft); }
.chip { display: inline-block; border: 1px solid; border-radius: 20px; padding: 1px 12px; margin-right: 8px;
  font-size: 13px; font-weight: 600; }
.chip.planned, .chip.nothing-to-do { background: var(--new); border-color: var(--new-line); }
.chip.unknown { background: var(--changes); border-color: var(--changes-line); }
.chip.impossible { background: var(--broken); border-color: var(--broken-line); }
pre { background: var(--code); border-radius: 8px; padding: 10px 14px; margin: 8px 0; overflow-x: auto; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
ol.steps { list-style: none; margin: 0; padding: 0; }
ol.steps > li { border-top: 1px solid var(--line); padding: 14px 0; }
ol.steps > li:first-child { border-top: 0; padding-top: 0; } ol.steps > li:last-child { padding-bottom: 0; }
dl { display: grid; grid-template-columns: 7.2em 1fr; gap: 4px 12px; margin: 10px 0 0; }
dt { color: var(--soft); } dd { margin: 0; } dd code { white-space: nowrap; color: var(--soft); }
dt.needed { color: var(--broken-line); } dt.holds { color: var(--new-line); }
a { color: var(--link); } sup a { text-decoration: none; } sup { line-height: 0; }
details { margin: 6px 0; } summary { cursor: pointer; color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 8px 14px 8px 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 600; } li { margin: 4px 0; }
.sources { font-size: 13px; overflow-wrap: anywhere; }
svg.stack { width: 100%; min-width: 700px; height: auto; display: block; }
svg text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--text); }
svg .title { font-weight: 600; fill: var(--soft); } svg .name { font-weight: 600; }
svg .sign { font-weight: 700; text-anchor: end; } svg .reason { fill: var(--broken-line); font-weight: 600; }
svg rect { fill: var(--stays); stroke: var(--stays-line); }
svg .changes rect { fill: var(--changes); stroke: var(--changes-line); stroke-width: 1.5; }
svg .new rect { fill: var(--new); stroke: var(--new-line); stroke-width: 1.5; }
svg .broken rect { fill: var(--broken); stroke: var(--broken-line); stroke-width: 1.5; }
svg .goes rect { fill: none; stroke-dasharray: 4 3; } svg .goes text { fill: var(--soft); }
svg .arrow path { stroke: var(--soft); stroke-width: 1.6; fill: none; }
svg .arrow .head { fill: var(--soft); stroke: none; }
@media print { body { background: #fff; } section, header { border: 0; padding: 8px 0; }
  details > * { display: block; } }
"""
_HEAD = (
    "<!DOCTYPE html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    # Whatever a text from outside might hold, the page runs and fetches nothing.
    """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
)


def render(plans: Sequence[Plan], matrix: "Matrix", installer: str) -> Iterator[str]:
    """The page, one part a machine, the sources once at its end."""
    sources = words.Sources()
    yield from _HEAD
    yield f"<title>{escape(f'{words.machine(plans[0])}: {words.asked(plans[0])}' if plans else 'no plan')}</title>"
    yield f"<style>{_STYLE}</style>"
    yield "</head>"
    yield "<body><main>"
    for plan in plans:
        yield from _plan(plan, matrix, installer, sources)
    yield from _sources(sources, matrix)
    yield "</main></body>"
    yield "</html>"


def _plan(plan: Plan, matrix: "Matrix", installer: str, sources: words.Sources) -> Iterator[str]:
    yield "<header>"
    yield f"<h1>{escape(words.asked(plan))}</h1>"
    yield f'<p class="soft">{escape(words.machine(plan))}, for {escape(", ".join(map(str, plan.goals)))}</p>'
    cost = f'<span class="soft">{escape(words.costs(plan))}</span>' if plan.steps else ""
    yield f'<p><span class="chip {plan.outcome} {words.sign(plan)}">{escape(words.outcome(plan))}</span>{cost}</p>'
    if plan.steps and plan.untold:
        yield f"<p>{escape(words.untold(plan))}</p>"
    yield "</header>"
    if plan.outcome == "impossible":
        yield from _conflict(plan, installer, sources)
    yield "<section><h2>The stack</h2>"
    yield '<div class="wide">'
    yield from svg.lines(rows(plan, matrix), plan.outcome == "planned")
    yield "</div></section>"
    if plan.steps:
        yield "<section><h2>What to do</h2>"
        yield from _steps(plan.steps, installer, sources)
        yield "</section>"
    yield from _alternatives(plan, installer)


def _steps(steps: Sequence[Step], installer: str, sources: words.Sources) -> Iterator[str]:
    yield '<ol class="steps">'
    for number, step in enumerate(steps, 1):
        yield f"<li><strong>{number}. {escape(step.component)}</strong> {escape(words.change(step))}"
        yield from _commands(step, installer)
        yield "<dl>"
        for reason in step.why:
            role = words.ROLES[reason.role]
            yield f'<dt class="{reason.role.replace(" ", "-")}">{role}</dt><dd>{_reason(reason, sources)}</dd>'
        yield "</dl></li>"
    yield "</ol>"


def _commands(step: Step, installer: str) -> Iterator[str]:
    wanted = words.commands(step, installer)
    if not wanted:
        if words.is_by_hand(step):
            yield f"<p>{words.by_hand(step)}</p>"
        return
    yield f"<pre>{escape(chr(10).join(one.shell for one in wanted))}</pre>"
    others = [one for one in step.commands if one not in wanted]
    if others:
        named = dict.fromkeys(one.installer for one in others)
        yield f"<details><summary>with {', '.join(map(escape, named))}</summary>"
        yield from (f"<pre>{escape(one.shell)}</pre>" for one in others)
        yield "</details>"


def _reason(reason: Reason, sources: words.Sources) -> str:
    number = sources.number(reason)
    link = f' <sup><a href="#source-{number}">{number}</a></sup>' if number else ""
    return f"{escape(reason.message)} <code>{escape(reason.rule)}</code>{link}"


def _conflict(plan: Plan, installer: str, sources: words.Sources) -> Iterator[str]:
    yield f"<section><h2>{escape(words.in_the_way(plan).capitalize())}</h2><ul>"
    yield from (f"<li>{_reason(reason, sources)}</li>" for reason in plan.conflict)
    yield "</ul>"
    if not plan.lifts and plan.advised:
        yield "<p>Nothing that <code>--allow</code> could move would lift it.</p>"
    for lift in plan.lifts:
        yield f"<h3>Would lift it: {escape(words.lift(lift))}</h3>"
        yield from _steps(lift.steps, installer, sources)
    if not plan.advised:
        yield f"<p>{words.UNTRIED.capitalize()}.</p>"
    yield "</section>"


def _alternatives(plan: Plan, installer: str) -> Iterator[str]:
    if not plan.alternatives:
        return
    yield '<section><h2>Alternatives</h2><div class="wide"><table>'
    yield "<thead><tr><th>plan</th><th>what it costs</th><th>what to do</th></tr></thead><tbody>"
    for other in (plan, *plan.alternatives):
        name = escape(words.summary(other)) + (' <span class="soft">(the plan above)</span>' if other is plan else "")
        lines = (
            f"<div><code>{escape(one)}</code></div>" if runs else f"<div>{escape(one)}</div>"
            for one, runs in words.to_do(other, installer)
        )
        yield f"<tr><td>{name}</td><td>{escape(words.costs(other))}</td><td>{''.join(lines)}</td></tr>"
    yield f'</tbody></table></div><p class="soft">{escape(words.DOWNLOADS)}</p></section>'


def _sources(sources: words.Sources, matrix: "Matrix") -> Iterator[str]:
    if sources.listed:
        yield '<section class="sources"><h2>Sources</h2><ol>'
        for number, source in sources.listed:
            at, text = words.address(source, matrix), escape(source)
            linked = f'<a href="{escape(at)}" rel="noreferrer">{text}</a>' if at is not None else text
            yield f'<li id="source-{number}">{linked}</li>'
        yield "</ol></section>"
    yield f'<p class="soft">compatcheck, matrix of {escape(matrix.date)}</p>'
