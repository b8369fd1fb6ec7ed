"""What a build opens only when an operator or a session asks for it: no error where it is missing, else one."""

import pytest

from compat import description, goals
from compat.check import check
from compat.matrix import Matrix


@pytest.mark.parametrize(
    ("version", "verdict", "severity"),
    [("1.22.0", "incompatible", "error"), ("1.28.0", "compatible", "warning"), ("1.31.1", "compatible", "warning")],
)
def test_cudnn_is_linked_to_before_1_28_and_opened_on_demand_since(version: str, verdict: str, severity: str) -> None:
    machine = description.from_dict(
        {
            "os": "linux",
            "arch": "x86_64",
            "gpus": [{"name": "NVIDIA A10"}],
            "driver": {"version": "580.65.06"},
            "packages": {"onnxruntime-gpu": version},
            "missing_libraries": ["libcudnn.so.9"],
        }
    )
    report = check(machine, goals.parse("use:onnxruntime-cuda"), Matrix.load())
    assert report.verdict == verdict
    assert [(one.rule, one.severity) for one in report.findings] == [("library-not-found", severity)]
    assert any("nvidia-cudnn-cu" in remedy.text for remedy in report.findings[0].remedies)


@pytest.mark.parametrize(
    ("version", "verdict"),
    [("1.8.0", "incompatible"), ("1.8", "compatible"), ("1.8.1", "compatible"), ("1.27.0", "incompatible")],
)
def test_another_cudnn_fails_an_import_that_surely_opens_it(version: str, verdict: str) -> None:
    """From 1.8.1 on but for 1.27.0 the first session opens CUDA's libraries; 1.8 can be either."""
    libraries = [{"name": "cudnn", "version": "7.6.5", "loaded": True}]
    machine = description.from_dict({"packages": {"onnxruntime-gpu": version}, "libraries": libraries})
    report = check(machine, goals.parse("import:onnxruntime"), Matrix.load())
    assert report.verdict == verdict
    assert [one.rule for one in report.errors] == ["cudnn-mismatch"] * (verdict == "incompatible")
