"""`compatcheck matrix`: what each command prints, in text and JSON, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compat import compiled as store
from compat.cli.app import run
from compat.matrix import age


@pytest.fixture
def here(folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The small matrix as that of this installation, on a day of 2024."""
    monkeypatch.setattr(store, "data_folder", lambda: str(folder))
    monkeypatch.setattr(store, "_COMPILED", str(tmp_path / "compiled"))
    monkeypatch.setattr(age, "today", lambda: "2024-10-01")
    return folder


def told(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert run(["matrix", *words]) == status
    return capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(told(capsys, *words, "--format", "json"))


def test_status(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "status").splitlines()
    assert lines[0] == "matrix 2024.9.0 of 2024-09-05, 11 subjects"
    assert "  build              3   torch 2, torchvision 1" in lines
    assert "  torch                        2.4.1            2024-09-04" in lines
    assert not any("stale" in line for line in lines)
    made = as_json(capsys, "status")
    assert made["newest"]["torch"] == {"version": "2.4.1", "date": "2024-09-04", "releases": 2}
    assert (made["stale"], made["updated"], made["tables"]["toolkit"]) == (False, None, {"cuda": 2})


def test_status_of_old_data(here: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "today", lambda: "2025-03-05")
    assert run(["matrix", "status"]) == 0
    out, err = capsys.readouterr()
    assert "stale: 6 months old; `compatcheck matrix update` looks for newer releases" in out
    assert "6 months old" in err


def test_list(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "torch                        2 build, 1 release\n" in told(capsys, "list")
    assert as_json(capsys, "list")["cuda"] == {"toolkit": 2}
    assert told(capsys, "list", "torch").splitlines() == [
        "release torch 2.4.0",
        "build torch==2.4.0: linux x86_64 pypi",
        "build torch==2.4.1: linux x86_64 pypi",
    ]


def test_show(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "show", "torch==2.4.0")
    assert "build torch 2.4.0 linux x86_64 pypi\n  cuda                 12.4\n" in text
    assert "  disputed             cuda (see `compatcheck matrix why`)" in text
    assert {row["values"]["version"] for row in as_json(capsys, "show", "torch==2.4.1")} == {"2.4.1"}


def test_why(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "why", "torch==2.4.0", "cuda")
    assert text.split("build torch 2.4.0 linux x86_64 pypi: cuda\n")[1] == (
        "  = 12.4   [read, observed/torch.toml]\n"
        "      torch wheels: version.py, 2024-07-24, read: package index: torch\n"
        "    12.1   [vendor, torch.toml]\n"
        "      RELEASE.md, 2024-02-01, vendor: https://github.com/pytorch/pytorch/blob/main/RELEASE.md\n"
        "      note: as the document has it\n"
        "  the claims differ: read is stronger than vendor\n"
    )
    assert "driver_linux" in told(capsys, "why", "cuda==12.4", "driver")
    made = as_json(capsys, "why", "torch==2.4.0", "cuda")
    assert set(made["sources"]) == {"torch:wheels", "torch:release-md"}


def test_diff(here: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from tests.matrix.conftest import Folder

    old = Folder(tmp_path / "old")
    here.replace("cuda.toml", "550.54.14", "550.54.15")
    expected = "~ toolkit cuda 12.4.0\n    driver_linux: 550.54.14 -> 550.54.15\n0 added, 0 removed, 1 changed\n"
    assert told(capsys, "diff", str(old)) == expected
    assert told(capsys, "diff", str(old), str(here)) == expected
    assert as_json(capsys, "diff", str(here), str(old)) == [
        {
            "change": "changed",
            "table": "toolkit",
            "component": "cuda",
            "key": {"version": "12.4.0"},
            "fields": {"driver_linux": ["550.54.15", "550.54.14"]},
        }
    ]


def test_export(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(told(capsys, "export", "--format", "json"))
    assert made["schema"] == "compatcheck.matrix-export/1"
    assert sum(map(len, made["tables"].values())) == 11


def test_the_export_holds_the_overlay_too(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from test_overlay import BUILD

    place = Path(store.overlay_folder())
    place.mkdir(parents=True)
    (place / "torch.toml").write_text(
        BUILD.format("2.5.0", "2.5.0") + BUILD[BUILD.index("\n[[build]]") :].format("2.4.1", "2.4.1")
    )
    builds = {
        row["key"]["version"]: row
        for row in json.loads(told(capsys, "export"))["tables"]["build"]
        if row["component"] == "torch"
    }
    assert builds["2.5.0"]["values"]["cuda"] == "12.9"
    assert [said["file"] for said in builds["2.4.1"]["claims"]] == ["observed/torch.toml"]


def test_validate(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "validate") == ""
    here.replace("cuda.toml", "550.54.14", "510.54.14")
    assert "cuda.toml:" in told(capsys, "validate", "--folder", str(here), status=1)
    here.replace("cuda.toml", '"510.54.14"', "'550.54.14'")
    assert "canonical" in told(capsys, "validate", status=1)
    assert told(capsys, "validate", "--fix") == ""
    assert '"550.54.14"' in here.text("cuda.toml")


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["show", "trch"], "the matrix knows nothing of 'trch'", "did you mean torch?"),
        (["show", "torch==9"], "the matrix knows no torch 9", "the newest it knows: 2.4.0, 2.4.1"),
        (["show", "torch=="], "not a subject: 'torch=='", "write NAME or NAME==VERSION"),
        (["show", "=="], "not a subject: '=='", "write NAME or NAME==VERSION"),
        (
            ["why", "torch==2.4.0", "colour"],
            "the matrix says nothing of 'colour' for torch==2.4.0",
            "it says: arch, cuda",
        ),
        (["list", "qqqqq"], "the matrix knows nothing of 'qqqqq'", "`compatcheck matrix list` shows"),
        (["diff", "no/such/place"], "no/such/place: no matrix folder", "give a folder with schema.toml in it"),
        (["validate", "--folder", "/nonexistent"], "/nonexistent: no matrix folder", "it has to hold schema.toml"),
        (["update", "leftpad"], "the matrix has no builds of leftpad", "`compatcheck matrix list` shows"),
        (["show"], "Missing argument", "--help shows the options"),
    ],
)
def test_wrong_input_is_status_2_with_a_hint(
    here: Any, capsys: pytest.CaptureFixture[str], words: list[str], error: str, hint: str
) -> None:
    assert run(["matrix", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {error}")
    assert f"\nhint: {hint}" in err or hint in err.partition("\nhint: ")[2]


def test_update_without_an_index_says_so(
    here: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setattr("compat.matrix.index.client.time.sleep", lambda seconds: None)
    assert run(["matrix", "update"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "warning: the package index cannot be reached (ConnectionError); the matrix stays as it is\n"
    assert not Path(store.overlay_folder()).exists()
