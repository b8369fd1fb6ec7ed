"""What the scenes of a problem share is what each would have found by itself."""

from pathlib import Path

import pytest

from compat.description import load
from compat.goals import parse
from compat.plan.asking.request import requests
from compat.plan.solve import plan
from compat.plan.solver.judge import faults, is_of_platform, platform_faults
from compat.plan.solver.memory import Listed, Memory
from compat.plan.solver.scene import emptied

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
