"""ONNX Runtime: ``build_and_package_info.py`` and what its provider libraries need (onnxruntime/capi)."""

from __future__ import annotations

import re

from compat.machine import Build
from compat.probe.binary.elf import Elf, read_elf
from compat.probe.layers.builds import Context, Found, as_cuda, assigned, usable

_CAPI = "onnxruntime/capi"


def read(context: Context) -> Found:
    """CUDA from the package's own file; else, like cuDNN and TensorRT, the majors that the providers need."""
    text = context.text(f"{_CAPI}/build_and_package_info.py")
    cuda: str | bool | None = usable(assigned(text, "cuda_version"))
    names = context.host.listdir(f"{context.folder}/{_CAPI}")
    of_cuda, of_tensorrt = _majors(context, "cuda"), _majors(context, "tensorrt")
    if cuda is None:
        cuda = of_cuda.get("libcublas") or of_tensorrt.get("libcublas")
    if cuda is None and names and not any("providers_cuda" in name for name in names):
        cuda = False
    # From 1.28 only the TensorRT provider is linked to cuDNN; what is asked of it is the CUDA provider's matter.
    build = Build(cuda=as_cuda(cuda), cudnn=of_cuda.get("libcudnn"), tensorrt=of_tensorrt.get("libnvinfer"))
    return Found(build, f"{context.folder}/{_CAPI}")


def _majors(context: Context, provider: str) -> dict[str, str]:
    """Stem to major of the versioned sonames that a provider needs."""
    elf = read_elf(context.host, f"{context.folder}/{_CAPI}/libonnxruntime_providers_{provider}.so", full=False)
    needed = elf.needed if isinstance(elf, Elf) else ()
    parted = (name.partition(".so.") for name in needed if re.search(r"\.so\.\d", name))
    return {stem: major for stem, _, major in parted}
