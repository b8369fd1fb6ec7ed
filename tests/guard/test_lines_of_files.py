"""Findings in files: the right line, in what a person reads too, and no more than there is to say."""

from pathlib import Path

import pytest
from environments import MACHINES

from compat.check import Report
from compat.cli.app import run
from compat.guard.judge import judge
from compat.machine import Machine
from compat.matrix import Matrix
from compat.report.location import location

_LOCK = """version = 1

[[package]]
name = "accelerate"
version = "1.0.0"
dependencies = [
    { name = "torch" },
]

[[package]]
name = "torch"
version = "2.6.0"
resolution-markers = ["sys_platform == 'darwin'"]

[[package]]
name = "torch"
version = "2.6.0+cpu"
resolution-markers = [
    "platform_machine == 'x86_64' and sys_platform == 'linux'",
    "sys_platform == 'win32'",
]
"""
_EXTRAS = """[project]
name = "a"
version = "1"
[project.optional-dependencies]
cpu = ["onnxruntime==1.19.2"]
gpu = ["onnxruntime-gpu==1.19.2"]
"""
_INDEX = """[[source]]
url = "https://download.pytorch.org/whl/cpu"
name = "pt"
[packages]
torch = {version = "==2.6.0", index = "pt"}
"""


def _judged(folder: Path, name: str, text: str, machine: Machine, matrix: Matrix) -> list[Report]:
    (folder / name).write_text(text)
    return list(judge(name, machine, (), matrix))


def _errors(reports: list[Report]) -> list[tuple[str, str]]:
    return [(found.rule, str(location(report, found))) for report in reports for found in report.errors]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("uv.lock", _LOCK, ("cpu-only-build", "uv.lock:16")),
        (
            "pylock.toml",
            'lock-version = "1.0"\n[[packages]]\nname = "accelerate"\nversion = "1"\ndependencies = [\n'
            '  { name = "torch" },\n]\n[[packages]]\nname = "torch"\nversion = "2.6.0+cpu"\n',
            ("cpu-only-build", "pylock.toml:9"),
        ),
        ("Pipfile", _INDEX, ("cpu-only-build", "Pipfile:5")),
        (
            "pyproject.toml",
            '[project]\nname = "a"\nversion = "1"\ndependencies = [\n  "torch==2.6.0",\n]\n[tool.uv.sources]\n'
            'torch = { index = "c" }\n[[tool.uv.index]]\nname = "c"\nurl = "https://download.pytorch.org/whl/cpu"\n',
            ("cpu-only-build", "pyproject.toml:5"),
        ),
        (  # what the image brings is not written there, what meets it is
            "Dockerfile",
            "FROM pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime\nRUN pip install torchvision==0.19.0\n",
            ("package-versions-mismatch", "Dockerfile:2"),
        ),
        (
            "requirements.txt",
            "torch==2.6.0\nxformers==0.0.28\n",
            ("package-versions-mismatch", "requirements.txt:1"),
        ),
    ],
)
def test_the_line(folder: Path, matrix: Matrix, name: str, text: str, expected: tuple[str, str]) -> None:
    assert expected in _errors(_judged(folder, name, text, MACHINES["h100"], matrix))


def test_one_pair_is_one_finding(folder: Path, matrix: Matrix) -> None:
    """The metadata and the vendor's table demand the same: said once."""
    reports = _judged(folder, "requirements.txt", "torch==2.5.1\ntorchvision==0.19.0\n", MACHINES["h100"], matrix)
    found = [one for report in reports if str(report.goal) == "use:torchvision" for one in report.errors]
    assert [one.rule for one in found] == ["package-versions-mismatch"]


def test_a_lock_for_several_systems(folder: Path, matrix: Matrix) -> None:
    text = _LOCK.replace("2.6.0+cpu", "2.6.0+cu124") + '\n[[package]]\nname = "torchvision"\nversion = "0.21.0"\n'
    reports = _judged(folder, "uv.lock", text, MACHINES["h100"], matrix)
    assert {str(report.goal) for report in reports} == {"use:torch", "use:torchvision"}
    assert not _errors(reports)


def test_extras_for_processor_and_gpu_are_two_ways(folder: Path, matrix: Matrix) -> None:
    reports = _judged(folder, "pyproject.toml", _EXTRAS, MACHINES["h100"], matrix)
    assert {report.machine.name for report in reports} == {"pyproject.toml (extra gpu)"}
    assert "duplicate-install" not in {rule for rule, _ in _errors(reports)}
    both = _EXTRAS.replace("[project.opt", 'dependencies = ["onnxruntime==1.19.2"]\n[project.opt')
    assert "duplicate-install" in {
        rule for rule, _ in _errors(_judged(folder, "pyproject.toml", both, MACHINES["h100"], matrix))
    }


@pytest.mark.parametrize("rival", ["onnxruntime-openvino", "onnxruntime-directml", "onnxruntime-rocm"])
def test_who_writes_onnxruntime(folder: Path, matrix: Matrix, rival: str) -> None:
    text = f"onnxruntime-gpu==1.22.0\n{rival}==1.22.0\n"
    rules = {rule for rule, _ in _errors(_judged(folder, "requirements.txt", text, MACHINES["h100"], matrix))}
    assert "duplicate-install" in rules


@pytest.mark.parametrize("text", ["paddlepaddle-gpu==3.0.0\n", "paddlepaddle-gpu>=3.0\n"])
def test_what_the_public_index_never_had_comes_from_its_own(folder: Path, matrix: Matrix, text: str) -> None:
    rules = [rule for rule, _ in _errors(_judged(folder, "a.txt", text, MACHINES["h100"], matrix))]
    assert rules == ["package-removed"]
    own = text + "-i https://www.paddlepaddle.org.cn/packages/stable/cu126/\n"
    assert not _errors(_judged(folder, "b.txt", own, MACHINES["h100"], matrix))


def test_the_line_is_in_the_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The evidence of a build names its source, and not where it is asked for."""
    (folder / "requirements.txt").write_text("numpy\ntorch==2.6.0+cpu\n")
    (folder / "m.toml").write_text(
        'schema = "compatcheck.machine/1"\nos = "linux"\ngpus = [{ name = "NVIDIA H100 80GB HBM3" }]\n'
    )
    assert run(["check", "-r", "requirements.txt", "--machine", "m.toml"]) == 1
    assert "  in: requirements.txt:2\n" in capsys.readouterr().out
