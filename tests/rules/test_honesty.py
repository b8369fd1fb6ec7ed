"""What is unknown is said as unknown (docs/machine.md, Less is never worse), of every described machine.

The relations are in `scripts/honesty`; `python -m scripts.honesty` holds them against made-up machines.
"""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from compat.matrix import Matrix
from compat.rules.base import Evidence, Finding
from scripts.honesty import explained, relations, search
from scripts.honesty.consistent import consistent
from scripts.honesty.described import described

JUDGE = relations.Judge(Matrix.load())
EVERY = described()
NAMES = [name for name, _, _ in EVERY]
each = pytest.mark.parametrize(("name", "goal", "machine"), EVERY, ids=NAMES)


@pytest.mark.parametrize("relation", search.RELATIONS)
@each
def test_a_relation_holds_on_every_described_machine(
    name: str, goal: str, machine: dict[str, Any], relation: str
) -> None:
    found = search.RELATIONS[relation](JUDGE, goal, machine, JUDGE(goal, machine), Random(name))
    assert [one.what for one in found] == []


@each
def test_what_a_finding_says_is_in_the_description(name: str, goal: str, machine: dict[str, Any]) -> None:
    told = [what for found in JUDGE(goal, machine).errors for what in explained.untrue(found, machine)]
    assert told == []


def test_evidence_that_is_not_there_is_seen() -> None:
    """The relation itself: a claim shown as a field, a value that the machine has not, a finding that names nothing."""
    machine = {"driver": {"version": "550.54.15"}, "packages": {"torch": "2.6.0"}}
    finding = Finding("driver-too-old", "driver", "", (Evidence("driver.version = 470", "machine description"),))
    assert list(explained.untrue(finding, machine)) == ["driver.version = 470", "nothing of the description"]
    named = Finding("driver-too-old", "driver", "", (Evidence("torch 2.6.0 is built for CUDA 12.4", "its wheel"),))
    assert list(explained.untrue(named, machine)) == []
    assert explained.names(named, machine, ("packages", "torch"))
    assert not explained.names(named, machine, ("driver", "version"))


def test_of_made_up_drivers_none_offers_an_older_cuda_than_its_release() -> None:
    """cuda-compat makes it a newer one."""
    made = [{"driver": {"version": "560.35.03", "cuda": cuda}} for cuda in ("11.4", "12.6", "13.0")]
    kept = [consistent(one, JUDGE.matrix)["driver"].get("cuda") for one in made]
    assert kept == [None, "12.6", "13.0"]


_MENDED = [json.loads(line) for line in (Path(__file__).parent / "mended.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("found", _MENDED, ids=[found["name"] for found in _MENDED])
def test_what_was_found_on_made_up_machines_stays_mended(found: dict[str, Any]) -> None:
    """The smallest machines that once showed a violation, each of a kind of its own."""
    violations = search.violations(JUDGE, found["goal"], found["machine"], Random(0))
    assert [one.what for one in violations] == []
