"""What the fields of machines made of few values can be, and the pools of what the machine itself is asked about.

A tuple is a choice; a dict is a record, each field of which is told with the pool's chance; ``Several`` is a list of up
to three; anything else stands for itself.
"""

from typing import Any, NamedTuple

Facts = dict[str, Any]


class Several(NamedTuple):
    """A list whose items are drawn from this."""

    item: Any


class Pool(NamedTuple):
    """Goals, what is said of the machines they are asked for, and about how often a fact is told."""

    goals: tuple[str, ...]
    facts: Facts
    chance: float


BOTH = (True, False)
DRIVERS = ("450.80.02", "470.82.01", "525.60.13", "535.183.01", "550.54.15", "570.86.15", "580.65.06", "595.45.04",
            "610.43.02", "999.10", "550")  # fmt: skip
CUDA = ("11.8", "12.1", "12.4", "12.8", "13.0")
MAYBE_CUDA = (False, *CUDA)
GPUS: tuple[list[Facts], ...] = (
    [],
    [{"name": "Tesla T4"}],
    [{"name": "NVIDIA GeForce RTX 5090"}],
    [{"name": "Tesla K80"}],
    [{"name": "NVIDIA H100 80GB HBM3"}],
    [{"name": "NVIDIA A100-SXM4-80GB", "mig": "enabled"}],
    [{"name": "Tesla V100-SXM2-16GB"}, {"name": "NVIDIA GeForce RTX 3090"}],
    [{"name": "NVIDIA GeForce RTX 3090", "visible": False}, {"name": "NVIDIA GeForce RTX 3090"}],
    [{"name": "GeForce GT 730"}],
    [{"compute_capability": "8.9"}],
    [{"name": "Quadro M2000"}],
    [{"name": "NVIDIA A100-SXM4-80GB", "mig": "1g.10gb"}, {"name": "NVIDIA A100-SXM4-80GB", "mig": "3g.40gb"}],
    [{"name": "NVIDIA A100-SXM4-80GB", "mig": "1g.10gb", "visible": True}, {"name": "Tesla T4", "visible": False}],
    [{"name": "NVIDIA GeForce RTX 4090"}],
    [{"pci_id": "10de:2335"}],
    [{"pci_id": "10de:2b85", "name": "NVIDIA Graphics Device"}],
    [{"name": "NVIDIA B200"}, {"name": "NVIDIA B200"}],
    [{"name": "NVIDIA GB10"}],
    [{"name": "NVIDIA GeForce GTX 1080"}, {"name": "NVIDIA GeForce RTX 3060"}, {"name": "Tesla T4"}],
)
KITS: tuple[list[Facts], ...] = (
    [],
    [{}],
    *([{"version": cuda}] for cuda in CUDA),
    [{"version": "12.4", "origin": "container"}],
    [{"version": "11.8", "origin": "system"}, {"version": "12.4", "origin": "container"}],
)
CODE = (["sm_80", "compute_90"], ["sm_60"], ["sm_50", "sm_90"], ["sm_75", "sm_86", "sm_120"])
CUDNN = ("8.9.7", "9.1.0", "9.10.2", "7.6.5", "9")
TENSORRT = ("7.1.3", "8.2.5", "8.5.3", "8.6.1", "10.0.1", "10.3.0", "10.13", "11.0.1", "10")
SONAMES = ("libcudnn.so.8", "libcudnn.so.9", "libcublasLt.so.11", "libcublas.so.12", "libcudart.so.12",
            "libcudnn_ops.so.9", "libnvinfer.so.8", "libnvinfer.so.10", "libnvonnxparser.so.10")  # fmt: skip
PYTHON = ("3.8.10", "3.10.12", "3.12.3", "3.13.1")
PLATFORM: Facts = {
    "os": ("linux", "linux", "windows"),
    "arch": ("x86_64", "x86_64", "aarch64"),
    "gpus": GPUS,
    "environment": ([], ["docker"], ["conda"], ["wsl2"], ["jetson"]),
    "python": PYTHON,
    "driver": {"version": DRIVERS, "cuda": CUDA, "kernel_module_version": DRIVERS},
}
NAMED_JETSON: Facts = {
    "module": ("Xavier NX", "AGX Orin", "AGX Thor"),
    "jetpack": ("4.6.1", "5.1.2", "6.2"),
    "l4t": ("32.7.1", "35.4.1", "36.4.0"),
}


def copy_of(name: str, releases: tuple[str, ...]) -> Facts:
    """A copy of a library, as far as it is told where it is from and who gets it."""
    return {
        "name": name,
        "version": releases,
        "origin": ("system", "pip", "conda", "bundled"),
        "path": ("/opt/lib", "/env/lib"),
        "loaded": BOTH,
        "loaded_by": (["torch"], ["jax"], ["tensorflow"], ["onnxruntime"]),
    }


COPIES = (
    copy_of("cudnn", CUDNN), copy_of("cudnn", CUDNN), copy_of("cublas", ("11.8.89", "12.4.5")),
    copy_of("nccl", ("2.19.3", "2.27.3")), copy_of("cudart", ("11.8.89", "12.4.5")), copy_of("tensorrt", TENSORRT),
    copy_of("ptxas", ("11.8.89", "12.4.5", "12.8.1")),
)  # fmt: skip

