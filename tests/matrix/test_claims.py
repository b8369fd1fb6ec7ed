"""Claims on a subject: which wins, which disagree, and what a person's words mean."""

from __future__ import annotations

from typing import Any

import pytest

from compat.matrix import Matrix
from compat.matrix.claims import Subject, agree, collect, matching
from compat.matrix.export import export


def one(folder: Any, name: str, version: str | None = None, table: str = "build") -> Subject:
    (found,) = [subject for subject in matching(collect(str(folder)), name, version) if subject.table == table]
    return found


def test_what_was_read_wins_over_what_the_vendor_says(folder: Any) -> None:
    build = one(folder, "torch", "2.4.0")
    assert [(value, said.level, said.file) for value, said in build.fields["cuda"]] == [
        ("12.4", "read", "observed/torch.toml"),
        ("12.1", "vendor", "torch.toml"),
    ]
    assert build.merged["cuda"] == "12.4"
    assert list(build.disputed) == ["cuda"]


def test_among_equals_the_later_row_wins(folder: Any) -> None:
    folder.replace("torch.toml", 'cuda = "12.1"', 'cuda = "12.1"\nlevel = "read"')
    folder.replace("observed/torch.toml", 'cuda = "12.4"', 'cuda = "12.3"')
    assert one(folder, "torch", "2.4.0").merged["cuda"] == "12.3"


def test_the_compiled_matrix_says_the_same(folder: Any) -> None:
    matrix = Matrix.from_folder(str(folder))
    for subject in collect(str(folder)).values():
        rows = (
            matrix.builds(subject.owner)[subject.version]
            if subject.table == "build"
            else matrix.rows(subject.table, subject.owner)
        )
        assert any(
            {name: value for name, value in row.items() if name not in ("source", "sources", "level")} == subject.merged
            for row in rows
        ), subject.name


def test_the_level_of_a_row_stands_above_that_of_its_source(folder: Any) -> None:
    folder.replace("observed/torch.toml", 'cuda = "12.4"', 'cuda = "12.4"\nlevel = "declared"')
    matrix = Matrix.from_folder(str(folder))
    first, second = (matrix.builds("torch")[version][0] for version in ("2.4.0", "2.4.1"))
    assert [matrix.source(first, field).level for field in ("cuda", "sass")] == ["declared", "declared"]
    assert matrix.source(second).level == "read"


def test_the_export_holds_every_subject_once_with_all_claims(folder: Any) -> None:
    subjects = collect(str(folder))
    made = export(Matrix.from_folder(str(folder)), subjects.values())
    assert sum(map(len, made["tables"].values())) == len(subjects)
    (build,) = [row for row in made["tables"]["build"] if row["key"]["version"] == "2.4.0"]
    assert build["values"]["cuda"] == "12.4"
    assert build["disputed"] == ["cuda"]
    assert [(claim["level"], claim["sources"], claim["values"]["cuda"]) for claim in build["claims"]] == [
        ("read", ["torch:wheels"], "12.4"),
        ("vendor", ["torch:release-md"], "12.1"),
    ]
    assert build["claims"][1]["note"] == "as the document has it"
    cited = {
        name for rows in made["tables"].values() for row in rows for said in row["claims"] for name in said["sources"]
    }
    assert cited == set(made["sources"])
    assert made["sources"]["torch:wheels"] == {
        "title": "torch wheels: version.py",
        "where": "package index: torch",
        "date": "2024-07-24",
        "level": "read",
    }
    assert made["packages"]["torch"]["distributions"] == {"pypi": ["torch"]}
    assert made["matrix"] == {"schema": "compatcheck.matrix/1", "version": "2024.9.0", "date": "2024-09-05"}


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("torch", "2.4.1", {"build torch 2.4.1 linux x86_64 pypi"}),
        (
            "torch",
            "2.4",
            {"release torch 2.4.0", "build torch 2.4.0 linux x86_64 pypi", "build torch 2.4.1 linux x86_64 pypi"},
        ),
        ("Torch", "2.4.0", {"release torch 2.4.0", "build torch 2.4.0 linux x86_64 pypi"}),
        ("cuda", "12.4", {"toolkit cuda 12.4.0"}),
        ("breaks", "torch-numpy2", {"break breaks torch-numpy2"}),
        ("torch-numpy2", None, {"break breaks torch-numpy2"}),
        ("hopper", None, {"architecture architecture Hopper"}),
        ("torch", "3.0", set()),
        ("nothing", None, set()),
    ],
)
def test_what_a_person_means(folder: Any, name: str, version: str | None, expected: set[str]) -> None:
    assert {subject.name for subject in matching(collect(str(folder)), name, version)} == expected


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ("12.4", "12.4.1", True),
        ("12.4", "12.6", False),
        ("12", "12.4", True),
        (False, "12.4", False),
        (False, False, True),
        (">=2,<3", "<3,>=2", True),
        (">=2,<3", ">=2", False),
        (["a", "b"], ["b", "a"], True),
        (["a"], ["a", "b"], False),
        ("linux", "linux", True),
        ("linux", "windows", False),
        (None, "1", False),
    ],
)
def test_do_two_values_agree(first: Any, second: Any, answer: bool) -> None:
    assert agree(first, second) is answer
    assert agree(second, first) is answer


def test_a_field_from_another_source_is_a_claim_of_its_own(folder: Any) -> None:
    folder.replace("torch.toml", 'cuda = "12.1"', 'cuda = "12.1"\nglibc = "2.17"\nsources = { glibc = "notes" }')
    folder.replace("torch.toml", "[[build]]", NOTES + "[[build]]")
    build, row = one(folder, "torch", "2.4.0"), Matrix.from_folder(str(folder)).builds("torch")["2.4.0"][0]
    assert [(value, said.level, said.sources[0].title) for value, said in build.fields["glibc"]] == [
        ("2.17", "reported", "A thread")
    ]
    assert Matrix.from_folder(str(folder)).source(row, "glibc").level == "reported"
    assert [said.level for _, said in build.fields["cuda"]] == ["read", "vendor"]
    assert "sources" not in build.merged


NOTES = """[source.notes]
title = "A thread"
where = "https://github.com/a/b/issues/1"
date = 2024-01-01
level = "reported"

"""
