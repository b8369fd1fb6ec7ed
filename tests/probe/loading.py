"""Small systems whose frameworks open libraries, and which copy each of them gets."""

from __future__ import annotations

from software import Root, library

from compat.machine import Library, Machine

SITE = "/env/lib/python3.10/site-packages"
OTHER = "/opt/other"
SYSTEM = "/usr/lib/x86_64-linux-gnu"
PARTS = ("graph", "ops", "engines_runtime_compiled")
CUDNN_RPATH = "$ORIGIN/../../nvidia/cudnn/lib:$ORIGIN/../../nvidia/cuda_runtime/lib:$ORIGIN"


def cudnn(root: Root, folder: str, shim: bytes | None = None) -> Root:
    parts = {f"libcudnn_{part}.so.9": library(f"libcudnn_{part}.so.9", runpath="$ORIGIN") for part in PARTS}
    for name, content in {"libcudnn.so.9": shim or library("libcudnn.so.9", runpath="$ORIGIN"), **parts}.items():
        root.file(f"{folder}/{name}", content)
    return root


def torch(root: Root, init: str, rpath: str = CUDNN_RPATH, needed: tuple[str, ...] = ("libcudnn.so.9",)) -> Root:
    files: dict[str, str | bytes] = {
        "torch/__init__.py": init,
        "torch/version.py": "cuda = '12.8'\n",
        "torch/lib/libtorch_global_deps.so": library("libtorch_global_deps.so", ("libcudart.so.12",), rpath=rpath),
        "torch/lib/libtorch_python.so": library("libtorch_python.so", needed, rpath=rpath),
        "torch/_C.cpython-310-x86_64-linux-gnu.so": library("", ("libtorch_python.so",), rpath="$ORIGIN/lib"),
    }
    root.wheel(SITE, "torch", "2.9.0", files)
    return root.wheel(
        SITE,
        "nvidia-cuda-runtime-cu12",
        "12.8.90",
        {"nvidia/cuda_runtime/lib/libcudart.so.12": library("libcudart.so.12")},
    )


def users(machine: Machine, name: str = "cudnn") -> dict[str, tuple[str, ...] | None]:
    """Folder of each copy of a library to the packages that load it."""
    found: tuple[Library, ...] = machine.libraries or ()
    return {(copy.path or "").rpartition("/")[0]: copy.loaded_by for copy in found if copy.name == name}
