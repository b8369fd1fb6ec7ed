"""What is unknown is said as unknown: taking facts away, and adding what does not matter, never makes things worse."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reported_machines import ALL

from compat import description, goals
from compat.check import Report, check
from compat.matrix import Matrix
from compat.rules.base import REGISTRY
from scripts.cases import folder

MATRIX = Matrix.load()
Described = tuple[str, str, dict[str, Any]]  # name, goal, machine


def _dev() -> list[Described]:
    cases = folder()
    if cases is None:
        return []
    lines = (Path(cases) / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [(case["id"], case["goal"], case["machine"]) for case in map(json.loads, filter(None, lines))]


EVERY: list[Described] = [*_dev(), *((one.name, one.goal, one.machine) for one in ALL)]
NAMES = [name for name, _, _ in EVERY]

# A list that says all there is: without one of its items it says something else, not less. Without the whole list it
# says less, and that is asked for.
_WHOLE = ("gpus", "toolkits", "libraries", "architectures")
# What a record cannot be without.
_NEEDED = {
    ("libraries", "name"),
    ("duplicates", "name"),
    ("damaged", "package"),
    ("damaged", "path"),
    ("damaged", "problem"),
}
# Facts that excuse what the others accuse: cases show that the accusation stands where nothing is said of them.
_EXCUSES = {
    ("driver", "kernel_module_loaded"),
    ("libcuda",),
    ("libcuda", "version"),
    ("libcuda", "compat"),
    ("engine", "hardware_compatible"),
    ("engine", "version_compatible"),
    ("damaged",),
}


def judge(goal: str, machine: dict[str, Any]) -> Report:
    return check(description.from_dict(machine), goals.parse(goal), MATRIX)


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if not (isinstance(node, list) and path and path[-1] in _WHOLE):
            yield (*path, key)
        yield from _paths(value, (*path, key))


def without(machine: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The machine without each of its facts in turn."""
    for path in _paths(machine):
        if (path[0], path[-1]) in _NEEDED and len(path) > 1:
            continue
        less = copy.deepcopy(machine)
        node: Any = less
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]
        yield path, less


def _errors(report: Report) -> set[str]:
    return {found.rule for found in report.errors}


@pytest.mark.parametrize(("name", "goal", "machine"), EVERY, ids=NAMES)
def test_a_fact_less_is_no_fault_more(name: str, goal: str, machine: dict[str, Any]) -> None:
    before = judge(goal, machine)
    # Of a cause that is no longer seen, the consequence may be named in its place.
    behind = {rule for found in before.errors for rule in REGISTRY[found.rule].masks}
    for path, less in without(machine):
        if tuple(key for key in path if isinstance(key, str)) in _EXCUSES:
            continue
        after = judge(goal, less)
        if before.verdict != "incompatible":
            assert after.verdict != "incompatible", (path, [found.message for found in after.errors])
        elif not any("builds that it can be fails" in one.fact for found in after.errors for one in found.evidence):
            # Where it is left open which build is installed, each of them fails in a way of its own.
            new = _errors(after) - _errors(before) - behind
            assert not new or _stands_in(before, after), (path, new)


def _stands_in(before: Report, after: Report) -> bool:
    """Did what is now known less exactly take the place of what was known exactly?"""
    return not _errors(before) <= _errors(after)


@pytest.mark.parametrize(("name", "goal", "machine"), EVERY, ids=NAMES)
def test_a_finding_disappears_only_with_a_fact_that_it_rests_on(name: str, goal: str, machine: dict[str, Any]) -> None:
    """Facts that no rule of this goal reads are no part of any finding."""
    before = judge(goal, {**machine, "name": "a label"})
    after = judge(
        goal, {key: value for key, value in machine.items() if key not in ("distribution", "distribution_version")}
    )
    assert (before.verdict, _errors(before)) == (after.verdict, _errors(after))


def _unchanged(goal: str, machine: dict[str, Any], changed: dict[str, Any]) -> None:
    before, after = judge(goal, machine), judge(goal, changed)
    assert (after.verdict, _errors(after)) == (before.verdict, _errors(before)), [one.message for one in after.errors]


@pytest.mark.parametrize(("name", "goal", "machine"), EVERY, ids=NAMES)
def test_an_unrelated_package_changes_nothing(name: str, goal: str, machine: dict[str, Any]) -> None:
    _unchanged(
        goal, machine, {**machine, "packages": {**machine.get("packages", {}), "requests": "2.31.0", "pandas": None}}
    )


@pytest.mark.parametrize(("name", "goal", "machine"), EVERY, ids=NAMES)
def test_the_order_of_lists_changes_nothing(name: str, goal: str, machine: dict[str, Any]) -> None:
    def turned(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: turned(node[key]) for key in reversed(list(node))}
        return [turned(item) for item in reversed(node)] if isinstance(node, list) else node

    _unchanged(goal, machine, turned(machine))


@pytest.mark.parametrize(("name", "goal", "machine"), EVERY, ids=NAMES)
def test_an_unused_copy_changes_nothing(name: str, goal: str, machine: dict[str, Any]) -> None:
    unused = [{"name": "cufft", "version": "9.0", "origin": "system", "path": "/opt/old", "loaded": False}]
    if any(copy.get("loaded") for copy in machine.get("libraries", ()) if copy["name"] == "cudnn"):
        unused.append({"name": "cudnn", "version": "7.1", "origin": "system", "path": "/opt/old", "loaded": False})
    _unchanged(goal, machine, {**machine, "libraries": [*unused, *machine.get("libraries", ())]})


_BRINGS_ITS_CUDA = [one for one in EVERY if one[1] in ("use:torch", "import:torch", "use:vllm", "use:jax", "use:gpu")]


@pytest.mark.parametrize(("name", "goal", "machine"), _BRINGS_ITS_CUDA, ids=[one[0] for one in _BRINGS_ITS_CUDA])
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_toolkit_is_nothing_to_wheels_that_bring_their_cuda(
    name: str, goal: str, machine: dict[str, Any], first: bool
) -> None:
    kits = [{"version": "10.1", "origin": "system"}, {"version": "13.2", "origin": "system"}]
    own = machine.get("toolkits", [])
    _unchanged(goal, machine, {**machine, "toolkits": [*kits, *own] if first else [*own, *kits]})


_DRIVEN = [one for one in EVERY if one[2].get("driver", {}).get("version") and one[2].get("os") == "linux"]


@pytest.mark.parametrize(("name", "goal", "machine"), _DRIVEN, ids=[one[0] for one in _DRIVEN])
@pytest.mark.parametrize("newer", ["570.211.01", "580.159.04"])
def test_a_newer_driver_breaks_nothing(name: str, goal: str, machine: dict[str, Any], newer: str) -> None:
    before = judge(goal, machine)
    if before.verdict == "incompatible":
        return
    raised = copy.deepcopy(machine)
    driver = raised["driver"]
    if tuple(map(int, driver["version"].split("."))) >= tuple(map(int, newer.split("."))):
        return
    driver.pop("cuda", None)
    driver["version"] = newer
    for holder, field in (
        (driver, "kernel_module_version"),
        (raised.get("fabric_manager", {}), "version"),
        (raised.get("libcuda", {}), "version"),
    ):
        if field in holder:
            holder[field] = newer
    after = judge(goal, raised)
    assert _errors(after) <= {"driver-dropped-gpu"}, [one.message for one in after.errors]
    if after.errors:  # and that only where the branch does end before
        assert any("Kepler" in one.message or "Fermi" in one.message for one in after.errors)
