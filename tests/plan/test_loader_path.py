"""Where a build looks for CUDA on the loader's path only."""

from pathlib import Path

import pytest

from compat.description import from_dict, load
from compat.goals import parse
from compat.plan.asking.request import requests
from compat.plan.solve import plan

BOX = Path(__file__).parent.parent / "machines" / "described" / "h100-driver535.toml"


@pytest.mark.parametrize(("release", "settings"), [("2.15", 0), ("2.16", 1), ("2.17", 0)])
def test_tensorflow_2_16_needs_it_in_spite_of_its_extra(real, release, settings):
    answer = plan(next(iter(load(str(BOX)))), requests({"tensorflow": release}), real)
    assert sum(step.after.startswith("LD_LIBRARY_PATH") for step in answer.steps) == settings


def test_what_misses_tensorrt_stays_where_only_its_folder_has_to_be_named(real):
    machine = from_dict(
        {
            "os": "linux",
            "arch": "x86_64",
            "glibc": "2.39",
            "python": "3.12",
            "gpus": [{"name": "NVIDIA H200"}],
            "driver": {"version": "580.95.05"},
            "packages": {"onnxruntime-gpu": "1.31.1", "nvidia-cudnn-cu13": "9.19.0.56"},
            "builds": {"onnxruntime-gpu": {"cuda": "13.0", "tensorrt": "10", "missing": ["libnvinfer.so.10"]}},
        }
    )
    goal = parse("use:onnxruntime-tensorrt")
    answer = plan(machine, requests({"onnxruntime": "*", "tensorrt": "*"}), real, goal)
    assert [step.kind for step in answer.steps] == ["package", "setting"]
    assert answer.steps[0].component == "tensorrt"
    assert "tensorrt_libs" in answer.steps[1].after
    assert answer.result.packages["onnxruntime-gpu"] == "1.31.1"
