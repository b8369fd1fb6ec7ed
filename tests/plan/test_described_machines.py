"""Requests for the described machines, with the matrix of this checkout: what the planner has to get right."""

from pathlib import Path

import pytest

from compat.check import check
from compat.description import load
from compat.goals import parse
from compat.machine import Gpu, Libcuda
from compat.plan.asking.request import requests
from compat.plan.model import Request
from compat.plan.solve import plan
from compat.records import replace

MACHINES = {
    path.stem: next(iter(load(str(path))))
    for path in sorted((Path(__file__).parent.parent / "machines" / "described").glob("*.toml"))
}
ASKED = (
    {"tensorflow": "2.15"},
    {"tensorflow": "2.10"},
    {"tensorflow": "2.20"},
    {"torch": "2.6", "tensorrt": "10"},
    {"torch": "*"},
    {"onnxruntime": "*"},
    {"jax": "*"},
)


def moves(answer):
    """The lifts that move something of the machine; the nearest releases come beside them."""
    return [one for one in answer.lifts if one.allow != ("versions",)]


def commands(answer, installer="pip"):
    return [one.shell for step in answer.steps for one in step.commands if one.installer == installer]


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: "-".join(f"{name}{text}" for name, text in asked.items()))
def test_every_plan_passes_the_check(real, name, asked):
    answer = plan(MACHINES[name], requests(asked), real)
    if answer.outcome == "impossible":
        assert answer.conflict
        assert answer.steps == ()
        return
    for goal in answer.goals:
        assert check(answer.result, goal, real).verdict != "incompatible"
    for step in answer.steps:
        assert step.kind == "setting" or step.commands or "by hand" in step.why[-1].message, (
            f"{step.component} has no command"
        )
        assert step.why


def test_an_old_driver_gets_the_older_cuda_of_the_same_release(real):
    answer = plan(MACHINES["rtx3090-driver470"], requests({"torch": "2.6"}), real)
    assert commands(answer) == [
        "python -m pip install torch==2.6.0+cu118 --index-url https://download.pytorch.org/whl/cu118"
    ]


def test_the_default_build_needs_no_index(real):
    answer = plan(MACHINES["h100-driver535"], requests({"torch": "2.6"}), real)
    assert commands(answer) == ["python -m pip install torch==2.6.0"]


def test_tensorflow_takes_the_release_whose_extra_resolves(real):
    answer = plan(MACHINES["h100-driver535"], requests({"tensorflow": "2.15"}), real)
    assert commands(answer) == ["python -m pip install 'tensorflow[and-cuda]==2.15.1'"]
    exact = plan(MACHINES["h100-driver535"], requests({"tensorflow": "2.15.0"}), real)
    assert "and-cuda" not in commands(exact)[0]
    assert "nvidia-cudnn-cu12==8.9" in commands(exact)[0]


def test_tensorrt_is_fetched_from_the_index_that_has_it(real):
    answer = plan(MACHINES["h100-driver535"], requests({"tensorrt": "10"}), real)
    assert "tensorrt-cu12==10." in commands(answer)[0]
    assert commands(answer)[0].endswith("--extra-index-url https://pypi.nvidia.com")
    assert "--index-strategy unsafe-best-match" in commands(answer, "uv")[0]


def test_a_driver_that_is_too_old_is_the_reason_and_the_way_out(real):
    answer = plan(MACHINES["rtx3090-driver470"], requests({"tensorflow": "2.15"}), real)
    assert answer.outcome == "impossible"
    assert [one.rule for one in answer.conflict] == ["driver-too-old", "request"]
    assert [(lift.allow, lift.needs) for lift in moves(answer)] == [(("driver",), "driver >= 525.60.13")]
    lifted = plan(MACHINES["rtx3090-driver470"], requests({"tensorflow": "2.15"}), real, allow=("driver",))
    assert [step.kind for step in lifted.steps] == ["driver", "package"]
    assert lifted.steps[0].needs_root
    assert lifted.steps[0].commands[0].argv[:2] == ("sudo", "apt-get")


def test_another_python_is_offered_nearest_first(real):
    answer = plan(MACHINES["rtx5090-driver570"], requests({"onnxruntime": "1.18"}), real)
    assert answer.outcome == "impossible" or answer.steps
    answer = plan(MACHINES["a100-driver450"], requests({"torch": "2.6"}), real)
    assert [(lift.allow, lift.needs) for lift in moves(answer)] == [
        (("python",), "Python 3.9"),
        (("container",), "a container of nvcr.io/nvidia/cuda:11.8.0-base-ubuntu22.04"),
    ]
    assert "uv venv --python 3.9" in answer.lifts[0].steps[0].commands[1].shell
    assert answer.lifts[0].steps[1].commands[0].argv[0] == ".venv/bin/python"


def test_kepler_keeps_the_cudnn_that_has_code_for_it(real):
    answer = plan(MACHINES["k80-driver470"], requests({"tensorflow": "2.10"}), real)
    assert answer.result.packages["nvidia-cudnn-cu11"] == "8.7.0.84"
    assert any(step.kind == "setting" and "LD_LIBRARY_PATH" in step.after for step in answer.steps)


def test_pascal_gets_the_last_cudnn_9_that_serves_it(real):
    answer = plan(MACHINES["gtx1080ti-driver535"], requests({"tensorflow": "2.20"}), real)
    assert "nvidia-cudnn-cu12==9.10.2.21" in commands(answer)[0]


