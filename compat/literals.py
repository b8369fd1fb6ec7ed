"""What a regular expression cannot match without: texts that are looked for first, as that costs a hundredth.

Read is the part of Python's syntax that patterns of error texts are written in; whatever else stands in one only
makes the answer more careful (None: search in any case), never wrong.
"""

from functools import lru_cache

LIMIT = 20_000
"""Characters of a pasted log that are searched; errors stand at its end."""


def tail(text: str) -> str:
    """The end of a text, which is searched."""
    return text[-LIMIT:]


@lru_cache(maxsize=1024)
def needed(pattern: str) -> tuple[str, ...] | None:
    """Texts in small letters, one of which is in every text (made small) that the pattern matches; None: unknown."""
    found, end = _alternatives(pattern, 0)
    return found if end == len(pattern) else None


def _alternatives(pattern: str, at: int) -> tuple[tuple[str, ...] | None, int]:
    """What the alternatives need from ``at`` to the end of their group, and where that is."""
    known: list[str] = []
    sure = True
    while True:
        one, at = _branch(pattern, at)
        sure = sure and one is not None
        known += one or ()
        if at >= len(pattern) or pattern[at] == ")":
            return tuple(dict.fromkeys(known)) if sure else None, at
        at += 1  # the bar


def _branch(pattern: str, at: int) -> tuple[tuple[str, ...] | None, int]:
    best: tuple[str, ...] = ()
    run = ""
    while at < len(pattern) and pattern[at] not in "|)":
        group, sign = None, ""
        if pattern[at] == "(":
            group, at = _group(pattern, at)
        elif pattern[at] == "[":
            at = _class_end(pattern, at)
        else:
            sign, at = _sign(pattern, at)
        after = _quantifier_end(pattern, at)
        optional = after > at and (pattern[at] in "?*" or pattern[at : at + 2] == "{0")
        if not optional:
            run += sign
            best = _better(best, group or ())
        if after > at or not sign:
            best, run = _better(best, (run,)), ""
        at = after
    best = _better(best, (run,))
    return (tuple(text.lower() for text in best) or None), at


def _sign(pattern: str, at: int) -> tuple[str, int]:
    """The character that stands for itself, nothing for any other sign, and the position behind it."""
    if pattern[at] == "\\":
        escaped = pattern[at + 1 : at + 2]
        return ("" if escaped.isalnum() else escaped), at + 2
    return ("" if pattern[at] in "^$." else pattern[at]), at + 1


def _better(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The texts of which the shortest is longer: it is in fewer logs."""
    return other if min(map(len, other), default=0) > min(map(len, one), default=0) else one


def _group(pattern: str, at: int) -> tuple[tuple[str, ...] | None, int]:
    """What a group needs, nothing where it only looks around, and the position behind it."""
    at += 1
    asks = True
    if pattern[at : at + 1] == "?":
        if pattern[at + 1 : at + 3] == "P<":
            at = pattern.index(">", at) + 1
        else:
            asks = pattern[at + 1 : at + 2] == ":"
            at += 2 if asks else 1
    found, at = _alternatives(pattern, at)
    return (found if asks else None), at + 1


def _class_end(pattern: str, at: int) -> int:
    at += 2 if pattern[at + 1 : at + 2] == "^" else 1
    start = at
    while at < len(pattern) and (pattern[at] != "]" or at == start):
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _quantifier_end(pattern: str, at: int) -> int:
    if pattern[at : at + 1] == "{" and pattern[at + 1 : at + 2].isdigit():
        at = pattern.index("}", at) + 1
    elif pattern[at : at + 1] in ("?", "*", "+"):
        at += 1
    else:
        return at
    return at + 1 if pattern[at : at + 1] in ("?", "+") else at
