"""The picture as SVG: one band a layer, the GPU at the bottom, the present stack left and the planned one right.

Every colour is a variable of the page, so that light and dark are the page's; the signs say the same without colour.
"""

import textwrap
from collections.abc import Iterator, Sequence
from html import escape

from compat.report.plan.picture import Row

_WIDTH, _ARROW = 980, 44  # px: the whole, between the stacks
_LINE, _PAD = 18, 10  # px: height of a line, room above and below
_CHARACTER = 7.3  # px, the widest average at 13 px
_SIGNS = {"stays": "", "changes": "↻", "new": "+", "goes": "−", "broken": "✗"}  # noqa: RUF001 - a minus sign
_SAYS = {"stays": "stays", "changes": "changes", "new": "is new", "goes": "goes", "broken": "does not fit"}


def lines(rows: Sequence[Row], changed: bool) -> Iterator[str]:
    """The element. ``changed`` False: there is no plan, so there is one stack only."""
    names = min(220, 14 + int(8.2 * max((len(row.name) for row in rows), default=0)))  # px of their column
    box = (_WIDTH - names - _ARROW) // 2 if changed else _WIDTH - names
    most = int((box - 2 * _PAD - 18) / _CHARACTER)
    bands, top = [], 30
    for row in reversed(rows):
        before, after = textwrap.wrap(row.before, most), textwrap.wrap(row.after, most) if changed else []
        reason = textwrap.wrap(row.reason, most) if row.broken else []
        height = 2 * _PAD + _LINE * max(1, len(before) + len(reason), len(after))
        bands.append((row, before, reason, after, top, height))
        top += height + 6
    yield (
        f'<svg class="stack" viewBox="-1 0 {_WIDTH + 2} {top + 2}" xmlns="http://www.w3.org/2000/svg" role="img"'
        ' aria-label="The stack before and after, the GPU at the bottom">'
    )
    yield f'<text class="title" x="{names}" y="18">now</text>'
    if changed:
        yield f'<text class="title" x="{names + box + _ARROW}" y="18">after the plan</text>'
    for row, before, reason, after, place, height in bands:
        yield f'<text class="name" x="0" y="{place + _PAD + 13}">{escape(row.name)}</text>'
        old = "broken" if row.broken else ("goes" if row.state == "goes" else "stays")
        if row.before:
            yield from _box(names, place, box, height, old, before, reason, row.name)
        if changed and row.after:
            yield from _box(names + box + _ARROW, place, box, height, row.state, after, [], row.name)
        if changed and row.state in ("changes", "new", "goes"):
            yield from _arrow(names + box + 8, names + box + _ARROW - 8, place + height / 2, row.state)
    yield "</svg>"


def _box(
    left: int, top: float, width: int, height: int, state: str, value: Sequence[str], reason: Sequence[str], name: str
) -> Iterator[str]:
    said = f"{name} {' '.join(value)}: {_SAYS[state]}{f', {chr(32).join(reason)}' if reason else ''}"
    yield f'<g class="{state}"><title>{escape(said)}</title>'
    yield f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="7"/>'
    for number, text in enumerate(value):
        yield f'<text x="{left + _PAD}" y="{top + _PAD + 13 + _LINE * number}">{escape(text)}</text>'
    for number, text in enumerate(reason, len(value)):
        yield f'<text class="reason" x="{left + _PAD}" y="{top + _PAD + 13 + _LINE * number}">{escape(text)}</text>'
    if _SIGNS[state]:
        yield f'<text class="sign" x="{left + width - _PAD}" y="{top + _PAD + 13}">{_SIGNS[state]}</text>'
    yield "</g>"


def _arrow(start: int, end: int, height: float, state: str) -> Iterator[str]:
    yield f'<g class="arrow {state}"><path d="M{start} {height}H{end - 5}"/>'
    yield f'<path d="M{end - 6} {height - 5}L{end} {height}L{end - 6} {height + 5}Z" class="head"/></g>'
