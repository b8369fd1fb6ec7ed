"""The compiled matrix on disk."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from compat import compiled as store
from compat.matrix import Matrix
from compat.matrix.compile import compile_folder, write
from compat.matrix.tables import file_name


@pytest.mark.parametrize("name", ["build.conda::jaxlib", "build.../../etc/passwd", "build.a\\b", "build.c\0d"])
def test_a_table_is_a_plain_file_on_every_system(name: str) -> None:
    assert not set(':/\\*?"<>|\0') & set(file_name(name))
    assert os.path.basename(file_name(name)) == file_name(name)


def test_what_is_written_is_read(folder: Any, tmp_path: Path) -> None:
    folder.replace("observed/torch.toml", 'index = "pypi"', 'index = "conda-forge"')
    write(compile_folder(str(folder)), str(tmp_path / "compiled"))
    matrix = Matrix(folder=str(tmp_path / "compiled"))
    assert matrix.builds("conda::torch")["2.4.0"][0]["cuda"] == "12.4"
    assert matrix.builds("torch")["2.4.0"][0]["cuda"] == "12.1"
    assert matrix.builds("../compiled/index") == {}


def test_a_table_that_is_no_more_goes(folder: Any, tmp_path: Path) -> None:
    write(compile_folder(str(folder)), str(tmp_path / "compiled"))
    assert (tmp_path / "compiled" / "pair.torchvision.json").exists()
    (folder.path / "observed" / "torchvision.toml").unlink()
    write(compile_folder(str(folder)), str(tmp_path / "compiled"))
    assert not (tmp_path / "compiled" / "pair.torchvision.json").exists()
    assert Matrix(folder=str(tmp_path / "compiled")).rows("pair", "torchvision") == []


def test_it_is_compiled_anew_when_the_data_changes(
    folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_COMPILED", str(tmp_path / "compiled"))
    assert Matrix(folder=store.compiled_folder(str(folder))).builds("torch")["2.4.1"][0]["cuda"] == "12.4"
    folder.replace("observed/torch.toml", 'version = "2.4.1"', 'version = "2.4.2"')
    later = time.time() + 60
    os.utime(folder.path / "observed" / "torch.toml", (later, later))
    assert "2.4.2" in Matrix(folder=store.compiled_folder(str(folder))).builds("torch")


def test_where_the_package_cannot_be_written_the_cache_serves(
    folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(store, "_COMPILED", str(tmp_path / "file" / "compiled"))
    place = store.compiled_folder(str(folder))
    assert place == store.cache_folder("matrix", str(folder))
    assert Path(place).is_relative_to(tmp_path / "cache")
    assert Matrix(folder=place).version == "2024.9.0"


def test_two_installations_do_not_share_a_cache(tmp_path: Path) -> None:
    assert store.cache_folder("matrix", "/a") != store.cache_folder("matrix", "/b")


def test_an_installation_trusts_what_was_compiled_with_it(
    folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(compile_folder(str(folder)), str(tmp_path / "compiled"))
    os.utime(tmp_path / "compiled" / "index.json", (1, 1))  # installers give files whatever time they like
    monkeypatch.setattr(store, "_COMPILED", str(tmp_path / "compiled"))
    monkeypatch.setattr(store, "_PACKAGED", str(folder))
    assert store.compiled_folder(str(folder)) == str(tmp_path / "compiled")
    assert os.stat(tmp_path / "compiled" / "index.json").st_mtime == 1
