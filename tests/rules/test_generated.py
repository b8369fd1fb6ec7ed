"""Machines made up from the matrix: none fails a rule or makes it conclude from the unknown; answers are explained.

A few seeds here; ``python -m scripts.honesty`` takes as many as there is time for.
"""

from collections.abc import Callable, Iterator
from random import Random

import pytest

from compat import goals
from compat.check import Report
from compat.machine import Machine
from compat.matrix import Matrix
from compat.records import replace
from compat.rules.base import REGISTRY, Finding, Outcome
from compat.rules.case import Case
from scripts.honesty import relations, search
from scripts.honesty.made_dense import Dense
from scripts.honesty.made_up import GOALS, MadeUp

MATRIX = Matrix.load()
JUDGE = relations.Judge(MATRIX)
SEEDS = (20261122, 7, 58, 411)


makers = pytest.mark.parametrize("maker", [MadeUp, Dense], ids=["made up", "dense"])


@makers
@pytest.mark.parametrize("seed", SEEDS)
def test_unknown_is_said_as_unknown(seed: int, maker: type[MadeUp | Dense]) -> None:
    made = maker(seed, MATRIX)
    for _ in range(25):
        goal, machine = made.machine()
        for found in search.violations(JUDGE, goal, machine, Random(seed), pairs=1):
            least = search.smallest(JUDGE, found)
            pytest.fail(f"seed {seed}: {least.relation}: {least.what}: {least.goal} {least.before}")


@makers
@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_explained(seed: int, maker: type[MadeUp | Dense]) -> None:
    made = maker(seed, MATRIX)
    verdicts = set()
    for _ in range(150):
        goal, machine = made.machine()
        report = JUDGE(goal, machine)
        verdicts.add(report.verdict)
        assert (report.verdict == "incompatible") == bool(report.errors)
        for found in report.findings:
            assert found.evidence, (goal, machine, found)
            assert found.remedies or found.severity != "error", (goal, machine, found)
        if report.verdict == "compatible":
            assert report.holds
    assert verdicts == {"compatible", "incompatible", "unknown"}


@makers
def test_a_seed_makes_the_same_machines(maker: type[MadeUp | Dense]) -> None:
    one, other = maker(3, MATRIX), maker(3, MATRIX)
    machines = [one.machine() for _ in range(300)]
    assert machines == [other.machine() for _ in range(300)]
    drawn = {goal for goal, _ in machines}
    assert all(str(goals.parse(goal)) == goal for goal in drawn)
    assert len(drawn) > 0.8 * len(GOALS)


# A rule that takes something for a fault which is none, and the relation that it violates.
_MUTANTS: dict[str, Callable[[Machine], bool]] = {
    "less": lambda machine: machine.arch is None,
    "more": lambda machine: "requests" in (machine.packages or {}),
    "driver": lambda machine: (machine.driver.version or "").startswith(("61", "65")),
    "gpu": lambda machine: len(machine.gpus or ()) == 2,
    "order": lambda machine: next(iter(machine.variables or {}), "") == "B",
    "otherwise": lambda machine: (machine.variables or {}).get("LD_LIBRARY_PATH", "").endswith("/"),
    "shorter": lambda machine: machine.driver.version == "550",
}
_IN_ORDER = {
    "arch": "x86_64",
    "gpus": [{"name": "Tesla T4"}],
    "driver": {"version": "550.54.15"},
    "packages": {"torch": "2.6.0"},
    "variables": {"A": "1", "B": "2", "LD_LIBRARY_PATH": "/opt/lib"},
}


@pytest.mark.parametrize("relation", search.RELATIONS)
def test_a_rule_that_is_wrong_on_purpose_is_found_out(relation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def mutant(case: Case) -> Iterator[Outcome]:
        if _MUTANTS[relation](case.machine):
            yield Finding("gpus-hidden", "environment", "", (case.read("gpus[0].name", "Tesla T4"),))

    assert list(search.violations(JUDGE, "use:torch", _IN_ORDER, Random(0))) == []
    monkeypatch.setitem(REGISTRY, "gpus-hidden", replace(REGISTRY["gpus-hidden"], judge=mutant))
    found = search.violations(relations.Judge(MATRIX), "use:torch", _IN_ORDER, Random(0))  # JUDGE remembers verdicts
    assert relation in {one.relation for one in found}


def test_each_relation_is_drawn_on_machines_in_order() -> None:
    judge = relations.Judge(MATRIX)
    made, dense = MadeUp(5, MATRIX), Dense(5, MATRIX)
    for number in range(40):
        goal, machine = (made if number % 2 else dense).machine()
        assert list(search.violations(judge, goal, machine, Random(number), pairs=2)) == []
    assert all(judge.drawn[name, "compatible"] for name in search.RELATIONS), judge.drawn


def test_what_may_not_happen_is_seen() -> None:
    """The relations themselves: a judge that takes what is missing for the worst is found out."""

    class Pessimist(relations.Judge):
        def __call__(self, goal: str, machine: relations.Facts) -> Report:
            if "driver" not in machine:
                machine = {**machine, "driver": {"kernel_module_loaded": False}}
            return super().__call__(goal, machine)

    judge = Pessimist(MATRIX)
    machine = {"gpus": [{"name": "Tesla T4"}], "driver": {"version": "550.54.15"}}
    found = list(search.violations(judge, "use:gpu", machine, Random(0)))
    assert [one.what for one in found] == ["driver -> became incompatible: driver-missing"]
    assert search.smallest(judge, found[0]).before == {"driver": {}}
