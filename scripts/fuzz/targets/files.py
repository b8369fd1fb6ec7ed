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
    "a.ipynb": (
        b'{"cells": [{"cell_type": "code", "source": ["!pip install torch==2.6\\n", "%pip install onnx"]},\n'
        b'{"cell_type": "markdown", "source": "x"}], "nbformat": 4}\n',
        words('"source": ', '"code"', "!pip install ", "!conda install -c x y=1 ", "[", "{", "null", "\\n"),
    ),
}


def _target(name: str, seed: bytes, way: Mutator) -> Target:
    return Target(name, lambda: [seed], Files(name, {}, _required), way, long=False)


TARGETS = tuple(_target(name, seed, way) for name, (seed, way) in _FILES.items())
