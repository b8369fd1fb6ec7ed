"""A package that takes CUDA from the machine, on a machine that is known to have none."""

from typing import Any

import pytest
from tried import Facts, errors, judge

_ORT: Facts = {"os": "linux", "arch": "x86_64", "packages": {"onnxruntime-gpu": "1.13.1"}, "toolkits": []}


def _with(**more: Any) -> list[str]:
    return errors(judge("use:onnxruntime-cuda", {**_ORT, **more}))


@pytest.mark.parametrize("more", [{}, {"libraries": []}, {"environment": []}])
def test_where_nothing_has_cuda_nothing_is_found(more: Facts) -> None:
    """onnxruntime 13501: the provider's libraries are nowhere."""
    assert _with(**more) == ["library-not-found"]


@pytest.mark.parametrize(
    "more",
    [
        {"toolkits": [{"version": "11.8"}]},
        {"libraries": [{"name": "cublas", "version": "11.11.3.6"}]},
        {"environment": ["conda"]},
        {"environment": ["docker"]},
        {"packages": {"onnxruntime-gpu": "1.13.1", "torch": "2.0.1"}},
        {"packages": {"onnxruntime-gpu": "1.13.1", "nvidia-cublas-cu11": "11.11.3.6"}},
        {"packages": {"onnxruntime-gpu": "1.13.1", "cudatoolkit": "11.8.0"}},
    ],
)
def test_what_may_have_it_is_no_fault(more: Facts) -> None:
    assert "library-not-found" not in _with(**more)


def test_what_was_not_looked_at_is_said() -> None:
    finding = judge("use:onnxruntime-cuda", _ORT).errors[0]
    taken = [one.fact.partition(":")[0] for one in finding.evidence if one.source == "default"]
    assert taken == [f"not stated, {place}" for place in ("packages", "libraries", "environment", "container.image")]


def test_a_package_that_brings_its_own_needs_none() -> None:
    assert errors(judge("use:torch", {**_ORT, "packages": {"torch": "2.6.0+cu124"}})) == []
