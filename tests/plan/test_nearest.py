"""The nearest releases that go together: they do, and no nearer ones would."""

from itertools import product

import small_matrix
from hypothesis import given
from test_properties import MACHINES, OFTEN, TENSORFLOW, TORCH, fits, matrix_of, rows

from compat.check import check
from compat.machine import Driver, Gpu, Machine
from compat.plan.asking.request import requests
from compat.plan.model import Request
from compat.plan.offers import offers
from compat.plan.solve import plan
from compat.plan.ways.nearest import distance


def lift(answer):
    return next((one for one in answer.lifts if one.allow == ("versions",)), None)


@OFTEN
@given(machine=MACHINES, torch=rows("torch", TORCH, ""), tensorflow=rows("tensorflow", TENSORFLOW, "and-cuda"))
def test_the_nearest_go_together_and_none_are_nearer(tmp_path_factory, machine, torch, tensorflow):
    matrix = matrix_of(tmp_path_factory.mktemp("matrix"), torch, tensorflow)
    wanted = requests({"torch": "2.0", "tensorflow": "2.14"})
    answer = plan(machine, wanted, matrix)
    if answer.outcome != "impossible":
        return
    columns = [list(offers(one.component, machine, matrix, "*", True)) for one in wanted]
    costs = []
    for choices in product(*columns):
        away = [distance(choice, one, matrix) for choice, one in zip(choices, wanted, strict=True)]
        if fits(machine, choices, matrix):
            costs.append((sum(far > 0 for far in away), max(away)))
    found = lift(answer)
    assert (found is not None) == bool(costs)
    if found is not None:
        releases = {step.component: step.after for step in found.steps if step.kind == "package"}
        away = [
            distance(next(one for one in column if one.version == releases[asked.component]), asked, matrix)
            for column, asked in zip(columns, wanted, strict=True)
        ]
        assert (sum(far > 0 for far in away), max(away)) == min(costs)


def test_distance_counts_published_lines(tmp_path):
    torch = "\n".join(small_matrix.build("torch", release) for release in ("1.9.0", "1.9.1", "2.0.0", "2.1.0", "2.1.2"))
    matrix = matrix_of(tmp_path / "m", torch, "")
    machine = small_matrix.machine()
    away = {
        choice.version: distance(choice, Request("torch", "==2.1.0"), matrix)
        for choice in offers("torch", machine, matrix, "*", True)
    }
    assert away == {"1.9.0": 2, "1.9.1": 2, "2.0.0": 1, "2.1.0": 0, "2.1.2": 0}
    never = Request("torch", "==1.10.*")
    assert min(distance(choice, never, matrix) for choice in offers("torch", machine, matrix, "*", True)) == 0


def test_the_lift_is_a_whole_plan(real):
    machine = small_matrix.machine(driver="570.124.06", capability="12.0", python="3.11")
    answer = plan(machine, requests({"torch": "1.4.0"}), real)
    found = lift(answer)
    assert answer.outcome == "impossible"
    assert found.needs.startswith("torch 2.")
    again = plan(machine, requests({"torch": found.needs.split()[1].partition("+")[0]}), real)
    assert again.outcome == "planned"
    assert check(again.result, again.goals[0], real).verdict == "compatible"


def test_another_python_is_advised_once(real):
    machine = Machine(
        os="windows", arch="x86_64", python="3.12.7", gpus=(Gpu("RTX 4080"),), driver=Driver("566.36"), packages={}
    )
    assert [one.needs for one in plan(machine, requests({"tensorflow": "2.10"}), real).lifts] == ["Python 3.10"]
