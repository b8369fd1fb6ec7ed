"""What a finding says of the description: it is there, and nothing that the finding rests on is kept from the reader.

Evidence names a field (``driver.version = 535``), a package as it is described (``torch 2.6.0 is built for ...``), or
shows a value (``driver 535.183.01 offers CUDA 12.2``); docs/machine.md, "What a finding says".
"""

import re
from collections.abc import Iterator
from typing import Any

from compat.rules.base import REGISTRY, Evidence, Finding

Facts = dict[str, Any]
Keys = tuple[str | int, ...]

_OF_PACKAGES = ("packages", "builds", "request")
# Where the goal's process runs: it tells which published build a package is, and is no part of what is wrong with it.
_WHERE = ("os", "arch", "python", "environment", "jetson", "container")


def untrue(finding: Finding, machine: Facts) -> Iterator[str]:
    """Evidence of the finding that the description does not have, or all of it where none is of the description."""
    of_it = False
    for one in finding.evidence:
        said, equals, _ = one.fact.partition(" = ")
        if one.source == "default":
            continue
        if not equals:
            of_it = of_it or bool(_at(machine, one.source)) or any(_is_of(one, name) for name in _packages(machine))
        elif any(_is_said(there, one) for there in _at(machine, said)) or _is_implied(one):
            of_it = True
        else:
            yield one.fact
    if not of_it:
        yield "nothing of the description"


def names(finding: Finding, machine: Facts, path: Keys) -> bool:
    """Does the finding name this fact, something in it, or the record in a list that it is part of?"""
    head = str(path[0])
    if head in _WHERE[: 2 if REGISTRY[finding.rule].of == "platform" else None]:
        return True
    if any(_is_named(one, path) for one in finding.evidence):
        return True
    if head == "libraries" and path[-1] in ("loaded", "loaded_by"):
        return True  # whose a copy is tells who does not get it
    named = [str(path[1])] if len(path) > 1 else list(machine[head]) if isinstance(machine[head], dict) else []
    if head in _OF_PACKAGES and any(_is_of(one, name) for one in finding.evidence for name in named):
        return True
    return any(_shows(one, value) for one in finding.evidence for value in _values(machine, path))


def _is_named(one: Evidence, path: Keys) -> bool:
    said = one.fact.removeprefix("not stated, ")
    told = said.partition(" = ")[0] if " = " in said else said.partition(": ")[0]
    field = _written(path)
    for name in (*told.split(", "), one.source.removeprefix("every Jetson's (").rstrip(")")):
        record = re.match(r"\w+\[\d+\]", name)
        if f"{name}.".startswith(f"{field}.") or name.startswith(f"{field}["):
            return True
        if record is not None and f"{field}.".startswith(f"{record[0]}."):
            return True
        if field.startswith((f"{name}.", f"{name}[")) or field == name:
            return True
    return False


def _written(path: Keys) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)[1:]


def _is_of(one: Evidence, name: str) -> bool:
    """Does it speak of the package?"""
    return re.search(rf"(?<![\w-]){re.escape(name.partition('[')[0])}(?![\w-])", one.fact) is not None


def _packages(machine: Facts) -> Iterator[str]:
    for field in _OF_PACKAGES:
        yield from machine.get(field) or ()


def _shows(one: Evidence, value: str) -> bool:
    return len(value) > 1 and re.search(rf"(?<![\w.]){re.escape(value)}(?![\w.])", one.fact) is not None


def _values(machine: Facts, path: Keys) -> Iterator[str]:
    node: Any = machine
    for key in path:
        if isinstance(node, str):
            break  # packages.torch.version
        node = node[key]
    yield from _leaves(node)


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, dict | list):
        for one in node.values() if isinstance(node, dict) else node:
            yield from _leaves(one)
    elif isinstance(node, str):
        yield node


def _at(node: Any, field: str) -> list[Any]:
    """What stands at a field; names of packages have dots in them."""
    if not field:
        return [node]
    if isinstance(node, list):
        place = re.match(r"\[(\d+)\]\.?", field)
        return _at(node[int(place[1])], field[place.end() :]) if place and int(place[1]) < len(node) else []
    inside = node if isinstance(node, dict) else {}
    return [
        found
        for key, one in inside.items()
        if field == key or field.startswith((f"{key}.", f"{key}["))
        for found in _at(one, field[len(key) :].removeprefix("."))
    ]


def _is_said(there: Any, one: Evidence) -> bool:
    """Is it this value, or a list in which each item that is shown stands?"""
    value = one.fact.partition(" = ")[2]
    if isinstance(there, list):
        return set(re.split(", | ", value)) <= {*map(str, there), "none", str(len(there))}
    if isinstance(there, dict):
        return True  # a record, of which the reader is shown what matters
    return value in (str(there), repr(there), *str(there).split(":")) or str(there) in one.source


def _is_implied(one: Evidence) -> bool:
    return one.source.startswith("every Jetson's")
