"""Extras and groups of a project: all of them, those that are named behind its path, or none."""

import json

import pytest
from files_asked import planned

PROJECT = """[project]
name = "demo"
dependencies = ["torch==2.6.0"]
[project.optional-dependencies]
trt = ["tensorrt>=10,<11"]
"tf_old" = ["tensorflow==2.16.1"]
[dependency-groups]
dev = ["onnxruntime-gpu"]
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("[]", {"torch"}),
        ("[trt]", {"torch", "tensorrt"}),
        ("[dev, trt]", {"torch", "tensorrt", "onnxruntime"}),
    ],
)
@pytest.mark.parametrize("file", ["", "/pyproject.toml"])
def test_those_that_are_named(project, capsys, named, asked, file):
    code, out, _ = planned(capsys, f"{project}{file}{named}", "--format", "json")
    assert code == 0
    assert set(json.loads(out)["request"]) == asked


def test_without_brackets_it_is_said_which_are_asked_for_too(project, capsys):
    _, _, err = planned(capsys, str(project))
    assert "extra trt, extra tf_old asked for too" in err  # what is for its makers asks for nothing beside that
    assert f"'{project}[trt]' is that one alone" in err


def test_where_they_exclude_each_other_it_is_said_how_to_ask_for_one(project, capsys):
    (project / "pyproject.toml").write_text(PROJECT.replace("tensorflow==2.16.1", "tensorflow==1.15.0"))
    code, _, err = planned(capsys, str(project))
    assert code == 1
    assert f"hint: extra trt, extra tf_old are asked for together; '{project}[trt]'" in err
    assert "hint" not in planned(capsys, f"{project}[tf_old]")[2]


def test_what_is_for_makers_is_said_where_it_alone_asks(tmp_path, capsys):
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\ndev = ["torch==2.6.0"]\n')
    assert "group dev asked for too" in planned(capsys, tmp_path)[2]


def test_one_that_is_not_there(project, capsys):
    code, _, err = planned(capsys, f"{project}[cuda]")
    assert code == 2
    assert "no extra or group cuda" in err
    assert "extra tf_old" in err


def test_a_folder_with_brackets_in_its_name(tmp_path, capsys):
    folder = tmp_path / "repo[trt]"
    folder.mkdir()
    (folder / "requirements.txt").write_text("torch==2.6.0\n")
    assert planned(capsys, str(folder))[0] == 0


def test_extras_of_poetry_and_no_blocks_of_a_readme(tmp_path, capsys):
    """As huggingface/text-generation-inference writes them (server/pyproject.toml)."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.poetry.dependencies]\npython = ">=3.9,<3.13"\nnumpy = "^1.26"\n'
        'bitsandbytes = { version = "^0.43.0", optional = true }\ntorch = { version = "^2.4.0", optional = true }\n'
        '[tool.poetry.extras]\ntorch = ["torch"]\nbnb = ["bitsandbytes"]\n'
    )
    (tmp_path / "README.md").write_text("```\npip install transformers\n```\n")
    _, _, err = planned(capsys, tmp_path)
    assert "extra bnb, extra torch asked for too" in err
    _, out, err = planned(capsys, f"{tmp_path}[torch]")
    assert "torch>=2.4.0,<3" in err
    assert "bitsandbytes" not in out + err
