"""How far the matrix knows: packages without rows, and what is newer than its newest row."""

import pytest
from tried import MATRIX, Facts, errors, judge
from tried.base import LINUX, torch

from compat.check import Report

FIRST = {"nvswitch": True, "fabric_manager": {"installed": False}}


def test_a_package_without_rows_is_said_to_be_unknown() -> None:
    report = judge(
        "use:a-package-of-our-own", {"driver": {"version": "550.54.14"}, "packages": {"a-package-of-our-own": "2.5.0"}}
    )
    assert [(found.rule, found.severity) for found in report.findings] == [("package-unknown", "note")]
    assert report.verdict == "unknown"
    assert "package-unknown" not in [
        found.rule for found in judge("use:torch", {"packages": {"torch": "2.6.0"}}).findings
    ]


@pytest.mark.parametrize(
    ("module", "distribution"),
    [("paddle", "paddlepaddle-gpu"), ("cv2", "opencv-python"), ("llama_cpp", "llama-cpp-python")],
)
def test_a_goal_may_name_the_module_that_is_imported(module: str, distribution: str) -> None:
    installed: Facts = {"packages": {distribution: None}}
    by_module, by_distribution = judge(f"use:{module}", installed), judge(f"use:{distribution}", installed)
    assert "package-unknown" not in [found.rule for found in by_module.findings]
    assert by_module.verdict == by_distribution.verdict
    assert by_module.untold == by_distribution.untold


def _newer(report: Report) -> list[tuple[str, str, str]]:
    return [(one.component, one.severity, one.message) for one in report.findings if one.rule == "newer-than-known"]


@pytest.mark.parametrize(
    ("goal", "newer", "component", "known"),
    [
        ("use:gpu", {"driver": {"version": "999.10.01"}}, "driver", {"driver": {"version": "550.54.15"}}),
        ("use:gpu", {"driver": {"kernel_module_version": "999.10.01"}}, "driver", {"driver": {"version": "620"}}),
        (
            "run:cuda-binary",
            {"toolkits": [{"version": "99.1"}], "driver": {"cuda": "99.1"}},
            "cuda",
            {"toolkits": [{"version": "12.4"}]},
        ),
        ("use:torch", torch("99.0.1"), "torch", torch("2.7.1")),
        ("use:torch", {**LINUX, **torch("99.0.1+cu128")}, "torch", torch("2")),
    ],
)
def test_what_is_newer_than_the_matrix_is_said(goal: str, newer: Facts, component: str, known: Facts) -> None:
    report = judge(goal, newer)
    ((about, severity, message),) = _newer(report)
    assert (about, severity) == (component, "note")
    assert MATRIX.date in message
    assert report.verdict != "incompatible"
    assert _newer(judge(goal, known)) == []
    assert _newer(judge("use:jax", {})) == []  # nothing is known of it
    broken = judge("use:gpu" if goal == "use:gpu" else goal, {**newer, "gpus": [], **FIRST})
    if component != "torch":
        assert errors(broken)[0] == "gpu-missing"
        assert broken.findings[-1].rule == "newer-than-known"


@pytest.mark.parametrize("system", ["linux", "windows"])
@pytest.mark.parametrize(("cuda", "told"), [("12.8", True), ("13.0", True), ("99.1", False)])
def test_a_driver_newer_than_the_matrix_offers_what_the_newest_does_or_more(system: str, cuda: str, told: bool) -> None:
    machine = {"os": system, "driver": {"version": "999.10"}, "packages": {"torch": "99.0"}}
    report = judge("use:torch", {**machine, "builds": {"torch": {"cuda": cuda}}})
    assert errors(report) == []
    assert ("driver-too-old" not in {one.rule for one in report.untold}) is told


def test_an_image_may_ask_a_newer_driver_for_more_than_is_known_of_it() -> None:
    def asked(release: str, least: str) -> Report:
        return judge("start:container", {"driver": {"version": release}, "container": {"requires": f"cuda>={least}"}})

    assert errors(asked("999.10", "13.0")) == errors(asked("999.10", "99.0")) == []
    assert "container-needs-newer-driver" in {one.rule for one in asked("999.10", "99.0").untold}
    assert "container-needs-newer-driver" not in {one.rule for one in asked("999.10", "13.0").untold}
    assert errors(asked("550.54.14", "99.0")) == ["container-needs-newer-driver"]


USUAL = {"os": "linux", "arch": "x86_64", "gpus": [{"name": "NVIDIA GeForce GTX 1080"}], "packages": {"torch": "2.8.0"}}


def test_of_builds_that_differ_the_default_index_s_is_taken() -> None:
    report = judge("use:torch", {**USUAL, "driver": {"version": "570.86.10"}})
    assert errors(report) == ["gpu-not-in-build"]
    assert any(one.source == "default" and "packages" in one.fact for one in report.errors[0].evidence)


@pytest.mark.parametrize(
    "said",
    [
        {"environment": ["conda"]},
        {"container": {"image": "python:3.8"}},
        {"container": {"image": "pytorch/pytorch:2.8.0"}},
        {"gpus": [{"name": "NVIDIA A100"}], "packages": {"torch": "1.12.1"}},
        {"gpus": [{"name": "NVIDIA GeForce RTX 5090"}], "packages": {"torch": "2.7.0"}},
        {"os": "windows"},
    ],
)
def test_it_is_open_which_build_it_is(said: dict[str, object]) -> None:
    """In conda, of an image, and where the default index's build is of a CUDA that predates the GPU, or of none."""
    report = judge("use:torch", {**USUAL, **said, "driver": {"version": "570.86.10"}})
    assert report.verdict == "unknown"
    warned = "cpu-only-build" if "os" in said else "gpu-not-in-build"
    assert [one.rule for one in report.findings if one.severity == "warning"] == [warned]


@pytest.mark.parametrize(
    ("system", "verdict"), [(None, "incompatible"), ("linux", "incompatible"), ("windows", "compatible")]
)
def test_where_the_system_is_not_told_the_build_is_linux_s(system: str | None, verdict: str) -> None:
    machine = {"os": system, "gpus": [{"name": "NVIDIA GeForce GTX 1080"}], "packages": {"torch": "2.8.0+cu128"}}
    assert judge("use:torch", machine).verdict == verdict


def test_more_builds_than_are_tried_are_judged_by_the_default_index_s() -> None:
    machine = {"driver": {"version": "570.86.10", "cuda": "12.8"}, "packages": {"torch": "2.11.0"}}
    assert errors(judge("use:torch", machine)) == ["driver-too-old"]


@pytest.mark.parametrize(
    ("packages", "judged"),
    [
        ({"transformers": "5.1.0", "torch": "2.5.1+cu124"}, True),
        ({"transformers": "4.48.0", "torch": "2.5.1+cu124"}, False),  # which may compute with TensorFlow or Flax
        ({"transformers": "5.1.0"}, False),
    ],
)
def test_of_a_package_on_a_framework_the_framework_is_judged(packages: Facts, judged: bool) -> None:
    machine: Facts = {"gpus": [{"name": "NVIDIA GeForce RTX 5090"}], "driver": {"version": "580.65.06"}}
    report = judge("use:transformers", {**LINUX, **machine, "packages": packages})
    assert report.verdict == ("incompatible" if judged else "unknown")
    assert ["computes with torch" in one.message for one in report.findings if one.rule == "package-unknown"] == [
        judged
    ]
