"""Layer: the environment variables that decide what CUDA, the loader and the frameworks do.

Only names in this list are ever put into a description: a user's environment also holds secrets.
"""

from __future__ import annotations

import re

from compat.probe.host import Host
from compat.probe.layer import Reading

NAMES = re.compile(
    # the loader (ld.so(8)), the interpreter and its environment
    r"LD_(?:LIBRARY_PATH|PRELOAD|AUDIT|BIND_NOW)|PATH|PYTHON(?:PATH|HOME|NOUSERSITE)|VIRTUAL_ENV"
    r"|CONDA_(?:PREFIX|DEFAULT_ENV|OVERRIDE_CUDA)"
    # CUDA (CUDA C Programming Guide, environment variables) and its libraries
    r"|CUDA_(?:VISIBLE_DEVICES|DEVICE_ORDER|HOME|PATH|PATH_V\d+_\d+|ROOT|TOOLKIT_ROOT_DIR|MODULE_LOADING|MODULE_DATA_LOADING"
    r"|DISABLE_PTX_JIT|FORCE_PTX_JIT|FORCE_JIT|DISABLE_JIT|CACHE_DISABLE|LAUNCH_BLOCKING|MPS_PIPE_DIRECTORY"
    r"|MPS_ACTIVE_THREAD_PERCENTAGE|ENABLE_FORWARD_COMPATIBILITY|VERSION|COMPAT_PATH|DRIVER_VERSION|INJECTION64_PATH)"
    r"|CUDNN_(?:PATH|HOME|ROOT|INCLUDE_DIR|LIBRARY|VERSION|LOGLEVEL_DBG|FRONTEND_[A-Z_]+)|CUBLAS_WORKSPACE_CONFIG"
    r"|NVIDIA_(?:VISIBLE_DEVICES|DRIVER_CAPABILITIES|REQUIRE_[A-Z0-9_]+|DISABLE_REQUIRE|TF32_OVERRIDE|MIG_[A-Z_]+"
    r"|(?:PRODUCT_NAME|PYTORCH_VERSION|TENSORFLOW_VERSION|TRITON_SERVER_VERSION|JAX_VERSION|TENSORRT_VERSION|BUILD_ID))"
    r"|NVCC_(?:PREPEND_FLAGS|APPEND_FLAGS|CCBIN)|CUDAHOSTCXX|CUDACXX|CUDAARCHS|TORCH_CUDA_ARCH_LIST"
    r"|NCCL_(?:P2P_DISABLE|IB_DISABLE|SHM_DISABLE|NVLS_ENABLE|CUMEM_ENABLE|VERSION)"
    # frameworks
    r"|XLA_(?:FLAGS|PYTHON_CLIENT_(?:PREALLOCATE|MEM_FRACTION|ALLOCATOR))|JAX_(?:PLATFORMS|PLATFORM_NAME|SKIP_CUDA_CONSTRAINTS_CHECK)"
    r"|TF_(?:CPP_[A-Z_]+|FORCE_GPU_ALLOW_GROWTH|XLA_FLAGS|ENABLE_[A-Z0-9_]+|DISABLE_[A-Z0-9_]+|CUDNN_[A-Z0-9_]+|CUDA_[A-Z0-9_]+|GPU_[A-Z0-9_]+|TRT_[A-Z0-9_]+|USE_LEGACY_KERAS|DETERMINISTIC_OPS)|TENSORRT_(?:HOME|ROOT|VERSION)|TRT_[A-Z0-9_]+|ORT_[A-Z0-9_]+|ONNX_ML|TORCH_(?:HOME|USE_RTLD_GLOBAL|CUDNN_[A-Z0-9_]+)"
    r"|PYTORCH_(?:NVML_BASED_CUDA_CHECK|CUDA_ALLOC_CONF|ALLOC_CONF|VERSION|BUILD_VERSION)|TRITON_(?:PTXAS_PATH|PTXAS_BLACKWELL_PATH|LIBCUDA_PATH)"
    r"|VLLM_(?:TARGET_DEVICE|USE_PRECOMPILED|ATTENTION_BACKEND)"
    r"|USE_LEGACY_KERAS|TF_USE_LEGACY_KERAS|KERAS_BACKEND|PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
)

_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|_KEY$|TF_CONFIG", re.IGNORECASE)
_LENGTH_LIMIT = 16 << 10


def read(host: Host, so_far: Reading) -> Reading:
    """variables; unknown for a root whose processes' environment nobody gave."""
    found = Reading()
    if not host.environ and not host.native:
        return found
    kept: dict[str, str] = {}
    for name, value in sorted(host.environ.items()):
        if NAMES.fullmatch(name) and not _SECRET.search(name) and len(value) <= _LENGTH_LIMIT:
            kept[name] = printable(value)
            found.sources[f"variables.{name}"] = "environment"
    found.put("variables", kept, "environment")
    return found


def printable(text: str) -> str:
    """`text` with undecodable bytes as backslash escapes, so that it can be written as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
