"""How old the data is, and when that is said."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from compat.cli.app import app
from compat.matrix import Matrix, age


@pytest.mark.parametrize(
    ("date", "now", "expected"),
    [
        ("2026-11-22", "2026-11-22", 0),
        ("2026-11-22", "2027-05-21", 5),
        ("2026-11-22", "2027-05-22", 6),
        ("2025-12-31", "2026-01-30", 0),
        ("2025-12-31", "2026-01-31", 1),
        ("2024-11-22", "2026-11-22", 24),
        ("2026-11-22", "2020-01-01", 0),
    ],
)
def test_months(date: str, now: str, expected: int) -> None:
    assert age.months(date, now) == expected


def matrix(date: str, updated: str | None = None) -> Matrix:
    index = {"date": date, "version": "1", "tables": {}, "packages": {}}
    return Matrix({"index": index if updated is None else {**index, "updated": updated}})


def test_six_months_old_data_warns_and_names_the_command() -> None:
    assert age.warning(matrix("2026-05-22"), "2026-11-21") is None
    said = age.warning(matrix("2026-05-22"), "2026-11-22")
    assert said is not None
    assert "6 months old (2026-05-22)" in said
    assert "`compatcheck matrix update`" in said


def test_an_update_makes_it_young_again() -> None:
    assert age.warning(matrix("2025-01-01", "2026-11-01"), "2026-11-22") is None


MACHINE = '{"schema": "compatcheck.machine/1"}'


def checked(form: str) -> tuple[str, str]:
    result = CliRunner().invoke(
        app, ["check", "--machine", "-", "--goal", "use:torch", "--format", form], input=MACHINE
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.stdout, result.stderr


def test_check_warns_on_stderr_once_where_it_writes_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "today", lambda: "2099-01-01")
    out, err = checked("text")
    assert err.count("months old") == 1
    assert "months old" not in out
    assert "months old" not in checked("json")[1]


def test_check_is_silent_while_the_data_is_young(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "today", lambda: Matrix.load().date)
    assert "months old" not in checked("text")[1]
