"""A package that the matrix does not speak of changes no verdict, so nothing need be judged where none other moves."""

from __future__ import annotations

from typing import Any

import pytest
from environments import ENVIRONMENTS, MACHINES, built

from compat.check import check
from compat.matrix import Matrix
from compat.records import replace
from compat.rules.case import Case
from compat.spoken import spoken
from compat.suggest import goals_of


class Watched(dict[str, Any]):
    """Packages that write down which of them are asked for."""

    asked: set[str]

    def get(self, key: str, *more: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *more)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


def test_rules_ask_for_no_other_names(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Case.packages.func
    Watched.asked = set()
    monkeypatch.setattr(Case, "packages", property(lambda case: Watched(plain(case))))
    for name, machine in ((name, machine) for name in ENVIRONMENTS for machine in MACHINES):
        here = built(machine, name, matrix)
        for goal in goals_of(here, matrix):
            check(here, goal, matrix)
    assert len(Watched.asked) > 30
    # libcublas and its kin are conda's; pip and uv install none of them.
    assert {name for name in Watched.asked if not spoken(name) and not name.startswith("lib")} == set()


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", [name for name in ENVIRONMENTS if name != "empty"])
def test_other_packages_change_nothing(matrix: Matrix, machine: str, name: str) -> None:
    here = built(machine, name, matrix)
    others = ("requests", "einops", "rich", "flask", "boto3", "gpytorch-lightly", "some-name")
    told = [one for one in others if not spoken(one)]
    assert len(told) == 6
    more = replace(here, packages={**(here.packages or {}), **dict.fromkeys(told, "1.0")})
    for goal in goals_of(here, matrix):
        before, after = (check(one, goal, matrix) for one in (here, more))
        assert (before.verdict, before.findings) == (after.verdict, after.findings)


def test_dead_names_are_spoken_of(matrix: Matrix) -> None:
    names = [row["distribution"] for row in matrix.every("name")]
    assert len(names) > 50
    assert set(names) <= matrix.spoken
