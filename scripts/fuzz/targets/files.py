"""Files that say what will be installed: the readers of ``compat.guard.files``."""

from scripts.fuzz.mutate import Mutator, words
from scripts.fuzz.target import Files, Target


def _required(path: str) -> object:
    from compat.guard.files import BadFile, read

    try:
        return read(path)
    except BadFile as error:
        return str(error)


_FILES = {
    "requirements.txt": (
        b"torch==2.6.0 ; python_version < '3.13'\n-r other.txt\n--index-url https://x/y\n-e .\n",
        words("==", ">=", "-c ", "@ http://x/y.whl", "[a]", "; extra == 'x'", "#", "\\\n"),
    ),
    "Dockerfile": (
        b"ARG T=24.01\nFROM nvcr.io/nvidia/pytorch:${T}-py3 AS a\nRUN pip install torch==2.6 && apt-get "
        b"install -y libcudnn9\nFROM a\nENV A=b\n",
        words("FROM ", "RUN ", "ARG ", "${A:-b}", "<<EOF\n", "EOF\n", "&&", "'", "pip install "),
    ),
    "environment.yml": (
        b"name: x\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pytorch=2.5=cuda*\n"
        b"  - pip:\n    - torch==2.6\n",
        words("- ", "  - pip:", "::", "=1=b", "[", "]", "'", "dependencies:"),
    ),
    "pyproject.toml": (
        b'[project]\nrequires-python = ">=3.10"\ndependencies = ["torch>=2"]\n[tool.poetry.dependencies]'
        b'\ntorch = {version = "^2", extras = ["x"]}\n',
        words("[project]", "dependencies", '"^1"', "{", "}", "[tool.uv.sources]"),
    ),
    "pylock.toml": (
        b'lock-version = "1.0"\n[[packages]]\nname = "torch"\nversion = "2.6.0"\nwheels = [{url = "u"}]\n',
        words("[[packages]]", "name = 1", "wheels = [{url=1}]", "packages=[1]"),
    ),
    "setup.py": (
        b"from setuptools import setup\nA = ['torch>=2']\nA += ('onnx',)\nB = {'gpu': ['tensorrt==10.0']}\n"
        b"setup(name='x', install_requires=A + ['numpy<2'], extras_require=B, python_requires='>=3.10')\n",
        words("A += A\n", "install_requires=", "(", ")", "[*A]", "'\\d'", "lambda: ", "B['gpu']", "# "),
    ),
    "setup.cfg": (
        b"[metadata]\nname = x\n[options]\npython_requires = >=3.10\ninstall_requires =\n    torch>=2\n"
        b"[options.extras_require]\ngpu = tensorrt==10.0\n",
        words("[options]\n", "install_requires =", "    ", "=", ";", ":", "%(x)s"),
    ),
    "Pipfile": (
        b'[[source]]\nurl = "https://x/whl/cpu"\nname = "cpu"\n[packages]\ntorch = {version = "==2.6", index = "cpu"}\n'
        b'[requires]\npython_version = "3.11"\n',
        words("[packages]", "[dev-packages]", '= "*"', "{", "}", "[[source]]", "[requires]"),
    ),
    "cog.yaml": (
        b'build:\n  gpu: true\n  cuda: "12.4"\n  python_version: "3.11"\n  python_packages:\n    - torch==2.6\n'
        b"  python_requirements: other.txt\n",
        words("build:", "  python_packages:", "    - ", ": ", "'", "#", "  run:"),
    ),
    "uv.lock": (
        b'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "torch"\nversion = "2.6.0"\nsource = '
        b'{ registry = "https://x" }\nresolution-markers = ["sys_platform == \'linux\'"]\n'
        b'dependencies = [{ name = "numpy" }]\n',
        words("[[package]]", "version = 1", "source = {virtual = '.'}", "resolution-markers = ['x']", "[", "]"),
    ),
    "poetry.lock": (
        b'[[package]]\nname = "torch"\nversion = "2.6.0"\nmarkers = "extra == \'gpu\'"\n[package.dependencies]\n'
        b'numpy = "*"\n[package.source]\ntype = "legacy"\nurl = "https://x/whl/cu124"\n'
        b'[metadata]\nlock-version = "2.1"\n',
        words("[[package]]", "[package.source]", "markers = {main = 'x'}", "optional = true", "[metadata]"),
    ),
    "pdm.lock": (
        b'[metadata]\nlock_version = "4.5"\n[[package]]\nname = "torch"\nversion = "2.6.0"\n'
        b"marker = \"python_version < '3.13'\"\n",
        words("[[package]]", "marker = 1", "groups = ['x']", "extras = ['a']", "[metadata]"),
    ),
    "README.md": (
        b"# x\n```bash\n$ pip install torch==2.6 --index-url https://x/whl/cu124\nconda install pytorch=2.5\n```\n"
        b"    pip install onnx\n",
        words("```", "```bash\n", "$ ", "pip install ", "conda install ", "\\\n", "&& ", "~~~"),
    ),
    "list.txt": (
        b"# This file may be used to create an environment using:\n# platform: linux-64\n@EXPLICIT\n"
        b"https://x/linux-64/pytorch-2.5.1-cuda124_py311_0.conda#0123\nnumpy=1.26=py311_0\n",
        words("@EXPLICIT\n", "https://", "=1=b", "# Name", "   ", "pypi_0", "#"),
    ),
    "a.ipynb": (
        b'{"cells": [{"cell_type": "code", "source": ["!pip install torch==2.6\\n", "%pip install onnx"]},\n'
        b'{"cell_type": "markdown", "source": "x"}], "nbformat": 4}\n',
        words('"source": ', '"code"', "!pip install ", "!conda install -c x y=1 ", "[", "{", "null", "\\n"),
    ),
}


def _target(name: str, seed: bytes, way: Mutator) -> Target:
    return Target(name, lambda: [seed], Files(name, {}, _required), way, long=False)


TARGETS = tuple(_target(name, seed, way) for name, (seed, way) in _FILES.items())
