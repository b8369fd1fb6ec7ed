"""Requests for one build: by a local part, or by a post part that names a CUDA release."""

import pytest

from compat import description, goals
from compat.check import Report, check
from compat.matrix import Matrix

MATRIX = Matrix.load()


def judged(package: str, spec: str, **facts: str) -> Report:
    machine = {
        "os": "linux",
        "arch": "x86_64",
        "python": "3.10",
        "gpus": [{"name": "NVIDIA GeForce RTX 3090"}],
        "driver": {"version": "580.65.06"},
        "request": {package: spec},
        **facts,
    }
    return check(description.from_dict(machine), goals.parse(f"install:{package}"), MATRIX)


@pytest.mark.parametrize(
    ("package", "spec"),
    [
        ("torch", "==2.1.0+cu118"),  # listed, on the vendor's index
        ("torch", "==2.0.1+cpu"),  # who asks for it wants no GPU of it
        ("torch", "==2.7.0+rocm6.3"),  # of a kind that the matrix does not list
        ("torchvision", "==0.20.1+cu124"),  # the vendor's builds of it are not listed
        ("xformers", "==0.0.20+cu118"),
        ("jaxlib", "==0.4.7+cuda12.cudnn88"),
        ("paddlepaddle-gpu", "==2.6.1.post120"),
        ("paddlepaddle-gpu", "==2.6.2.post117"),
        ("pyg-lib", "==0.4.0+pt25cu124"),
    ],
)
def test_a_build_that_may_be_there_is_not_called_removed(package: str, spec: str) -> None:
    assert judged(package, spec).errors == ()


@pytest.mark.parametrize(
    ("package", "spec"),
    [
        ("numba", "==0.48.0"),  # older than all that the matrix lists
        ("vllm", "==0.1.7"),
        ("jax", "==0.2.10"),  # of a span that the index has as source archives
    ],
)
def test_what_the_matrix_does_not_list_may_have_been_published(package: str, spec: str) -> None:
    assert judged(package, spec).errors == ()


@pytest.mark.parametrize(
    ("package", "spec"),
    [("keras", "==3.0.0"), ("onnx", "==1.16.0"), ("onnxruntime", "==1.18.0"), ("tensorflow-cpu", "==2.15.0")],
)
def test_what_is_made_for_the_cpu_installs_beside_a_gpu(package: str, spec: str) -> None:
    assert judged(package, spec).errors == ()


@pytest.mark.parametrize(
    ("package", "spec"),
    [
        ("torch", "==2.10.0+cu131"),
        ("torch", "==1.9.1+cu113"),
        ("torch", "==2.1.7+cu118"),
        ("jaxlib", "==0.4.30+cuda12"),
    ],
)
def test_a_build_of_an_index_that_is_known_whole(package: str, spec: str) -> None:
    assert [one.rule for one in judged(package, spec).errors] == ["package-removed"]


def test_the_python_and_the_platform_of_that_build_count() -> None:
    report = judged("torch", "==2.5.1+cu124", python="3.13", os="windows")
    assert [one.rule for one in report.errors] == ["python-unsupported"]
    assert judged("torch", "==2.5.1+cu124", python="3.13").errors == ()
    report = judged("torch", "==2.5.1+cu124", os="macos", arch="aarch64")
    assert [one.rule for one in report.errors] == ["no-gpu-build-for-platform"]
