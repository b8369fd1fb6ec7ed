"""Every plan that is written can be read by `install`, and each of its steps says why; over a sample of the grid."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest

from compat.description import from_dict, load
from compat.goals import parse
from compat.install import known
from compat.install.planfile import from_data
from compat.matrix import Matrix
from compat.plan.asking.request import packages, requests
from compat.plan.model import Pin, Plan, Request
from compat.plan.ways.several import plan_for
from compat.records import replace
from compat.report.plan import as_data

MACHINES = sorted((Path(__file__).parent.parent / "machines" / "described").glob("*.toml"))
ASKED = (
    {"torch": "*"},
    {"torch": "2.1", "tensorrt": "*"},
    {"tensorflow": "2.15"},
    {"tensorflow": "2.10"},
    {"torch": "2.x", "tensorflow": "2.x"},
    {"jax": "*"},
    {"onnxruntime": "1.16"},
    {"torch": ">=2.3", "onnxruntime": "*", "tensorrt": "*"},
    {"tensorflow": "1.15"},
)
NAMED: tuple[tuple[str, ...], ...] = ((), ("torchvision",), ("vllm",), ("cupy",), ("torch-tensorrt",))
LIMITS: tuple[tuple[Pin, ...], ...] = (
    (),
    tuple(Pin(name, text, "r.txt:1", "r.txt:1") for name, text in (("numpy", "<1.25"), ("protobuf", "==3.20.3"))),
    (Pin("numpy", ">=2", "r.txt:1", "r.txt:1"),),
)
ALLOWED = (frozenset[str](), frozenset(("python", "driver")), frozenset(("container", "cuda-compat")))
GOALS = (None, None, "convert:onnx-tensorrt", "convert:torch-onnx")
GRID = list(itertools.product(MACHINES, ASKED, NAMED, LIMITS, ALLOWED, GOALS, (False, True)))
SAMPLE = random.Random(5).sample(GRID, 30)
TENSORFLOW = {  # an installed release whose shared packages were moved past what it takes
    "os": "linux",
    "arch": "x86_64",
    "python": "3.11",
    "glibc": "2.35",
    "environment": [],
    "driver": {"version": "550.54.15"},
    "gpus": [{"name": "NVIDIA A100-SXM4-80GB", "capability": "8.0"}],
    "packages": {
        "tensorflow": "2.15.1",
        "numpy": "2.1.0",
        "protobuf": "6.30.0",
        "keras": "2.15.0",
        "nvidia-cublas-cu12": "12.2.5.6",
        "nvidia-cudnn-cu12": "8.9.4.25",
        "nvidia-cufft-cu12": "11.0.8.103",
        "nvidia-cuda-runtime-cu12": "12.2.140",
        "nvidia-cuda-cupti-cu12": "12.2.142",
        "nvidia-cusolver-cu12": "11.5.2.141",
        "nvidia-cusparse-cu12": "12.1.2.141",
        "nvidia-nccl-cu12": "2.16.5",
        "nvidia-curand-cu12": "10.3.3.141",
        "nvidia-nvjitlink-cu12": "12.2.140",
    },
}


def held(plan: Plan, matrix: Matrix) -> None:
    """The plan, its alternatives and what would lift it are read back as they were written, each step with reasons."""
    names = known.names(matrix)
    data = json.loads(json.dumps(as_data(plan, matrix)))
    lifted = [{**data, "outcome": "planned", "steps": lift["steps"]} for lift in data["lifts"]]
    for one in (data, *data["alternatives"], *lifted):
        read = from_data(one, names)
        assert [step.component for step in read.steps] == [step["component"] for step in one["steps"]]
        for step in one["steps"]:
            assert step["why"], step
            assert all(reason["rule"] and reason["message"] and reason["source"] for reason in step["why"]), step


@pytest.mark.parametrize("cell", SAMPLE, ids=lambda cell: f"{cell[0].stem}-{'-'.join(cell[1])}")
def test_what_is_written_can_be_read(matrix: Matrix, cell: tuple[object, ...]) -> None:
    file, asked, named, limits, allow, goal, conda = cell
    wanted: tuple[Request, ...] = (*requests(asked), *packages(named, matrix))  # type: ignore[arg-type]
    wanted = tuple(replace(one, limits=limits) for one in wanted)
    machines = list(load(str(file)))
    for plan in plan_for(
        machines,
        wanted,
        matrix,
        parse(goal) if isinstance(goal, str) else None,
        allow,
        "installed",
        False,
        bool(conda),  # type: ignore[arg-type]
    ):
        held(plan, matrix)


def test_packages_that_are_mended_together_are_one_step(matrix: Matrix) -> None:
    (plan,) = plan_for(
        [from_dict(TENSORFLOW)], requests({"tensorflow": "2.15"}), matrix, None, frozenset(), "installed", True
    )
    (step,) = plan.steps
    assert step.component == "numpy, protobuf"
    assert step.before == "2.1.0, 6.30.0"
    assert step.why[0].message == "tensorflow 2.15.1 needs numpy<2.0.0,>=1.23.5, and 2.1.0 is there."
    held(plan, matrix)


def test_a_search_that_was_cut_short_is_read_too(matrix: Matrix) -> None:
    (plan,) = plan_for(
        [from_dict(TENSORFLOW)], requests({"tensorflow": "2.15"}), matrix, None, frozenset(), "installed", False
    )
    data = {**as_data(plan, matrix), "proven": False}
    assert from_data(json.loads(json.dumps(data)), known.names(matrix)).outcome == "planned"
