"""An engine from elsewhere is built again, where no package makes it run."""

import pytest

from compat.check import check
from compat.goals import parse
from compat.machine import Driver, Engine, Gpu, Library, Machine
from compat.plan.solve import plan
from compat.records import replace

RUN = parse("run:engine")
BOX = Machine(
    os="linux",
    arch="x86_64",
    glibc="2.35",
    python="3.10.12",
    packages={},
    libraries=(Library("tensorrt", "8.6.1", "system", loaded=True),),
    gpus=(Gpu("NVIDIA GeForce RTX 3070"),),
    driver=Driver("580.65.06"),
)


@pytest.mark.parametrize(
    ("engine", "rule"),
    [
        (Engine(compute_capability="7.5"), "engine-from-other-gpu"),
        (Engine(os="windows", tensorrt="8.6.1"), "engine-from-other-os"),
        (Engine(tensorrt="8.2.1"), "engine-from-other-tensorrt"),  # which no index has
    ],
)
def test_it_is_built_again(real, engine, rule):
    answer = plan(replace(BOX, engine=engine), (), real, RUN)
    last = answer.steps[-1]
    assert (last.component, last.commands, last.why[0].rule) == ("engine", (), rule)
    assert check(answer.result, RUN, real).verdict == "compatible"


def test_the_tensorrt_of_the_engine_comes_before(real):
    bare = replace(BOX, libraries=(), engine=Engine(tensorrt="10.3.0"))
    answer = plan(bare, (), real, RUN)
    assert [step.component for step in answer.steps] == ["tensorrt"]
    assert answer.steps[0].after.startswith("10.3.0")


def test_after_its_tensorrt_where_both_are_needed(real):
    bare = replace(BOX, libraries=(), engine=Engine(compute_capability="7.5"))
    assert [step.component for step in plan(bare, (), real, RUN).steps] == ["tensorrt", "engine"]


def test_not_for_two_kinds_of_gpu(real):
    both = replace(BOX, gpus=(*BOX.gpus, Gpu("Tesla T4")), engine=Engine(compute_capability="8.6"))
    assert plan(both, (), real, RUN).outcome == "impossible"
