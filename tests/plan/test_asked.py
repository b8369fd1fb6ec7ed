"""Requests from files and checkouts."""

from pathlib import Path

import pytest

from compat.cli.app import run

BOX = Path(__file__).parent.parent / "machines" / "described" / "h100-driver535.toml"


def planned(capsys, *words):
    code = run(["plan", *map(str, words), "--machine", str(BOX)])
    said = capsys.readouterr()
    return code, said.out, said.err


FILES = {
    "requirements.txt": ("numpy\ntorch==2.6.0  # the model's\n", "requirements.txt:2: torch==2.6.0"),
    "pyproject.toml": ('[project]\nname = "m"\ndependencies = [\n  "torch>=2.6,<2.7",\n]\n', "pyproject.toml:4: torch"),
    "environment.yml": ("dependencies:\n  - python=3.11\n  - pytorch=2.6\n", "environment.yml:3: pytorch==2.6.*"),
    "Dockerfile": ("FROM python:3.11\nRUN pip install 'torch==2.6.*'\n", "Dockerfile:2: torch==2.6.*"),
    "pylock.toml": ('lock-version = "1.0"\n[[packages]]\nname = "torch"\nversion = "2.6.0"\n', "pylock.toml:3: torch"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_kind(name, tmp_path, capsys):
    text, shown = FILES[name]
    (tmp_path / name).write_text(text)
    code, out, err = planned(capsys, "-r", tmp_path / name)
    assert code == 0
    assert "torch==2.6.0" in out.replace("torch==2.6.0+", "torch==2.6.0 ")
    assert shown in err


def test_the_image_of_a_dockerfile_asks_too(tmp_path, capsys):
    (tmp_path / "Dockerfile").write_text("FROM pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime\n")
    code, out, err = planned(capsys, "-r", tmp_path / "Dockerfile")
    assert code == 0
    assert "torch: 2.4.0" in out
    assert "Dockerfile:1: torch==2.4.0" in err


def test_a_checkout_unpinned_and_old_names(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("tensorflow-gpu==2.10.0\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "requirements.txt").write_text("tensorflow==2.15\ntorch\n")
    (tmp_path / "pyproject.toml").write_text("not [ toml")
    code, out, err = planned(capsys, tmp_path)
    assert "requirements.txt:1: tensorflow-gpu==2.10.0" in err
    assert "tensorflow==2.15 (left out:" in err  # the file nearer to the root counts
    assert "docs/requirements.txt:2: torch" in err
    assert "pyproject.toml:1: not TOML" in err
    assert code in (0, 1)
    assert "tensorflow ==2.10.0" in out
    assert "torch" in out


def test_a_marker_for_another_system_is_left_out(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.6.0; sys_platform == 'win32'\ntensorrt\n")
    code, out, err = planned(capsys, "-r", tmp_path / "requirements.txt")
    assert code == 0
    assert "torch" not in out.splitlines()[0]
    assert "left out: not for this machine" in err


def test_an_option_has_the_last_word(tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("torch==2.6.0\n")
    code, out, _ = planned(capsys, "-r", tmp_path / "requirements.txt", "--torch", "2.7")
    assert code == 0
    assert "torch ==2.7.*" in out


@pytest.mark.parametrize("text", [None, "numpy\n", "torch=2.6\n"])
def test_what_cannot_be_asked_is_wrong_usage(text, tmp_path, capsys):
    if text is not None:
        (tmp_path / "requirements.txt").write_text(text)
    code, out, err = planned(capsys, "-r", tmp_path / "requirements.txt")
    assert code == 2
    assert not out
    assert err.startswith("error:")
    assert "hint:" in err
