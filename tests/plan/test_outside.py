"""CUDA that a build takes from the machine, where nothing brings it: a step by hand."""

import pytest

from compat.check import check
from compat.goals import parse
from compat.machine import Driver, Gpu, Library, Machine, Toolkit
from compat.plan.asking.request import packages, requests
from compat.plan.solve import plan
from compat.records import replace

BOX = Machine(
    os="linux",
    arch="x86_64",
    distribution="ubuntu",
    distribution_version="20.04",
    glibc="2.31",
    python="3.8.10",
    packages={},
    libraries=(),
    toolkits=(),
    variables={},
    gpus=(Gpu("NVIDIA A100"),),
    driver=Driver("525.85.12"),
)
PADDLE = "paddlepaddle-gpu==2.6.1"


@pytest.mark.parametrize(
    ("package", "there"),
    [
        (PADDLE, "CUDA 11.8 and cuDNN 8.9.7 on the machine"),
        ("mxnet-cu110", "CUDA 11.0 on the machine"),
    ],
)
def test_what_no_package_brings_is_a_step_by_hand(real, package, there):
    answer = plan(BOX, packages((package,), real), real)
    first = answer.steps[0]
    assert (first.kind, first.after, first.needs_root, first.commands) == ("system", there, True, ())
    assert "libcudnn" in first.why[-1].message or "cuDNN" not in there
    assert all(check(answer.result, goal, real).verdict == "compatible" for goal in answer.goals)


def test_jax_before_its_packages_of_cuda(real):
    answer = plan(BOX, requests({"jax": "0.2.28"}), real)
    assert answer.steps[0].after == "CUDA 11.4 and cuDNN 8.9.7 on the machine"
    newer = replace(BOX, python="3.12.3")
    assert plan(newer, requests({"jax": "0.2.28"}), real).outcome == "impossible"
    moved = plan(newer, requests({"jax": "0.2.28"}), real, allow=["python"])
    assert [(step.kind, step.after) for step in moved.steps[1:2]] == [("python", "3.10")]
    assert {one.rule for one in moved.steps[1].why if one.role == "needed"} == {"python-unsupported"}


def test_cuda_that_is_there_is_taken(real):
    there = {"toolkits": (Toolkit("11.8", "system"),), "libraries": (Library("cudnn", "8.6.0", "system"),)}
    answer = plan(replace(BOX, **there), packages((PADDLE,), real), real)
    assert [step.kind for step in answer.steps] == ["package"]


def test_packages_and_conda_come_before_it(real):
    assert all(step.kind != "system" for step in plan(BOX, requests({"jax": "0.3.25"}), real).steps)
    assert all(step.kind != "system" for step in plan(BOX, requests({"onnxruntime": "1.16"}), real).steps)


@pytest.mark.parametrize(
    ("system", "wanted", "cuda", "kind"),
    [
        ({}, "8.4", "CUDA 11.7 and cuDNN 8.9.7 on the machine", "tar"),
        ({"os": "windows", "glibc": None}, "8.6", "CUDA 11.8 and cuDNN 8.9.7 on the machine", "zip"),
    ],
)
def test_a_tensorrt_that_no_index_has_is_unpacked_by_hand(real, system, wanted, cuda, kind):
    box = replace(BOX, gpus=(Gpu("Tesla T4"),), **system)
    answer = plan(box, requests({"tensorrt": wanted}), real)
    assert [(step.kind, step.commands) for step in answer.steps] == [("system", ()), ("system", ())]
    assert answer.steps[0].after == cuda
    assert f"{kind} archive" in answer.steps[1].why[-1].message
    assert [one.origin for one in answer.result.libraries if one.name == "tensorrt"] == ["system"]
    assert check(answer.result, answer.goals[0], real).verdict == "compatible"


def test_what_an_index_has_is_not_unpacked(real):
    assert plan(BOX, requests({"tensorrt": "8.6"}), real).steps[0].commands


@pytest.mark.parametrize("there", [(), (Toolkit("11.8", "system"),)])
def test_the_tensorrt_that_a_tensorflow_is_linked_to_is_unpacked_where_no_index_has_it(real, there):
    cudnn = (Library("cudnn", "8.9.7", "system"),) if there else ()
    box = replace(BOX, python="3.10.12", toolkits=there, libraries=cudnn)
    answer = plan(box, requests({"tensorflow": "2.14"}), real, parse("use:tf-trt"))
    assert [step.component for step in answer.steps] == [
        *(() if there else ("cuda-toolkit",)),
        "tensorflow",
        "tensorrt",
    ]
    assert answer.steps[-1].after == "8.4.3.1"
    assert not answer.steps[-1].commands
    assert all("9.3" not in one.message for one in answer.steps[0].why)


@pytest.mark.parametrize("release", ["1.16.3", "1.19.2"])
def test_cudas_packages_do_where_no_system_is_told(real, release):
    answer = plan(Machine(gpus=(Gpu("Tesla T4"),)), requests({"onnxruntime": release}), real)
    assert [step.kind for step in answer.steps] == ["package", "setting"]


def test_cuda_that_no_channel_has_comes_by_hand(real):
    machine = replace(BOX, gpus=(Gpu(name="NVIDIA GeForce GTX 1080"),), python="3.6.9", packages={})
    answer = plan(machine, requests({"tensorflow": "1.2"}), real)
    assert [step.after for step in answer.steps] == ["CUDA 8.0 and cuDNN 5.1 on the machine", "1.2.1"]
