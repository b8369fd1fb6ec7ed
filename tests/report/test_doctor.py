"""What ``doctor`` says of a stack: the layer that a finding is about, and the goals that it concerns."""

from __future__ import annotations

from pathlib import Path

from compat.check import check
from compat.description import load
from compat.goals import parse
from compat.matrix import Matrix
from compat.records import replace
from compat.report.doctor import render

WORKSTATION = next(iter(load(str(Path(__file__).parents[2] / "compat" / "examples" / "workstation.toml"))))


def told(matrix: Matrix, *goals: str) -> list[str]:
    return list(render(WORKSTATION, [check(WORKSTATION, parse(goal), matrix) for goal in goals], matrix))


def test_a_layer_that_is_wrong_says_by_which_rule(matrix: Matrix) -> None:
    lines = told(matrix, "use:torch")
    at = next(number for number, line in enumerate(lines) if " torch " in line)
    assert lines[at + 1].split() == ["<", "gpu-not-in-build", "(use:torch)"]
    assert sum(line.strip().startswith("<") for line in lines) == 1  # no reason stands under what is right


def test_what_a_finding_concerns_is_said_of_several_goals(matrix: Matrix) -> None:
    assert "    concerns use:torch" in told(matrix, "use:torch", "use:onnxruntime-cuda")
    assert not any("concerns" in line for line in told(matrix, "use:torch"))


def test_the_last_line_counts(matrix: Matrix) -> None:
    said = told(matrix, "use:torch", "use:onnxruntime-cuda", "use:tensorrt")[-1]
    assert said == "3 goal(s): 1 compatible, 2 incompatible; 2 error(s), 0 warning(s)"


def test_one_cause_of_two_goals_is_said_once(matrix: Matrix) -> None:
    """torch and ONNX Runtime load one cuDNN, each finding names its own package."""
    older = tuple(replace(one, version="9.1.0") if one.name == "cudnn" else one for one in WORKSTATION.libraries or ())
    machine = replace(WORKSTATION, libraries=older)
    reports = [check(machine, parse(goal), matrix) for goal in ("use:torch", "use:onnxruntime-cuda")]
    lines = list(render(machine, reports, matrix))
    assert sum("cuDNN 9.1.0 has no code for" in line for line in lines) == 1
    assert "    concerns use:torch, use:onnxruntime-cuda" in lines
    assert all(any(name in line for line in lines) for name in ("- packages.torch = ", "- packages.onnxruntime-gpu = "))
