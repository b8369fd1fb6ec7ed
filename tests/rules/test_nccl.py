"""An NCCL without a symbol that torch calls (pytorch 119932): by its package, or the copy that is seen to load."""

from typing import Any

import pytest
from tried import Facts, errors, judge
from tried.base import LINUX, lib

_OLD, _NEW = "2.18.1", "2.21.5"


def _torch(release: str, nccl: str | bool | None, **more: Any) -> Facts:
    return {**LINUX, "packages": {"torch": release, "nvidia-nccl-cu12": nccl}, **more}


@pytest.mark.parametrize("release", ["2.6.0", "2.6.0+cu124", "2.2.0"])
def test_pips_nccl_is_older_than_torch_calls(release: str) -> None:
    for goal in ("use:torch", "import:torch"):
        report = judge(goal, _torch(release, _OLD))
        assert [(one.rule, one.component) for one in report.errors] == [("cuda-library-too-old", "nvidia-nccl-cu12")]
        assert errors(judge(goal, _torch(release, _NEW))) == []


def test_of_an_unknown_release_nothing_is_told() -> None:
    assert errors(judge("use:torch", _torch("2.6.0", None))) == []
    assert errors(judge("use:torch", {**LINUX, "packages": {"torch": "2.6.0"}})) == []
    assert errors(judge("use:torch", {**LINUX, "packages": {"torch": None, "nvidia-nccl-cu12": _OLD}})) == []


@pytest.mark.parametrize(
    "machine",
    [
        _torch("2.6.0+cu118", _OLD),  # NCCL of the other CUDA major
        _torch("2.1.2", _OLD),  # calls less
        {**_torch("2.6.0", _OLD), "arch": "aarch64"},  # has none, or has it inside
        {**_torch("2.6.0", _OLD), "os": "windows"},
    ],
)
def test_who_does_not_open_it_is_not_harmed(machine: Facts) -> None:
    assert "cuda-library-too-old" not in errors(judge("import:torch", machine))
    assert errors(judge("import:torch", _torch("2.6.0+cpu", _OLD))) == []


def test_the_copy_that_loads_is_what_counts() -> None:
    newer = [lib("nccl", _NEW, loaded=True)]
    assert errors(judge("use:torch", _torch("2.6.0", _OLD, libraries=newer))) == []
    seen = [lib("nccl", _OLD, loaded_by=["torch"])]
    assert errors(judge("use:torch", _torch("2.6.0", _NEW, libraries=seen))) == ["cuda-library-too-old"]
    anothers = [lib("nccl", _OLD, loaded_by=["tensorflow"])]
    assert errors(judge("use:torch", _torch("2.6.0", _NEW, libraries=anothers))) == []


def test_of_two_that_write_one_file_it_is_not_told_which_is_there() -> None:
    both = {**LINUX, "packages": {"torch": "2.6.0", "nvidia-nccl-cu12": _NEW, "nvidia-nccl-cu11": _OLD}}
    assert "cuda-library-too-old" not in errors(judge("use:torch", both))


def test_what_is_taken_for_granted_is_said() -> None:
    (found,) = judge("use:torch", _torch("2.6.0", _OLD)).errors
    assert [one.fact.partition(":")[0] for one in found.evidence if one.source == "default"] == [
        "not stated, libraries",
        "not stated, builds.torch.cuda",
    ]
