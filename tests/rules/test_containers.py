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
