"""Readers of files: what they find, with the line; what they refuse, with the line."""

from pathlib import Path

import pytest

from compat.guard.files import BadFile, Contents, kind_of, read


def _read(tmp_path: Path, name: str, text: str) -> Contents:
    (tmp_path / name).write_text(text)
    return read(str(tmp_path / name))


def _shown(contents: Contents) -> list[tuple[str, str, int]]:
    return [(one.name, one.range, one.line) for one in contents.requirements]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("requirements-dev.txt", "requirements"),
        ("pyproject.toml", "pyproject"),
        ("environment.yml", "conda"),
        ("env.yaml", "conda"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.gpu", "dockerfile"),
        ("app.dockerfile", "dockerfile"),
        ("pylock.toml", "pylock"),
        ("pylock.gpu.toml", "pylock"),
        ("constraints.in", "requirements"),
    ],
)
def test_formats_by_name(name: str, kind: str) -> None:
    assert kind_of(f"/x/{name}") == kind


def test_requirements(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("NumPy<2\n")
    (tmp_path / "limits.txt").write_text("torch<2.7\n")
    found = _read(
        tmp_path,
        "requirements.txt",
        (
            "# head\n--extra-index-url https://download.pytorch.org/whl/cu124\n-r base.txt\n-c limits.txt\n"
            "torch[opt] >= 2.1, \\\n    <3  # comment\n"
            "jax==0.8.0 ; python_version >= '3.10' \\\n    --hash=sha256:00\n"
            "https://download.pytorch.org/whl/cpu/torchvision-0.21.0%2Bcpu-cp311-cp311-linux_x86_64.whl\n"
            "-e .\n./local/folder\ngit+https://github.com/x/y.git\n${EXTRA}\n"
        ),
    )
    assert _shown(found) == [
        ("numpy", "<2", 1),
        ("torch", "<3,>=2.1", 5),
        ("jax", "==0.8.0", 7),
        ("torchvision", "==0.21.0+cpu", 9),
    ]
    assert found.constraints[0].range == "<2.7"
    assert found.indexes == ("https://download.pytorch.org/whl/cu124",)
    assert found.requirements[2].exact == "0.8.0"


@pytest.mark.parametrize(
    ("text", "line"),
    [("torch\n\ntorch=>2\n", 3), ("torch 2.1\n", 1), ("torch===\n", 1), ("-r\n", 1), ("-r requirements.txt\n", 1)],
)
def test_requirements_that_are_wrong_name_the_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(BadFile, match=rf"requirements\.txt:{line}: "):
        _read(tmp_path, "requirements.txt", text)


def test_pyproject(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "pyproject.toml",
        (
            '[project]\nname = "x"\nrequires-python = ">=3.10"\ndependencies = [\n  "torch==2.6.0",\n  "numpy",\n]\n'
            '[project.optional-dependencies]\ngpu = ["onnxruntime-gpu>=1.20"]\n[dependency-groups]\ndev = ["pytest", {include-group = "x"}]\n'  # noqa: E501
            '[tool.poetry.dependencies]\npython = "^3.10"\ntensorflow = "^2.15"\njax = {version = "~0.8.1", extras = ["cuda12"]}\n'  # noqa: E501
        ),
    )
    assert _shown(found) == [
        ("torch", "==2.6.0", 5),
        ("numpy", "*", 6),
        ("onnxruntime-gpu", ">=1.20", 9),
        ("pytest", "*", 11),
        ("tensorflow", ">=2.15,<3", 14),
        ("jax", ">=0.8.1,<0.9", 15),
    ]
    assert found.requires_python == ">=3.10"


def test_a_project_that_draws_a_file_which_installs_the_project(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-e .\ntorch==2.6.0\n")
    dynamic = '[project]\nname = "m"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\n'
    found = _read(tmp_path, "pyproject.toml", dynamic + 'dependencies = { file = ["requirements.txt"] }\n')
    assert _shown(found) == [("torch", "==2.6.0", 2)]


def test_pylock(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "pylock.toml",
        (
            'lock-version = "1.0"\n[[packages]]\nname = "torch"\nversion = "2.6.0+cu124"\n[[packages.wheels]]\n'
            'url = "https://download.pytorch.org/whl/cu124/torch.whl"\n[[packages]]\nname = "numpy"\nversion = "2.2.6"\n'  # noqa: E501
        ),
    )
    assert _shown(found) == [("torch", "==2.6.0+cu124", 3), ("numpy", "==2.2.6", 8)]


def test_environment(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "environment.yml",
        (
            "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.10\n  - pytorch::pytorch=2.1.0=py3.10_cuda11.8_cudnn8.7.0_0\n"  # noqa: E501
            '  - pytorch-cuda=11.8  # why\n  - "numpy>=1.22,<2"\n  - pip\n  - pip:\n      - onnxruntime-gpu==1.16.3\n      - -r other.txt\n'  # noqa: E501
            "  - scipy\nprefix: /x\n"
        ),
    )
    assert _shown(found) == [
        ("pytorch", "==2.1.0.*", 6),
        ("pytorch-cuda", "==11.8.*", 7),
        ("numpy", ">=1.22,<2", 8),
        ("pip", "*", 9),
        ("onnxruntime-gpu", "==1.16.3", 11),
        ("scipy", "*", 13),
    ]
    assert (found.python, found.python_line) == ("3.10", 5)
    assert found.requirements[0].build == "py3.10_cuda11.8_cudnn8.7.0_0"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("dependencies:\n\t- x\n", 2),
        ("dependencies:\n  - !!python/object x\n", 2),
        ("dependencies:\n  - 'x\n", 2),
        ("dependencies:\n  x: 1\n", 2),
        ("dependencies: x\n", 1),
    ],
)
def test_environments_that_are_wrong_name_the_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(BadFile, match=rf"environment\.yml:{line}: "):
        _read(tmp_path, "environment.yml", text)


