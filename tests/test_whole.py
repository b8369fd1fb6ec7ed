"""A file is written whole or not at all."""

import os
from pathlib import Path

import pytest

from compat.whole import write_whole


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    place = tmp_path / "lock.txt"
    place.write_text("old\n")
    place.chmod(0o640)
    write_whole(str(place), "new\n")
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("new\n", 0o640)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    place = tmp_path / "lock.txt"
    place.write_text("old\n")
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(str(place), "new\n")
    assert [path.name for path in tmp_path.iterdir()] == ["lock.txt"]
    assert place.read_text() == "old\n"
