"""Every rule as the only finding, as the first before another one, and as the last behind one."""

from collections.abc import Iterator
from typing import Any

import pytest
from tried import IDS, TRIED, Facts, Tried, judge

from compat.check import Report
from compat.rules import CATALOGUE
from compat.rules.base import REGISTRY

# Faults and notes of other parts of a machine, that can stand beside what is tried.
_BESIDE: tuple[tuple[str, Facts], ...] = (
    ("wsl-setup", {"environment": ["wsl1"]}),
    ("container-without-gpu", {"container": {"gpu_access": False}}),
    ("container-needs-newer-driver", {"container": {"requires": "driver>=999"}, "driver": {"version": "570.26"}}),
    ("fabric-manager", {"nvswitch": True, "fabric_manager": {"installed": False}}),
    ("jetson-build-mismatch", {"jetson": {"jetpack": "5.1.2"}, "packages": {"torch": "2.0.1+cu118"}}),
    ("duplicate-install", {"packages": {"torch": "2.7.1"}, "duplicates": [{"name": "torch", "version": "0.0.1"}]}),
    (
        "duplicate-install",
        {"packages": {"onnxruntime": "1.20.0"}, "duplicates": [{"name": "onnxruntime", "version": "0.0.1"}]},
    ),
    ("glibc-too-old", {"os": "linux", "arch": "x86_64", "glibc": "2.5", "packages": {"torch": "2.7.1"}}),
    ("numpy-abi", {"packages": {"torch": "2.1.0", "numpy": "2.0.0"}}),
    ("precision-unsupported", {"model": {"precision": "fp32", "device": "dla"}}),
    ("engine-from-other-os", {"os": "linux", "engine": {"os": "windows"}}),
    ("newer-than-known", {"driver": {"version": "999.10.01"}}),
    ("newer-than-known", {"packages": {"torch": "99.0.1"}}),
)


def _merged(one: Any, other: Any) -> Any:
    """Both descriptions in one; None where they say different things."""
    if one == other:
        return one
    if not isinstance(one, dict) or not isinstance(other, dict):
        return None
    merged = {**one, **other}
    for key in one.keys() & other.keys():
        merged[key] = _merged(one[key], other[key])
        if merged[key] is None and (one[key], other[key]) != (None, None):
            return None
    return merged


def _told(report: Report) -> list[str]:
    return list(dict.fromkeys(one.rule for one in report.findings))


def _beside(tried: Tried) -> Iterator[tuple[str, Facts]]:
    """(rule, the machine with both) of what can stand beside this one for its goal."""
    for rule, changed in tried.beside:
        yield rule, {**tried.violated, **changed}
    for rule, facts in _BESIDE:
        both = _merged(tried.violated, facts)
        if rule == tried.rule or both is None or rule not in _told(judge(tried.goal, facts)):
            continue
        if rule == "newer-than-known" and "gpus" in tried.violated:
            continue  # which a driver of tomorrow may have dropped
        yield rule, both


def _in_order(report: Report, rules: set[str]) -> list[str]:
    """As a report has them: errors first, the nearest to the cause first, without consequences."""
    severity = {one.rule: ("error", "warning", "note").index(one.severity) for one in report.findings}
    shown = [name for name in rules if not any(name in REGISTRY[other].masks for other in rules)]
    return sorted(shown, key=lambda name: (severity.get(name, 0), CATALOGUE.index(name)))


each = pytest.mark.parametrize("tried", TRIED, ids=IDS)


@each
def test_as_the_only_finding(tried: Tried) -> None:
    report = judge(tried.goal, tried.violated)
    assert _told(report) == [tried.rule]
    assert report.primary is not None
    assert report.primary.rule == tried.rule


@each
def test_beside_others(tried: Tried) -> None:
    for rule, both in _beside(tried):
        report = judge(tried.goal, both)
        assert _told(report) == _in_order(report, {tried.rule, rule})


def test_each_is_tried_as_the_first_and_as_the_last() -> None:
    first, last = set(), set()
    for tried in TRIED:
        for _, both in _beside(tried):
            told = _told(judge(tried.goal, both))
            if len(told) > 1:
                first |= {tried.rule} & {told[0]}
                last |= {tried.rule} & {told[-1]}
    assert set(CATALOGUE) - first == {"newer-than-known"}  # a note, behind whatever is wrong
    # The nearest to the cause; what both of those before it are the cause of; what an installation is asked first; what
    # follows from all that an import is asked before it.
    assert set(CATALOGUE) - last == {"wsl-setup", "gpu-missing", "package-removed", "python-unsupported"}
