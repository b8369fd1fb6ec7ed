"""The order in which a description lists things is no fact, nor is that it says one twice.

Rules are asked of a machine whose lists are sorted, so that what they take first does not hang on who wrote the list;
what they say is then told with the places of the list as it was written.
"""

import re
from collections.abc import Mapping
from typing import Any

from compat.machine import Library, Machine
from compat.records import replace
from compat.rules.base import Evidence, Holds, Outcome, Untold

Places = Mapping[str, tuple[int, ...]]  # list -> where each of its items, sorted, stands in the description

_RECORDS = ("gpus", "toolkits", "libraries", "duplicates", "damaged")
_ONCE = ("toolkits", "libraries", "duplicates", "damaged")  # of two items that are alike, one thing is told twice
_NAMES = ("environment", "device_nodes", "missing_libraries")
_PLACE = re.compile(rf"\b({'|'.join(_RECORDS)})\[(\d+)\]")


def in_order(machine: Machine) -> tuple[Machine, Places]:
    """The machine with its lists sorted, and the places that their items had; empty where nothing was moved."""
    changes: dict[str, Any] = {}
    places: dict[str, tuple[int, ...]] = {}
    for name in _RECORDS:
        items = getattr(machine, name)
        if name == "libraries" and items and any(len(one.loaded_by or ()) > 1 for one in items):
            items = changes[name] = tuple(_sorted(one, "loaded_by") for one in items)
        if items is None or len(items) < 2:
            continue
        told = [str(one) for one in items]
        moved = tuple(sorted(range(len(items)), key=told.__getitem__))
        if name in _ONCE and len(set(told)) < len(told):
            moved = tuple(one for one in moved if told.index(told[one]) == one or not _is_one_thing(items[one]))
        if moved != tuple(range(len(items))):
            places[name] = moved
            changes[name] = tuple(items[index] for index in moved)
    for name in _NAMES:
        _sort(machine, name, changes)
    if len(machine.request or ()) > 1:
        changes["request"] = dict(sorted((machine.request or {}).items()))
    changes |= _within(machine)
    if places and machine.sources:
        written = {name: {old: new for new, old in enumerate(moved)} for name, moved in places.items()}
        changes["sources"] = {
            _placed(path, written): source for path, source in machine.sources.items() if _is_kept(path, written)
        }
    return (replace(machine, **changes), places) if changes else (machine, places)


def _sort(record: Any, name: str, changes: dict[str, Any]) -> None:
    items = getattr(record, name)
    if items is not None and len(items) > 1 and (ordered := tuple(sorted(items))) != items:
        changes[name] = ordered


def _sorted(record: Any, *fields: str) -> Any:
    """The record with these lists sorted; itself where they are."""
    changes: dict[str, Any] = {}
    for field in fields:
        _sort(record, field, changes)
    return replace(record, **changes) if changes else record


def _within(machine: Machine) -> dict[str, Any]:
    """The lists inside of records."""
    changed: dict[str, Any] = {
        "libcuda": _sorted(machine.libcuda, "compat_drivers"),
        "model": _sorted(machine.model, "operators", "types", "input_types"),
    }
    changes = {name: one for name, one in changed.items() if one is not getattr(machine, name)}
    builds = {package: _sorted(build, "architectures", "missing") for package, build in machine.builds.items()}
    if any(builds[package] is not build for package, build in machine.builds.items()):
        changes["builds"] = builds
    return changes


def as_written(outcome: Outcome, places: Places) -> Outcome:
    """What a rule says, with the places of the description's own lists."""
    if not places:
        return outcome

    def told(text: str) -> str:
        return _placed(text, places) if "[" in text else text

    if isinstance(outcome, Untold):
        return replace(outcome, component=told(outcome.component), needs=tuple(map(told, outcome.needs)))
    facts = tuple(Evidence(told(one.fact), told(one.source)) for one in outcome.evidence)
    if isinstance(outcome, Holds):
        return replace(outcome, component=told(outcome.component), because=told(outcome.because), evidence=facts)
    return replace(outcome, component=told(outcome.component), message=told(outcome.message), evidence=facts)


def _is_one_thing(item: Any) -> bool:
    """Can it be there once only? Of two copies of a library of which no folder is told, both may be there."""
    return not isinstance(item, Library) or item.path is not None


def _is_kept(path: str, written: Mapping[str, Mapping[int, int]]) -> bool:
    """Is the item of the list, if it is one's, not the second of two that are alike?"""
    match = _PLACE.search(path)
    return match is None or match[1] not in written or int(match[2]) in written[match[1]]


def _placed(text: str, places: "Mapping[str, tuple[int, ...] | dict[int, int]]") -> str:
    def there(match: re.Match[str]) -> str:
        name, index = match[1], int(match[2])
        return f"{name}[{places[name][index]}]" if name in places else match[0]

    return _PLACE.sub(there, text)