SYSTEM = Pool(
    ("use:gpu", "use:gpu", "use:torch", "use:jax", "run:cuda-binary", "start:container", "build:cuda-extension"),
    {
        "os": ("linux", "windows"),
        "environment": (["wsl2"], ["wsl2"], ["wsl1"], ["docker"], ["wsl2", "docker"], [], ["kubernetes"], ["slurm"],
                        ["colab"], ["podman"]),
        "gpus": GPUS,
        "driver": {
            "version": DRIVERS,
            "cuda": CUDA,
            "kernel_module_version": DRIVERS,
            "kernel_module": ("open", "proprietary", "nouveau", "nova_core"),
            "kernel_module_loaded": (True, True, False),
            "nvidia_smi_version": DRIVERS,
            "kernel_module_signed": BOTH,
            "signer_enrolled": BOTH,
        },
        "libcuda": {
            "version": DRIVERS,
            "compat": BOTH,
            "stub": BOTH,
            "path": ("/usr/local/cuda/compat/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1",
                     "/usr/lib/x86_64-linux-gnu/libcuda.so.1", "/usr/local/cuda/lib64/stubs/libcuda.so.1"),
            "compat_drivers": (["470", "525", "535"], ["525", "550", "580"], ["535", "570"]),
        },
        "secure_boot": BOTH,
        "variables": {
            "LD_LIBRARY_PATH": ("/usr/local/cuda/compat", "/usr/local/cuda/lib64/stubs", "/opt/lib"),
            "CUDA_VISIBLE_DEVICES": ("", "0", "1", "-1", "0,1", "none", "MIG-41b36412"),
            "NVIDIA_VISIBLE_DEVICES": ("all", "void", "0"),
            "NVIDIA_DISABLE_REQUIRE": ("1", "0"),
            "JAX_PLATFORMS": ("cpu", "cuda", "cpu,cuda"),
            "JAX_PLATFORM_NAME": ("cpu", "gpu"),
        },
        "loader_configuration": ("00-cuda-compat.conf", "988_cuda-12.conf"),
        "missing_libraries": ([], ["libcuda.so.1"]),
        "kernel": ("5.15.153.1-microsoft-standard-WSL2", "6.8.0-45-generic", "4.4.0-19041-Microsoft"),
        "device_nodes": ([], ["/dev/dxg"], ["/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm"], ["/dev/nvidiactl"]),
        "container": {
            "image": ("nvcr.io/nvidia/pytorch:24.05-py3", "nvidia/cuda:12.4.1-base",
                      "nvcr.io/nvidia/tensorflow:22.01-tf2-py3"),
            "gpu_access": (True, True, False),
            "toolkit_installed": (True, True, False),
            "driver_capabilities": ("utility", "compute,utility"),
            "requires": ("cuda>=12.6", "cuda>=11.8 brand=tesla,driver>=450,driver<451"),
        },
        "packages": {"torch": (None, "2.6.0+cu124", "2.1.0")},
        "toolkits": KITS,
        "model": {"target": ("sm_75", "sm_90a", "sm_120", "compute_80")},
        "nvswitch": BOTH,
        "fabric_manager": {"installed": BOTH, "running": BOTH, "version": DRIVERS},
        "jetson": NAMED_JETSON,
    },
    0.4,
)  # fmt: skip

_FOLDERS = ("/usr/local/cuda-11.8", "/usr/local/cuda-12.4", "/usr/local/cuda-12.8", "/usr/local/cuda")
PLACED_KITS = Several({"version": CUDA, "path": _FOLDERS, "origin": ("system", "conda", "container")})
COMPILERS = Pool(
    (
        "build:cuda-extension", "build:cuda-extension", "use:torch", "use:triton", "use:jax", "use:vllm",
        "use:deepspeed", "use:flash-attn", "run:cuda-binary",
    ),
    {
        **PLATFORM,
        "packages": {
            "torch": ("2.6.0+cu124", "2.1.0", "2.9.0", "2.9.0+cu130", "1.13.1+cu117", None),
            "triton": ("3.2.0", "2.1.0", "3.5.0", None),
            "jax": ("0.4.30", "0.5.3", "0.8.1"),
            "jaxlib": ("0.4.30", "0.5.3", "0.8.1"),
            "jax-cuda12-plugin": ("0.4.30", "0.5.3", "0.8.1"),
            "nvidia-cuda-nvcc-cu12": ("12.4.131", "12.8.93", None),
            "nvidia-cuda-nvrtc-cu12": ("12.4.127", "12.8.93"),
            "vllm": ("0.6.0", "0.11.0"),
            "deepspeed": ("0.14.0", None),
            "flash-attn": ("2.7.4", None),
        },
        "builds": {"torch": {"cuda": MAYBE_CUDA, "architectures": CODE}, "triton": {"cuda": CUDA}},
        "toolkits": (PLACED_KITS, PLACED_KITS, KITS),
        "libraries": Several(
            (copy_of("ptxas", ("11.8.89", "12.4.5", "12.8.1")), copy_of("nvrtc", ("12.4.5", "12.8.1")))
        ),
        "variables": {
            "CUDA_HOME": _FOLDERS,
            "CUDA_PATH": _FOLDERS,
            "TORCH_CUDA_ARCH_LIST": ("8.6", "9.0a", "12.0+PTX"),
            "TRITON_PTXAS_PATH": ("/usr/local/cuda-12.4/bin/ptxas", "/opt/lib/ptxas"),
            "TRITON_PTXAS_BLACKWELL_PATH": "/usr/local/cuda-12.8/bin/ptxas",
            "DS_BUILD_OPS": ("0", "1"),
            "LD_LIBRARY_PATH": ("/usr/local/cuda-12.4/lib64", "/opt/lib"),
        },
        "model": {"target": ("sm_75", "sm_90a", "sm_120", "sm_121a", "sm_110", "compute_80")},
        "libcuda": {"version": DRIVERS, "compat": BOTH},
        "jetson": NAMED_JETSON,
    },
    0.4,
)  # fmt: skip
