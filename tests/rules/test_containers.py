"""What the container toolkit means where there is no container."""

from __future__ import annotations

from typing import Any

import pytest

from compat.check import check
from compat.description import from_dict
from compat.goals import parse
from compat.matrix import Matrix

MATRIX = Matrix.load()


@pytest.mark.parametrize(
    ("goal", "environment", "container", "said"),
    [
        ("use:gpu", [], {}, ""),  # a workstation without docker
        ("use:gpu", ["conda"], {}, ""),
        ("use:gpu", ["docker"], {}, "found"),
        ("use:gpu", None, {}, "untold"),
        ("use:gpu", [], {"image": "nvcr.io/nvidia/pytorch:25.01-py3"}, "found"),
        ("start:container", [], {}, "found"),
    ],
)
def test_a_host_that_starts_no_container_needs_no_toolkit(
    goal: str, environment: list[str] | None, container: dict[str, Any], said: str
) -> None:
    machine = from_dict(
        {
            "schema": "compatcheck.machine/1",
            "gpus": [{"name": "NVIDIA GeForce RTX 4090"}],
            "driver": {"version": "570.133.07"},
            "container": {"toolkit_installed": False, **container},
            **({} if environment is None else {"environment": environment}),
        }
    )
    report = check(machine, parse(goal), MATRIX)
    found = any(one.rule == "container-without-gpu" for one in report.findings)
    untold = any(one.rule == "container-without-gpu" for one in report.untold)
    assert (found, untold) == (said == "found", said == "untold")


@pytest.mark.parametrize(
    ("gpu", "verdict"),
    [
        ("NVIDIA A100-SXM4-80GB", "compatible"),
        ("NVIDIA H100 80GB HBM3", "unknown"),  # 11.8 is the first for it, and the months around it have 11.3 and 11.4
        ("NVIDIA B200", "incompatible"),  # no CUDA 11 knows it
    ],
)
def test_a_month_of_which_only_the_major_is_known_is_not_taken_to_know_a_newer_gpu(gpu: str, verdict: str) -> None:
    machine = from_dict(
        {
            "os": "linux",
            "gpus": [{"name": gpu}],
            "driver": {"version": "580.65.06"},
            "container": {"image": "nvcr.io/nvidia/pytorch:21.07-py3", "gpu_access": True},
        }
    )
    assert check(machine, parse("use:torch"), MATRIX).verdict == verdict
