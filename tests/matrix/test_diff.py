"""What changed between two states of the matrix."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from compat.matrix.claims import collect
from compat.matrix.diff import NoSuchState, diff, folder_of


def test_added_removed_and_changed(folder: Any, tmp_path: Path) -> None:
    old = collect(str(folder))
    folder.replace("observed/torch.toml", 'version = "2.4.1"', 'version = "2.4.2"')
    folder.replace("cuda.toml", "550.54.14", "550.54.15")
    changes = [(one.kind, one.subject.name, one.fields) for one in diff(old, collect(str(folder)))]
    assert changes == [
        ("removed", "build torch 2.4.1 linux x86_64 pypi", ()),
        ("added", "build torch 2.4.2 linux x86_64 pypi", ()),
        ("changed", "toolkit cuda 12.4.0", (("driver_linux", "550.54.14", "550.54.15"),)),
    ]


def test_what_loses_to_a_stronger_claim_changes_nothing(folder: Any) -> None:
    old = collect(str(folder))
    folder.replace("torch.toml", 'cuda = "12.1"', 'cuda = "12.2"')
    assert list(diff(old, collect(str(folder)))) == []


def test_the_order_of_a_list_is_no_change_but_a_new_field_is(folder: Any) -> None:
    old = collect(str(folder))
    folder.replace("torch.toml", '["11.8", "12.4"]', '["12.4", "11.8"]\ncudnn = "9.1"')
    assert [one.fields for one in diff(old, collect(str(folder)))] == [(("cudnn", None, "9.1"),)]


def test_a_git_revision_is_a_state(folder: Any, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@localhost", *words],
            check=True,
            capture_output=True,
        )

    git("init", "-q")
    git("add", "matrix")
    git("commit", "-q", "-m", "one")
    folder.replace("cuda.toml", "550.54.14", "550.54.15")
    with folder_of("HEAD", str(folder)) as was, folder_of(str(tmp_path), str(folder)) as now:
        assert now == str(folder.path)
        assert was != now
        assert [one.fields for one in diff(collect(was), collect(now))] == [
            (("driver_linux", "550.54.14", "550.54.15"),)
        ]
    assert not Path(was).exists()


@pytest.mark.parametrize("text", ["nowhere", "--output=/tmp/x", "HEAD; ls", "", "-h"])
def test_what_is_no_state_is_refused(folder: Any, text: str) -> None:
    shutil.rmtree(folder.path.parent / ".git", ignore_errors=True)
    with pytest.raises(NoSuchState, match="git revision"), folder_of(text, str(folder)):
        pass
