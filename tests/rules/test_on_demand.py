"""What a build opens only when an operator asks for it: a warning where it is missing, an error where it is linked."""

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
