"""What users write, and which goals it means."""

import pytest

from compat.goals import parse
from compat.machine import Driver, Gpu, Machine
from compat.plan.asking.request import BadRequest, described, goals_for, packages, read_range, requests, with_goal
from compat.plan.solve import plan
from compat.records import replace


@pytest.mark.parametrize(
    ("component", "said", "text"),
    [
        ("tensorflow", "2.15", "==2.15.*"),
        ("tensorflow", "2.15.1", "==2.15.1"),
        ("tensorflow", "2.x", "==2.*"),
        ("torch", "2", "==2.*"),
        ("torch", "*", "*"),
        ("torch", "latest", "*"),
        ("torch", ">=2.3,<2.5", ">=2.3,<2.5"),
        ("tensorrt", "10", "==10.*"),
        ("tensorrt", "10.3.0", "==10.3.0.*"),
        ("tensorrt", "10.3.0.26", "==10.3.0.26"),
        ("torch", "2.6.0rc1", "==2.6.0rc1"),
        ("tensorflow", "2.15.0.post1", "==2.15.0.post1"),
        ("jax", " 0.7 ", "==0.7.*"),
    ],
)
def test_ranges(component, said, text):
    assert read_range(component, said) == text


@pytest.mark.parametrize("said", ["abc", ">=", "2.6;rm", "2..6", "==2.x.y"])
def test_what_is_no_range_is_said(said):
    with pytest.raises(BadRequest) as failure:
        read_range("torch", said)
    assert "--torch" in str(failure.value)
    assert "2.15" in failure.value.hint


def test_each_request_is_a_goal(real):
    asked = requests({"torch": "2.6", "onnxruntime": "*", "jax": None})
    assert [str(goal) for goal in goals_for(asked, None, real)] == ["use:torch", "use:onnxruntime-cuda"]


def test_a_goal_brings_in_its_chain(real):
    goal = parse("convert:onnx-tensorrt")
    assert [one.component for one in with_goal((), goal, real)] == ["tensorrt"]
    asked = with_goal(requests({"tensorflow": "2.15"}), goal, real)
    assert [one.component for one in asked] == ["tensorflow", "tensorrt", "tf2onnx", "onnx"]
    assert str(goals_for(asked, goal, real)[0]) == "convert:onnx-tensorrt"


@pytest.mark.parametrize(
    ("goal", "brought"),
    [
        ("convert:tensorflow-onnx", ["tensorflow", "tf2onnx", "onnx"]),
        ("convert:torch-onnx", ["torch", "onnx"]),
        ("run:onnx", ["onnxruntime"]),
        ("use:tf-trt", ["tensorflow", "tensorrt"]),
        ("use:onnxruntime-cuda", ["onnxruntime"]),
        ("use:torchvision", ["torchvision"]),
        ("use:gpu", []),
        ("start:container", []),
    ],
)
def test_what_runs_for_a_goal_is_brought_in(real, goal, brought):
    asked = with_goal((), parse(goal), real)
    assert [one.component for one in asked if one.where == "--goal"] == brought


T4 = Machine(os="linux", python="3.10.12", gpus=(Gpu("Tesla T4"),), driver=Driver("535.183.01"))


@pytest.mark.parametrize("libraries", [None, ()])
def test_what_a_goal_needs_is_planned_where_the_packages_are_known_without_it(real, libraries):
    bare = replace(T4, packages={}, libraries=libraries)
    answer = plan(bare, (), real, parse("convert:onnx-tensorrt"))
    assert [(step.kind, step.component) for step in answer.steps] == [("package", "tensorrt")]


def test_packages_that_are_not_told_are_not_said_to_be_there(real):
    answer = plan(T4, (), real, parse("convert:onnx-tensorrt"))
    assert [(answer.outcome, step.component) for step in answer.steps] == [("planned", "tensorrt")]


def test_an_import_goal_needs_no_gpu(real):
    goal = parse("import:torch")
    assert goals_for(with_goal((), goal, real), goal, real) == (goal,)


@pytest.mark.parametrize(
    ("goal", "why"),
    [
        ("use:apex", "knows no package apex"),
        ("use:torchcodec", "the matrix knows no build of torchcodec"),
    ],
)
def test_what_is_planned_by_hand_says_why(real, goal, why):
    with pytest.raises(BadRequest) as failure:
        with_goal((), parse(goal), real)
    assert "planned by hand" in str(failure.value)
    assert why in str(failure.value)
    assert "vllm" in failure.value.hint


def test_what_a_package_pins_is_chosen_with_it(real):
    brought = with_goal((), parse("use:vllm"), real)
    assert [one.component for one in brought] == ["vllm", "torch", "torchaudio", "torchvision"]
    assert [one.component for one in with_goal((), parse("use:torch-tensorrt"), real)] == [
        "torch-tensorrt",
        "torch",
        "tensorrt",
    ]


@pytest.mark.parametrize(
    ("said", "text", "build"),
    [
        ("2.5.1+cu124", "==2.5.1", "cu124"),
        ("==2.1.0+cpu", "==2.1.0", ""),
        (">=2.1.0+cu118,<2.3", ">=2.1.0,<2.3", "cu118"),
    ],
)
def test_a_build_is_named_by_the_local_part(real, said, text, build):
    asked = requests({"torch": said}) + packages((f"torch {said}",), real)
    if not said[0].isdigit():
        asked += described(Machine(request={"torch": said}), parse("install:torch"), real)
    assert {(one.text, one.build) for one in asked} == {(text, build)}


def test_the_build_that_is_asked_for_is_planned_in_a_python_that_it_has(real):
    machine = Machine(os="windows", arch="x86_64", python="3.13.7", request={"torch": "==2.5.1+cu124"})
    answer = plan(machine, (), real, parse("install:torch"), ("python",))
    assert [(step.component, step.after) for step in answer.steps] == [("python", "3.12"), ("torch", "2.5.1+cu124")]