def test_what_is_expected_is_said_of_the_line_or_of_all_files(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as of_line:
        _read(tmp_path, "environment.yml", "dependencies:\n  x: 1\n")
    assert of_line.value.hint == "an entry is written `- NAME=VERSION`"
    with pytest.raises(BadFile) as of_file:
        _read(tmp_path, "environment.yml", "dependencies: x\n")
    assert "environment.yml" in of_file.value.hint


def test_commands_that_install_nothing(tmp_path: Path) -> None:
    text = "FROM python:3.11\nRUN pip download torch && pip list && conda info && apt-get update && pip3 --version\n"
    assert _shown(_read(tmp_path, "Dockerfile", text)) == []


def test_setup_py_takes_what_it_can_tell(tmp_path: Path) -> None:
    text = (
        "deps = {'torch': 'torch==2.6.0', 'onnx': 'onnx==1.17.0'}\nname = 'onnx'\n"
        "setup(install_requires=[deps['torch'], deps[name], deps[f()]])\n"
    )
    assert _shown(_read(tmp_path, "setup.py", text)) == [("torch", "==2.6.0", 1)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "v = '0.4.16'\nsetup(install_requires=[f'jax>={v}', f'flax>={at()}', f'torch=={v!r}', f'onnx=={v:>9}'])\n",
            ["jax"],
        ),
        ("more = {}\nmore['a'] = ['torch']\nsetup(extras_require=more)\n", ["torch"]),
        (
            "more = {}\nmore['a'] = ['torch']\nmore['b'] = copy.deepcopy(more['a'])\nsetup(extras_require=more)\n",
            ["torch"] * 2,
        ),
        ("more = []\nmore['a'] = ['torch']\nmore[f()] = ['jax']\nsetup(extras_require=more)\n", []),
        ("x['a'] = ['torch']\na = b = {}\na['a'] = b['a'] = ['jax']\nsetup(extras_require=x)\n", []),
    ],
)
def test_setup_py_with_names_in_texts_and_extras_one_by_one(tmp_path: Path, text: str, shown: list[str]) -> None:
    assert [name for name, *_ in _shown(_read(tmp_path, "setup.py", text))] == shown


def test_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("numpy==1.26.4\n")
    found = _read(
        tmp_path,
        "Dockerfile",
        (
            "# syntax=docker/dockerfile:1\nARG CUDA=12.4.1\nFROM nvidia/cuda:${CUDA}-cudnn-runtime-ubuntu22.04 AS base\n"  # noqa: E501
            "ENV TORCH=2.6.0 INDEX=https://download.pytorch.org/whl/cu124\nRUN apt-get update && apt-get install -y libcudnn8\n"  # noqa: E501
            "FROM base\nCOPY requirements.txt /app/\nRUN --mount=type=cache,target=/root/.cache \\\n  # why\n"
            "  pip3 install --index-url $INDEX torch==${TORCH} 'torchvision>=0.21' && \\\n  python3 -m pip install -r /app/requirements.txt\n"  # noqa: E501
            'RUN ["uv", "pip", "install", "--system", "jax[cuda12]==0.8.0"]\nRUN <<EOF\npip install onnx\nEOF\n'
            "RUN conda install -y -c conda-forge python=3.11 cudatoolkit=11.8\n"
        ),
    )
    assert found.image is not None
    assert (found.image.name, found.image.tag, found.image.line) == (
        "nvidia/cuda",
        "12.4.1-cudnn-runtime-ubuntu22.04",
        3,
    )
    assert _shown(found) == [
        ("torch", "==2.6.0", 10),
        ("torchvision", ">=0.21", 10),
        ("numpy", "==1.26.4", 1),
        ("jax", "==0.8.0", 12),
        ("onnx", "*", 14),
        ("cudatoolkit", "==11.8.*", 16),
    ]
    assert found.indexes == ("https://download.pytorch.org/whl/cu124",)
    assert found.system == ("libcudnn8",)
    assert (found.python, found.python_line) == ("3.11", 16)


@pytest.mark.parametrize(("text", "line"), [("RUN x\n", 1), ("FROM x\nRUNN y\n", 2), ("FROM --platform=x\n", 1)])
def test_dockerfiles_that_are_wrong_name_the_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(BadFile, match=rf"Dockerfile:{line}: "):
        _read(tmp_path, "Dockerfile", text)


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"torch\n\xff\n")
    with pytest.raises(BadFile, match=r"requirements\.txt:2: not UTF-8"):
        read(str(tmp_path / "requirements.txt"))
    with pytest.raises(BadFile, match="No such file"):
        read(str(tmp_path / "none.txt"))
