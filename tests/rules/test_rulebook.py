"""docs/rules.md is current, and what it says that a rule reads is what decides."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
from recording import Recording
from reported_machines import ALL
from tried import MATRIX, TRIED, Tried, judge

from compat import description, goals, records
from compat.check import Report
from compat.machine import Machine
from compat.probe.assemble import LAYERS
from compat.rules import CATALOGUE, every_rule
from compat.rules.case import Case
from compat.rules.order import in_order
from scripts.honesty import relations
from scripts.honesty.made_up import MadeUp
from scripts.rulebook import DESCRIBED, ONLY_ASKED, PAGE, READS, SHARED, WHERE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m scripts.rulebook"


def test_every_rule_and_every_fact_is_listed() -> None:
    assert set(READS) == set(CATALOGUE)
    assert {fact for facts in READS.values() for fact in facts} <= set(WHERE)
    asked = {rule for rule, facts in READS.items() if {"model", "engine"} & set(facts)}
    assert asked <= set(ONLY_ASKED) <= set(CATALOGUE)


def heads(facts: Iterable[str]) -> set[str]:
    return {fact.partition(".")[0] for fact in facts}


def test_each_layer_of_the_probe_says_where_it_reads_what_it_puts() -> None:
    put = set()
    for module in (import_module(f"compat.probe.layers.{layer}") for layer in LAYERS):
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        own = set(re.findall(r'\.put\(f?"([a-z_]+)', text))
        if "aside[" not in text.replace("so_far.aside", ""):  # else a later layer puts what this one read
            assert heads(module.WHERE) <= own, module.__name__
        put |= own
    assert put - {"interpreter"} == heads(WHERE) - heads(DESCRIBED)
    assert heads(WHERE) == {one.name for one in records.fields(Machine)} - {"name", "sources", "unknown", "interpreter"}


def _said(report: Report, rule: str) -> tuple[bool, bool]:
    return rule in {one.rule for one in report.errors}, rule in {one.rule for one in report.holds}


@pytest.mark.parametrize("tried", TRIED, ids=[one.rule for one in TRIED])
def test_what_decides_is_listed(tried: Tried) -> None:
    """Without a fact that is not listed the rule says the same."""
    for machine in filter(None, (tried.violated, tried.holds)):
        before = _said(judge(tried.goal, machine), tried.rule)
        for path in relations.facts(machine):
            if _said(judge(tried.goal, relations.without(machine, path)), tried.rule) != before:
                assert relations.is_read(path, tried.rule), path


def _everything() -> Iterator[tuple[str, dict[str, Any]]]:
    for tried in TRIED:
        yield from ((tried.goal, machine) for machine in (tried.violated, tried.holds, tried.unknown) if machine)
    yield from ((one.goal, one.machine) for one in ALL)
    yield "import:opencv-python", {"packages": {"opencv-python": "4.10.0.84", "numpy": "1.26.4"}, "python": "3.12.3"}
    parts = {"tensorflow": "2.16.1", "nvidia-cudnn-cu12": "8.9.7.29"}
    fields = {"os": "linux", "arch": "x86_64", "python": "3.11", "variables": {"LD_LIBRARY_PATH": ""}}
    yield "use:tensorflow", {**fields, "packages": parts}
    made = MadeUp(7, MATRIX)
    yield from (made.machine() for _ in range(300))


@cache
def _read() -> dict[str, set[str]]:
    """Rule -> the fields that it took from any of many machines."""
    found: dict[str, set[str]] = {name: set() for name in CATALOGUE}
    for goal, described in _everything():
        machine = in_order(description.from_dict(described))[0]
        for entry in every_rule():
            noted = Recording(machine, "", found[entry.name])
            list(entry.judge(Case(cast("Machine", noted), goals.parse(goal), MATRIX)))
    return found


def _covers(fact: str, field: str) -> bool:
    return f"{field}.".startswith(f"{fact}.") or f"{fact}.".startswith(f"{field}.")


@pytest.mark.parametrize("rule", CATALOGUE)
def test_a_rule_reads_what_is_listed_and_nothing_else(rule: str) -> None:
    read = _read()[rule] - {"sources"}  # where a fact was read is no fact
    assert [field for field in sorted(read) if not any(_covers(fact, field) for fact in READS[rule])] == []
    of_gpus = [fact for fact in READS[rule] if fact.startswith("gpus.")]
    shared = {*SHARED, *of_gpus, *(["variables"] if of_gpus else [])}  # of several GPUs those that are selected
    own = [fact for fact in READS[rule] if fact not in shared]
    assert [fact for fact in own if not any(_covers(fact, field) for field in read)] == []