def test_a_jetson_never_gets_a_desktop_wheel(real):
    for text in ("2.15", "2.11", "*"):
        answer = plan(MACHINES["xavier-nx-jetpack5"], requests({"tensorflow": text}), real)
        assert all("developer.download.nvidia.com/compute/redist/jp/" in shell for shell in commands(answer))
    answer = plan(MACHINES["xavier-nx-jetpack5"], requests({"torch": "2.6"}), real)
    assert answer.outcome == "impossible"
    assert "JetPack 5.1.2" in answer.conflict[0].message
    assert plan(MACHINES["xavier-nx-jetpack5"], requests({"tensorrt": "8.5"}), real).outcome == "nothing-to-do"


@pytest.mark.parametrize("libraries", [None, ()])
def test_the_tensorrt_of_a_jetpack_is_installed_where_nothing_tells_that_it_is_there(real, libraries):
    bare = replace(MACHINES["xavier-nx-jetpack5"], libraries=libraries)
    answer = plan(bare, requests({"tensorrt": "8.5"}), real)
    (step,) = answer.steps
    assert (step.kind, step.needs_root, step.commands[0].argv[-1]) == ("system", True, "nvidia-jetpack")
    assert [one.origin for one in answer.result.libraries or () if one.name == "tensorrt"] == ["system"]
    assert check(answer.result, parse("use:tensorrt"), real).verdict == "compatible"


def test_what_was_never_published_for_a_platform_is_said(real):
    answer = plan(MACHINES["windows11-rtx4060"], requests({"jax": "*"}), real)
    assert answer.outcome == "impossible"
    assert moves(answer) == []
    assert "windows on x86_64" in answer.conflict[0].message


def test_native_windows_ends_with_tensorflow_2_10(real):
    assert plan(MACHINES["windows11-rtx4060"], requests({"tensorflow": "2.20"}), real).outcome == "impossible"
    answer = plan(MACHINES["windows11-rtx4060"], requests({"tensorflow": "2.10"}), real)
    assert commands(answer, "conda")[:2] == [
        "conda create --yes --prefix ./.venv --channel conda-forge python=3.10 pip",
        "conda install --yes --prefix ./.venv --channel conda-forge cudatoolkit=11.2 cudnn=8.1",
    ]


def test_without_a_gpu_nothing_helps_but_another_goal(real):
    answer = plan(MACHINES["cpu-only"], requests({"torch": "2.6"}), real)
    assert [one.rule for one in answer.conflict] == ["gpu-missing"]
    assert [one.allow for one in moves(answer)] == [("goal",)]
    assert plan(MACHINES["cpu-only"], (), real, parse("import:torch")).outcome == "planned"


def test_two_that_cannot_share_an_environment_get_two(real):
    answer = plan(MACHINES["h100-driver535"], requests({"torch": "2.6", "tensorflow": "2.15"}), real)
    assert answer.outcome == "impossible"
    assert {"package-versions-mismatch", "request"} <= {one.rule for one in answer.conflict}
    assert answer.lifts[0].allow == ("environment",)
    folders = [step.after for step in answer.lifts[0].steps if step.kind == "environment"]
    assert folders == [".venv-tensorflow"]


def test_the_order_is_the_same_every_time(real):
    asked = requests({"torch": "2.x", "tensorflow": "2.x", "onnxruntime": "*", "tensorrt": "*"})
    one, other = (plan(MACHINES["h100-driver535"], asked, real) for _ in range(2))
    assert one.steps == other.steps
    assert one.result == other.result


def test_a_jetson_gets_what_goes_with_its_torch(real):
    asked = (*requests({"torch": "*"}), Request("torchvision", "*"))
    answer = plan(MACHINES["xavier-nx-jetpack5"], asked, real)
    assert [choice.label for choice in answer.choices] == [
        "torch 2.1.0a0+41361538.nv23.06",
        "torchvision 0.16.2+c6f3977",
    ]
    asked = (*requests({"torch": "2.2"}), Request("torchvision", "*"))
    answer = plan(MACHINES["xavier-nx-jetpack5"], asked, real)
    assert [choice.label for choice in answer.choices] == ["torch 2.2.0", "torchvision 0.17.2+c1d70fe"]


def test_what_has_no_gpu_code_comes_to_a_jetson_from_the_public_index(real):
    answer = plan(MACHINES["xavier-nx-jetpack5"], requests({"torch": "*"}), real, parse("convert:onnx-tensorrt"))
    assert answer.outcome == "planned"
    assert any("onnx==" in shell for shell in commands(answer))


def test_onnxruntime_on_windows_finds_its_packages_on_path(real):
    answer = plan(MACHINES["windows11-rtx4060"], requests({"onnxruntime": "1.19"}), real)
    assert answer.result.packages["onnxruntime-gpu"] == "1.19.2"
    assert "nvidia-cudnn-cu12" in commands(answer)[0]
    assert any(step.kind == "setting" and step.after.startswith("PATH holds") for step in answer.steps)


def test_a_linux_driver_inside_wsl_is_removed(real):
    machine = replace(MACHINES["wsl2-rtx4070"], libcuda=Libcuda(path="/usr/lib/x86_64-linux-gnu/libcuda.so.1"))
    answer = plan(machine, (), real, parse("use:gpu"))
    assert [(step.kind, step.component) for step in answer.steps] == [("system", "libcuda")]
    assert check(answer.result, parse("use:gpu"), real).verdict == "compatible"


def test_a_process_is_given_one_mig_instance(real):
    half = Gpu(name="NVIDIA A100-SXM4-40GB", mig="3g.20gb")
    machine = replace(MACHINES["a100-driver450"], gpus=(half, half))
    answer = plan(machine, (), real, parse("use:gpu"))
    assert [step.kind for step in answer.steps] == ["setting"]
