"""Command lines of pip and uv."""

import os
from pathlib import Path

import pytest

from compat.guard.answers import of_report, of_uv
from compat.guard.invocation import BadCommand, active, read
from compat.guard.resolver import NoAnswer
from compat.guard.typed import typed_requirements


def test_pip_runs_as_the_module_of_its_interpreter() -> None:
    asked = read(["pip", "install", "torch==2.6.0", "-i", "https://example.org/simple", "numpy"], "/env/bin/python", {})
    assert asked.argv == (
        "/env/bin/python",
        "-m",
        "pip",
        "install",
        "torch==2.6.0",
        "-i",
        "https://example.org/simple",
        "numpy",
    )
    assert asked.named == ("torch==2.6.0", "numpy")
    assert asked.judged


@pytest.mark.parametrize(
    "words", [["pip", "list"], ["pip", "--version"], ["uv", "pip", "freeze"], ["pip", "download", "install"]]
)
def test_what_changes_nothing_is_not_judged(words: list[str]) -> None:
    assert not read(words, "/env/bin/python", {}).judged


@pytest.mark.parametrize("option", ["--target=x", "--prefix", "-t"])
def test_another_folder_is_not_this_environment(option: str) -> None:
    assert not read(["pip", "install", option, "x", "torch"], "/env/bin/python", {}).judged


def test_uv_is_told_the_interpreter() -> None:
    assert read(["uv", "pip", "install", "rich"], "/env/bin/python", {}).argv[-2:] == ("--python", "/env/bin/python")
    assert read(["uv", "pip", "install", "-p", "/other/python", "rich"], None, {}).interpreter == "/other/python"


@pytest.mark.parametrize("words", [[], ["npm", "install"], ["uv", "add", "torch"], ["python", "setup.py", "install"]])
def test_other_programs_are_refused(words: list[str]) -> None:
    with pytest.raises(BadCommand):
        read(words, None, {})


def test_the_active_environment(tmp_path: Path) -> None:
    for name in ("a", "b/.venv"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python").touch()
    assert active({"VIRTUAL_ENV": str(tmp_path / "a")}) == str(tmp_path / "a/bin/python")
    assert active({}, near=str(tmp_path / "b")) == str(tmp_path / "b/.venv/bin/python")


def test_requirements_that_are_typed() -> None:
    asked = read(["pip", "install", "Torch[opt]>=2, <3", "-r", "x.txt", "./folder/x", "a.whl", "numpy"], "/p", {})
    assert typed_requirements(asked) == (("torch", ">=2, <3"), ("numpy", "*"))


@pytest.mark.parametrize(
    "report",
    [
        None,
        [],
        {},
        {"version": "2", "install": []},
        {"version": "1", "install": [{}]},
        {"version": "1", "install": [{"metadata": None, "download_info": {"url": ""}}]},
    ],
)
def test_reports_that_are_none(report: object) -> None:
    with pytest.raises(NoAnswer):
        of_report(report)


def test_uv_output() -> None:
    found = of_uv(
        "Would install\n - torch==2.5.1\n + torch==2.6.0+cpu\n - numpy==1.26.4\n + x==1 (from https://e.org/x.whl)\n"
    )
    assert [(one.name, one.version, one.source) for one in found.installs] == [
        ("torch", "2.6.0+cpu", "pytorch"),
        ("x", "1", None),
    ]
    assert found.removes == ("numpy",)


@pytest.mark.parametrize(
    ("command", "verb", "judged"),
    [
        ("pip install -U pip", "install", True),
        ("pip install -e .[dev]", "install", True),
        ("pip install --requirements-from-script tool.py", "install", True),
        ("pip install -t/tmp/x torch", "install", False),
        ("pip -q --proxy http://x install torch", "install", True),
        ("python -I -m pip install torch", "install", True),
        ("python3 -X utf8 -m pip uninstall -y torch", "uninstall", True),
        ("pip wheel torch", "", False),
        ("uv --offline pip install torch", "install", True),
        ("uv --directory /nowhere pip install torch", "install", True),
        ("uv --color never pip sync r.txt", "sync", True),
        ("uv sync --extra gpu", "sync project", True),
        ("uv tool install ruff", "", False),
        ("uv venv", "", False),
        ("uv lock", "", False),
        ("uvx ruff", "", False),
        ("pipx install ruff", "", False),
    ],
)
def test_other_spellings(command: str, verb: str, judged: bool) -> None:
    asked = read(command.split(), None, {})
    assert (asked.verb, asked.judged) == (verb, judged)


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("uv add torch", "uv sync"),
        ("uv remove torch", "uv sync"),
        ("uv run --with torch x.py", "uv sync"),
        ("conda install pytorch", "environment.yml"),
        ("mamba install pytorch", "environment.yml"),
        ("poetry add torch", "pyproject.toml"),
        ("sudo pip install torch", "sudo compatcheck"),
        ("python setup.py install", "guard pip install"),
        ("python x.py -m pip install torch", "guard pip install"),
        ("uv frobnicate", "guard pip install"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_a_way(command: str, hint: str) -> None:
    with pytest.raises(BadCommand) as refused:
        read(command.split(), None, {})
    assert hint in refused.value.hint


def test_a_projects_environment_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the active one; where there is none yet, nothing is installed."""
    monkeypatch.chdir(tmp_path)
    active_one = {"VIRTUAL_ENV": str(tmp_path / "active")}
    for name in ("active", ".venv"):
        (tmp_path / name / "bin").mkdir(parents=True)
        if name == ".venv":
            assert read(["uv", "sync"], None, active_one).interpreter == ""
        (tmp_path / name / "bin" / "python").touch()
    assert read(["uv", "sync"], None, active_one).interpreter == str(tmp_path / ".venv/bin/python")
    assert read(["uv", "sync", "--active"], None, active_one).interpreter == str(tmp_path / "active/bin/python")
    elsewhere = read(["uv", "--project", str(tmp_path), "sync"], None, {})
    assert elsewhere.interpreter == str(tmp_path / ".venv/bin/python")


def test_files_are_asked_for_too(tmp_path: Path) -> None:
    listed = tmp_path / "r.txt"
    listed.write_text("tensorflow-gpu\ntorch>=2  # x\n")
    both = (("einops", "*"), ("tensorflow-gpu", "*"), ("torch", ">=2"))
    assert typed_requirements(read(["pip", "install", "einops", "-r", str(listed)], None, {})) == both
    assert typed_requirements(read(["uv", "pip", "sync", str(listed)], None, {})) == both[1:]
    assert typed_requirements(read(["pip", "install", "-r", str(tmp_path / "none.txt")], None, {})) == ()


def test_what_can_be_read_only_once_is_refused_for_uv(tmp_path: Path) -> None:
    """Its dry run would read it, and the real run would find nothing."""
    os.mkfifo(tmp_path / "pipe")
    for words in (["-r", "-"], ["-r-"], ["plain", "-c", str(tmp_path / "pipe")]):
        with pytest.raises(BadCommand) as refused:
            read(["uv", "pip", "install", *words], "p", {})
        assert "only once" in refused.value.hint
    assert read(["pip", "install", "-r", "/dev/stdin"], "p", {}).judged  # pip is held: it reads once
