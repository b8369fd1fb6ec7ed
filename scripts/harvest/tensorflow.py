"""TensorFlow on the package index: metadata, tags, and what `build_info.py` inside each wheel says of its CUDA.

`build_info.py` is read as text and its assignments are taken as literals, never run. Its forms, by release:
plain assignments (1.13 to 2.2, Windows with DLL names), a dict (2.3 on), an OrderedDict of pairs (2.5 on).

A capability `sm_XY` stands for machine code alone, `compute_XY` and a plain `X.Y` for machine code and PTX (seen in
the fat binaries: 2.17.1 lists `compute_90` and holds cubins and PTX of it). What `build_info.py` does not tell: the
kernels that TensorFlow generates through MLIR carry, for the last capability, only PTX, and in 2.16 to 2.20 that PTX
is of the architecture-specific target `sm_90a`, which no later GPU takes. So that text is looked for in the library.

A bare major ("7", "10") is left out: it is less exact than the vendor's table, which it would override. The cuDNN of
the build is then the one that the `and-cuda` extra names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from . import binary, fatbin, progress
from .builds import Group, group, requirements
from .document import Document
from .index import Index
from .toml import version_key

NAME = "tensorflow"

# The distributions, and the file that each is written to.
PROJECTS = {
    "tensorflow": "tensorflow",
    "tensorflow-cpu": "tensorflow-cpu",
    "tensorflow-cpu-aws": "tensorflow-cpu",
    "tensorflow-intel": "tensorflow-cpu",
    "tensorflow-macos": "tensorflow-cpu",
    "tensorflow-gpu": "tensorflow-gpu",
}
# Built without CUDA, whatever the platform: only their tags and requirements matter.
CPU_ONLY = {"tensorflow-cpu", "tensorflow-cpu-aws", "tensorflow-intel", "tensorflow-macos"}
# Releases without a capability list (before 2.3) of which the fat binaries are read: hundreds of megabytes each.
SAMPLED = {
    "tensorflow-gpu": {f"1.{minor}.0" for minor in (*range(13), 14, 15)} | {"1.13.1", "2.0.0", "2.1.0", "2.2.0"},
    "tensorflow": {"1.15.0", "2.1.0", "2.2.0"},
}
NIGHTLIES = 3  # of tf-nightly: the newest of each of the last lines

Facts = dict[str, Any]


def harvest(index: Index) -> dict[str, Document]:
    """The documents `observed/tensorflow.toml`, `observed/tensorflow-gpu.toml`, `observed/tensorflow-cpu.toml`."""
    documents: dict[str, Document] = {}
    for project, component in PROJECTS.items():
        document = documents.setdefault(f"observed/{component}.toml", Document(component))
        add(index, document, project, list(releases(index, project)))
    add(index, documents["observed/tensorflow.toml"], "tf-nightly", nightlies(index))
    return documents


def releases(index: Index, project: str) -> Iterator[Group]:
    """Final releases from 1.0 on, and the pre-releases that are newer than the last of them."""
    found = [g for g in group(index.files(project), prereleases=True) if g.version.major >= 1]
    newest = max(g.version for g in found if not g.version.is_prerelease)
    for one in found:
        if not one.version.is_prerelease or one.version > newest:
            yield one


def nightlies(index: Index) -> list[Group]:
    """The newest nightly of each of the last release lines; a nightly's own build facts are as good as a release's."""
    lines: dict[str, list[Group]] = {}
    for one in group(index.files("tf-nightly"), prereleases=True):
        lines.setdefault(one.version.base_version, []).append(one)
    kept: list[Group] = []
    for line in sorted(lines, key=version_key)[-NIGHTLIES:]:
        newest = max(one.version for one in lines[line])
        kept += [one for one in lines[line] if one.version == newest]
    return kept


def add(index: Index, document: Document, project: str, groups: list[Group]) -> None:
    """One row a release and platform."""
    for one in progress.over(groups, project):
        row = one.row()
        row["requires"], extras = requirements(index.metadata(one.example))
        row["extras"] = extras or None
        row.update({"cuda": False} if project in CPU_ONLY else build_facts(index, one, extras))
        row["source"] = f"index-{project}"
        where, day = f"package index: {project}", one.date or ""
        title = f"{project}: wheel tags, METADATA and build_info.py of each release"
        document.source(row["source"], title, where, day, "read")
        if one.glibc is not None:
            # A tag declares; the symbols of some libraries ask for more (to 1.14 it says 2.5).
            row["sources"] = {"glibc": f"tags-{project}"}
            document.source(f"tags-{project}", f"{project}: wheel tags of each release", where, day, "declared")
        document.add("build", row)


def build_facts(index: Index, one: Group, extras: dict[str, list[str]]) -> Facts:
    """`cuda`, `cudnn`, `sass`, `ptx`, `needs` of a build, as far as its `build_info.py` and its extra say."""
    text = index.remember(one.example, "tensorflow/build-info/1", lambda: _build_info(index, one))
    if text is None and index.remember(one.example, "tensorflow/empty/1", lambda: _is_empty(index, one)):
        return {"cuda": False, "stub": True}  # draws in tensorflow-intel or tensorflow-cpu-aws, which have no CUDA
    info = literals(text or "")
    if "is_cuda_build" not in info:  # to 1.3 nothing of CUDA is written down
        return _code(index, one) if one.package == "tensorflow-gpu" and one.os != "macos" and sampled(one) else {}
    if not info["is_cuda_build"]:
        return {"cuda": False}
    pins = extras.get("and-cuda", [])
    sass, ptx = capabilities(info.get("cuda_compute_capabilities"))
    if sass is None and sampled(one):
        sass, ptx = _code(index, one).values()
    if ptx and one.os == "linux" and version_key(ptx[-1]) >= version_key("9.0"):
        ptx = narrowed(ptx, index.remember(one.example, "tensorflow/target/1", lambda: _specific_target(index, one)))
    named = [info[key] for key in sorted(info) if key.endswith("_dll_name")] if one.os == "windows" else []
    return {
        "cuda": _exact(info.get("cuda_version") or info.get("cuda_version_number") or runtime_release(pins)),
        "cudnn": pinned(pins, "nvidia-cudnn"),
        "tensorrt": linked_tensorrt(index, one),
        "sass": sass,
        "ptx": ptx,
        "needs": [opened(dll) for dll in named] or None,
    }


def opened(dll: str) -> str:
    """The file that the loader opens: CUDA 11 has one runtime, cudart64_110.dll, which build_info calls by the release.

    "Could not load dynamic library 'cudart64_110.dll'" say 2.5, 2.9 and 2.10, built with 11.2:
    https://github.com/tensorflow/tensorflow/issues/50589, 57103, 61437 (read 2026-11-23).
    """
    return re.sub(r"\Acudart64_11\d\.dll\Z", "cudart64_110.dll", dll)


def _exact(version: str | None) -> str | None:
    """A version with a minor; "64_112", the tail of a Windows DLL name, is 11.2; a bare major is nothing."""
    if match := re.fullmatch(r"64_(\d+)(\d)", version or ""):
        return f"{match[1]}.{match[2]}"
    return version if version and "." in version else None


def runtime_release(lines: list[str]) -> str | None:
    """The CUDA release whose runtime an extra starts at, "12.5": what 2.22 and later leave out of `build_info.py`."""
    version = pinned(lines, "nvidia-cuda-runtime")
    return ".".join(version.split(".")[:2]) if version else None


def pinned(lines: list[str], name: str) -> str | None:
    """The version that a requirement line pins (`==`) or starts at (`>=`), the first line whose name starts so."""
    for line in lines:
        if line.startswith(name):
            found = re.search(r"[=>]=\s*([\d.]+)", line)
            return found[1] if found else None
    return None


def _is_empty(index: Index, one: Group) -> bool:
    return all(".dist-info/" in name for name in index.wheel(one.example).names())


def _build_info(index: Index, one: Group) -> str | None:
    wheel = index.wheel(one.example)
    members = [n for n in wheel.names() if n.endswith("/python/platform/build_info.py")]
    return wheel.read(members[0]).decode("utf-8", "replace") if members else None


def sampled(one: Group) -> bool:
    """Whether fat binaries are to be read: of CUDA builds since 2.22, and of older lines without a list one release."""
    return one.version.release >= (2, 22) or one.version.public in SAMPLED.get(one.package, ())


def _code(index: Index, one: Group) -> dict[str, list[str] | None]:
    kernels = index.remember(one.example, "tensorflow/kernels/1", lambda: _kernels(index, one))
    return {"sass": list(kernels["sass"]) or None, "ptx": list(kernels["ptx"]) or None}


def _kernels(index: Index, one: Group) -> Facts:
    """Machine code and PTX in the first fat binaries of the library that holds the kernels."""
    wheel = index.wheel(one.example)
    found = [n for n in wheel.names() if _KERNEL_LIBRARY.search(n)]
    with wheel.open(max(found, key=wheel.size_of)) as stream:
        return dict(fatbin.sample(stream))


# To 2.12 the kernels are in the first, in 1.0 without "internal"; later that one is small, and of two big ones the
# second is the lesser.
_KERNEL_LIBRARY = re.compile(r"/(_pywrap_tensorflow(_internal)?\.(so|pyd)|libtensorflow_framework\.so\.2)\Z")


def _specific_target(index: Index, one: Group) -> str | None:
    """The first architecture-specific target ("9.0a") of PTX in the kernels, None where all PTX is plain."""
    wheel = index.wheel(one.example)
    member = next(n for n in wheel.names() if n.endswith("/libtensorflow_cc.so.2"))
    with wheel.open(member) as stream:
        found = binary.find_string(stream, re.compile(rb"\.target\s+sm_(\d+)(\d[af])\b"))
    return b".".join(found.groups()).decode() if found else None


def narrowed(ptx: list[str], specific: str | None) -> list[str]:
    """`ptx` with what all kernels have: where some have PTX for "9.0a" alone, plain "9.0" is no longer claimed."""
    return sorted({specific if specific and specific[:-1] == p else p for p in ptx}, key=version_key)


def linked_tensorrt(index: Index, one: Group) -> str | None:
    """The TensorRT that a Linux build's TF-TRT was compiled with; None for other systems and where there is none.

    Read are the constants of `GetLinkedTensorRTVersion` (x86-64), as gcc and clang write them.
    """
    if one.os != "linux" or one.arch != "x86_64":
        return None
    found = index.remember(one.example, "tensorflow/tensorrt/3", lambda: _linked_tensorrt(index, one))
    return str(found) if found else None


def _linked_tensorrt(index: Index, one: Group) -> str | None:
    wheel = index.wheel(one.example)
    members = [n for n in wheel.names() if re.search(r"tf2tensorrt/_(py)?wrap_py_utils\.so\Z", n)]
    return tensorrt_version(wheel.read(members[0])) if members else None


# The function in its two forms: three ints stored through rdi, rsi, rdx; or a tuple, stored in reverse. Major 4 to 8.
_THREE = re.compile(rb"\xc7\x07([\4-\x08])\0\0\0.{0,3}\xc7\x06(.)\0\0\0.{0,3}\xc7\x02(.)\0\0\0", re.DOTALL)
_TUPLE = re.compile(
    rb"\x48[\xb9\xba]([\0-\x1f])\0\0\0([\0-\x1f])\0\0\0(?:\x48\x89[\xe5\xf8\x17\x0f]|\x55)*"
    rb"\xc7\x47\x08([\4-\x08])\0\0\0(?:\x48\x89[\xe5\xf8\x17])*\x5d?\xc3"
)


def tensorrt_version(code: bytes) -> str | None:
    """ "7.2.2" out of the machine code of `_pywrap_py_utils.so`, None where neither form of the function is there."""
    if match := _TUPLE.search(code):
        numbers = [match[3][0], match[2][0], match[1][0]]
    elif match := _THREE.search(code):
        numbers = [match[1][0], match[2][0], match[3][0]]
    else:
        return None
    return ".".join(map(str, numbers))


def literals(text: str) -> Facts:
    """The names that a `build_info.py` assigns literals to, with its `build_info` dict laid open. Nothing is run."""
    found: Facts = {}
    for node in ast.parse(text).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        value = node.value
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "collections.OrderedDict" and value.args:
            value = value.args[0]  # a list of pairs
        try:
            made = ast.literal_eval(value)
        except ValueError:
            continue
        if node.targets[0].id == "build_info":
            found.update(dict(made))
        else:
            found[node.targets[0].id] = made
    return found


def capabilities(listed: list[str] | None) -> tuple[list[str] | None, list[str] | None]:
    """(`sass`, `ptx`) of TensorFlow's list; (None, None) where it has none."""
    if not listed:
        return None, None
    sass: set[str] = set()
    ptx: set[str] = set()
    for entry in listed:
        if match := re.fullmatch(r"(?:(sm|compute)_)?(\d+)\.?(\d)([af]?)", entry):
            capability = f"{match[2]}.{match[3]}{match[4]}"
            sass.add(capability)
            if match[1] != "sm":
                ptx.add(capability)
    return sorted(sass, key=version_key), sorted(ptx, key=version_key)
