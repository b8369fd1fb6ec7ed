"""The picture as a Mermaid flowchart, which GitHub and GitLab draw: two stacks side by side, the GPU at the bottom."""

import re
from collections.abc import Iterator, Sequence

from compat.report.plan.picture import Row

_WIDTH = 34  # characters of a line in a box
_CLASSES = {
    "stays": "fill:#eef1f5,stroke:#8a94a3,color:#1d2430",
    "changes": "fill:#fff0c9,stroke:#b7791f,color:#3d2a00",
    "new": "fill:#dcf5e3,stroke:#2f8a4e,color:#0c3318",
    "goes": "fill:#f4f4f4,stroke:#8a94a3,color:#5a6270,stroke-dasharray:4 3",
    "broken": "fill:#ffe0dd,stroke:#c2362b,color:#4a0d08",
}


def lines(rows: Sequence[Row], changed: bool) -> Iterator[str]:
    """The diagram. ``changed`` False: there is no plan, so there is one stack only."""
    yield '%%{init: {"flowchart": {"rankSpacing": 14, "nodeSpacing": 20, "subGraphTitleMargin": {"bottom": 10}}}}%%'
    yield "flowchart LR"
    yield from _stack("now", "now", [(one, one.before, _class_before(one)) for one in rows if one.before])
    if changed:
        yield from _stack("then", "after the plan", [(one, one.after, one.state) for one in rows if one.after])
        yield "  now ==> then"
    yield "  style now fill:none,stroke:#8a94a3"
    if changed:
        yield "  style then fill:none,stroke:#8a94a3"
    yield from (f"  classDef {name} {style}" for name, style in _CLASSES.items())


def _class_before(row: Row) -> str:
    return "broken" if row.broken else ("goes" if row.state == "goes" else "stays")


def _stack(name: str, title: str, boxes: Sequence[tuple[Row, str, str]]) -> Iterator[str]:
    """A subgraph; no box of it is linked to one outside, or its direction would not count."""
    yield f'  subgraph {name}["{title}"]'
    yield "    direction BT"
    for number, (row, value, kind) in enumerate(boxes):
        yield f'    {name}{number}["<b>{_text(row.name)}</b><br/>{_wrapped(value)}"]:::{kind}'
    if len(boxes) > 1:
        yield "    " + " --- ".join(f"{name}{number}" for number in range(len(boxes)))
    yield "  end"


def _wrapped(text: str) -> str:
    import textwrap

    return "<br/>".join(_text(line) for line in textwrap.wrap(text, _WIDTH)) or " "


def _text(text: str) -> str:
    """Text in which nothing is markup: what could be stands as Mermaid's own character code."""
    return re.sub(r"[^\w .,:()+/-]", lambda match: f"#{ord(match[0])};", text)
