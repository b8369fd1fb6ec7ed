"""PaddlePaddle's wheels on the package index: with CUDA (to 2.6.2; later ones are on Paddle's own index), and without.

Read out of each wheel: `paddle/version.py` or `paddle/version/__init__.py`, as text, never run. Releases before 2.2
do not state their CUDA there; their `.postNMM` versions do: `post97` is CUDA 9.0, `post107` CUDA 10.0, both cuDNN 7.
"""

from __future__ import annotations

import re
from functools import partial

from . import releases
from .builds import Group
from .document import Document, Row
from .index import Index

NAME = "paddle"

PROJECTS = ("paddlepaddle-gpu", "paddlepaddle")  # with CUDA, and without

_STATED = re.compile(r"^(cuda|cudnn)_version\s*=\s*'([\d.]+|False)'", re.MULTILINE)
_POST = {97: ("9.0", "7"), 107: ("10.0", "7")}


def harvest(index: Index) -> dict[str, Document]:
    """The documents `observed/paddlepaddle-gpu.toml` and `observed/paddlepaddle.toml`."""
    return {f"observed/{name}.toml": releases.document(index, name, "the version module", inside) for name in PROJECTS}


def inside(index: Index, one: Group) -> Row:
    """`cuda` and `cudnn` of a wheel."""
    return stated(index.remember(one.example, "paddle/version/1", partial(version_module, index, one)), one)


def version_module(index: Index, one: Group) -> str:
    """The text of the wheel's version module; "" without one."""
    wheel = index.wheel(one.example)
    names = ("paddle/version/__init__.py", "paddle/version.py")
    return next((wheel.read(n).decode("utf-8", "replace") for n in wheel.names() if n in names), "")


def stated(text: str, one: Group) -> Row:
    """`cuda` and `cudnn` as the module says, else as the post release number means."""
    found = dict(_STATED.findall(text))
    if found.get("cuda") == "False":
        return {"cuda": False}
    if found:
        return {"cuda": found.get("cuda"), "cudnn": found.get("cudnn")}
    cuda, cudnn = _POST.get(one.version.post or 0, (None, None))
    return {"cuda": cuda, "cudnn": cudnn}
