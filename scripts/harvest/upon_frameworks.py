"""Family upon-frameworks: packages that stand upon a framework, and of which the wheels tell all there is to know.

What they pin comes from METADATA, for which Pythons and platforms they are from the file tags; what compiled ones were
built with and for, from the shared objects of their Linux wheels. Another such package is a line here and a file in
`matrix/`.
"""

from __future__ import annotations

import re
from functools import partial

from . import releases, torch_companions
from .builds import Group
from .document import Document, Row
from .index import Index

NAME = "upon-frameworks"


_GENAI = r"onnxruntime_genai/(lib)?onnxruntime[-_]genai[\w.-]*\.so\Z"

# Project -> pattern of the members of its Linux wheels that link CUDA, or would; None where there are none to read.
PROJECTS = {
    "auto-gptq": r"(autogptq|exllama|marlin)\w*\.cpython-[\w-]+\.so\Z",
    "autoawq": None,
    "autoawq-kernels": r"(awq|exl)\w*_ext\.cpython-[\w-]+\.so\Z",
    "deepspeed": None,
    "exllamav2": None,
    "keras2onnx": None,
    "onnxruntime-genai": _GENAI,
    "onnxruntime-genai-cuda": _GENAI,
    "onnxruntime-genai-directml": None,
    "tensorflow-addons": None,
    "tensorflow-text": None,
    "torchao": None,
    "torchdata": None,
    "torchtext": None,
}

# Those whose releases are mostly source archives, which any platform takes.
SOURCES = ("deepspeed",)


def harvest(index: Index) -> dict[str, Document]:
    """`observed/<project>.toml` of each."""
    what = "ELF headers and fat binaries"
    documents = {}
    for name, libraries in PROJECTS.items():
        documents[f"observed/{name}.toml"] = made = releases.document(index, name, what, partial(inside, libraries))
        if name in SOURCES:
            releases.sources(made, index)
    return documents


def inside(libraries: str | None, index: Index, one: Group) -> Row:
    """What the shared objects of a Linux wheel for x86-64 were built with; those of other platforms are not read."""
    if libraries is None or (one.os, one.arch) != ("linux", "x86_64"):
        return {}
    pattern = re.compile(libraries)
    found: Row = index.remember(
        one.example, "upon-frameworks/1", lambda: torch_companions.read(index.wheel(one.example), pattern)
    )
    return {name: value for name, value in found.items() if name != "brings"}
