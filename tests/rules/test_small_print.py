"""Conditions of rules that no other test noticed when they were turned round."""

import pytest
from tried.base import H100, LINUX, MATRIX, T4, Facts, errors, judge, lib

from compat import description
from compat.rules.candidates import find

MODEL = {"model": {"format": "onnx", "opset": "99", "ir_version": "8"}}


def untold(goal: str, facts: Facts, rule: str) -> list[tuple[str, ...]]:
    """What the rule says it lacks."""
    return [one.needs for one in judge(goal, facts).untold if one.rule == rule]


def test_whether_the_driver_or_the_gpu_is_unknown_is_told_apart() -> None:
    of_driver, of_gpu = T4, {"gpus": [{"name": "Unheard Of 1"}], "driver": {"version": "550.54.15"}}
    assert untold("use:gpu", of_driver, "driver-dropped-gpu") == [("driver.version",)]
    assert untold("use:gpu", of_gpu, "driver-dropped-gpu") == [("gpus[0].name",)]


@pytest.mark.parametrize(
    ("package", "release", "needs"),
    [
        ("torch", "2.9.0", []),  # asks for typing-extensions 4.10, of which none is affected
        ("torch", "2.4.0", []),
        ("jax", "0.7.0", []),  # asks for ml_dtypes 0.5
        ("onnx", "1.19.0", ["packages.ml-dtypes"]),  # asks for any
        ("torch", "1.13.1", ["packages.numpy"]),  # asks for none: NumPy 2 comes as well
        ("tensorflow", "2.13.1", []),  # asks for NumPy up to 1.24.3 and protobuf up to 4
        ("tensorflow", "2.10.1", ["packages.numpy"]),  # asks for 1.20 or later
    ],
)
def test_who_brings_a_helper_that_fits_is_not_asked_for_it(package: str, release: str, needs: list[str]) -> None:
    report = judge(f"import:{package}", {**LINUX, "python": "3.11", "packages": {package: release}})
    helpers = {"packages.numpy", "packages.ml-dtypes", "packages.typing-extensions", "packages.protobuf"}
    assert sorted({need for one in report.untold for need in one.needs} & helpers) == needs


@pytest.mark.parametrize(
    ("copies", "told"),
    [
        ((lib("tensorrt", "8.6.1.6"),), True),
        ((lib("tensorrt", "8.6.1.6"), lib("tensorrt", "8.6.1.6", path="/b")), True),
        ((lib("tensorrt", "8.6.1.6"), {"name": "tensorrt", "origin": "system"}), False),
        ((lib("tensorrt", "8.6.1.6"), lib("tensorrt", "10.3.0.26")), False),
        ((), False),
    ],
    ids=["one", "two alike", "one of them unknown", "two", "none"],
)
def test_copies_of_tensorrt_tell_its_release_where_all_agree(copies: tuple[Facts, ...], told: bool) -> None:
    facts = {**T4, **LINUX, **MODEL, "libraries": list(copies)}
    rule = "onnx-version-unsupported"
    assert errors(judge("convert:onnx-tensorrt", facts)) == ([rule] if told else [])
    assert untold("convert:onnx-tensorrt", facts, rule) == ([] if told else [("libraries",)])


def test_a_model_whose_reader_is_unknown_is_not_told() -> None:
    rule, facts = "onnx-version-unsupported", {**T4, **LINUX, **MODEL}
    assert untold("run:onnx", facts, rule) == [("packages.onnxruntime",)]
    assert untold("run:onnx", {**facts, "packages": {"onnxruntime": False}}, rule) == []
    assert untold("convert:onnx-tensorrt", {**facts, "packages": {"tensorrt": False}}, rule) == []
    assert untold("convert:onnx-tensorrt", {**T4, **LINUX, "model": {"format": "onnx"}}, rule) == []


@pytest.mark.parametrize(("release", "found"), [("10.14.1.48", ["package-removed"]), ("10.14.1.48.post1", [])])
def test_a_release_whose_requirement_is_dead_cannot_be_installed(release: str, found: list[str]) -> None:
    facts = {**T4, **LINUX, "python": "3.12", "request": {"tensorrt-cu13": f"=={release}"}}
    assert errors(judge("install:tensorrt", facts)) == found


def test_that_no_other_package_brings_it_is_said_to_be_taken() -> None:
    (found,) = judge("use:tensorflow", {"packages": {"tensorflow": False}}).errors
    said, taken = (one.fact for one in found.evidence)
    assert said == "packages.tensorflow = False"
    assert taken.startswith("not stated, packages: nothing else that brings it is there: ")
    names = ("tensorflow", *taken.partition("there: ")[2].split(", "))
    (found,) = judge("use:tensorflow", {"packages": dict.fromkeys(names, False)}).errors
    assert len(found.evidence) == 1


@pytest.mark.parametrize(
    ("toolkit", "found"),
    [
        ({"path": "/opt/nvidia/toolkit", "version": "12.1"}, ["library-shadowed"]),
        ({"path": "/opt/nvidia/toolkit", "version": "12.4"}, []),
        ({"path": "/opt/nvidia/other", "version": "12.1"}, []),
        ({"path": "/opt/nvidia/toolkit"}, []),
    ],
)
def test_the_toolkit_in_the_folder_tells_whose_nvjitlink_comes_first(toolkit: Facts, found: list[str]) -> None:
    """The folder's name does not: the description says which toolkit is there."""
    torch = {"packages": {"torch": "2.5.1+cu124"}, "variables": {"LD_LIBRARY_PATH": "/opt/nvidia/toolkit/lib64"}}
    assert errors(judge("use:torch", {**H100, **LINUX, **torch, "toolkits": [toolkit]})) == found


@pytest.mark.parametrize(
    ("release", "source", "too_old"), [("2.8.3", None, True), ("2.8.3", "conda-forge", False), ("2.7.4", None, False)]
)
def test_wheels_of_the_projects_own_page_ask_for_the_glibc_of_their_builder(
    release: str, source: str | None, too_old: bool
) -> None:
    facts = {**H100, **LINUX, "python": "3.11", "glibc": "2.31", "packages": {"flash-attn": release, "torch": "2.6.0"}}
    facts |= {"builds": {"flash-attn": {"source": source}}}
    assert ("glibc-too-old" in errors(judge("use:flash-attn", facts))) is too_old


@pytest.mark.parametrize(
    ("system", "archive"),
    [({"loaded": False}, False), ({}, True), ({"name": "cudnn"}, False)],
    ids=["does not load", "may load", "another library"],
)
def test_an_archives_build_is_open_where_a_copy_may_be_the_archives(system: Facts, archive: bool) -> None:
    pips = lib("tensorrt", "10.3.0", "pip")
    facts = {**LINUX, "packages": {"tensorrt": "10.3.0"}, "libraries": [pips, {**pips, "origin": "system", **system}]}
    found = find(description.from_dict(facts), "tensorrt", MATRIX)
    assert ("archive" in {row["index"] for row in found.candidates}) is archive
