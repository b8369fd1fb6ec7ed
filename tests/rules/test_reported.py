"""Every kind of failure as people report it, with the machines that work beside them."""

import pytest
from reported_machines import ALL, Reported

from compat import description, goals
from compat.check import check
from compat.matrix import Matrix

MATRIX = Matrix.load()


@pytest.mark.parametrize("reported", ALL, ids=[one.name for one in ALL])
def test_verdict_and_diagnosis(reported: Reported) -> None:
    report = check(description.from_dict(reported.machine), goals.parse(reported.goal), MATRIX)
    assert report.verdict == reported.verdict, (reported.source, [one.message for one in report.findings])
    if reported.rules:
        assert {one.rule for one in report.errors} & set(reported.rules), [one.message for one in report.errors]


ODD = [one for one in ALL if one.name.startswith("odd: ")]


@pytest.mark.parametrize("odd", ODD, ids=[one.name for one in ODD])
def test_what_is_odd_and_healthy_is_not_warned_of(odd: Reported) -> None:
    report = check(description.from_dict(odd.machine), goals.parse(odd.goal), MATRIX)
    assert [one.message for one in report.findings] == []


def test_names_are_distinct() -> None:
    assert len({one.name for one in ALL}) == len(ALL)


def test_every_machine_is_well_formed() -> None:
    assert [one.name for one in ALL if description.from_dict(one.machine).unknown] == []
