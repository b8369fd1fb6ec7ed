"""Containers of NVIDIA's registry as a way out."""

from pathlib import Path

import pytest

from compat.check import check
from compat.description import load
from compat.goals import parse
from compat.machine import Container, Gpu
from compat.plan.asking.request import requests
from compat.plan.commands import UnsafeArgument
from compat.plan.commands import container as commands
from compat.plan.solve import plan
from compat.plan.ways.images import START, entered, images
from compat.plan.ways.jetson_images import jetson_images
from compat.records import replace

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


def machine(name):
    return next(iter(load(str(DESCRIBED / f"{name}.toml"))))


def test_an_image_lifts_what_no_package_can(real):
    answer = plan(machine("rtx5090-driver570"), requests({"torch": "2.6"}), real)
    assert answer.outcome == "impossible"
    (lift,) = [one for one in answer.lifts if one.allow == ("container",)]
    assert [one.argv[:6] for one in lift.steps[0].commands] == [("docker", "run", "--rm", "-it", "--gpus", "all")]
    assert len(lift.steps[0].commands[0].argv) == 7  # and the image: nothing that weakens the isolation
    assert all(reason.source for reason in lift.steps[0].why[:1])


@pytest.mark.parametrize(("gpu", "offered"), [("Tesla P100-PCIE-16GB", True), ("Tesla M40", False)])
def test_an_older_gpu_than_the_notes_of_an_image_name_gets_none(real, gpu, offered):
    """The CUDA of 22.12 knows 5.2; its notes ask for 6.0."""
    old = replace(machine("a100-driver450"), gpus=(Gpu(name=gpu),))
    found = [one.machine.container.image for one in images(old, requests({"torch": "1.14"}), (START,), real)]
    assert found == (["nvcr.io/nvidia/pytorch:22.12-py3"] if offered else [])


def test_the_machine_inside_passes_the_check(real):
    answer = plan(machine("a100-driver450"), requests({"torch": "1.6"}), real, allow=["container"])
    assert answer.outcome == "planned"
    assert answer.result.container.image == "nvcr.io/nvidia/pytorch:20.06-py3"
    assert answer.result.packages == {"torch": "1.6.0a0"}
    for goal in (START, *answer.goals):
        assert check(answer.result, goal, real).verdict == "compatible"


def test_a_gpu_that_came_after_the_images_cuda_gets_none(real):
    # TensorRT 7.1 comes with CUDA 11.0, which knows the A100 and not the RTX 3090.
    wanted = requests({"tensorrt": "7.1"})
    known, newer = (
        plan(machine(name), wanted, real, None, ("container",), "installed", True)
        for name in ("a100-driver450", "rtx3090-driver470")
    )
    assert ["container"] in [[step.kind for step in one.steps] for one in known.alternatives]
    assert newer.outcome == "impossible"


def test_a_release_is_not_the_commit_before_it(real):
    assert (
        plan(machine("a100-driver450"), requests({"torch": "1.6.0"}), real, allow=["container"]).outcome == "impossible"
    )


@pytest.mark.parametrize("environment", [("kubernetes",), ("wsl1",)])
def test_none_where_docker_is_not_at_hand(real, environment):
    inside = replace(machine("a100-driver450"), environment=environment)
    assert plan(inside, requests({"torch": "1.6"}), real, allow=["container"]).outcome == "impossible"


def test_a_container_is_left_for_another(real):
    inside = replace(machine("a100-driver450"), environment=("docker",))
    answer = plan(inside, requests({"torch": "1.6"}), real, allow=["container"])
    (step,) = answer.steps
    assert step.commands[0].argv[:2] == ("docker", "run")
    assert [one.role for one in step.why if "for its host" in one.message] == ["how"]
    assert answer.result.environment == ("docker",)


