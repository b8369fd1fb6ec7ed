"""How far the matrix knows: packages without rows, and what is newer than its newest row."""

import pytest
from tried import MATRIX, Facts, errors, judge
from tried.base import LINUX, torch

from compat.check import Report

FIRST = {"nvswitch": True, "fabric_manager": {"installed": False}}


def test_a_package_without_rows_is_said_to_be_unknown() -> None:
    report = judge(
        "use:a-package-of-our-own", {"driver": {"version": "550.54.14"}, "packages": {"a-package-of-our-own": "2.5.0"}}
    )
    assert [(found.rule, found.severity) for found in report.findings] == [("package-unknown", "note")]
    assert report.verdict == "unknown"
    assert "package-unknown" not in [
        found.rule for found in judge("use:torch", {"packages": {"torch": "2.6.0"}}).findings
    ]


def _newer(report: Report) -> list[tuple[str, str, str]]:
    return [(one.component, one.severity, one.message) for one in report.findings if one.rule == "newer-than-known"]


@pytest.mark.parametrize(
    ("goal", "newer", "component", "known"),
    [
        ("use:gpu", {"driver": {"version": "999.10.01"}}, "driver", {"driver": {"version": "550.54.15"}}),
        ("use:gpu", {"driver": {"kernel_module_version": "999.10.01"}}, "driver", {"driver": {"version": "620"}}),
        (
            "run:cuda-binary",
            {"toolkits": [{"version": "99.1"}], "driver": {"cuda": "99.1"}},
            "cuda",
            {"toolkits": [{"version": "12.4"}]},
        ),
        ("use:torch", torch("99.0.1"), "torch", torch("2.7.1")),
        ("use:torch", {**LINUX, **torch("99.0.1+cu128")}, "torch", torch("2")),
    ],
)
def test_what_is_newer_than_the_matrix_is_said(goal: str, newer: Facts, component: str, known: Facts) -> None:
    report = judge(goal, newer)
    ((about, severity, message),) = _newer(report)
    assert (about, severity) == (component, "note")
    assert MATRIX.date in message
    assert report.verdict != "incompatible"
    assert _newer(judge(goal, known)) == []
    assert _newer(judge("use:jax", {})) == []  # nothing is known of it
    broken = judge("use:gpu" if goal == "use:gpu" else goal, {**newer, "gpus": [], **FIRST})
    if component != "torch":
        assert errors(broken)[0] == "gpu-missing"
        assert broken.findings[-1].rule == "newer-than-known"
