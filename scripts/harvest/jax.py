"""JAX on the package index: jax, jaxlib, and the CUDA plugins with the versions that they were compiled against.

Since 0.4.22 the GPU code of JAX lies in plugins. `_versions.so` inside a plugin is a module of functions that each
return one number of the build (`cuda_runtime_build_version`, `cudnn_build_version`, ...); JAX compares them at start
with the libraries that it loads. The numbers are read out of the machine code, the kernels' targets out of the fat
binary of `_prng.so`, and the sonames that JAX opens out of the plugin's own `__init__.py`, as text.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from . import fatbin, progress
from .builds import Group, group, requirements
from .document import Document
from .index import Index
from .toml import version_key

NAME = "jax"

PACKAGES = [
    "jax",
    "jaxlib",
    "jax-cuda12-plugin",
    "jax-cuda12-pjrt",
    "jax-cuda13-plugin",
    "jax-cuda13-pjrt",
]
Facts = dict[str, Any]

# Opened at start; NCCL and NVSHMEM are opened too, but only asked for by several GPUs.
_OPENED = re.compile(r"lib(cudart|cublas|cublasLt|cupti|cusparse|cusolver|cufft|cudnn)\.so\.\d+")


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/jax.toml`."""
    document = Document("jax")
    for package in PACKAGES:
        for one in progress.over(group(index.files(package)), package):
            add(index, document, package, one)
    return {"observed/jax.toml": document}


def add(index: Index, document: Document, package: str, one: Group) -> None:
    """The `[[build]]` row of a release and platform, and the `[[pair]]` rows that its metadata states."""
    cuda = re.search(r"cuda(\d+)", package)
    row = one.row(variant=f"cuda{cuda[1]}" if cuda else "")
    row["requires"], extras = requirements(index.metadata(one.example))
    row["extras"] = {k: v for k, v in extras.items() if re.search(r"cuda|minimum", k)} or None
    if package == "jaxlib":
        row["cuda"] = False
    if cuda and package.endswith("plugin"):
        row.update(plugin_facts(index, one, cuda[1]))
    if cuda and package.endswith("pjrt"):
        row["needs"] = index.remember(one.example, "jax/opened/1", lambda: opened(_init(index, one), cuda[1]))
    row["source"] = f"index-{package}"
    document.source(
        row["source"], f"{package}: {_WHAT[package[-5:]]}", f"package index: {package}", one.date or "", "read"
    )
    document.add("build", row)
    if one.arch in ("any", "x86_64") and one.os in ("any", "linux"):
        for pair in pairs(package, row):
            document.add("pair", pair)


_WHAT = {
    "jax": "wheel tags and METADATA",
    "axlib": "wheel tags and METADATA",
    "lugin": "wheel tags, METADATA, build numbers in _versions.so, targets in _prng.so",
    "-pjrt": "wheel tags, METADATA, sonames in __init__.py",
}


def pairs(package: str, row: Facts) -> Iterator[Facts]:
    """Which other parts of JAX this release asks for, by its requirement lines."""
    for line in row["requires"]:
        match = re.match(r"(jaxlib|jax-cuda\d+-pjrt)\s*\(?([^;)]*)\)?\s*(;|$)", line)
        if match and match[2] and match[3] != ";":
            yield {
                "package": package,
                "range": f"=={row['version']}",
                "other": match[1],
                "fits": match[2].replace(" ", ""),
                "source": row["source"],
                "level": "declared",
            }


def plugin_facts(index: Index, one: Group, major: str) -> Facts:
    """`cuda`, `cudnn`, `sass`, `ptx` of a plugin."""
    numbers = index.remember(one.example, "jax/versions/1", lambda: _numbers(index, one))
    kernels = index.remember(one.example, "jax/kernels/1", lambda: _kernels(index, one))
    cuda, cudnn = versions(numbers, int(major))
    return {"cuda": cuda, "cudnn": cudnn, "sass": list(kernels["sass"]), "ptx": list(kernels["ptx"])}


def _member(index: Index, one: Group, name: str) -> bytes:
    wheel = index.wheel(one.example)
    return wheel.read(next(n for n in wheel.names() if n.endswith(name)), limit=32 << 20)


def _init(index: Index, one: Group) -> str:
    return _member(index, one, "/__init__.py").decode("utf-8", "replace")


def _numbers(index: Index, one: Group) -> list[int]:
    code = _member(index, one, "/_versions.so")
    return returned_x86(code) if one.arch == "x86_64" else returned_arm(code)


def _kernels(index: Index, one: Group) -> Facts:
    wheel = index.wheel(one.example)
    with wheel.open(next(n for n in wheel.names() if n.endswith("/_prng.so"))) as stream:
        return dict(fatbin.sample(stream))


def returned_x86(code: bytes) -> list[int]:
    """Constants that small functions hand to one call and return: `mov edi, N; call F; pop rbp; ret`."""
    found = re.finditer(rb"\xbf(....)\xe8....\x5d\xc3", code, re.DOTALL)
    return [int.from_bytes(match[1], "little") for match in found]


def returned_arm(code: bytes) -> list[int]:
    """Constants put into w0: `movz w0, N`, with `movk w0, N, lsl 16` behind it where they are longer."""
    found: list[int] = []
    words = struct.unpack(f"<{len(code) // 4}I", code[: len(code) // 4 * 4])
    for word, behind in pairwise(words):
        if word & 0xFFE0001F == 0x52800000:
            low = word >> 5 & 0xFFFF
            high = behind >> 5 & 0xFFFF if behind & 0xFFE0001F == 0x72A00000 else 0
            found.append(high << 16 | low)
    return found


def versions(numbers: list[int], major: int) -> tuple[str | None, str | None]:
    """(CUDA runtime, cuDNN) among the build numbers of a plugin for CUDA `major`; None where not exactly one fits.

    CUDA counts major*1000 + minor*10, cuDNN 8 major*1000 + minor*100 + patch, cuDNN 9 major*10000 + minor*100 + patch.
    """
    cuda = {n for n in numbers if n // 1000 == major and n % 10 == 0 and n % 1000 < 100}
    cudnn = {n for n in numbers if 8500 <= n < 9000 or 90000 <= n < 100000}
    return (
        f"{major}.{cuda.pop() % 1000 // 10}" if len(cuda) == 1 else None,
        _cudnn(cudnn.pop()) if len(cudnn) == 1 else None,
    )


def _cudnn(number: int) -> str:
    base = 10000 if number >= 90000 else 1000
    return f"{number // base}.{number % base // 100}.{number % 100}"


def opened(text: str, major: str) -> list[str]:
    """Sonames that the plugin's `__init__.py` loads for CUDA `major`, by name; [] where it leaves that to the code."""
    found: set[str] = set()
    for module, libraries in re.findall(r'_load\("(\w+)", \[([^\]]*)\]\)', text):
        other = module == "cu13" if major == "12" else module not in ("cu13", "cudnn")
        if not other:
            found.update(match[0] for match in _OPENED.finditer(libraries))
    return sorted(found, key=version_key)
