"""docs/rules.md is current, and what it says that a rule reads is what decides."""

from typing import Any

import pytest
from test_catalogue import TRIED, Tried, judge
from test_honesty import without

from compat.check import Report
from compat.rules import CATALOGUE
from scripts.rulebook import ONLY_ASKED, PAGE, READS, WHERE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m scripts.rulebook"


def test_every_rule_and_every_fact_is_listed() -> None:
    assert set(READS) == set(CATALOGUE)
    assert {fact for facts in READS.values() for fact in facts} <= set(WHERE)
    assert set(ONLY_ASKED) <= set(CATALOGUE)


def _said(report: Report, rule: str) -> tuple[bool, bool]:
    return rule in {one.rule for one in report.errors}, rule in {one.rule for one in report.holds}


def _fact(path: tuple[Any, ...]) -> str:
    names = [key for key in path if isinstance(key, str)]
    if names[0] == "builds":
        return f"builds.{names[2]}" if len(names) > 2 else "builds.cuda"
    return f"{names[0]}.{names[1]}" if f"{names[0]}.{names[-1]}" in WHERE and len(names) > 1 else names[0]


@pytest.mark.parametrize("tried", TRIED, ids=[one.rule for one in TRIED])
def test_what_decides_is_listed(tried: Tried) -> None:
    """Without a fact that is not listed the rule says the same."""
    listed = {fact.partition(".")[0] for fact in READS[tried.rule]} | set(READS[tried.rule])
    for machine in filter(None, (tried.violated, tried.holds)):
        before = _said(judge(tried.goal, machine), tried.rule)
        for path, less in without(machine):
            if _said(judge(tried.goal, less), tried.rule) != before:
                assert _fact(path) in listed or _fact(path).partition(".")[0] in READS[tried.rule], path
