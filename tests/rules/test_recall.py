"""What was answered of other machines of a stream is what would be answered of this one."""

import random
from typing import Any

from compat import goals
from compat.check import check, remember
from compat.description import from_dict
from compat.matrix import Matrix
from compat.records import replace
from compat.rules import recall
from scripts.made_up import MadeUp

MATRIX = Matrix.load()


def _machines() -> list[tuple[str, dict[str, Any]]]:
    """Made-up machines, and each again as others are that differ in little: what a fleet is like."""
    made = MadeUp(11, MATRIX)
    found = []
    for number in range(120):
        goal, facts = made.machine()
        others = [{**facts, "driver": {"version": "535.183.01"}}, {**facts, "glibc": "2.17"}, {**facts, "packages": {}}]
        found += [(goal, {**one, "name": f"node{number}.{place}"}) for place, one in enumerate([facts, facts, *others])]
    random.Random(5).shuffle(found)
    return found


def test_a_stream_is_judged_as_its_machines_are_one_by_one() -> None:
    memory = remember(MATRIX)
    for goal, facts in _machines():
        machine = from_dict(facts)
        assert check(machine, goals.parse(goal), MATRIX, memory=memory) == check(machine, goals.parse(goal), MATRIX)


def test_of_machines_that_are_alike_one_is_judged() -> None:
    memory = remember(MATRIX)
    machine = from_dict({"gpus": [{"name": "Tesla T4"}], "driver": {"version": "535.183.01"}, "packages": {}})
    first = check(machine, goals.parse("use:torch"), MATRIX, memory=memory)
    kept = memory.count
    assert kept
    second = check(replace(machine, name="another"), goals.parse("use:torch"), MATRIX, memory=memory)
    assert (memory.count, second.machine.name) == (kept, "another")
    assert second == replace(first, machine=second.machine)


def test_an_endless_stream_does_not_fill_the_memory(monkeypatch: Any) -> None:
    monkeypatch.setattr(recall, "_MOST", 300)
    memory = remember(MATRIX)
    for number in range(40):
        machine = from_dict({"driver": {"version": f"535.{number}"}, "gpus": [{"name": "Tesla T4"}], "packages": {}})
        assert check(machine, goals.parse("use:torch"), MATRIX, memory=memory).verdict != "incompatible"
        assert memory.count < 300 + 200
