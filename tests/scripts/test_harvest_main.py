"""The command line of the harvesters."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from scripts.harvest import __main__ as command
from scripts.harvest import progress
from scripts.harvest.document import Document
from scripts.harvest.index import Index, NotCachedError


def family(cuda: str) -> ModuleType:
    def harvest(index: Index) -> dict[str, Document]:
        if cuda == "missing":
            raise NotCachedError("archs of demo-1.0")
        document = Document("demo")
        document.source("wheels", "demo wheels", "package index: demo", "2024-01-02", "read")
        row = {"package": "demo", "version": "1.0", "os": "any", "arch": "any", "index": "pypi", "variant": ""}
        document.add("build", {**row, "cuda": cuda, "source": "wheels"})
        return {"observed/demo.toml": document}

    made = ModuleType("demo")
    made.NAME, made.harvest = "demo", harvest  # type: ignore[attr-defined]
    return made


@pytest.fixture
def matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command, "MATRIX", tmp_path)
    return tmp_path


def test_the_second_run_changes_nothing(matrix: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = Index(offline=True)
    assert command.run(family("12.8"), index) == 0
    assert "wrote matrix/observed/demo.toml: 1 rows" in capsys.readouterr().err
    written = (matrix / "observed" / "demo.toml").read_text(encoding="utf-8")
    assert 'cuda = "12.8"' in written
    assert command.run(family("12.8"), index) == 0
    assert "same matrix/observed/demo.toml" in capsys.readouterr().err
    assert command.run(family("13.0"), index) == 0
    assert "wrote" in capsys.readouterr().err


def test_what_is_missing_offline_is_said_and_nothing_is_written(
    matrix: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(family("missing"), Index(offline=True)) == 1
    assert "error: not in the cache: archs of demo-1.0" in capsys.readouterr().err
    assert list(matrix.iterdir()) == []


def test_list_and_unknown_families(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["list"]) == 0
    names = capsys.readouterr().out.split()
    assert names == sorted(names)
    assert {"torch", "torch-companions", "triton", "vllm"} <= set(names)
    assert command.main(["no-such-family"]) == 2
    assert "hint:" in capsys.readouterr().err


def test_all_families_or_some_are_asked_for(
    matrix: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "families", lambda: {"demo": family("12.8"), "other": family("missing")})
    assert command.main(["--offline", "--all"]) == 1
    said = capsys.readouterr().err
    assert "wrote matrix/observed/demo.toml" in said
    assert "not in the cache" in said
    assert command.main(["--offline", "demo"]) == 0
    with pytest.raises(SystemExit):
        command.main([])


def test_progress_passes_every_item_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.over([3, 1, 2], "demo")) == [3, 1, 2]
    assert "3 done" in capsys.readouterr().err
