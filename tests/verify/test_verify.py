"""``verify``: what counts as proof and what does not. The libraries stand in as small modules where they are absent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from compat.goals import parse
from compat.machine import Machine
from compat.matrix import Matrix
from compat.report.style import Style
from compat.verify import prove as proving
from compat.verify import report
from compat.verify.child import result
from compat.verify.child.main import MODULES
from compat.verify.prove import Proof, goals_of, prove

ROOT = Path(__file__).resolve().parents[2]


def _interpreter(folder: Path, body: str) -> str:
    """An executable that answers in the child's place."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable} -S\n{body}\n")
    path.chmod(0o755)
    return str(path)


def _answer(folder: Path, **said: Any) -> str:
    return _interpreter(folder, f"print({json.dumps(said)!r})")


def test_computed_on_a_gpu_is_verified(tmp_path: Path) -> None:
    one = {"name": "convolution", "precision": "fp32", "error": 1e-7, "bound": 1e-5, "device": "NVIDIA H200"}
    python = _answer(tmp_path, state="computed", library="torch", version="2.11.0", on="gpu", computations=[one])
    proof = prove(parse("use:torch"), python, 30)
    assert proof.verdict == "verified"
    assert proof.message == "torch 2.11.0 on NVIDIA H200: convolution in fp32"


def test_computed_on_the_cpu_is_not(tmp_path: Path) -> None:
    python = _answer(tmp_path, state="computed", library="torch", version="2.11.0", on="cpu", computations=[])
    assert prove(parse("use:torch"), python, 30).verdict == "cpu"
    assert prove(parse("run:onnx"), python, 30).verdict == "verified"  # that goal needs no GPU


@pytest.mark.parametrize(
    ("body", "verdict", "said"),
    [
        ("import time; time.sleep(60)", "stopped", "after 1 s"),
        ("import os; os.kill(os.getpid(), 11)", "failed", "SIGSEGV"),
        ("print('no JSON')", "failed", "without an answer"),
        ("print('[]')", "failed", "without an answer"),
        ("raise SystemExit(4)", "failed", "exit status 4"),
        ('print(\'{"state": "verified"}\')', "failed", "None"),
    ],
)
def test_a_child_that_does_not_answer(tmp_path: Path, body: str, verdict: str, said: str) -> None:
    started = time.monotonic()
    proof = prove(parse("use:torch"), _interpreter(tmp_path, body), 1.0 if verdict == "stopped" else 30)
    assert (proof.verdict, said in proof.message) == (verdict, True)
    assert time.monotonic() - started < 25


@pytest.mark.parametrize(
    ("goal", "why"),
    [
        ("use:vllm", "weights"),
        ("use:torch-tensorrt", "use:torch and use:tensorrt"),
        ("use:tf-trt", "use:tensorflow and use:tensorrt"),
        ("run:engine", "compatcheck engine"),
        ("import:torch", "there are computations for"),
    ],
)
def test_no_computation_no_proof(goal: str, why: str) -> None:
    proof = prove(parse(goal), sys.executable, 5)
    assert proof.verdict == "unproven"
    assert why in proof.message


def test_a_library_that_is_absent() -> None:
    proof = prove(parse("use:tensorrt"), sys.executable, 60)
    assert (proof.verdict, proof.message) == ("absent", "tensorrt is not installed")


def test_the_child_leaves_nothing_of_ours_on_the_path(tmp_path: Path) -> None:
    """The child imports no `compat` but its own few files, whatever the environment has."""
    code = (
        'import sys, runpy; sys.argv = [\'main.py\', \'{"goal": "use:gpu", "cpu": true}\'];'
        f"runpy.run_path({proving.CHILD!r}, run_name='child');"
        "print(json.dumps(sys.path)) if False else None;"
        "import os; print([p for p in sys.path if p == os.path.dirname(r'" + proving.CHILD + "')])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_computation_over_its_bound_is_wrong() -> None:
    assert result.computation("x", "fp32", 1e-6, 1e-5, "GPU")["error"] == 1e-6
    for error in (1e-4, float("nan"), float("inf")):
        with pytest.raises(result.Wrong):
            result.computation("x", "fp32", error, 1e-5, "GPU")


def test_what_is_exact_has_no_error_at_all() -> None:
    """The driver's kernel computes on whole numbers: its bound is nothing."""
    assert result.computation("kernel", "fp32", 0.0, 0.0, "GPU")["bound"] == 0.0


def test_bounds_grow_as_precision_falls() -> None:
    bounds = [result.bound(precision, 100) for precision in ("fp64", "fp32", "fp16", "tf32", "bf16")]
    assert bounds == sorted(bounds)
    assert result.bound("bf16", 400) < 0.01  # far below what a wrong kernel gives


@pytest.mark.parametrize(
    ("capability", "names"),
    [((5, 2), ["fp32"]), ((7, 5), ["fp32", "fp16"]), ((9, 0), ["fp32", "tf32", "fp16", "bf16"])],
)
def test_precisions(capability: tuple[int, int], names: list[str]) -> None:
    assert result.precisions(*capability) == names


def test_goals_of_what_is_installed(matrix: Matrix) -> None:
    machine = Machine(packages={"torch": "2.11.0", "onnxruntime-gpu": "1.23.2", "tensorrt-cu12": "10.9", "vllm": "1"})
    found = [str(goal) for goal in goals_of(machine, matrix)]
    assert found == [
        "use:gpu",
        "use:torch",
        "use:onnxruntime-cuda",
        "use:tensorrt",
        "run:onnx",
        "use:onnxruntime-tensorrt",
    ]
    assert set(found) <= set(MODULES)
    assert [str(goal) for goal in goals_of(Machine(), matrix)] == ["use:gpu"]


def test_notes_stand_under_the_proof() -> None:
    """Those of the library (one), and those of what was not proven (several)."""

    def told(**data: object) -> list[str]:
        proof = Proof(parse("use:torch"), "verified", "fine", data)
        return [line.strip() for line in report.lines(proof, (), Style())][1:]

    assert told(note="preload first", notes=["no fp8", "no bf16"]) == [
        "note: preload first",
        "note: no fp8",
        "note: no bf16",
    ]
    assert told() == []


def test_the_report_shows_no_control_characters() -> None:
    proof = Proof(parse("use:torch"), "failed", "broken", {}, "a\x1b[2Jb\nlast line")
    text = "\n".join(report.lines(proof, (), Style()))
    assert "\x1b" not in text
    assert "last line" in text


def test_the_command_line(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "compat",
        "verify",
        "--format",
        "json",
        "--goal",
        "use:tensorrt",
        "--python",
        sys.executable,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert data["schema"] == "compatcheck.verify/1"
    assert data["results"][0]["verdict"] == "absent"


FRAMEWORKS = os.environ.get("COMPATCHECK_FRAMEWORKS")


@pytest.mark.skipif(not FRAMEWORKS, reason="COMPATCHECK_FRAMEWORKS names no environment with the CPU builds")
@pytest.mark.parametrize("goal", ["use:torch", "use:jax", "use:tensorflow", "use:onnxruntime-cuda", "run:onnx"])
def test_real_libraries_on_the_cpu(goal: str) -> None:
    proof = prove(parse(goal), f"{FRAMEWORKS}/bin/python", 120, cpu=True)
    assert proof.verdict == ("verified" if goal == "run:onnx" else "cpu"), proof
    assert proof.data["computations"]
