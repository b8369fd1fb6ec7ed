"""The described cases that the project is judged by, where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from compat import description, goals
from compat.check import Report, check
from compat.matrix import Matrix
from scripts.cases import folder

CASES = folder()
pytestmark = pytest.mark.skipif(CASES is None, reason="no shared/cases beside this checkout")


@pytest.fixture(scope="module")
def answers() -> list[tuple[dict[str, Any], Report]]:
    matrix = Matrix.load()
    lines = (Path(str(CASES)) / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines if line.strip()]
    return [(case, check(description.from_dict(case["machine"]), goals.parse(case["goal"]), matrix)) for case in cases]


def _right(case: dict[str, Any], report: Report) -> bool:
    return bool(report.verdict == case["expect"]["verdict"])


def test_verdicts(answers: list[tuple[dict[str, Any], Report]]) -> None:
    wrong = [case["id"] for case, report in answers if not _right(case, report)]
    assert len(wrong) <= 0.03 * len(answers), wrong


def test_diagnoses(answers: list[tuple[dict[str, Any], Report]]) -> None:
    broken = [(case, report) for case, report in answers if case["expect"]["verdict"] == "incompatible"]
    wrong = [
        case["id"]
        for case, report in broken
        if not _right(case, report) or not {one.rule for one in report.errors} & set(case["expect"]["rules"])
    ]
    assert len(wrong) <= 0.05 * len(broken), wrong


def test_no_false_alarm(answers: list[tuple[dict[str, Any], Report]]) -> None:
    alarms = [
        (case["id"], [one.message for one in report.errors])
        for case, report in answers
        if case["expect"]["verdict"] == "compatible" and report.verdict == "incompatible"
    ]
    assert alarms == []


def test_every_finding_has_evidence_and_a_remedy(answers: list[tuple[dict[str, Any], Report]]) -> None:
    for case, report in answers:
        for found in report.findings:
            assert found.evidence, (case["id"], found.rule)
            assert found.remedies, (case["id"], found.rule)