def test_an_image_of_another_l4t_is_left_for_one_of_the_hosts(real):
    board = replace(
        machine("xavier-nx-jetpack5"),
        environment=("docker", "jetson"),
        packages={"torch": "1.8.0"},
        container=Container("nvcr.io/nvidia/l4t-pytorch:r32.6.1-pth1.8-py3"),
    )
    answer = plan(board, (), real, parse("import:torch"), allow=["container"])
    assert [step.after.rpartition(":")[2][:3] for step in answer.steps] == ["r35"]


def test_packages_come_before_an_image(real):
    answer = plan(machine("a100-driver450"), requests({"torch": "2.3"}), real, allow=["container"])
    assert [step.kind for step in answer.steps] == ["package"]


def test_references():
    assert commands.reference("pytorch", "24.03") == "nvcr.io/nvidia/pytorch:24.03-py3"
    assert commands.reference("tensorflow", "20.06", "1") == "nvcr.io/nvidia/tensorflow:20.06-tf1-py3"
    assert commands.reference("tritonserver", "25.01-vllm-python-py3").endswith(":25.01-vllm-python-py3")
    for bad in (("py torch", "24.03"), ("pytorch", "24.03; rm"), ("pytorch", "--privileged"), ("../x", "24.03")):
        with pytest.raises(UnsafeArgument):
            commands.reference(*bad)


@pytest.mark.parametrize(
    ("tag", "framework", "called"),
    [
        ("18.11", "1.12.0rc2", "18.11-py3"),
        ("19.10", "1.14.0", "19.10-py3"),
        ("19.11", "1.15.0", "19.11-tf1-py3"),
        ("22.10", "2.10.0", "22.10-tf2-py3"),
    ],
)
def test_the_tag_names_tensorflows_major_since_there_are_two(real, tag, framework, called):
    row = {"image": "tensorflow", "tag": tag, "framework": framework, "cuda": "10.2"}
    inside = entered(machine("a100-driver450"), row, real)
    assert inside.container.image == f"nvcr.io/nvidia/tensorflow:{called}"


def test_what_is_inside_has_to_take_the_gpu_as_well(real):
    """vLLM asks for compute capability 7.0 in every release; the CUDA of its images knows older GPUs."""
    answer = plan(machine("gtx1080ti-driver535"), (), real, parse("use:vllm"))
    assert answer.outcome == "impossible"
    assert ("container",) not in [one.allow for one in answer.lifts]


def test_what_is_an_image_only_is_planned_as_one(real):
    goal = parse("use:tritonserver")
    (reason,) = plan(machine("h100-driver535"), (), real, goal).conflict
    assert "as an image only" in reason.message
    answer = plan(machine("h100-driver535"), (), real, goal, allow=("container",))
    assert [step.kind for step in answer.steps] == ["container"]
    assert answer.steps[0].after.startswith("nvcr.io/nvidia/tritonserver:")
    assert plan(machine("cpu-only"), (), real, goal).outcome == "impossible"


@pytest.mark.parametrize(
    ("l4t", "release", "image"),
    [
        ("35.4.1", "2.0", "r35.2.1-pth2.0-py3"),
        ("35.1", "1.12", "r35.1.0-pth1.12-py3"),
        ("32.7.4", "1.10", "r32.7.1-pth1.10-py3"),
        ("32.5.1", "1.6", "r32.5.0-pth1.6-py3"),
        ("35.4.1", "1.12", None),  # made for JetPack 5.0, which runs no other
        ("32.6.1", "1.10", None),
        ("36.4", "2.0", None),
    ],
)
def test_images_of_a_jetson_by_its_linux(real, l4t, release, image):
    module = machine("xavier-nx-jetpack5")
    here = replace(module, jetson=replace(module.jetson, l4t=l4t, jetpack=None))
    wanted = requests({"torch": release})
    found = [scene.steps[-1].commands[0].argv for scene in jetson_images(here, wanted, (parse("use:torch"),), real)]
    name = f"nvcr.io/nvidia/l4t-pytorch:{image}"
    assert found == ([("docker", "run", "--rm", "-it", "--runtime", "nvidia", name)] if image else [])
