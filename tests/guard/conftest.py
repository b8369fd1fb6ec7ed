"""What the tests of files stand on."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder to write files in, which is the present one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
