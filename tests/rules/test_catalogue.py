"""Every rule of the catalogue: it is violated, it holds, it cannot be told."""

import pytest
from tried import IDS, TRIED, Tried, judge

from compat.rules import CATALOGUE, FAMILIES, every_rule, family_of
from compat.rules.base import REGISTRY

_MATRIX_ALONE = ("package-unknown",)  # asks nothing of the machine, so no fact of it can be missing
each = pytest.mark.parametrize("tried", TRIED, ids=IDS)


def test_every_rule_is_tried_in_every_answer() -> None:
    assert list(CATALOGUE) == IDS == list(dict.fromkeys(IDS))
    assert set(CATALOGUE) == set(REGISTRY)
    assert [one.rule for one in TRIED if one.unknown is None] == list(_MATRIX_ALONE)


@each
def test_violated(tried: Tried) -> None:
    report = judge(tried.goal, tried.violated)
    found = next(one for one in report.findings if one.rule == tried.rule)
    assert found.severity == tried.severity
    assert found.evidence
    assert found.remedies
    assert (report.verdict == "incompatible") == (tried.severity == "error")


@each
def test_holds(tried: Tried) -> None:
    goal = tried.holding or tried.goal
    report = judge(goal, tried.holds)
    assert report.errors == ()
    held = [one for one in report.holds if one.rule == tried.rule]
    assert held
    assert tried.rule not in {one.rule for one in report.findings}
    assert all(one.because for one in held)
    says = REGISTRY[tried.rule].says
    if says != "nothing" and not (says == "gpu" and goal != "use:gpu"):
        assert report.verdict == "compatible"


@each
def test_unknown_is_no_finding_and_does_not_hold(tried: Tried) -> None:
    if tried.unknown is None:
        return
    report = judge(tried.goal, tried.unknown)
    assert tried.rule not in {found.rule for found in report.findings if found.severity == tried.severity}
    assert tried.rule not in {one.rule for one in report.holds}
    assert report.verdict != "incompatible"


def test_presence_alone_is_no_verdict_about_a_package() -> None:
    there = {
        "gpus": [{"name": "Tesla T4"}],
        "variables": {"CUDA_VISIBLE_DEVICES": "0"},
        "libcuda": {"version": "550.54.15"},
        "duplicates": [],
        "damaged": [],
    }
    assert judge("use:torch", there).verdict == "unknown"
    installed = {**there, "packages": {"torch": "2.4.0+cu124"}}
    assert judge("use:torch", {**installed, "driver": {"version": "550.54.15"}}).verdict == "compatible"


def test_what_holds_where_no_rows_are_counts_for_the_named_cuda_alone() -> None:
    machine = {
        "packages": {"a-package-of-our-own": "1.0"},
        "gpus": [{"name": "Tesla T4"}],
        "driver": {"version": "550.54.15"},
    }
    assert judge("use:a-package-of-our-own", machine).verdict == "unknown"
    beside = {**machine, "builds": {"a-package-of-our-own": {"cuda": "12.1"}}}
    assert judge("use:a-package-of-our-own", beside).verdict == "compatible"


def test_every_rule_has_a_page_and_a_family() -> None:
    for entry in every_rule():
        assert len(entry.page.splitlines()) > 3, entry.name
        assert "Remedy" in entry.page or "remed" in entry.page, entry.name
        assert family_of(entry.name) in FAMILIES
        assert set(entry.masks) <= set(CATALOGUE), entry.name
