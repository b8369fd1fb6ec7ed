"""The compiled matrix on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from compat.matrix import Matrix
from compat.matrix.compile import compile_folder, write
from compat.matrix.tables import file_name


@pytest.mark.parametrize("name", ["build.conda-forge::jaxlib", "build.../../etc/passwd", "build.a\\b", "build.c\0d"])
def test_a_table_is_a_plain_file_on_every_system(name: str) -> None:
    assert not set(':/\\*?"<>|\0') & set(file_name(name))
    assert os.path.basename(file_name(name)) == file_name(name)


def test_what_is_written_is_read(folder: Any, tmp_path: Path) -> None:
    folder.replace("observed/torch.toml", 'package = "torch"', 'package = "conda-forge::torch"')
    write(compile_folder(str(folder)), str(tmp_path / "compiled"))
    matrix = Matrix(folder=str(tmp_path / "compiled"))
    assert matrix.builds("conda-forge::torch")["2.4.0"][0]["cuda"] == "12.4"
    assert matrix.builds("torch")["2.4.0"][0]["cuda"] == "12.1"
    assert matrix.builds("../compiled/index") == {}


def test_a_table_that_is_no_more_goes(folder: Any, tmp_path: Path) -> None:
    write(compile_folder(str(folder)), str(tmp_path / "compiled"))
    assert (tmp_path / "compiled" / "pair.torchvision.json").exists()
    (folder.path / "observed" / "torchvision.toml").unlink()
    write(compile_folder(str(folder)), str(tmp_path / "compiled"))
    assert not (tmp_path / "compiled" / "pair.torchvision.json").exists()
    assert Matrix(folder=str(tmp_path / "compiled")).rows("pair", "torchvision") == []
