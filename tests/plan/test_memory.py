"""What the scenes of a problem share is what each would have found by itself."""

from pathlib import Path

import pytest

from compat.check import check
from compat.description import load
from compat.goals import parse
from compat.plan.asking.request import requests
from compat.plan.model import Pin
from compat.plan.solve import plan
from compat.plan.solver.judge import fails_by, faults, is_of_platform, platform_faults
from compat.plan.solver.memory import Listed, Memory
from compat.plan.solver.pins import shared
from compat.plan.solver.scene import emptied
from compat.records import replace
from compat.rules.base import REGISTRY

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


def test_what_is_listed_is_taken_as_it_is_asked_for_and_once():
    taken = []
    listed = Listed(taken.append(number) or number for number in range(4))
    first = iter(listed)
    assert [next(first), next(first)] == [0, 1]
    assert taken == [0, 1]
    assert list(listed) == [0, 1, 2, 3]
    assert list(first) == [2, 3]
    assert taken == [0, 1, 2, 3]


def test_what_is_made_of_other_objects_is_another():
    memory, one, other = Memory(), [1], [1]
    made = [memory.once("length", (about,), object) for about in (one, other, one)]
    assert made[0] is made[2]
    assert made[0] is not made[1]


def test_machines_are_alike_where_they_are_written_alike():
    memory = Memory()
    one, again = (next(iter(load(str(DESCRIBED / "a100-driver450.toml")))) for _ in range(2))
    assert one is not again
    assert memory.alike(one) == memory.alike(again)
    assert memory.alike(replace(one, python="3.1")) != memory.alike(one)


def test_what_pins_leave_is_told_once_but_clashes_say_who_pins(real):
    memory, machine = Memory(), emptied(next(iter(load(str(DESCRIBED / "a100-driver450.toml")))))

    def left(by, *ranges):
        pins = tuple(Pin("numpy", text, by, "") for text in ranges)
        return memory.agreed(0, pins, lambda: shared(pins, machine, real))

    assert left("one", "<2") is left("other", "<2")
    assert left("one", "<2") is not left("one", "<1.20")
    assert "other requires" in left("other", "<1", ">=2")[0].message
    assert "one requires" in left("one", "<1", ">=2")[0].message


@pytest.mark.parametrize("name", sorted(path.stem for path in DESCRIBED.glob("*.toml")))
def test_a_machine_that_fails_by_one_rule_fails_the_whole_check(real, name):
    machine = next(iter(load(str(DESCRIBED / f"{name}.toml"))))
    for goal in map(parse, ("use:gpu", "use:torch", "use:tensorflow")):
        alone = [rule for rule in REGISTRY if fails_by(machine, goal, rule, real)]
        report = check(machine, goal, real)
        assert {one.rule for one in report.errors if one.rule in alone} or not alone
        assert report.verdict == "incompatible" or not alone


@pytest.mark.parametrize("name", sorted(path.stem for path in DESCRIBED.glob("*.toml")))
def test_the_platforms_faults_are_those_of_the_whole_check(real, name):
    bare = emptied(next(iter(load(str(DESCRIBED / f"{name}.toml")))))
    goals = tuple(map(parse, ("use:torch", "use:tensorrt", "import:jax")))
    told = tuple(one for one in faults(bare, goals, real) if is_of_platform(one))
    assert platform_faults(bare, goals, real) == told


def test_a_copy_that_tensorrt_loads_is_not_what_jax_gets(real):
    """TensorRT 8.5 of CUDA 11 beside JAX of CUDA 12: each opens a CUDA runtime of its own."""
    host = next(iter(load(str(DESCRIBED / "gtx1080ti-driver535.toml"))))
    everything = {"torch": "2.x", "tensorflow": "2.x", "jax": "*", "onnxruntime": "*", "tensorrt": "*"}
    assert plan(host, requests(everything), real).outcome == "planned"
