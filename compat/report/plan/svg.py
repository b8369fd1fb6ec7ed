"""The picture as SVG: one band a layer, the GPU at the bottom, the present stack left and the planned one right.

Every colour is a variable of the page, so that light and dark are the page's; the signs say the same without colour.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

from compat.report.plan.picture import Row

_WIDTH, _ARROW = 980, 44  # px: the whole, between the stacks
_LINE, _PAD = 18, 10  # px: height of a line, room above and below
_CHARACTER, _BOLD = 7.3, 8.2  # px, the widest average of Latin text at 13 px
_WIDE = re.compile(
    r"[MW@%mw\u2014\u2026\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\uff60\U0001f000-\U0003ffff]"
)
_NAMES = 220  # px: the column of names at its widest
_SIGNS = {"stays": "", "changes": "↻", "new": "+", "goes": "−", "broken": "✗"}  # noqa: RUF001 - a minus sign
_SAYS = {"stays": "stays", "changes": "changes", "new": "is new", "goes": "goes", "broken": "does not fit"}


def lines(rows: Sequence[Row], changed: bool) -> Iterator[str]:
    """The element. ``changed`` False: there is no plan, so there is one stack only."""
    names = min(_NAMES, 14 + int(max((_width(row.name, _BOLD) for row in rows), default=0)))  # px of their column
    box = (_WIDTH - names - _ARROW) // 2 if changed else _WIDTH - names
    most = box - 2 * _PAD - 18
    bands, top = [], 30
    for row in reversed(rows):
        before, after = _wrapped(row.before, most), _wrapped(row.after, most) if changed else []
        reason = _wrapped(row.reason, most, _BOLD) if row.broken else []
        height = 2 * _PAD + _LINE * max(1, len(before) + len(reason), len(after), len(_name(row)))
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
        for number, text in enumerate(_name(row)):
            yield f'<text class="name" x="0" y="{place + _PAD + 13 + _LINE * number}">{escape(text)}</text>'
        old = "broken" if row.broken else ("goes" if row.state == "goes" else "stays")
        if row.before:
            yield from _box(names, place, box, height, old, before, reason, row.name)
        if changed and row.after:
            yield from _box(names + box + _ARROW, place, box, height, row.state, after, [], row.name)
        if changed and row.state in ("changes", "new", "goes"):
            yield from _arrow(names + box + 8, names + box + _ARROW - 8, place + height / 2, row.state)
    yield "</svg>"


def _name(row: Row) -> list[str]:
    return _wrapped(row.name, _NAMES - 14, _BOLD)


def _width(text: str, average: float) -> float:
    return average * len(text) + (13.5 - average) * len(_WIDE.findall(text))


def _wrapped(text: str, most: float, average: float = _CHARACTER) -> list[str]:
    """The text in lines of at most so many pixels, broken at blanks and hyphens, a longer word anywhere."""
    lines = [""]
    for word in re.findall(r"[^\s-]*-|\S+|\s+", text):
        if _width((lines[-1] + word).rstrip(), average) <= most:
            lines[-1] += word
            continue
        if word.isspace():
            continue
        lines += [""] if lines[-1].strip() else []
        for character in word:
            if lines[-1] and _width(lines[-1] + character, average) > most:
                lines.append("")
            lines[-1] += character
    return [line.strip() for line in lines if line.strip()]


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
