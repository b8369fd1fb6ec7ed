"""Command lines of pip and uv."""

from pathlib import Path

import pytest

from compat.guard.invocation import BadCommand, active, read
from compat.guard.nearest import typed_requirements
from compat.guard.resolver import NoAnswer, of_report, of_uv


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
