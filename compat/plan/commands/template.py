"""Command lines as templates, written and read back by one text.

``uv pip install --python {python} {requirements} [--index-url {index}]``: words as they are typed, a place in braces
for each value, in brackets what is there only where its places have values. A place takes one word (or a part of one:
``python={line}``), those of ``LISTS`` one or more. ``&&`` stands between several commands. A value is always a word of
its own on the argument list: nothing in it is split or quoted.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

LISTS = ("requirements", "names", "parts")
_PLACE = re.compile(r"^(.*)\{([a-z]+)\}(.*)$")

Value = str | tuple[str, ...]
Values = Mapping[str, Value]
Fits = Callable[[str, str], bool]
"""May this word stand in the place of this name?"""


def fill(template: str, values: Values) -> tuple[str, ...] | None:
    """The words of one command; None where a place outside brackets has no value (or an empty one)."""
    words: list[str] = []
    for optional, group in _groups(template):
        if all(values.get(name) for name in _places(group)):
            words += (one for word in group for one in _filled(word, values))
        elif not optional:
            return None
    return tuple(words)


def match(template: str, words: Sequence[str], fits: Fits) -> dict[str, Value] | None:
    """The values that make the template these very words; None where there are none that fit."""
    values: dict[str, Value] = {}
    at = 0
    for optional, group in _groups(template):
        if optional and list(words[at : at + 1]) != group[:1]:
            continue
        for word in group:
            taken = _taken(word, words[at:], fits)
            if taken is None:
                return None
            at += taken[1]
            values |= taken[0]
    return values if fill(template, values) == tuple(words) else None


def places(template: str) -> set[str]:
    """The names of all its places."""
    return {name for _, group in _groups(template) for name in _places(group)}


@cache
def _groups(template: str) -> list[tuple[bool, list[str]]]:
    """Runs of words, and whether they stood in brackets."""
    found = re.findall(r"\[([^\]]*)\]|([^\[]+)", template)
    return [(bool(optional), (optional or plain).split()) for optional, plain in found if (optional or plain).strip()]


def _places(group: list[str]) -> Iterator[str]:
    return (place[2] for place in map(_PLACE.match, group) if place)


def _filled(word: str, values: Values) -> Iterator[str]:
    place = _PLACE.match(word)
    if place is None:
        yield word
        return
    value = values[place[2]]
    for one in (value,) if isinstance(value, str) else value:
        yield f"{place[1]}{one}{place[3]}"


def _taken(word: str, words: Sequence[str], fits: Fits) -> tuple[dict[str, Value], int] | None:
    """What a word of a template takes from the front of these: the value of its place, and how many words it took."""
    place = _PLACE.match(word)
    if place is None:
        return ({}, 1) if words and words[0] == word else None
    before, name, after = place.groups()
    found: list[str] = []
    for one in words[: None if name in LISTS else 1]:
        inner = one[len(before) : len(one) - len(after)]
        if not (one == f"{before}{inner}{after}" and fits(name, inner)):
            break
        found.append(inner)
    if not found:
        return None
    return {name: tuple(found) if name in LISTS else found[0]}, len(found)
