"""ONNX Runtime: ``build_and_package_info.py`` and what its provider libraries need (onnxruntime/capi)."""

from __future__ import annotations

import re

from compat.machine import Build
from compat.probe.builds import Context, Found, as_cuda, assigned, usable
from compat.probe.elf import Elf, read_elf

_CAPI = "onnxruntime/capi"


def read(context: Context) -> Found:
    """CUDA from the package's own file; else, like cuDNN and TensorRT, the majors that the providers need."""
    text = context.text(f"{_CAPI}/build_and_package_info.py")
    cuda: str | bool | None = usable(assigned(text, "cuda_version"))
    names = context.host.listdir(f"{context.folder}/{_CAPI}")
    needed = sonames(context)
    majors = {stem: major for stem, _, major in (name.partition(".so.") for name in needed)}
    if cuda is None and "libcublas" in majors:
        cuda = majors["libcublas"]
    if cuda is None and names and not any("providers_cuda" in name for name in names):
        cuda = False
    build = Build(cuda=as_cuda(cuda), cudnn=majors.get("libcudnn"), tensorrt=majors.get("libnvinfer"))
    return Found(build, f"{context.folder}/{_CAPI}")


def sonames(context: Context) -> tuple[str, ...]:
    """The versioned sonames that the CUDA and TensorRT providers need, CUDA's first."""
    found: list[str] = []
    for name in ("libonnxruntime_providers_cuda.so", "libonnxruntime_providers_tensorrt.so"):
        elf = read_elf(context.host, f"{context.folder}/{_CAPI}/{name}", full=False)
        found += [n for n in elf.needed if re.search(r"\.so\.\d", n)] if isinstance(elf, Elf) else []
    return tuple(found)
