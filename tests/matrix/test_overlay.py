"""The overlay in the user's data folder: merged when it is sound, set aside when it is not, never above the matrix."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from compat import compiled as store
from compat.matrix import Matrix, overlay

BUILD = """\
component = "torch"

[source.metadata]
title = "torch wheels: METADATA and file tags"
where = "package index: torch"
date = 2024-12-01
level = "read"

[[build]]
package = "torch"
version = "{}"
os = "linux"
arch = "x86_64"
index = "pypi"
variant = ""
cuda = "12.9"
file = "torch-{}-cp312-cp312-manylinux1_x86_64.whl"
source = "metadata"
"""


def load(folder: Any) -> Matrix:
    return Matrix(folder=store.compiled_folder(str(folder)))


@pytest.fixture
def place(folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The overlay's folder; the matrix is compiled into the test's own cache."""
    monkeypatch.setattr(store, "_COMPILED", str(tmp_path / "compiled"))
    path = Path(store.overlay_folder())
    assert path.is_relative_to(tmp_path)
    return path


def put(place: Path, name: str, text: str) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(text, encoding="utf-8")
    later = time.time() + 5 * len(list(place.iterdir()))  # behind what was compiled, whatever the clock's steps
    os.utime(place / name, (later, later))
    return place / name


def test_a_newer_release_is_added(folder: Any, place: Path) -> None:
    assert "2.5.0" not in load(folder).builds("torch")
    put(place, "torch.toml", BUILD.format("2.5.0", "2.5.0"))
    matrix = load(folder)
    assert matrix.builds("torch")["2.5.0"][0]["cuda"] == "12.9"
    assert set(matrix.builds("torch")) == {"2.4.0", "2.4.1", "2.5.0"}
    assert (
        str(matrix.source(matrix.builds("torch")["2.5.0"][0]))
        == "torch wheels: METADATA and file tags (2024-12-01, read)"
    )


def test_what_the_matrix_knows_is_never_touched(folder: Any, place: Path) -> None:
    put(place, "torch.toml", BUILD.format("2.4.1", "2.4.1"))
    (build,) = load(folder).builds("torch")["2.4.1"]
    assert build["cuda"] == "12.4"
    assert build["python"] == ["3.12"]


def test_a_source_of_the_overlay_is_not_taken_for_one_of_the_matrix(folder: Any, place: Path) -> None:
    put(place, "torch.toml", BUILD.format("2.5.0", "2.5.0").replace("metadata", "wheels"))
    matrix = load(folder)
    assert matrix.source(matrix.builds("torch")["2.4.1"][0]).date == "2024-07-24"
    assert matrix.source(matrix.builds("torch")["2.5.0"][0]).date == "2024-12-01"


def test_the_day_of_the_last_look_is_kept(folder: Any, place: Path) -> None:
    put(place, "checked.toml", "date = 2024-12-24\n")
    assert load(folder).index["updated"] == "2024-12-24"
    assert load(folder).date == "2024-09-05"


@pytest.mark.parametrize(
    "text",
    [
        BUILD.format("2.5.0", "2.5.0")[:-40],  # cut off in the middle of a string
        'component = "torch"\n[[build]]\npackage = "torch"\n',
        "\x00\x01",
        BUILD.format("2.5.0", "2.5.0").replace("12.9", "twelve"),
        BUILD.format("2.5.0", "2.5.0").replace('source = "metadata"', 'source = "gone"'),
        BUILD.format("2.5.0", "2.5.0") + '\n[package]\n\n[package.distributions]\npypi = ["evil"]\n',
        "",
    ],
)
def test_a_broken_file_is_set_aside_and_the_rest_is_used(
    folder: Any, place: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    put(place, "torch.toml", text)
    put(place, "triton.toml", BUILD.format("3.0.0", "3.0.0").replace("torch", "triton"))
    matrix = load(folder)
    assert set(matrix.builds("torch")) == {"2.4.0", "2.4.1"}
    assert set(matrix.builds("triton")) == {"3.0.0"}
    assert (place / "torch.toml.broken").read_text(encoding="utf-8") == text
    assert not (place / "torch.toml").exists()
    warned = capsys.readouterr().err
    assert warned.startswith("warning: a file of the matrix overlay is broken; it is now ")
    assert "compatcheck matrix update" in warned
    load(folder)
    assert capsys.readouterr().err == ""


def test_what_was_set_aside_before_stays(place: Path) -> None:
    for text in ("one", "two"):
        overlay.set_aside(str(put(place, "torch.toml", text)), "broken")
    assert [(place / f"torch.toml.{end}").read_text() for end in ("broken", "broken2")] == ["one", "two"]


def test_a_broken_day_is_set_aside(folder: Any, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(place, "checked.toml", "date = ")
    assert "updated" not in load(folder).index
    assert (place / "checked.toml.broken").exists()
    assert capsys.readouterr().err.count("warning") == 1


def test_an_overlay_that_goes_is_gone(folder: Any, place: Path) -> None:
    put(place, "torch.toml", BUILD.format("2.5.0", "2.5.0"))
    put(place, "triton.toml", BUILD.format("3.0.0", "3.0.0").replace("torch", "triton"))
    assert "2.5.0" in load(folder).builds("torch")
    (place / "torch.toml").unlink()
    later = time.time() + 60
    os.utime(place, (later, later))
    assert set(load(folder).builds("torch")) == {"2.4.0", "2.4.1"}
    (place / "triton.toml").unlink()
    os.utime(place, (later + 60, later + 60))
    assert load(folder).builds("triton") == {}


def test_the_merged_form_is_made_once(folder: Any, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from compat.matrix import compile as compiler

    put(place, "torch.toml", BUILD.format("2.5.0", "2.5.0"))
    os.utime(place / "torch.toml")
    first = store.compiled_folder(str(folder))
    monkeypatch.setattr(compiler, "compile_folder", None)
    assert store.compiled_folder(str(folder)) == first


def test_half_a_file_of_a_cut_off_update_is_no_part_of_it(folder: Any, place: Path) -> None:
    put(place, "torch.toml.77.part", "compon")
    assert store.overlay_files(str(place)) == []
    assert set(load(folder).builds("torch")) == {"2.4.0", "2.4.1"}
