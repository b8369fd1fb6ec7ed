"""The harvesters of CuPy, PaddlePaddle and CTranslate2: what they make of what they read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from packaging.version import Version

from scripts.harvest import ctranslate2, cupy, paddle


@pytest.mark.parametrize(
    ("stated", "line"),
    [("12.x", "12"), ("11.x-aarch64", "11"), ("10.2-jetson", "10.2"), ("11.2", "11.2"), ("", "")],
)
def test_cupy_line(stated: str, line: str) -> None:
    assert cupy.line(stated) == line


@pytest.mark.parametrize(
    ("project", "cuda"),
    [("cupy-cuda80", "8.0"), ("cupy-cuda102", "10.2"), ("cupy-cuda117", "11.7"), ("cupy-cuda13x", "13")],
)
def test_cupy_named(project: str, cuda: str) -> None:
    assert cupy.named(project) == cuda


def group(version: str) -> Any:
    return SimpleNamespace(version=Version(version))


@pytest.mark.parametrize(
    ("text", "version", "cuda", "cudnn"),
    [
        ("full_version = '2.6.2'\ncuda_version    = '11.8'\ncudnn_version   = '8.6.0'\n", "2.6.2", "11.8", "8.6.0"),
        ("full_version = '1.8.5'\n", "1.8.5.post107", "10.0", "7"),
        ("full_version = '2.0.0'\n", "2.0.0", None, None),
    ],
)
def test_paddle_stated(text: str, version: str, cuda: str | None, cudnn: str | None) -> None:
    assert paddle.stated(text, group(version)) == {"cuda": cuda, "cudnn": cudnn}


def test_ctranslate2_names_are_found_across_chunks() -> None:
    name = b"libcudnn.so.9"
    data = bytes(ctranslate2._CHUNK - 5) + name + b"\0cublas64_12.dll\0" + b"libcublas.so.12" + bytes(100)
    found = ctranslate2.names(lambda offset, size: data[offset : offset + size], len(data))
    assert set(found) == {"libcudnn.so.9", "cublas64_12.dll", "libcublas.so.12"}


def test_ctranslate2_facts() -> None:
    found = {"opened": ["libcublas.so.12"], "images": {"sass": ["7.5"], "ptx": ["8.6"]}, "glibcxx": "3.4.22"}
    facts = ctranslate2.facts(found)
    assert (facts["cuda"], facts["cudnn"], facts["sass"], facts["ptx"]) == ("12", None, ["7.5"], ["8.6"])
    windows: dict[str, Any] = {
        "opened": ["cublas64_12.dll", "cudnn64_9.dll"],
        "images": {"sass": [], "ptx": []},
        "glibcxx": None,
    }
    assert (ctranslate2.facts(windows)["cuda"], ctranslate2.facts(windows)["cudnn"]) == ("12", "9")
    assert ctranslate2.facts({"opened": [], "images": {"sass": [], "ptx": []}, "glibcxx": None}) == {"cuda": False}


def test_ctranslate2_carried() -> None:
    members = [
        "ctranslate2.libs/libcublasLt-5b603012.so.10.2.1.243",
        "ctranslate2.libs/libcudnn-74a4c495.so.9.1.0",
        "ctranslate2.libs/libctranslate2-bc15bf3f.so.4.5.0",
        "ctranslate2.libs/libgomp-a34b3233.so.1.0.0",
        "ctranslate2/cudnn64_9.dll",
        "ctranslate2/ctranslate2.dll",
    ]
    index: Any = SimpleNamespace(wheel=lambda _: SimpleNamespace(names=lambda: members))
    one: Any = SimpleNamespace(example=None)
    assert ctranslate2.carried(index, one) == ["cudnn64_9.dll", "libcublasLt.so.10", "libcudnn.so.9"]
