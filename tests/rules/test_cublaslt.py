"""The libcublasLt that loads beside pip's cuBLAS."""

from typing import Any

import pytest

from compat import description, goals
from compat.check import Report, check
from compat.matrix import Matrix

MATRIX = Matrix.load()
OLD = {"version": "11.3", "path": "/usr/local/cuda-11.3", "origin": "system"}


def torch(searched: str, version: str = "1.13.1", **fields: Any) -> Report:
    packages = {"torch": version, "nvidia-cublas-cu11": "11.10.3.66"}
    machine = {"os": "linux", "python": "3.9", "packages": packages, "variables": {"LD_LIBRARY_PATH": searched}}
    return check(description.from_dict({**machine, "toolkits": [OLD], **fields}), goals.parse("import:torch"), MATRIX)


def rules(report: Report) -> list[tuple[str, str]]:
    return [(one.rule, one.component) for one in report.errors]


def test_an_older_toolkit_that_is_searched_first_gives_its_cublaslt() -> None:
    report = torch("/usr/local/cuda-11.3/lib64")
    assert rules(report) == [("library-shadowed", "cublasLt")]
    assert any("LD_LIBRARY_PATH" in one.fact for one in report.errors[0].evidence)


@pytest.mark.parametrize(
    "searched", ["", "/opt/lib", "/env/site-packages/nvidia/cublas/lib:/usr/local/cuda-11.3/lib64"]
)
def test_nothing_is_in_front_of_its_own(searched: str) -> None:
    assert rules(torch(searched)) == []


def test_the_same_release_another_major_and_a_later_torch_serve() -> None:
    searched = "/usr/local/cuda-11.7/lib64"
    assert rules(torch(searched, toolkits=[{"version": "11.7", "path": "/usr/local/cuda-11.7"}])) == []
    assert rules(torch("/usr/local/cuda-12.1/lib64", toolkits=[{"version": "12.1"}])) == []
    assert rules(torch("/usr/local/cuda-11.3/lib64", version="2.1.0")) == []


def test_pytorchs_own_index_brings_its_cublas_inside() -> None:
    machine = {"packages": {"torch": "1.13.1+cu117"}}
    assert rules(torch("/usr/local/cuda-11.3/lib64", **machine)) == []


def test_the_copy_that_is_said_to_load() -> None:
    copy = {"name": "cublasLt", "version": "11.4.1", "origin": "conda", "loaded": True}
    assert rules(torch("", libraries=[copy])) == [("library-shadowed", "cublasLt")]
    assert rules(torch("", libraries=[{**copy, "version": "11.10.3.66"}])) == []
    assert rules(torch("", libraries=[{**copy, "origin": "pip"}])) == []
