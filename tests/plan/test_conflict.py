"""Conflicts are sound and irreducible, by trying every combination of builds against every rule."""

from itertools import product
from pathlib import Path

import small_matrix
from hypothesis import given
from test_properties import ASKED, MACHINES, OFTEN, TENSORFLOW, TORCH, matrix_of, rows

from compat.description import load
from compat.goals import parse
from compat.plan.asking.request import goals_for, requests
from compat.plan.solve import plan
from compat.plan.solver.answers import answers
from compat.plan.solver.conflict import elements_of
from compat.plan.solver.elements import element
from compat.plan.solver.judge import faults, is_of_platform
from compat.plan.solver.problem import Problem
from compat.plan.solver.search import Search

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


def alone(search: Search, choice) -> set[str]:
    """The rules that the whole check says are broken by a build with nothing beside it."""
    machine, clash = search._with(choice)
    found = [*clash, *faults(machine, [parse(f"use:{choice.component}")], search.matrix)]
    return {one.rule for one in found if not is_of_platform(one)} | small_matrix.file_faults(
        machine, choice, search.matrix
    )


def broken(search: Search, choices, wanted) -> set[str]:
    """Everything that speaks against a combination: rules about one build, about several, and the requests."""
    found = {element(one) for one in search.platform_faults}
    rules = set()
    for choice, request in zip(choices, wanted, strict=True):
        own = alone(search, choice)
        rules |= own
        found |= {f"{rule}:{choice.component}" for rule in own}
        if choice not in search.offered(request.component, request.text):
            found.add(f"request:{request.component}")
    if len(choices) > 1:
        releases, clash = search._joined(choices)
        machine = search._after(choices, releases)
        together = [one for one in faults(machine, search.goals, search.matrix) if not is_of_platform(one)]
        found |= {one.rule for one in (*clash, *together)} - rules
    return found


@OFTEN
@given(
    machine=MACHINES, asked=ASKED, torch=rows("torch", TORCH, ""), tensorflow=rows("tensorflow", TENSORFLOW, "and-cuda")
)
def test_a_conflict_excludes_everything_and_no_part_of_it_does(tmp_path_factory, machine, asked, torch, tensorflow):
    matrix = matrix_of(tmp_path_factory.mktemp("matrix"), torch, tensorflow)
    wanted = requests(asked)
    tried: list[Search] = []
    problem = Problem(machine, wanted, goals_for(wanted, None, matrix), matrix)
    if next(answers(problem, frozenset(), tried), None) is not None:
        return
    told = elements_of(tried)
    assert not told.open
    conflict = told.names
    search = tried[0]
    every = [
        broken(search, choices, wanted) for choices in product(*(search.offered(one.component, "*") for one in wanted))
    ]
    assert all(found & set(conflict) for found in every)
    for one in conflict:
        assert any(not found & (set(conflict) - {one}) for found in every), f"{one} is not needed in {conflict}"


def test_the_reason_is_the_one_that_cannot_be_moved(tmp_path):
    torch = small_matrix.build("torch", "2.0.0", sass=["8.6"], python=["3.9"], cuda="12.4")
    matrix = matrix_of(tmp_path / "m", torch, "")
    machine = small_matrix.machine(driver="470.82.01", capability="6.1")
    wanted = requests({"torch": "*"})
    tried: list[Search] = []
    problem = Problem(machine, wanted, goals_for(wanted, None, matrix), matrix)
    assert next(answers(problem, frozenset(), tried), None) is None
    assert elements_of(tried).names == ("gpu-not-in-build:torch",)


def test_what_is_wrong_with_the_machine_is_said_in_the_words_of_its_rule(real) -> None:
    """No build is to blame: the reason is the one that was noted when the machine was asked."""
    machine = next(iter(load(str(DESCRIBED / "cpu-only.toml"))))
    (reason,) = plan(machine, requests({"torch": "2.6"}), real).conflict
    assert (reason.rule, reason.message) == ("gpu-missing", "There is no NVIDIA GPU in this machine.")
    assert reason.source
