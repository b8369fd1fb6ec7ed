"""File names of the CUDA libraries: which library one is, and the version that it shows."""

from __future__ import annotations

import re

LIBRARIES: dict[str, str] = {
    "libcudnn": "cudnn",
    "libnvinfer": "tensorrt",
    "libnvinfer_plugin": "nvinfer_plugin",
    "libnvonnxparser": "nvonnxparser",
    "libcublas": "cublas",
    "libcublasLt": "cublaslt",
    "libcudart": "cudart",
    "libcufft": "cufft",
    "libcurand": "curand",
    "libcusolver": "cusolver",
    "libcusparse": "cusparse",
    "libcusparseLt": "cusparselt",
    "libcupti": "cupti",
    "libnccl": "nccl",
    "libnvrtc": "nvrtc",
    "libnvJitLink": "nvjitlink",
    "libnvshmem_host": "nvshmem",
    "libcutensor": "cutensor",
}
"""Library file stem to the name that the machine description has for it."""

CUDNN_PARTS = (
    "graph",
    "ops",
    "cnn",
    "adv",
    "heuristic",
    "engines_precompiled",
    "engines_runtime_compiled",
    "ext",
    "engines_tensor_ir",
    "ops_infer",
    "ops_train",
    "cnn_infer",
    "cnn_train",
    "adv_infer",
    "adv_train",
)
"""What cuDNN's shim opens by itself: ``libcudnn_graph.so.9`` (cuDNN 9), ``libcudnn_ops_infer.so.8`` (cuDNN 8)."""

# libcudart.so.12.4.127, libcudart-d0da41ae.so.11.0 (renamed by auditwheel)
_FILE = re.compile(r"^(?P<stem>lib[A-Za-z0-9_]+?)(?:-[0-9a-f]{8})?\.so(?:\.(?P<version>\d+(?:\.\d+)*))?$")


def split(file: str) -> tuple[str, str | None] | None:
    """The library's stem and the numbers behind ``.so``; None where the name is no library's."""
    match = _FILE.match(file)
    return (match["stem"], match["version"]) if match else None


def library_of(file: str) -> str | None:
    """The name of a library of this stack that a file is a copy of, None for any other file."""
    parts = split(file) if file.startswith(("libcu", "libnv", "libnccl")) else None
    return LIBRARIES.get(parts[0]) if parts else None


def version_of(file: str) -> str | None:
    """The numbers behind ``.so``: a version where there are several, else only the soname's number."""
    parts = split(file)
    return parts[1] if parts else None
