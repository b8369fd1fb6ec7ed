"""Packages of one library for two CUDA majors: which releases of them write the same files."""

import pytest
from tried import errors, judge

_TORCH = {"os": "linux", "arch": "x86_64", "packages": {"torch": "2.9.1+cu128"}}


def _found(packages: dict[str, str | None]) -> list[tuple[str, str]]:
    report = judge("use:torch", {**_TORCH, "packages": {"torch": "2.9.1+cu128", **packages}})
    return [(one.rule, one.severity) for one in report.findings if "write the same files" in one.message]


@pytest.mark.parametrize(
    ("packages", "severity"),
    [
        ({"nvidia-cudnn-cu12": "9.10.2.21", "nvidia-cudnn-cu13": "9.13.0.50"}, "error"),
        ({"nvidia-cudnn-cu11": "9.10.2.21", "nvidia-cudnn-cu12": "9.10.2.21"}, "error"),
        ({"nvidia-cudnn-cu11": "8.5.0.96", "nvidia-cudnn-cu12": "9.10.2.21"}, None),
        ({"nvidia-nccl-cu11": "2.14.3", "nvidia-nccl-cu12": "2.27.5"}, "error"),
        ({"nvidia-nccl-cu12": "2.27.5", "nvidia-nccl-cu13": "2.28.9"}, "warning"),
        ({"nvidia-cusparselt-cu12": "0.7.1", "nvidia-cusparselt-cu13": "0.8.1.post1"}, "warning"),
        ({"nvidia-cusparselt-cu12": "0.7.1", "nvidia-cusparselt-cu13": "0.9.0"}, None),
        ({"nvidia-cusparselt-cu12": "0.6.3", "nvidia-cusparselt-cu13": "0.8.0"}, None),
        ({"nvidia-cusolver-cu11": "11.4.1.48", "nvidia-cusolver-cu12": "11.7.3.90"}, "error"),
        ({"nvidia-cublas-cu12": "12.8.4.1", "nvidia-cublas": "13.0.0.19"}, None),
    ],
)
def test_only_releases_that_write_one_file_are_in_each_other_s_way(
    packages: dict[str, str], severity: str | None
) -> None:
    """The layouts were read from the file lists of the wheels (matrix/library-packages.toml)."""
    assert _found(packages) == ([("mixed-cuda-majors", severity)] if severity else [])


def test_who_has_looked_knows_better() -> None:
    packages = {"torch": "2.9.1+cu128", "nvidia-cudnn-cu12": "9.10.2.21", "nvidia-cudnn-cu13": "9.13.0.50"}
    report = judge("use:torch", {**_TORCH, "packages": packages, "damaged": []})
    assert errors(report) == []
    assert [one.severity for one in report.findings if one.rule == "mixed-cuda-majors"] == ["warning"]


def test_of_an_unknown_release_it_is_not_told_what_it_writes() -> None:
    """cuDNN 8 and 9 have names of their own; NCCL's has always been one."""
    assert _found({"nvidia-cudnn-cu11": "8.9.6.50", "nvidia-cudnn-cu12": None}) == []
    assert _found({"nvidia-nccl-cu11": "2.14.3", "nvidia-nccl-cu12": None}) == [("mixed-cuda-majors", "warning")]
