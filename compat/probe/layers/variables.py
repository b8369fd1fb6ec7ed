"""Layer: the environment variables that decide what CUDA, the loader and the frameworks do.

Only names in this list are ever put into a description: a user's environment also holds secrets.
"""

from __future__ import annotations

import re

from compat.machine import steers
from compat.probe.host import Host
from compat.probe.layer import Reading

WHERE = {
    "variables": "the process's environment (a fixed list of names)",
}

_LISTED = (
    # the loader (ld.so(8)), the interpreter and its environment
    "LD_LIBRARY_PATH LD_PRELOAD LD_AUDIT LD_BIND_NOW PATH PYTHONPATH PYTHONHOME PYTHONNOUSERSITE VIRTUAL_ENV "
    "CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_OVERRIDE_CUDA "
    # CUDA (CUDA C Programming Guide, environment variables) and its libraries
    "CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER CUDA_HOME CUDA_PATH CUDA_ROOT CUDA_TOOLKIT_ROOT_DIR CUDA_MODULE_LOADING "
    "CUDA_MODULE_DATA_LOADING CUDA_DISABLE_PTX_JIT CUDA_FORCE_PTX_JIT CUDA_FORCE_JIT CUDA_DISABLE_JIT "
    "CUDA_CACHE_DISABLE CUDA_LAUNCH_BLOCKING CUDA_MPS_PIPE_DIRECTORY CUDA_MPS_ACTIVE_THREAD_PERCENTAGE "
    "CUDA_ENABLE_FORWARD_COMPATIBILITY CUDA_VERSION CUDA_COMPAT_PATH CUDA_DRIVER_VERSION CUDA_INJECTION64_PATH "
    "CUDNN_PATH CUDNN_HOME CUDNN_ROOT CUDNN_INCLUDE_DIR CUDNN_LIBRARY CUDNN_VERSION CUDNN_LOGLEVEL_DBG "
    "CUBLAS_WORKSPACE_CONFIG NVIDIA_VISIBLE_DEVICES NVIDIA_DRIVER_CAPABILITIES NVIDIA_DISABLE_REQUIRE "
    "NVIDIA_TF32_OVERRIDE NVIDIA_PRODUCT_NAME NVIDIA_PYTORCH_VERSION NVIDIA_TENSORFLOW_VERSION "
    "NVIDIA_TRITON_SERVER_VERSION NVIDIA_JAX_VERSION NVIDIA_TENSORRT_VERSION NVIDIA_BUILD_ID "
    "NVCC_PREPEND_FLAGS NVCC_APPEND_FLAGS NVCC_CCBIN CUDAHOSTCXX CUDACXX CUDAARCHS TORCH_CUDA_ARCH_LIST "
    "NCCL_P2P_DISABLE NCCL_IB_DISABLE NCCL_SHM_DISABLE NCCL_NVLS_ENABLE NCCL_CUMEM_ENABLE NCCL_VERSION "
    # frameworks
    "XLA_FLAGS XLA_PYTHON_CLIENT_PREALLOCATE XLA_PYTHON_CLIENT_MEM_FRACTION XLA_PYTHON_CLIENT_ALLOCATOR "
    "JAX_PLATFORMS JAX_PLATFORM_NAME JAX_SKIP_CUDA_CONSTRAINTS_CHECK "
    "TF_FORCE_GPU_ALLOW_GROWTH TF_XLA_FLAGS TF_USE_LEGACY_KERAS TF_DETERMINISTIC_OPS USE_LEGACY_KERAS KERAS_BACKEND "
    "TENSORRT_HOME TENSORRT_ROOT TENSORRT_VERSION ONNX_ML TORCH_HOME TORCH_USE_RTLD_GLOBAL "
    "PYTORCH_NVML_BASED_CUDA_CHECK PYTORCH_CUDA_ALLOC_CONF PYTORCH_ALLOC_CONF PYTORCH_VERSION PYTORCH_BUILD_VERSION "
    "TRITON_PTXAS_PATH TRITON_PTXAS_BLACKWELL_PATH TRITON_LIBCUDA_PATH "
    "VLLM_TARGET_DEVICE VLLM_USE_PRECOMPILED VLLM_ATTENTION_BACKEND PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
)
NAMES = frozenset(_LISTED.split())
FAMILIES = (
    "CUDA_PATH_V",
    "CUDNN_FRONTEND_",
    "NVIDIA_REQUIRE_",
    "NVIDIA_MIG_",
    "TF_CPP_",
    "TF_ENABLE_",
    "TF_DISABLE_",
    "TF_CUDNN_",
    "TF_CUDA_",
    "TF_GPU_",
    "TF_TRT_",
    "TRT_",
    "ORT_",
    "TORCH_CUDNN_",
)
"""How further names begin. Names in full and beginnings, not a pattern: compiling one costs more than all else here."""

_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|_KEY$|TF_CONFIG", re.IGNORECASE)
_LENGTH_LIMIT = 16 << 10


def read(host: Host, so_far: Reading) -> Reading:
    """variables; unknown for a root whose processes' environment nobody gave."""
    found = Reading()
    if not host.environ and not host.native:
        return found
    kept: dict[str, str] = {}
    for name, value in sorted(host.environ.items()):
        if (name in NAMES or name.startswith(FAMILIES)) and not _SECRET.search(name) and len(value) <= _LENGTH_LIMIT:
            kept[name] = printable(value)
            found.sources[f"variables.{name}"] = "environment"
    found.put("variables", kept, "environment")
    return found


def printable(text: str) -> str:
    """`text` with undecodable bytes and control characters as backslash escapes, to be written and shown."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(f"\\x{ord(one):02x}" if steers(one) else one for one in text) if steers(text) else text
