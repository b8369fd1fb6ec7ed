"""The canonical TOML of the matrix."""

from __future__ import annotations

import datetime
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.harvest.document import Document
from scripts.harvest.toml import canonical, capability_key, read, version_key, write

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def document(rows: list[dict[str, Any]]) -> Document:
    made = Document("torch")
    made.source("b", "B", "package index: torch", "2024-01-02", "declared")
    made.source("a", "A", "https://example.org/", "2023-01-02", "vendor")
    made.source("a", "A", "https://example.org/", "2022-01-02", "vendor")
    for row in rows:
        made.add("build", row)
    return made


def row(version: str, **more: Any) -> dict[str, Any]:
    base = {"package": "torch", "version": version, "os": "linux", "arch": "x86_64", "index": "pypi", "variant": ""}
    return {**base, "source": "a", **more}


def test_order_of_rows_fields_and_sources() -> None:
    text = write(document([row("2.10.0", note="n", cuda="12.8"), row("2.9.0", cuda=False), row("2.10.0rc1")]))
    data = tomllib.loads(text)
    assert [r["version"] for r in data["build"]] == ["2.9.0", "2.10.0rc1", "2.10.0"]
    assert list(data) == ["component", "source", "build"]
    assert list(data["source"]) == ["a", "b"]
    assert data["source"]["a"]["date"] == datetime.date(2023, 1, 2)
    assert list(data["build"][2])[-3:] == ["cuda", "source", "note"]


def test_unknown_fields_are_left_out_and_dates_are_dates() -> None:
    (made,) = tomllib.loads(write(document([row("1.0", glibc=None, date="2020-01-15", sass=[])])))["build"]
    assert "glibc" not in made
    assert made["date"] == datetime.date(2020, 1, 15)
    assert made["sass"] == []


def test_long_lists_stand_one_item_a_line() -> None:
    long = [f"nvidia-library-number-{n}==1.0; platform_system == 'Linux'" for n in range(4)]
    text = write(document([row("1.0", requires=long, python=["3.9", "3.10"])]))
    assert 'python = ["3.9", "3.10"]\n' in text
    assert f'requires = [\n    "{long[0]}",\n' in text
    assert all(len(line) <= 110 for line in text.splitlines())


def test_comments_stay_and_begin_sections() -> None:
    def release(version: str) -> str:
        return f'\n[[release]]\nversion = "{version}"\nsource = "s"\n'

    head = '# who reads this\n# and why\ncomponent = "x"\n'
    source = '\n# why trusted\n[source.s]\ntitle = "S"\n'
    later = "\n# old line" + release("1.10") + release("1.9")
    text = head + release("3") + release("2") + later + source + "\n# no row for 4: not read\n"
    made = canonical(text)
    assert made.startswith(head + source + release("2") + release("3"))
    assert made.endswith("\n# old line" + release("1.9") + release("1.10") + "\n# no row for 4: not read\n")
    assert canonical(made) == made


@pytest.mark.parametrize(
    "versions",
    [
        ["1.9.0", "1.10.0", "2.0.0a1", "2.0.0rc2", "2.0.0", "2.0.0.post1", "2.0.1"],
        ["450.80.02", "525.60.13", "580.65.06"],
        ["cu92", "cu100", "cu118"],
        ["3.9", "3.13", "3.13t", "3.14"],
    ],
)
def test_version_order(versions: list[str]) -> None:
    shuffled = list(reversed(versions))
    assert sorted(shuffled, key=version_key) == versions


def test_capability_order() -> None:
    ordered = ["7.5", "9.0", "9.0a", "10.0", "10.0f"]
    shuffled = list(reversed(ordered))
    assert sorted(shuffled, key=capability_key) == ordered


TEXT = st.text('ab "\\\n\t\x00\x7fé=#[]', max_size=30)
VALUES = st.one_of(TEXT, st.booleans(), st.integers(-9, 9), st.lists(TEXT, max_size=6))
FIELDS = st.dictionaries(st.sampled_from(["note", "file", "python", "cuda", "weird key"]), VALUES)


@given(st.lists(FIELDS, max_size=4))
def test_writing_loses_nothing_and_is_stable(fields: list[dict[str, Any]]) -> None:
    text = write(document([row(str(n), **f) for n, f in enumerate(fields)]))
    assert canonical(text) == text
    made = tomllib.loads(text).get("build", [])
    assert [{k: r[k] for k in f} for r, f in zip(made, fields, strict=True)] == fields


def test_long_maps_become_tables_of_their_row() -> None:
    extras = {"cuda": ["x" * 60, "y" * 60], "b c": ["z"]}
    text = write(document([row("1.0", extras=extras), row("2.0", extras={"gpu": ["t"]})]))
    assert [r["extras"] for r in tomllib.loads(text)["build"]] == [extras, {"gpu": ["t"]}]
    assert canonical(text) == text
    assert read(text).tables["build"][0]["extras"] == extras
