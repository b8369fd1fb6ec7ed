"""Family upon-frameworks: packages that stand upon a framework, and of which the wheels tell all there is to know.

What they pin comes from METADATA, for which Pythons and platforms they are from the file tags; what compiled ones were
built with and for, from the shared objects of their Linux wheels. Another such package is a line here and a file in
`matrix/`.
"""

from __future__ import annotations

import re
from functools import partial

from . import fatbin, releases, torch_companions
from .builds import Group
from .document import Document, Row
from .index import Index
from .wheel import RemoteWheel

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
    "transformer-engine": None,
    "transformer-engine-cu12": None,
    "transformer-engine-cu13": None,
}

# Of wheels of which only a part is read: the CUDA major that the name tells.
_OF_NAME = re.compile(r"-cu(\d+)\Z")

_ENOUGH = 24  # fat binaries, which mostly hold the same targets

# Those whose releases are mostly source archives, which any platform takes.
SOURCES = ("deepspeed",)


def harvest(index: Index) -> dict[str, Document]:
    """`observed/<project>.toml` of each."""
    documents = {}
    for name, libraries in PROJECTS.items():
        what = "ELF headers and fat binaries" if libraries else "their names, and the first fat binaries of x86-64"
        documents[f"observed/{name}.toml"] = made = releases.document(index, name, what, partial(inside, libraries))
        if name in SOURCES:
            releases.sources(made, index)
    return documents


def inside(libraries: str | None, index: Index, one: Group) -> Row:
    """What the shared objects of a Linux wheel for x86-64 were built with; those of other platforms are not read."""
    if (named := _OF_NAME.search(one.package)) and one.os != "any":  # an empty first release
        if one.arch != "x86_64":
            return {"cuda": named[1]}
        return {"cuda": named[1], **index.remember(one.example, "sampled/1", lambda: sampled(index.wheel(one.example)))}
    if libraries is None or (one.os, one.arch) != ("linux", "x86_64"):
        return {}
    pattern = re.compile(libraries)
    found: Row = index.remember(
        one.example, "upon-frameworks/1", lambda: torch_companions.read(index.wheel(one.example), pattern)
    )
    return {name: value for name, value in found.items() if name != "brings"}


def sampled(wheel: RemoteWheel) -> Row:
    """The targets of the first fat binaries of a wheel's largest library, of hundreds of megabytes."""
    largest = max((name for name in wheel.names() if name.endswith(".so")), key=wheel.size_of)
    with wheel.open(largest) as stream:
        found = fatbin.sample(stream, _ENOUGH)
    return {kind: list(images) for kind, images in found.items()}
