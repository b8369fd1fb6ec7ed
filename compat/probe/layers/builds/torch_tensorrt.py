"""Torch-TensorRT: its local version has the CUDA; the TensorRT that it links is in its library's needs."""

from __future__ import annotations

import re

from compat.machine import Build
from compat.probe.binary.elf import Elf, read_elf
from compat.probe.layers.builds import Context, Found, as_cuda, cuda_of_local


def read(context: Context) -> Found:
    """CUDA from ``+cu128``, TensorRT's major from ``libtorchtrt.so``."""
    path = f"{context.folder}/torch_tensorrt/lib/libtorchtrt.so"
    elf = read_elf(context.host, path, full=False)
    needed = elf.needed if isinstance(elf, Elf) else ()
    match = next((m for m in (re.match(r"^libnvinfer\.so\.(\d+)", name) for name in needed) if m), None)
    build = Build(cuda=as_cuda(cuda_of_local(context.tag)), tensorrt=match[1] if match else None)
    return Found(build, path if match else context.distribution.info)
