"""What spares the planner whole checks says the same as they do."""

from pathlib import Path

import pytest

from compat import versions
from compat.check import check
from compat.description import load
from compat.goals import parse
from compat.plan.asking.request import requests
from compat.plan.solve import plan
from compat.plan.solver.judge import Trial, may_say
from compat.plan.solver.scene import emptied
from compat.plan.steps.repairs import REPAIRS
from compat.plan.ways.images import entered
from compat.records import replace

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"
MACHINES = [next(iter(load(str(path)))) for path in sorted(DESCRIBED.glob("*.toml"))]
GOALS = tuple(map(parse, ("use:torch", "use:tensorrt", "use:onnxruntime-cuda", "use:gpu")))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: str(one.name))
def test_images_are_tried_as_the_check_judges_them(real, machine):
    rows = [row for row in real.rows("container", "container") if row["image"] == "pytorch" and "cuda" in row]
    inside = [entered(machine, row, real) for row in rows[::9]]
    goals = (parse("start:container"), parse("use:torch"))
    trial = Trial(goals, real)
    for one in (*inside, *reversed(inside)):
        said = all(check(one, goal, real).verdict == "compatible" for goal in goals)
        assert trial.passes(one) == said


@pytest.mark.parametrize("variables", [{}, {"CUDA_VISIBLE_DEVICES": "-1", "LD_LIBRARY_PATH": "/usr/lib"}], ids=str)
@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: str(one.name))
def test_no_repair_is_missed(real, machine, variables):
    torn = replace(machine, variables=variables, packages={"torch": "2.1.0"})
    for one in (machine, emptied(machine), torn):
        for goal in GOALS:
            errors = {found.rule for found in check(one, goal, real).errors}
            assert may_say(one, goal, REPAIRS, real) or errors.isdisjoint(REPAIRS)


def test_the_releases_of_a_line_are_those_that_it_covers(real):
    for name in ("torch", "tensorflow", "tensorrt", "jax-cuda12-plugin", "onnxruntime-gpu"):
        known = real.packages.versions(name)
        for text in (*known[::5], "2", "2.1", "1.0", "10.3.0", "2.6.0rc1", "0.4.30.0", "99.1"):
            line = versions.parse(text)
            every = [versions.parse(one) for one in real.builds(name)]
            inside = [one.text for one in every if line.covers(one) or one.same_as(line)]
            final = [one for one in inside if line.is_prerelease or not versions.parse(one).is_prerelease]
            assert real.packages.inside(name, line) == final


def test_a_tensorflow_whose_own_file_tells_no_tensorrt_is_settled(real):
    """Windows: no TensorRT goes with it, which is told of each pair at once, so not all of them have to be tried."""
    (windows,) = [one for one in MACHINES if one.os == "windows"]
    answer = plan(windows, requests({"tensorflow": "*"}), real, parse("use:tf-trt"))
    assert answer.outcome == "impossible"
    assert answer.proven
