"""What the process gets decides how bad a damaged file is (measured on an H200: `compat.rules.libraries.damage`)."""

from typing import Any

import pytest

from compat import description, goals
from compat.check import check
from compat.matrix import Matrix

CUDART = {"name": "cudart", "path": "/env/nvidia/cuda_runtime/lib/libcudart.so.12", "loaded_by": ["torch"]}
PIP = "/env/nvidia/cudnn/lib/libcudnn.so.9"


def said(problem: str, copies: list[dict[str, Any]], missing: list[str], **more: str) -> list[tuple[str, str]]:
    """Rule and severity of what use:torch is told of its damaged cuDNN, 9.7 built."""
    machine = {
        "packages": {"torch": "2.7.1+cu128", "nvidia-cudnn-cu12": "9.7.1.26", "nvidia-cudnn-cu11": "9.1.0.70"},
        "builds": {"torch": {"cuda": "12.8", "cudnn": "9.7", "missing": missing}},
        "libraries": [CUDART, *({"name": "cudnn", **copy} for copy in copies)],
        "damaged": [
            {"package": "nvidia-cudnn-cu12", "path": "nvidia/cudnn/lib/libcudnn_graph.so.9", "problem": problem, **more}
        ],
    }
    report = check(description.from_dict(machine), goals.parse("use:torch"), Matrix.load())
    rules = ("library-damaged", "library-not-found", "library-shadowed", "cudnn-mismatch")
    return [(one.rule, one.severity) for one in report.findings if one.rule in rules]


ERROR, WARNING = [("library-damaged", "error")], [("library-damaged", "warning")]
OWN = {"version": "9.7.1", "origin": "pip", "path": PIP, "loaded_by": ["torch"]}


def other(version: str) -> dict[str, Any]:
    return {"version": version, "origin": "system", "path": "/usr/lib/libcudnn_graph.so.9", "loaded_by": ["torch"]}


@pytest.mark.parametrize(
    ("problem", "copies", "missing", "expected"),
    [
        ("truncated", [OWN], [], ERROR),
        ("empty", [], [], ERROR),
        ("missing", [], ["libcudnn_graph.so.9"], ERROR),
        ("missing", [other("9.14.0")], [], WARNING),
        ("missing", [other("9.1.0")], [], ERROR),
        ("missing", [], [], []),
    ],
)
def test_by_what_the_process_gets(
    problem: str, copies: list[dict[str, Any]], missing: list[str], expected: list[tuple[str, str]]
) -> None:
    assert said(problem, copies, missing) == expected


@pytest.mark.parametrize(("version", "expected"), [("9.1.0", ERROR), ("9.8.0", WARNING)])
def test_what_wrote_last_is_judged_by_its_release(version: str, expected: list[tuple[str, str]]) -> None:
    assert said("overwritten", [{**OWN, "version": version}], [], by="nvidia-cudnn-cu11") == expected


def test_a_described_machine_without_loads_has_the_damaged_file() -> None:
    unseen = {"name": "cudart", "path": CUDART["path"]}
    machine = {
        "packages": {"torch": "2.7.1+cu128"},
        "libraries": [unseen],
        "damaged": [{"package": "nvidia-cudnn-cu12", "path": "nvidia/cudnn/lib/libcudnn.so.9", "problem": "missing"}],
    }
    report = check(description.from_dict(machine), goals.parse("use:torch"), Matrix.load())
    assert [one.rule for one in report.errors] == ["library-damaged"]
