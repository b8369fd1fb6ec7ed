"""Machines as people report them, of every kind of failure that the catalogue covers, with their contrasts.

Written for these tests; versions, GPUs and systems differ from any collection of cases. Each line: name, goal, verdict,
the findings that count as the right diagnosis (none for a machine that works), and what the report says.
"""

from typing import Any, NamedTuple


class Reported(NamedTuple):
    """One reported machine and what is right about it."""

    name: str
    goal: str
    rules: tuple[str, ...]  # empty: compatible
    machine: dict[str, Any]

    @property
    def verdict(self) -> str:
        return "incompatible" if self.rules else "compatible"


def _linux(**facts: Any) -> dict[str, Any]:
    return {"os": "linux", "arch": "x86_64", **facts}


def _windows(**facts: Any) -> dict[str, Any]:
    return {"os": "windows", "distribution": "windows", "arch": "x86_64", "environment": [], **facts}


def _gpu(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def _lib(name: str, version: str, origin: str | None = "system", **more: Any) -> dict[str, Any]:
    return {"name": name, "version": version, **({"origin": origin} if origin else {}), **more}


def _kit(version: str, origin: str = "system") -> list[dict[str, str]]:
    return [{"version": version, "origin": origin}]


NO_CODE = ("gpu-not-in-build", "cuda-older-than-gpu")
OLD_DRIVER = ("driver-too-old",)
CUDNN = ("cudnn-mismatch", "library-shadowed")
MAJOR = ("cuda-major-mismatch", "library-not-found")
CPU = ("cpu-only-build", "no-gpu-build-for-platform")

GPU_CODE = [
    Reported(
        "torch 2.4 on an RTX 5090",
        "use:torch",
        NO_CODE,
        _linux(
            gpus=_gpu("NVIDIA GeForce RTX 5090"), driver={"version": "570.86.16"}, packages={"torch": "2.4.1+cu121"}
        ),
    ),
    Reported(
        "torch 2.7 cu128 on an RTX 5090",
        "use:torch",
        (),
        _linux(
            gpus=_gpu("NVIDIA GeForce RTX 5090"), driver={"version": "570.86.16"}, packages={"torch": "2.7.1+cu128"}
        ),
    ),
    Reported(
        "torch 2.7 cu126 on an RTX 5080",
        "use:torch",
        NO_CODE,
        _linux(gpus=_gpu("NVIDIA GeForce RTX 5080"), packages={"torch": "2.7.0+cu126"}),
    ),
    Reported(
        "torch 2.5 for Windows on an RTX 5060 Ti",
        "use:torch",
        NO_CODE,
        _windows(
            gpus=_gpu("NVIDIA GeForce RTX 5060 Ti"), driver={"version": "576.28"}, packages={"torch": "2.5.1+cu124"}
        ),
    ),
    Reported(
        "PyPI torch 2.0.1 on an H100",
        "use:torch",
        NO_CODE,
        _linux(
            gpus=_gpu("NVIDIA H100 80GB HBM3"),
            python="3.10",
            packages={"torch": "2.0.1"},
            builds={"torch": {"source": "pypi"}},
        ),
    ),
    Reported(
        "torch 1.7.1 cu110 on an RTX 3090",
        "use:torch",
        (),
        _linux(gpus=_gpu("GeForce RTX 3090"), driver={"version": "455.45.01"}, packages={"torch": "1.7.1+cu110"}),
    ),
    Reported(
        "torch 1.5.1 on an RTX 3080",
        "use:torch",
        NO_CODE,
        _linux(gpus=_gpu("GeForce RTX 3080"), driver={"version": "455.38"}, packages={"torch": "1.5.1"}),
    ),
    Reported(
        "torch 2.9 cu130 on a Tesla P40",
        "use:torch",
        (*NO_CODE, "driver-too-old"),
        _linux(gpus=_gpu("Tesla P40"), driver={"version": "580.95.05"}, packages={"torch": "2.9.1+cu130"}),
    ),
    Reported(
        "torch 2.9 cu126 on a Tesla P40",
        "use:torch",
        (),
        _linux(gpus=_gpu("Tesla P40"), driver={"version": "580.95.05"}, packages={"torch": "2.9.1+cu126"}),
    ),
    Reported(
        "torch on two GPUs of which one is too old",
        "use:torch",
        NO_CODE,
        _linux(gpus=_gpu("NVIDIA GeForce RTX 4090", "NVIDIA GeForce GTX 980"), packages={"torch": "2.8.0+cu128"}),
    ),
    Reported(
        "vllm on a Tesla P100",
        "use:vllm",
        NO_CODE,
        _linux(
            gpus=_gpu("Tesla P100-PCIE-16GB"),
            driver={"version": "535.161.08"},
            packages={"vllm": "0.6.3", "torch": "2.4.0"},
        ),
    ),
    Reported(
        "vllm 0.8 on an RTX 5090",
        "use:vllm",
        NO_CODE,
        _linux(
            gpus=_gpu("NVIDIA GeForce RTX 5090"),
            driver={"version": "570.133.07"},
            packages={"vllm": "0.8.4", "torch": "2.6.0+cu124"},
        ),
    ),
    Reported(
        "a build for sm_86 only on an A100",
        "use:torch",
        NO_CODE,
        _linux(
            gpus=_gpu("NVIDIA A100-SXM4-40GB"),
            packages={"torch": "2.3.0a0"},
            builds={"torch": {"architectures": ["sm_86"]}},
        ),
    ),
    Reported(
        "a build with plain PTX on a newer GPU",
        "use:torch",
        (),
        _linux(
            gpus=_gpu("NVIDIA L4"),
            driver={"version": "535.129.03"},
            packages={"torch": "1.10.0"},
            builds={"torch": {"architectures": ["sm_70", "compute_70"], "cuda": "11.3"}},
        ),
    ),
    Reported(
        "arch list without 11.0 on Thor",
        "use:torch",
        (*NO_CODE, "jetson-build-mismatch"),
        {
            "os": "linux",
            "arch": "aarch64",
            "gpus": [{"name": "NVIDIA Thor", "compute_capability": "11.0"}],
            "packages": {"torch": "2.8.0"},
            "builds": {"torch": {"architectures": ["sm_90", "sm_100", "sm_120"]}},
        },
    ),
    Reported(
        "tensorflow 2.19 on an RTX 5070",
        "use:tensorflow",
        NO_CODE,
        _linux(
            gpus=_gpu("NVIDIA GeForce RTX 5070"),
            driver={"version": "570.124.06"},
            python="3.12",
            packages={"tensorflow": "2.19.0"},
        ),
    ),
    Reported(
        "tensorflow 2.17 on an L40S",
        "use:tensorflow",
        (),
        _linux(
            gpus=_gpu("NVIDIA L40S"), driver={"version": "550.90.07"}, python="3.11", packages={"tensorflow": "2.17.0"}
        ),
    ),
    Reported(
        "tensorflow 2.3 on an RTX 3070",
        "use:tensorflow",
        (*NO_CODE, "ptx-newer-than-driver"),
        _linux(gpus=_gpu("GeForce RTX 3070"), driver={"version": "455.45.01"}, packages={"tensorflow": "2.3.1"}),
    ),
    Reported(
        "onnxruntime-gpu 1.16 on a Quadro K4200",
        "use:onnxruntime-cuda",
        NO_CODE,
        _linux(
            gpus=_gpu("Quadro K4200"),
            toolkits=_kit("11.8"),
            libraries=[_lib("cudnn", "8.9.2")],
            packages={"onnxruntime-gpu": "1.16.3"},
        ),
    ),
    Reported(
        "onnxruntime-gpu 1.22 on an RTX 5090",
        "use:onnxruntime-cuda",
        (),
        _linux(
            gpus=_gpu("NVIDIA GeForce RTX 5090"),
            driver={"version": "575.57.08"},
            toolkits=_kit("12.9"),
            libraries=[_lib("cudnn", "9.10.2")],
            packages={"onnxruntime-gpu": "1.22.0"},
        ),
    ),
    Reported(
        "ctranslate2 on a Kepler card",
        "use:ctranslate2",
        (*NO_CODE, "driver-too-old"),
        _linux(gpus=_gpu("Tesla K40c"), driver={"version": "470.256.02"}, packages={"ctranslate2": "4.4.0"}),
    ),
    Reported(
        "torch cu118 on a Quadro K620M",
        "use:torch",
        NO_CODE,
        _linux(gpus=[{"name": "Quadro K2100M", "compute_capability": "3.0"}], packages={"torch": "2.0.0+cu118"}),
    ),
]

DRIVER = [
    Reported(
        "torch cu124 on driver 470",
        "use:torch",
        OLD_DRIVER,
        _linux(
            gpus=_gpu("Tesla T4"), driver={"version": "470.199.02", "cuda": "11.4"}, packages={"torch": "2.5.1+cu124"}
        ),
    ),
    Reported(
        "torch cu130 on driver 550",
        "use:torch",
        OLD_DRIVER,
        _linux(gpus=_gpu("NVIDIA A10"), driver={"version": "550.54.15"}, packages={"torch": "2.9.1+cu130"}),
    ),
    Reported(
        "torch cu121 on driver 525 by minor-version compatibility",
        "use:torch",
        (),
        _linux(
            gpus=_gpu("NVIDIA A10"), driver={"version": "525.147.05", "cuda": "12.0"}, packages={"torch": "2.2.2+cu121"}
        ),
    ),
    Reported(
        "torch cu117 on driver 470",
        "use:torch",
        (),
        _linux(gpus=_gpu("Quadro RTX 6000"), driver={"version": "470.57.02"}, packages={"torch": "1.13.1+cu117"}),
    ),
    Reported(
        "tensorflow 2.4 on driver 440",
        "use:tensorflow",
        OLD_DRIVER,
        _linux(
            gpus=_gpu("Tesla V100-SXM2-16GB"),
            driver={"version": "440.33.01", "cuda": "10.2"},
            packages={"tensorflow": "2.4.1"},
        ),
    ),
    Reported(
        "CuPy for CUDA 12 on driver 470",
        "use:cupy",
        OLD_DRIVER,
        _linux(gpus=_gpu("Tesla T4"), driver={"version": "470.82.01"}, packages={"cupy-cuda12x": "13.3.0"}),
    ),
    Reported(
        "jax cuda12 plugin on driver 470",
        "use:jax",
        OLD_DRIVER,
        _linux(
            gpus=_gpu("Tesla T4"),
            driver={"version": "470.223.02", "cuda": "11.4"},
            packages={"jax": "0.4.30", "jaxlib": "0.4.30", "jax-cuda12-plugin": "0.4.30", "jax-cuda12-pjrt": "0.4.30"},
        ),
    ),
    Reported(
        "torch for Windows cu126 on 516",
        "use:torch",
        OLD_DRIVER,
        _windows(
            gpus=_gpu("NVIDIA GeForce RTX 3060"),
            driver={"version": "516.94", "cuda": "11.7"},
            packages={"torch": "2.6.0+cu126"},
        ),
    ),
    Reported(
        "conda pytorch for cudatoolkit 10.2 on driver 418",
        "use:torch",
        OLD_DRIVER,
        _linux(
            environment=["conda"],
            gpus=_gpu("Tesla P40"),
            driver={"version": "418.87.01", "cuda": "10.1"},
            packages={"pytorch": "1.6.0", "cudatoolkit": "10.2.89"},
            builds={"pytorch": {"cuda": "10.2.89", "cudnn": "7.6.5"}},
        ),
    ),
    Reported(
        "CUDA 12.4 program on 515",
        "run:cuda-binary",
        ("driver-too-old", "ptx-newer-than-driver"),
        _linux(gpus=_gpu("NVIDIA A30"), driver={"version": "515.105.01"}, toolkits=_kit("12.4")),
    ),
    Reported(
        "PTX of 12.8 on 550",
        "run:cuda-binary",
        ("ptx-newer-than-driver",),
        _linux(gpus=_gpu("NVIDIA H100 PCIe"), driver={"version": "550.127.08", "cuda": "12.4"}, toolkits=_kit("12.8")),
    ),
    Reported(
        "PTX of 12.4 on 550",
        "run:cuda-binary",
        (),
        _linux(gpus=_gpu("NVIDIA H100 PCIe"), driver={"version": "550.127.08", "cuda": "12.4"}, toolkits=_kit("12.4")),
    ),
    Reported(
        "PTX of 11.6 on Windows 472",
        "run:cuda-binary",
        ("ptx-newer-than-driver",),
        _windows(
            gpus=_gpu("NVIDIA GeForce RTX 2060"), driver={"version": "472.39", "cuda": "11.4"}, toolkits=_kit("11.6")
        ),
    ),
    Reported(
        "kernel module and libraries apart",
        "use:gpu",
        ("driver-library-mismatch",),
        _linux(driver={"version": "535.183.01", "kernel_module_version": "535.171.04"}),
    ),
    Reported(
        "both halves of one release",
        "use:gpu",
        (),
        _linux(driver={"version": "535.183.01", "kernel_module_version": "535.183.01"}),
    ),
    Reported(
        "libcuda of another release in front",
        "use:torch",
        ("driver-library-mismatch",),
        _linux(
            driver={"version": "550.54.15", "kernel_module_version": "550.54.15"},
            libcuda={"version": "545.23.08", "path": "/opt/old/libcuda.so.1", "compat": False},
            packages={"torch": None},
        ),
    ),
    Reported(
        "Kepler on driver 510",
        "use:gpu",
        ("driver-dropped-gpu",),
        _linux(gpus=_gpu("GeForce GTX 780"), driver={"version": "510.47.03"}),
    ),
    Reported(
        "Kepler on its legacy driver",
        "use:gpu",
        (),
        _linux(gpus=_gpu("GeForce GTX 780"), driver={"version": "470.256.02"}),
    ),
    Reported(
        "Maxwell on driver 610",
        "use:gpu",
        ("driver-dropped-gpu",),
        _linux(gpus=_gpu("NVIDIA GeForce GTX 970"), driver={"version": "610.43"}),
    ),
    Reported(
        "Volta on driver 595 with torch",
        "use:torch",
        ("driver-dropped-gpu",),
        _linux(gpus=_gpu("Tesla V100-SXM2-32GB"), driver={"version": "595.45.04"}, packages={"torch": "2.7.1+cu126"}),
    ),
    Reported(
        "Blackwell on driver 550",
        "use:gpu",
        ("driver-dropped-gpu", "driver-too-old"),
        _linux(gpus=_gpu("NVIDIA GeForce RTX 5090"), driver={"version": "550.144.03"}),
    ),
    Reported(
        "open module on a GTX 1080",
        "use:gpu",
        ("kernel-module-flavor",),
        _linux(gpus=_gpu("NVIDIA GeForce GTX 1080"), driver={"version": "570.133.20", "kernel_module": "open"}),
    ),
    Reported(
        "proprietary module on an RTX 5080",
        "use:gpu",
        ("kernel-module-flavor",),
        _linux(gpus=_gpu("NVIDIA GeForce RTX 5080"), driver={"version": "570.124.04", "kernel_module": "proprietary"}),
    ),
    Reported(
        "open module on Turing",
        "use:gpu",
        (),
        _linux(gpus=_gpu("NVIDIA GeForce RTX 2070"), driver={"version": "570.133.07", "kernel_module": "open"}),
    ),
    Reported(
        "nouveau holds the card",
        "use:gpu",
        ("other-driver-bound",),
        _linux(gpus=_gpu("NVIDIA GeForce RTX 3060"), driver={"kernel_module": "nouveau"}),
    ),
    Reported(
        "card reserved for a virtual machine",
        "use:torch",
        ("other-driver-bound",),
        _linux(driver={"kernel_module": "vfio-pci"}, packages={"torch": None}),
    ),
    Reported(
        "nova_core on Fedora",
        "use:torch",
        ("other-driver-bound",),
        _linux(
            distribution="fedora",
            distribution_version="44",
            kernel="7.1.2",
            gpus=_gpu("NVIDIA GeForce RTX 4070"),
            driver={"kernel_module": "nova_core"},
            packages={"torch": "2.11.0+cu128"},
        ),
    ),
    Reported(
        "unsigned module under Secure Boot",
        "use:gpu",
        ("kernel-module-rejected",),
        _linux(
            secure_boot=True,
            driver={"version": "550.90.07", "kernel_module_signed": False, "kernel_module_loaded": False},
        ),
    ),
    Reported(
        "key not enrolled",
        "use:gpu",
        ("kernel-module-rejected",),
        _linux(
            secure_boot=True, driver={"version": "560.35.03", "kernel_module_signed": True, "signer_enrolled": False}
        ),
    ),
    Reported(
        "key enrolled and not trusted",
        "use:gpu",
        ("kernel-module-rejected",),
        _linux(
            secure_boot=True,
            driver={
                "version": "560.35.03",
                "kernel_module_signed": True,
                "signer_enrolled": True,
                "kernel_module_loaded": False,
            },
        ),
    ),
    Reported(
        "Secure Boot with a module that loaded",
        "use:gpu",
        (),
        _linux(
            secure_boot=True,
            gpus=_gpu("NVIDIA GeForce RTX 4060"),
            driver={"version": "560.35.03", "kernel_module_signed": False, "kernel_module_loaded": True},
        ),
    ),
    Reported(
        "Secure Boot off",
        "use:gpu",
        (),
        _linux(
            secure_boot=False,
            gpus=_gpu("NVIDIA GeForce RTX 4060"),
            driver={"version": "560.35.03", "kernel_module_signed": False, "kernel_module_loaded": True},
        ),
    ),
    Reported(
        "no driver in a Debian installation",
        "use:gpu",
        ("driver-missing",),
        _linux(gpus=_gpu("NVIDIA L4"), driver={"kernel_module_loaded": False}),
    ),
    Reported(
        "no uvm node",
        "use:torch",
        ("device-node-missing",),
        _linux(
            gpus=_gpu("NVIDIA L4"),
            driver={"version": "570.86.15"},
            device_nodes=["/dev/nvidia0", "/dev/nvidiactl"],
            packages={"torch": "2.7.0+cu126"},
        ),
    ),
    Reported(
        "all GPUs hidden",
        "use:torch",
        ("gpus-hidden",),
        _linux(
            gpus=_gpu("NVIDIA L4"),
            driver={"version": "570.86.15"},
            variables={"CUDA_VISIBLE_DEVICES": "-1"},
            packages={"torch": "2.7.0+cu126"},
        ),
    ),
    Reported(
        "stub of libcuda in front",
        "use:torch",
        ("stub-library",),
        _linux(
            gpus=_gpu("NVIDIA L4"),
            driver={"version": "570.86.15"},
            libcuda={"path": "/usr/local/cuda/lib64/stubs/libcuda.so", "stub": True},
            packages={"torch": "2.7.0+cu126"},
        ),
    ),
    Reported(
        "HGX without its fabric manager",
        "use:torch",
        ("fabric-manager",),
        _linux(
            gpus=_gpu(*["NVIDIA H100 80GB HBM3"] * 8),
            nvswitch=True,
            fabric_manager={"installed": True, "running": False},
            driver={"version": "550.90.07"},
            packages={"torch": "2.4.0+cu121"},
        ),
    ),
    Reported(
        "fabric manager of another release",
        "use:gpu",
        ("fabric-manager",),
        _linux(
            gpus=_gpu(*["NVIDIA A100-SXM4-80GB"] * 8),
            nvswitch=True,
            fabric_manager={"installed": True, "running": True, "version": "535.161.07"},
            driver={"version": "535.183.01"},
        ),
    ),
    Reported(
        "fabric manager in order",
        "use:gpu",
        (),
        _linux(
            gpus=_gpu(*["NVIDIA A100-SXM4-80GB"] * 8),
            nvswitch=True,
            fabric_manager={"installed": True, "running": True, "version": "535.183.01"},
            driver={"version": "535.183.01"},
        ),
    ),
    Reported(
        "PCIe cards need no fabric manager",
        "use:torch",
        (),
        _linux(
            gpus=_gpu("NVIDIA H100 PCIe", "NVIDIA H100 PCIe"),
            nvswitch=False,
            fabric_manager={"installed": False},
            driver={"version": "550.90.07"},
            packages={"torch": "2.4.0+cu121"},
        ),
    ),
    Reported(
        "two MIG instances for one process",
        "use:torch",
        ("mig-single-instance",),
        _linux(
            gpus=[
                {"name": "NVIDIA H100 80GB HBM3", "mig": "1g.10gb"},
                {"name": "NVIDIA H100 80GB HBM3", "mig": "1g.10gb"},
            ],
            packages={"torch": "2.4.0+cu121"},
        ),
    ),
    Reported(
        "one MIG instance",
        "use:torch",
        (),
        _linux(
            gpus=[{"name": "NVIDIA H100 80GB HBM3", "mig": "1g.10gb"}],
            driver={"version": "550.90.07"},
            packages={"torch": "2.4.0+cu121"},
        ),
    ),
]
COMPAT = [
    Reported(
        "forward compatibility on a GeForce",
        "use:torch",
        ("forward-compat-unsupported",),
        _linux(
            environment=["docker"],
            gpus=_gpu("NVIDIA GeForce RTX 3090"),
            driver={"version": "470.103.01"},
            libcuda={"version": "515.65.01", "compat": True},
            toolkits=_kit("11.7", "container"),
            packages={"torch": None},
        ),
    ),
    Reported(
        "forward compatibility on an A100",
        "use:torch",
        (),
        _linux(
            environment=["docker"],
            gpus=_gpu("NVIDIA A100-SXM4-40GB"),
            driver={"version": "470.103.01"},
            libcuda={"version": "525.105.17", "compat": True},
            toolkits=_kit("12.0", "container"),
            packages={"torch": None},
            builds={"torch": {"cuda": "12.0"}},
        ),
    ),
    Reported(
        "forward compatibility from a branch that the package does not serve",
        "use:gpu",
        ("forward-compat-unsupported",),
        _linux(
            gpus=_gpu("Tesla T4"),
            driver={"version": "520.61.05"},
            libcuda={"version": "550.54.15", "compat": True, "compat_drivers": ["470", "525", "535"]},
        ),
    ),
    Reported(
        "cuda-compat older than the driver",
        "use:torch",
        ("compat-library-older-than-driver", "forward-compat-unsupported"),
        _linux(
            environment=["docker"],
            gpus=_gpu("NVIDIA L40S"),
            driver={"version": "570.124.06"},
            libcuda={"version": "550.54.15", "compat": True},
            toolkits=_kit("12.4", "container"),
            packages={"torch": None},
        ),
    ),
    Reported(
        "compat folder first on LD_LIBRARY_PATH under a newer driver",
        "use:vllm",
        ("compat-library-older-than-driver", "forward-compat-unsupported"),
        _linux(
            environment=["docker"],
            gpus=_gpu("NVIDIA H200"),
            driver={"version": "580.82.07", "cuda": "13.0"},
            toolkits=_kit("12.8", "container"),
            variables={"LD_LIBRARY_PATH": "/usr/local/cuda/compat:/usr/local/lib"},
        ),
    ),
    Reported(
        "compat package that is not loaded",
        "use:torch",
        (),
        _linux(
            environment=["docker"],
            gpus=_gpu("NVIDIA L40S"),
            driver={"version": "570.124.06"},
            libcuda={"version": "570.124.06", "compat": False},
            toolkits=_kit("12.4", "container"),
            packages={"torch": "2.5.1+cu124"},
        ),
    ),
]

LIBRARIES = [
    Reported(
        "tensorflow 2.5 with cuDNN 8.0",
        "use:tensorflow",
        CUDNN,
        _linux(
            toolkits=_kit("11.2"), libraries=[_lib("cudnn", "8.0.5", loaded=True)], packages={"tensorflow": "2.5.0"}
        ),
    ),
    Reported(
        "tensorflow 2.10 with a newer cuDNN 8",
        "use:tensorflow",
        (),
        _linux(
            toolkits=_kit("11.7"), libraries=[_lib("cudnn", "8.6.0", loaded=True)], packages={"tensorflow": "2.10.0"}
        ),
    ),
    Reported(
        "tensorflow 2.18 with cuDNN 8.9",
        "use:tensorflow",
        CUDNN,
        _linux(
            libraries=[_lib("cudnn", "8.9.7.29", "pip", loaded=True)],
            packages={"tensorflow": "2.18.0", "nvidia-cudnn-cu12": "8.9.7.29"},
        ),
    ),
    Reported(
        "jaxlib cudnn89 with cuDNN 8.8",
        "use:jax",
        CUDNN,
        _linux(
            libraries=[_lib("cudnn", "8.8.1", loaded=True)],
            packages={"jax": "0.4.13", "jaxlib": "0.4.13+cuda12.cudnn89"},
        ),
    ),
    Reported(
        "jax plugin with the cuDNN 8 of another package",
        "use:jax",
        CUDNN,
        _linux(
            libraries=[_lib("cudnn", "8.9.2.26", "pip", loaded=True)],
            packages={
                "jax": "0.4.31",
                "jaxlib": "0.4.31",
                "jax-cuda12-plugin": "0.4.31",
                "jax-cuda12-pjrt": "0.4.31",
                "nvidia-cudnn-cu12": "8.9.2.26",
            },
        ),
    ),
    Reported(
        "onnxruntime 1.19 with cuDNN 8",
        "use:onnxruntime-cuda",
        ("cudnn-mismatch", "library-not-found"),
        _linux(toolkits=_kit("12.4"), libraries=[_lib("cudnn", "8.9.7")], packages={"onnxruntime-gpu": "1.19.2"}),
    ),
    Reported(
        "onnxruntime 1.20 with cuDNN 9",
        "use:onnxruntime-cuda",
        (),
        _linux(toolkits=_kit("12.6"), libraries=[_lib("cudnn", "9.5.1")], packages={"onnxruntime-gpu": "1.20.1"}),
    ),
    Reported(
        "onnxruntime 1.16 with cuDNN 9",
        "use:onnxruntime-cuda",
        ("cudnn-mismatch", "library-not-found"),
        _linux(toolkits=_kit("11.8"), libraries=[_lib("cudnn", "9.1.0")], packages={"onnxruntime-gpu": "1.16.3"}),
    ),
    Reported(
        "onnxruntime for Windows with torch's cuDNN 8",
        "use:onnxruntime-cuda",
        CUDNN,
        _windows(
            toolkits=_kit("12.4"),
            libraries=[_lib("cudnn", "8.9.7", "bundled", path="torch\\lib", loaded=True)],
            packages={"onnxruntime-gpu": "1.20.0", "torch": "2.3.1+cu121"},
        ),
    ),
    Reported(
        "onnxruntime 1.19 with CUDA 11.8",
        "use:onnxruntime-cuda",
        (*MAJOR, "cudnn-mismatch"),
        _linux(
            toolkits=_kit("11.8"),
            libraries=[_lib("cudnn", "8.9.7")],
            packages={"onnxruntime-gpu": "1.19.2"},
            builds={"onnxruntime-gpu": {"source": "pypi"}},
        ),
    ),
    Reported(
        "onnxruntime 1.17 of the public index with CUDA 12",
        "use:onnxruntime-cuda",
        MAJOR,
        _linux(
            toolkits=_kit("12.3"),
            packages={"onnxruntime-gpu": "1.17.1"},
            builds={"onnxruntime-gpu": {"source": "pypi"}},
        ),
    ),
    Reported(
        "onnxruntime for Windows with CUDA 12",
        "use:onnxruntime-cuda",
        MAJOR,
        _windows(toolkits=_kit("12.2"), libraries=[_lib("cudnn", "8.9.4")], packages={"onnxruntime-gpu": "1.15.1"}),
    ),
    Reported(
        "onnxruntime 1.31 for CUDA 13 with CUDA 12.8",
        "use:onnxruntime-cuda",
        MAJOR,
        _linux(toolkits=_kit("12.8"), libraries=[_lib("cudnn", "9.13.0")], packages={"onnxruntime-gpu": "1.31.1"}),
    ),
    Reported(
        "onnxruntime with both toolkits",
        "use:onnxruntime-cuda",
        (),
        _linux(
            toolkits=[*_kit("12.8"), *_kit("11.8")],
            libraries=[_lib("cudnn", "8.9.7")],
            packages={"onnxruntime-gpu": "1.17.0"},
            builds={"onnxruntime-gpu": {"source": "pypi"}},
        ),
    ),
    Reported(
        "libcublasLt.so.12 missing",
        "use:onnxruntime-cuda",
        MAJOR,
        _linux(missing_libraries=["libcublasLt.so.12"], packages={"onnxruntime-gpu": "1.22.0"}),
    ),
    Reported(
        "ctranslate2 without cuBLAS 12",
        "use:ctranslate2",
        MAJOR,
        _linux(missing_libraries=["libcublas.so.12"], packages={"ctranslate2": "4.5.0"}),
    ),
    Reported(
        "ctranslate2 4.5 with cuDNN 8 only",
        "use:ctranslate2",
        ("library-not-found", "cudnn-mismatch"),
        _linux(toolkits=_kit("12.2"), missing_libraries=["libcudnn_ops.so.9"], packages={"ctranslate2": "4.5.0"}),
    ),
    Reported(
        "tensorflow without cuDNN",
        "use:tensorflow",
        ("library-not-found",),
        _linux(toolkits=_kit("11.8"), missing_libraries=["libcudnn.so.8"], packages={"tensorflow": "2.13.0"}),
    ),
    Reported(
        "tensorflow without TensorRT is only a warning",
        "use:tensorflow",
        (),
        _linux(
            toolkits=_kit("11.8"),
            libraries=[_lib("cudnn", "8.6.0")],
            missing_libraries=["libnvinfer.so.7"],
            packages={"tensorflow": "2.12.0"},
        ),
    ),
    Reported(
        "tensorflow 2.1 wants CUDA 10.1, has 10.2",
        "use:tensorflow",
        ("cuda-library-too-old", "library-not-found", "cuda-major-mismatch"),
        _linux(toolkits=_kit("10.2"), libraries=[_lib("cudnn", "7.6.5")], packages={"tensorflow": "2.1.0"}),
    ),
    Reported(
        "tensorflow 2.1 missing libcudart.so.10.1",
        "use:tensorflow",
        ("library-not-found", "cuda-library-too-old"),
        _linux(toolkits=_kit("10.2"), missing_libraries=["libcudart.so.10.1"], packages={"tensorflow": "2.1.0"}),
    ),
    Reported(
        "onnxruntime's TensorRT provider without TensorRT",
        "use:onnxruntime-tensorrt",
        ("library-not-found",),
        _linux(
            toolkits=_kit("12.6"),
            libraries=[_lib("cudnn", "9.5.1")],
            missing_libraries=["libnvinfer.so.10"],
            packages={"onnxruntime-gpu": "1.20.1"},
        ),
    ),
    Reported(
        "conda's cuDNN in front of pip's",
        "use:tensorflow",
        CUDNN,
        _linux(
            environment=["conda"],
            libraries=[_lib("cudnn", "8.4.1", "conda", loaded=True), _lib("cudnn", "8.9.4.25", "pip")],
            packages={"tensorflow": "2.14.0"},
        ),
    ),
    Reported(
        "a newer system cuDNN in front of pip's",
        "use:tensorflow",
        (),
        _linux(
            libraries=[_lib("cudnn", "8.9.7", "system", loaded=True), _lib("cudnn", "8.6.0.163", "pip")],
            packages={"tensorflow": "2.13.1"},
            variables={"LD_LIBRARY_PATH": "/usr/local/cuda-11.8/lib64"},
        ),
    ),
    Reported(
        "torch with a foreign cuDNN minor in front",
        "use:torch",
        CUDNN,
        _linux(
            libraries=[_lib("cudnn", "9.1.0", "system", loaded=True), _lib("cudnn", "9.10.2.21", "pip")],
            packages={"torch": "2.8.0+cu128"},
            variables={"LD_LIBRARY_PATH": "/usr/local/cuda/lib64"},
        ),
    ),
    Reported(
        "an older toolkit's cuBLAS in front of JAX's",
        "use:jax",
        ("cuda-library-too-old", "library-shadowed"),
        _linux(
            libraries=[_lib("cublas", "12.0.2.224", "system", loaded=True), _lib("cublas", "12.6.4.1", "pip")],
            packages={
                "jax": "0.4.35",
                "jaxlib": "0.4.35",
                "jax-cuda12-plugin": "0.4.35",
                "nvidia-cublas-cu12": "12.6.4.1",
            },
        ),
    ),
    Reported(
        "torch with a toolkit of another release",
        "use:torch",
        (),
        _linux(
            toolkits=_kit("12.2"),
            libraries=[_lib("cudnn", "8.9.5", "system")],
            driver={"version": "550.90.07"},
            gpus=_gpu("NVIDIA GeForce RTX 3090"),
            packages={"torch": "2.6.0+cu124"},
        ),
    ),
    Reported(
        "torch cu13 with onnxruntime for CUDA 12",
        "use:onnxruntime-cuda",
        (*MAJOR, "mixed-cuda-majors"),
        _linux(packages={"onnxruntime-gpu": "1.23.2", "torch": "2.9.0+cu130"}, missing_libraries=["libcublasLt.so.12"]),
    ),
    Reported(
        "vllm for CUDA 13 with torch for CUDA 12",
        "use:vllm",
        ("mixed-cuda-majors", "cuda-major-mismatch", "package-versions-mismatch"),
        _linux(packages={"vllm": "0.33.0", "torch": "2.12.0+cu126"}),
    ),
    Reported(
        "cuDNN of CUDA 12 and 13 side by side",
        "use:torch",
        ("library-damaged", "mixed-cuda-majors"),
        _linux(packages={"torch": "2.9.1+cu128", "nvidia-cudnn-cu12": "9.10.2.21", "nvidia-cudnn-cu13": "9.13.0.50"}),
    ),
    Reported(
        "torch's cuDNN cut short",
        "use:torch",
        ("library-damaged",),
        _linux(
            packages={"torch": "2.7.1+cu128", "nvidia-cudnn-cu12": "9.7.1.26"},
            damaged=[
                {"package": "nvidia-cudnn-cu12", "path": "nvidia/cudnn/lib/libcudnn_graph.so.9", "problem": "truncated"}
            ],
        ),
    ),
    Reported(
        "damage in a package of no concern",
        "use:torch",
        (),
        _linux(
            gpus=_gpu("NVIDIA L4"),
            packages={"torch": "2.7.1+cu128", "tensorboard": "2.16.2"},
            damaged=[{"package": "tensorboard", "path": "tensorboard/webfiles.zip", "problem": "missing"}],
        ),
    ),
    Reported(
        "torch wheel on CentOS 7",
        "import:torch",
        ("glibc-too-old",),
        _linux(distribution="centos", distribution_version="7", glibc="2.17", packages={"torch": "2.7.0+cu126"}),
    ),
    Reported(
        "torch wheel on Ubuntu 22.04",
        "import:torch",
        (),
        _linux(distribution="ubuntu", distribution_version="22.04", glibc="2.35", packages={"torch": "2.7.0+cu126"}),
    ),
    Reported(
        "onnxruntime-gpu on Ubuntu 18.04",
        "import:onnxruntime",
        ("glibc-too-old",),
        _linux(
            distribution="ubuntu", distribution_version="18.04", glibc="2.27", packages={"onnxruntime-gpu": "1.31.1"}
        ),
    ),
    Reported(
        "libstdc++ of an old conda environment",
        "import:onnxruntime",
        ("libstdcxx-too-old",),
        _linux(environment=["conda"], glibc="2.35", glibcxx="3.4.21", packages={"onnxruntime-gpu": "1.31.1"}),
    ),
]

PACKAGES = [
    Reported("torch +cpu", "use:torch", CPU, _linux(gpus=_gpu("NVIDIA L4"), packages={"torch": "2.1.0+cpu"})),
    Reported(
        "torch for Windows from the public index",
        "use:torch",
        CPU,
        _windows(python="3.11", packages={"torch": "2.5.1"}, builds={"torch": {"source": "pypi"}}),
    ),
    Reported(
        "conda build without CUDA",
        "use:torch",
        CPU,
        _linux(environment=["conda"], packages={"pytorch": "2.0.1"}, builds={"pytorch": {"cuda": False}}),
    ),
    Reported(
        "onnxruntime without -gpu",
        "use:onnxruntime-cuda",
        CPU,
        _linux(gpus=_gpu("NVIDIA L4"), packages={"onnxruntime": "1.18.1"}),
    ),
    Reported(
        "onnxruntime-gpu in its place",
        "use:onnxruntime-cuda",
        (),
        _linux(
            gpus=_gpu("NVIDIA L4"),
            toolkits=_kit("12.4"),
            libraries=[_lib("cudnn", "9.1.0")],
            packages={"onnxruntime-gpu": "1.19.0"},
        ),
    ),
    Reported("tensorflow-cpu", "use:tensorflow", CPU, _linux(packages={"tensorflow-cpu": "2.15.0"})),
    Reported(
        "jax without its plugin",
        "use:jax",
        CPU,
        _linux(packages={"jax": "0.4.35", "jaxlib": "0.4.35", "jax-cuda12-plugin": False, "jax-cuda13-plugin": False}),
    ),
    Reported(
        "jaxlib that is said to be without CUDA",
        "use:jax",
        CPU,
        _linux(packages={"jax": "0.4.20", "jaxlib": "0.4.20"}, builds={"jaxlib": {"cuda": False}}),
    ),
    Reported("torch for macOS", "use:torch", CPU, {"os": "macos", "arch": "aarch64", "packages": {"torch": "2.4.0"}}),
    Reported(
        "tensorflow 2.15 for Windows",
        "use:tensorflow",
        CPU,
        _windows(gpus=_gpu("NVIDIA GeForce RTX 4070"), toolkits=_kit("12.2"), packages={"tensorflow": "2.15.0"}),
    ),
    Reported(
        "tensorflow 2.16 for Windows without CUDA",
        "use:tensorflow",
        CPU,
        _windows(python="3.12", packages={"tensorflow": "2.16.1"}),
    ),
    Reported(
        "tensorflow 2.10 for Windows",
        "use:tensorflow",
        (),
        _windows(
            gpus=_gpu("NVIDIA GeForce RTX 3060"),
            driver={"version": "531.79"},
            toolkits=_kit("11.2"),
            libraries=[_lib("cudnn", "8.1.0")],
            python="3.10",
            packages={"tensorflow": "2.10.1"},
        ),
    ),
    Reported(
        "tensorflow 2.15 in WSL 2",
        "use:tensorflow",
        (),
        _linux(
            environment=["wsl2"],
            gpus=_gpu("NVIDIA GeForce RTX 4070"),
            driver={"version": "546.33"},
            toolkits=_kit("12.2"),
            libraries=[_lib("cudnn", "8.9.4")],
            packages={"tensorflow": "2.15.0"},
        ),
    ),
    Reported(
        "jax for Windows", "use:jax", CPU, _windows(gpus=_gpu("NVIDIA GeForce RTX 4090"), packages={"jax": "0.4.30"})
    ),
    Reported(
        "tensorflow install for Windows",
        "install:tensorflow",
        ("no-gpu-build-for-platform", "cpu-only-build"),
        _windows(python="3.11", request={"tensorflow": "==2.15.*"}),
    ),
    Reported(
        "tensorrt by pip for Windows before 10",
        "install:tensorrt",
        ("no-gpu-build-for-platform", "package-removed", "python-unsupported"),
        _windows(python="3.10", request={"tensorrt": "==8.6.1"}),
    ),
    Reported(
        "vllm for Windows",
        "install:vllm",
        ("no-gpu-build-for-platform",),
        _windows(python="3.11", request={"vllm": "==0.6.3"}),
    ),
    Reported(
        "torch 1.13 for Python 3.12",
        "install:torch",
        ("python-unsupported",),
        _linux(python="3.12.1", request={"torch": "==1.13.1"}),
    ),
    Reported("torch 2.4 for Python 3.12", "install:torch", (), _linux(python="3.12.4", request={"torch": "==2.4.0"})),
    Reported(
        "torch 2.5 for Python 3.8",
        "install:torch",
        ("python-unsupported",),
        _linux(python="3.8.19", request={"torch": "==2.5.*"}),
    ),
    Reported(
        "tensorflow 2.4 for Python 3.9",
        "install:tensorflow",
        ("python-unsupported",),
        _linux(python="3.9.5", request={"tensorflow": "==2.4.1"}),
    ),
    Reported(
        "onnxruntime-gpu 1.15 for Python 3.12",
        "install:onnxruntime",
        ("python-unsupported",),
        _linux(python="3.12.0", request={"onnxruntime-gpu": "==1.15.1"}),
    ),
    Reported(
        "tensorflow-gpu 2.13",
        "install:tensorflow",
        ("package-removed",),
        _linux(python="3.10", request={"tensorflow-gpu": "==2.13.0"}),
    ),
    Reported(
        "tensorflow-gpu 2.9 still exists",
        "install:tensorflow",
        (),
        _linux(python="3.10", request={"tensorflow-gpu": "==2.9.1"}),
    ),
    Reported("pytorch by pip", "install:torch", ("package-removed",), _linux(python="3.10", request={"pytorch": "*"})),
    Reported(
        "nvidia-tensorrt",
        "install:tensorrt",
        ("package-removed",),
        _linux(python="3.11", request={"nvidia-tensorrt": "*"}),
    ),
    Reported(
        "a torch that was never published",
        "install:torch",
        ("package-removed", "python-unsupported"),
        _linux(python="3.10", request={"torch": "==2.1.9"}),
    ),
    Reported(
        "torchvision of another torch",
        "import:torchvision",
        ("package-versions-mismatch",),
        _linux(packages={"torch": "2.1.2", "torchvision": "0.18.0"}),
    ),
    Reported(
        "torchvision of this torch",
        "import:torchvision",
        (),
        _linux(packages={"torch": "2.3.0", "torchvision": "0.18.0"}),
    ),
    Reported(
        "torchaudio of another torch",
        "import:torchaudio",
        ("package-versions-mismatch",),
        _linux(packages={"torch": "2.0.1", "torchaudio": "2.1.0"}),
    ),
    Reported(
        "torch-tensorrt of another torch",
        "import:torch-tensorrt",
        ("package-versions-mismatch",),
        _linux(packages={"torch": "2.5.1", "torch-tensorrt": "2.3.0"}),
    ),
    Reported(
        "jax plugin of another jaxlib",
        "use:jax",
        ("package-versions-mismatch",),
        _linux(
            packages={"jax": "0.5.0", "jaxlib": "0.5.0", "jax-cuda12-plugin": "0.4.36", "jax-cuda12-pjrt": "0.4.36"}
        ),
    ),
    Reported(
        "jaxlib older than jax takes",
        "import:jax",
        ("package-versions-mismatch",),
        _linux(packages={"jax": "0.4.30", "jaxlib": "0.4.20"}),
    ),
    Reported(
        "tf2onnx 1.16 with Keras 3",
        "convert:tensorflow-onnx",
        ("package-versions-mismatch",),
        _linux(packages={"tf2onnx": "1.16.1", "tensorflow": "2.16.1", "keras": "3.3.3"}),
    ),
    Reported(
        "tf2onnx 1.16 with Keras 2",
        "convert:tensorflow-onnx",
        (),
        _linux(packages={"tf2onnx": "1.16.1", "tensorflow": "2.13.1", "keras": "2.13.1"}),
    ),
    Reported(
        "TF-TRT of TensorFlow 2.15 with TensorRT 10",
        "use:tf-trt",
        ("package-versions-mismatch", "library-not-found"),
        _linux(libraries=[_lib("tensorrt", "10.0.1")], packages={"tensorflow": "2.15.0"}),
    ),
    Reported(
        "TF-TRT of TensorFlow 2.11 with TensorRT 7.2",
        "use:tf-trt",
        (),
        _linux(libraries=[_lib("tensorrt", "7.2.2")], packages={"tensorflow": "2.11.0"}),
    ),
    Reported(
        "two torches",
        "use:torch",
        ("duplicate-install",),
        _linux(
            environment=["conda"],
            packages={"pytorch": "2.1.0"},
            duplicates=[{"name": "torch", "version": "2.3.0", "origin": "pip"}],
        ),
    ),
    Reported(
        "onnxruntime over onnxruntime-gpu",
        "use:onnxruntime-cuda",
        ("duplicate-install",),
        _linux(packages={"onnxruntime": "1.19.2", "onnxruntime-gpu": "1.18.0"}),
    ),
    Reported(
        "paddlepaddle over paddlepaddle-gpu",
        "use:paddlepaddle",
        ("duplicate-install",),
        _linux(packages={"paddlepaddle": "2.6.1", "paddlepaddle-gpu": "2.6.1"}),
    ),
    Reported(
        "NumPy 2 with torch 2.1", "import:torch", ("numpy-abi",), _linux(packages={"torch": "2.1.2", "numpy": "2.1.3"})
    ),
    Reported(
        "NumPy 2 with tensorflow 2.15",
        "import:tensorflow",
        ("numpy-abi",),
        _linux(packages={"tensorflow": "2.15.1", "numpy": "2.0.0"}),
    ),
    Reported(
        "NumPy 2 with onnxruntime 1.18",
        "import:onnxruntime",
        ("numpy-abi",),
        _linux(packages={"onnxruntime-gpu": "1.18.0", "numpy": "2.0.1"}),
    ),
    Reported(
        "NumPy 2 with tensorflow 2.18",
        "import:tensorflow",
        (),
        _linux(packages={"tensorflow": "2.18.0", "numpy": "2.0.2"}),
    ),
    Reported(
        "protobuf 4 with tensorflow 2.8",
        "import:tensorflow",
        ("protobuf-conflict",),
        _linux(packages={"tensorflow": "2.8.0", "protobuf": "4.21.1"}),
    ),
    Reported(
        "protobuf 3.20 with tensorflow 2.8",
        "import:tensorflow",
        (),
        _linux(packages={"tensorflow": "2.8.0", "protobuf": "3.20.3"}),
    ),
    Reported(
        "nvcc 12 against torch cu118",
        "build:cuda-extension",
        ("toolkit-mismatch-for-build",),
        _linux(toolkits=_kit("12.1"), packages={"torch": "2.1.0+cu118"}),
    ),
    Reported(
        "nvcc 13 against torch cu128",
        "build:cuda-extension",
        ("toolkit-mismatch-for-build",),
        _linux(toolkits=_kit("13.0"), packages={"torch": "2.8.0+cu128"}),
    ),
    Reported(
        "nvcc 12.4 against torch cu121",
        "build:cuda-extension",
        (),
        _linux(toolkits=_kit("12.4"), packages={"torch": "2.3.1+cu121"}),
    ),
    Reported(
        "nvcc 11.7 for sm_90",
        "build:cuda-extension",
        ("cuda-older-than-gpu", "toolkit-mismatch-for-build"),
        _linux(toolkits=_kit("11.7"), packages={"torch": "2.0.1+cu117"}, model={"target": "sm_90"}),
    ),
    Reported(
        "Volta with CUDA 13",
        "use:torch",
        (*NO_CODE, "driver-dropped-gpu"),
        _linux(gpus=_gpu("NVIDIA TITAN V"), driver={"version": "580.65.06"}, packages={"torch": "2.10.0+cu130"}),
    ),
    Reported(
        "CUDA 9.2 of conda on Turing",
        "use:torch",
        NO_CODE,
        _linux(
            environment=["conda"],
            gpus=_gpu("GeForce RTX 2070"),
            packages={"pytorch": "1.1.0", "cudatoolkit": "9.0"},
            builds={"pytorch": {"cuda": "9.0"}},
        ),
    ),
    Reported(
        "ptxas of triton on GB10",
        "use:triton",
        ("ptxas-too-old",),
        {
            "os": "linux",
            "arch": "aarch64",
            "gpus": _gpu("NVIDIA GB10"),
            "packages": {"triton": "3.4.0"},
            "model": {"target": "sm_121a"},
        },
    ),
    Reported(
        "ptxas on PATH older than the GPU",
        "use:jax",
        ("ptxas-too-old",),
        _linux(
            gpus=_gpu("NVIDIA H100 PCIe"),
            libraries=[_lib("ptxas", "11.5.119", "system", loaded=True)],
            packages={"jax": "0.4.13", "jaxlib": "0.4.13+cuda12.cudnn89"},
        ),
    ),
]

TENSORRT = [
    Reported(
        "TensorRT 8.4 on an RTX 4090",
        "convert:onnx-tensorrt",
        ("gpu-unsupported-by-tensorrt", "cuda-older-than-gpu"),
        _linux(gpus=_gpu("NVIDIA GeForce RTX 4090"), libraries=[_lib("tensorrt", "8.4.3.1")]),
    ),
    Reported(
        "TensorRT 8.6 on an RTX 4090",
        "convert:onnx-tensorrt",
        (),
        _linux(
            gpus=_gpu("NVIDIA GeForce RTX 4090"),
            driver={"version": "535.54.03"},
            libraries=[_lib("tensorrt", "8.6.1.6")],
        ),
    ),
    Reported(
        "TensorRT 10.7 on a V100",
        "use:tensorrt",
        ("gpu-unsupported-by-tensorrt",),
        _linux(gpus=_gpu("Tesla V100-PCIE-16GB"), packages={"tensorrt": "10.7.0"}),
    ),
    Reported(
        "TensorRT 10.4 on a V100",
        "use:tensorrt",
        (),
        _linux(gpus=_gpu("Tesla V100-PCIE-16GB"), driver={"version": "550.54.15"}, packages={"tensorrt": "10.4.0"}),
    ),
    Reported(
        "TensorRT 10.7 on an RTX 5090",
        "convert:onnx-tensorrt",
        ("gpu-unsupported-by-tensorrt", "cuda-older-than-gpu"),
        _linux(gpus=_gpu("NVIDIA GeForce RTX 5090"), libraries=[_lib("tensorrt", "10.7.0.23")]),
    ),
    Reported(
        "engine of an A100 on a T4",
        "run:engine",
        ("engine-from-other-gpu",),
        _linux(gpus=_gpu("Tesla T4"), libraries=[_lib("tensorrt", "8.5.3")], engine={"compute_capability": "8.0"}),
    ),
    Reported(
        "engine of an RTX 3090 by its name",
        "run:engine",
        ("engine-from-other-gpu",),
        _linux(
            gpus=_gpu("NVIDIA GeForce RTX 4090"),
            libraries=[_lib("tensorrt", "8.6.1")],
            engine={"gpu": "NVIDIA GeForce RTX 3090"},
        ),
    ),
    Reported(
        "engine of the same GPU",
        "run:engine",
        (),
        _linux(
            gpus=_gpu("Tesla T4"),
            libraries=[_lib("tensorrt", "8.5.3")],
            engine={"compute_capability": "7.5", "tensorrt": "8.5.3"},
        ),
    ),
    Reported(
        "hardware-compatible engine",
        "run:engine",
        (),
        _linux(
            gpus=_gpu("NVIDIA L4"),
            libraries=[_lib("tensorrt", "10.3.0")],
            engine={"compute_capability": "8.6", "tensorrt": "10.3.0", "hardware_compatible": True},
        ),
    ),
    Reported(
        "engine of TensorRT 8.5 in 8.6",
        "run:engine",
        ("engine-from-other-tensorrt",),
        _linux(gpus=_gpu("Tesla T4"), libraries=[_lib("tensorrt", "8.6.1.6")], engine={"tensorrt": "8.5.3.1"}),
    ),
    Reported(
        "engine of TensorRT 10.0 in 10.3",
        "run:engine",
        ("engine-from-other-tensorrt",),
        _linux(libraries=[_lib("tensorrt", "10.3.0.26")], engine={"tensorrt": "10.0.1.6"}),
    ),
    Reported(
        "version-compatible engine",
        "run:engine",
        (),
        _linux(
            gpus=_gpu("NVIDIA L4"),
            libraries=[_lib("tensorrt", "10.3.0.26")],
            engine={"tensorrt": "10.0.1.6", "compute_capability": "8.9", "version_compatible": True},
        ),
    ),
    Reported(
        "serialization tags only",
        "run:engine",
        ("engine-from-other-tensorrt",),
        _linux(libraries=[_lib("tensorrt", "8.6.1")], engine={"serialization": "213"}),
    ),
    Reported(
        "engine of Windows on Linux",
        "run:engine",
        ("engine-from-other-os",),
        _linux(libraries=[_lib("tensorrt", "10.3.0")], engine={"tensorrt": "10.3.0", "os": "windows"}),
    ),
    Reported(
        "IR 10 in onnxruntime 1.16",
        "run:onnx",
        ("onnx-version-unsupported",),
        _linux(packages={"onnxruntime": "1.16.3"}, model={"format": "onnx", "ir_version": "10"}),
    ),
    Reported(
        "opset 21 in onnxruntime 1.16",
        "run:onnx",
        ("onnx-version-unsupported",),
        _linux(packages={"onnxruntime": "1.16.3"}, model={"format": "onnx", "opset": "21"}),
    ),
    Reported(
        "onnx 1.17 writes for onnxruntime 1.17",
        "run:onnx",
        ("onnx-version-unsupported",),
        _linux(packages={"onnxruntime": "1.17.3", "onnx": "1.17.0"}, model={"format": "onnx", "writer": "onnx 1.17.0"}),
    ),
    Reported(
        "onnx 1.15 writes for onnxruntime 1.17",
        "run:onnx",
        (),
        _linux(packages={"onnxruntime": "1.17.3", "onnx": "1.15.0"}, model={"format": "onnx", "writer": "onnx 1.15.0"}),
    ),
    Reported(
        "an operator newer than the parser",
        "convert:onnx-tensorrt",
        ("onnx-version-unsupported",),
        _linux(
            libraries=[_lib("tensorrt", "8.5.2")],
            model={"format": "onnx", "opset": "17", "operators": ["LayerNormalization"]},
        ),
    ),
    Reported(
        "FP8 on an A100",
        "convert:onnx-tensorrt",
        ("precision-unsupported",),
        _linux(gpus=_gpu("NVIDIA A100-SXM4-80GB"), libraries=[_lib("tensorrt", "10.5.0")], model={"precision": "fp8"}),
    ),
    Reported(
        "FP8 on an L40S",
        "convert:onnx-tensorrt",
        (),
        _linux(gpus=_gpu("NVIDIA L40S"), libraries=[_lib("tensorrt", "10.5.0")], model={"precision": "fp8"}),
    ),
    Reported(
        "BF16 on a T4",
        "use:vllm",
        ("precision-unsupported",),
        _linux(gpus=_gpu("Tesla T4"), packages={"vllm": "0.6.3"}, model={"precision": "bf16"}),
    ),
    Reported(
        "INT8 on a GTX 1060",
        "convert:onnx-tensorrt",
        (),
        _linux(gpus=_gpu("GeForce GTX 1060 6GB"), libraries=[_lib("tensorrt", "8.2.5")], model={"precision": "int8"}),
    ),
    Reported(
        "INT8 on a GTX 980",
        "convert:onnx-tensorrt",
        ("precision-unsupported",),
        _linux(gpus=_gpu("GeForce GTX 980"), libraries=[_lib("tensorrt", "7.2.3")], model={"precision": "int8"}),
    ),
    Reported(
        "FP32 on the DLA",
        "convert:onnx-tensorrt",
        ("precision-unsupported",),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "Xavier NX"},
            "libraries": [_lib("tensorrt", "8.2.1")],
            "model": {"precision": "fp32", "device": "dla"},
        },
    ),
    Reported(
        "pip's TensorRT 10 for CUDA 12 on driver 470",
        "use:tensorrt",
        OLD_DRIVER,
        _linux(gpus=_gpu("Tesla T4"), driver={"version": "470.141.03"}, packages={"tensorrt-cu12": "10.3.0"}),
    ),
]

CONTAINERS = [
    Reported(
        "container without the toolkit",
        "start:container",
        ("container-without-gpu",),
        _linux(environment=["docker"], driver={"version": "550.54.15"}, container={"toolkit_installed": False}),
    ),
    Reported(
        "container without --gpus",
        "use:tensorflow",
        ("container-without-gpu",),
        _linux(environment=["docker"], container={"gpu_access": False}, packages={"tensorflow": "2.15.0"}),
    ),
    Reported(
        "utility alone is no compute",
        "use:torch",
        ("container-without-gpu",),
        _linux(
            environment=["docker"],
            container={"gpu_access": True, "driver_capabilities": "utility"},
            packages={"torch": None},
        ),
    ),
    Reported(
        "all capabilities",
        "use:gpu",
        (),
        _linux(
            environment=["docker"],
            driver={"version": "550.54.15"},
            gpus=_gpu("NVIDIA L4"),
            container={"gpu_access": True, "driver_capabilities": "compute,utility"},
        ),
    ),
    Reported(
        "image asks for CUDA 12.8",
        "start:container",
        ("container-needs-newer-driver",),
        _linux(
            environment=["docker"],
            gpus=_gpu("NVIDIA GeForce RTX 4090"),
            driver={"version": "550.120"},
            container={"requires": "cuda>=12.8"},
        ),
    ),
    Reported(
        "image with an exception for data center branches",
        "start:container",
        (),
        _linux(
            environment=["docker"],
            gpus=_gpu("Tesla T4"),
            driver={"version": "535.161.08"},
            container={
                "requires": "cuda>=12.6 brand=unknown,driver>=535,driver<536 brand=tesla,driver>=535,driver<536"
            },
        ),
    ),
    Reported(
        "the same image on a GeForce",
        "start:container",
        ("container-needs-newer-driver",),
        _linux(
            environment=["docker"],
            gpus=_gpu("NVIDIA GeForce RTX 3090"),
            driver={"version": "535.161.07"},
            container={
                "requires": "cuda>=12.6 brand=unknown,driver>=535,driver<536 brand=tesla,driver>=535,driver<536"
            },
        ),
    ),
    Reported(
        "image of a CUDA major that the driver lacks",
        "start:container",
        ("driver-too-old", "container-needs-newer-driver", "forward-compat-unsupported"),
        _linux(
            environment=["docker"],
            gpus=_gpu("NVIDIA GeForce GTX 1080"),
            driver={"version": "440.82"},
            container={"image": "tritonserver:20.09"},
        ),
    ),
    Reported(
        "image of CUDA 12.4 on driver 535",
        "use:tritonserver",
        (),
        _linux(
            environment=["docker"],
            gpus=_gpu("Tesla T4"),
            driver={"version": "535.161.07"},
            toolkits=_kit("12.4", "container"),
            container={"image": "tritonserver:24.04", "gpu_access": True},
            packages={"tritonserver": "2.45"},
        ),
    ),
    Reported(
        "WSL 1",
        "use:torch",
        ("wsl-setup",),
        _linux(environment=["wsl1"], kernel="4.4.0-19041-Microsoft", packages={"torch": "2.1.0+cu121"}),
    ),
    Reported(
        "Linux driver inside WSL 2",
        "use:gpu",
        ("wsl-setup",),
        _linux(
            environment=["wsl2"],
            libcuda={"path": "/usr/lib/x86_64-linux-gnu/libcuda.so.1", "version": "525.60.13"},
            driver={"version": "527.37"},
        ),
    ),
    Reported(
        "WSL 2 as it should be",
        "use:torch",
        (),
        _linux(
            environment=["wsl2"],
            gpus=_gpu("NVIDIA GeForce RTX 4080"),
            driver={"version": "552.22", "cuda": "12.4"},
            libcuda={"path": "/usr/lib/wsl/lib/libcuda.so.1"},
            packages={"torch": "2.3.0+cu121"},
        ),
    ),
]

JETSON = [
    Reported(
        "generic wheel on JetPack 6",
        "use:torch",
        ("jetson-build-mismatch", "cpu-only-build"),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "Orin NX", "jetpack": "6.0"},
            "python": "3.10",
            "packages": {"torch": "2.4.0"},
            "builds": {"torch": {"source": "pypi", "cuda": False}},
        },
    ),
    Reported(
        "server wheel on an Orin",
        "use:torch",
        ("jetson-build-mismatch", "gpu-not-in-build"),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "AGX Orin", "l4t": "36.3.0"},
            "gpus": [{"name": "AGX Orin", "compute_capability": "8.7"}],
            "packages": {"torch": "2.7.0+cu128"},
            "builds": {"torch": {"architectures": ["sm_90", "sm_100", "sm_120"]}},
        },
    ),
    Reported(
        "JetPack 5 wheel with Python 3.10",
        "install:torch",
        ("jetson-build-mismatch", "python-unsupported"),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "Xavier NX", "jetpack": "5.1"},
            "python": "3.10",
            "builds": {"torch": {"python_tag": "cp38"}},
            "request": {"torch": "==2.0.0"},
        },
    ),
    Reported(
        "NVIDIA's wheel on its JetPack",
        "use:torch",
        (),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "AGX Orin", "jetpack": "5.1.1"},
            "python": "3.8",
            "packages": {"torch": "2.0.0+nv23.5"},
            "builds": {"torch": {"cuda": "11.4", "architectures": ["sm_72", "sm_87"]}},
        },
    ),
    Reported(
        "wheel for CUDA 12 on JetPack 5",
        "use:torch",
        ("jetson-build-mismatch", "cuda-major-mismatch", "library-not-found", "driver-too-old"),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "Orin Nano", "l4t": "35.5.0"},
            "packages": {"torch": "2.3.0"},
            "builds": {"torch": {"cuda": "12.4", "source": "jetson-ai-lab"}},
        },
    ),
]

FURTHER = [
    Reported(
        "use:torch: torch 2.6.0, NVIDIA GeForce RTX 5090",
        "use:torch",
        ("gpu-not-in-build",),
        _linux(gpus=[{"name": "NVIDIA GeForce RTX 5090"}], packages={"torch": "2.6.0"}),
    ),
    Reported(
        "use:torch: torch 2.1.0, NVIDIA GeForce RTX 4090, driver 535.54.03",
        "use:torch",
        (),
        _linux(
            gpus=[{"name": "NVIDIA GeForce RTX 4090"}], packages={"torch": "2.1.0"}, driver={"version": "535.54.03"}
        ),
    ),
    Reported(
        "use:torch: pytorch 1.7.0, cudatoolkit 10.2.89, NVIDIA GeForce RTX 3060",
        "use:torch",
        ("gpu-not-in-build", "cuda-older-than-gpu"),
        _linux(
            environment=["conda"],
            gpus=[{"name": "NVIDIA GeForce RTX 3060"}],
            packages={"pytorch": "1.7.0", "cudatoolkit": "10.2.89"},
        ),
    ),
    Reported(
        "use:torch: pytorch 1.6.0, cudatoolkit 10.1, NVIDIA GeForce RTX 3090",
        "use:torch",
        ("gpu-not-in-build", "cuda-older-than-gpu"),
        _linux(
            environment=["conda"],
            gpus=[{"name": "NVIDIA GeForce RTX 3090"}],
            packages={"pytorch": "1.6.0", "cudatoolkit": "10.1"},
        ),
    ),
    Reported(
        "use:torch: pytorch 1.8.0, cudatoolkit 11.1, NVIDIA GeForce RTX 3060, driver 460.39",
        "use:torch",
        (),
        _linux(
            environment=["conda"],
            gpus=[{"name": "NVIDIA GeForce RTX 3060"}],
            packages={"pytorch": "1.8.0", "cudatoolkit": "11.1"},
            driver={"version": "460.39"},
        ),
    ),
    Reported(
        "use:torch: pytorch 1.7.1, cudatoolkit 11.0, driver 440.33.01",
        "use:torch",
        ("driver-too-old",),
        _linux(
            environment=["conda"], driver={"version": "440.33.01"}, packages={"pytorch": "1.7.1", "cudatoolkit": "11.0"}
        ),
    ),
    Reported(
        "use:tensorflow: tensorflow 2.8.0, CUDA 11.2, libcudnn.so.8",
        "use:tensorflow",
        ("library-not-found", "cudnn-mismatch"),
        _linux(
            toolkits=[{"version": "11.2", "origin": "system"}],
            missing_libraries=["libcudnn.so.8"],
            packages={"tensorflow": "2.8.0"},
        ),
    ),
    Reported(
        "use:tensorflow: tensorflow 2.4.0, CUDA 11.2, cudnn 8.1.0",
        "use:tensorflow",
        ("library-not-found", "cuda-library-too-old", "cuda-major-mismatch"),
        _linux(
            toolkits=[{"version": "11.2", "origin": "system"}],
            libraries=[{"name": "cudnn", "version": "8.1.0", "origin": "system"}],
            packages={"tensorflow": "2.4.0"},
        ),
    ),
    Reported(
        "use:tensorflow: tensorflow 2.1.0, CUDA 10.0, windows",
        "use:tensorflow",
        ("library-not-found", "cuda-major-mismatch", "cuda-library-too-old"),
        _windows(toolkits=[{"version": "10.0", "origin": "system"}], packages={"tensorflow": "2.1.0"}),
    ),
    Reported(
        "use:tensorflow: tensorflow 2.10.0, CUDA 12.1, windows",
        "use:tensorflow",
        ("library-not-found", "cuda-major-mismatch", "cuda-library-too-old"),
        _windows(toolkits=[{"version": "12.1", "origin": "system"}], packages={"tensorflow": "2.10.0"}),
    ),
    Reported(
        "use:tensorflow: tensorflow 2.10.0, CUDA 11.8, cudnn 8.6, windows",
        "use:tensorflow",
        (),
        _windows(
            toolkits=[{"version": "11.8", "origin": "system"}],
            libraries=[{"name": "cudnn", "version": "8.6", "origin": "system"}],
            packages={"tensorflow": "2.10.0"},
        ),
    ),
    Reported(
        "use:tensorflow: tensorflow 2.5.0, CUDA 11.2, cudnn 7.6.5, windows",
        "use:tensorflow",
        ("cudnn-mismatch", "library-not-found"),
        _windows(
            toolkits=[{"version": "11.2", "origin": "system"}],
            libraries=[{"name": "cudnn", "version": "7.6.5", "origin": "system"}],
            packages={"tensorflow": "2.5.0"},
        ),
    ),
    Reported(
        "use:gpu: NVIDIA GeForce RTX 2080 Ti, driver 535.54.03",
        "use:gpu",
        ("forward-compat-unsupported",),
        _linux(
            gpus=[{"name": "NVIDIA GeForce RTX 2080 Ti"}],
            driver={"version": "535.54.03"},
            libcuda={"version": "550.54.15", "compat": True},
        ),
    ),
    Reported(
        "use:gpu: Tesla V100-SXM2-16GB, driver 535.54.03",
        "use:gpu",
        ("forward-compat-unsupported",),
        _linux(
            gpus=[{"name": "Tesla V100-SXM2-16GB"}],
            driver={"version": "535.54.03"},
            libcuda={"version": "590.44.01", "compat": True},
        ),
    ),
    Reported(
        "start:container: NVIDIA GeForce RTX 3080, driver 470.42.01, CUDA 12.1",
        "start:container",
        ("driver-too-old", "forward-compat-unsupported", "container-needs-newer-driver"),
        _linux(
            environment=["docker"],
            gpus=[{"name": "NVIDIA GeForce RTX 3080"}],
            driver={"version": "470.42.01", "cuda": "11.4"},
            toolkits=[{"version": "12.1", "origin": "container"}],
        ),
    ),
    Reported(
        "start:container: NVIDIA GeForce RTX 3080, driver 525.60.13, CUDA 12.1",
        "start:container",
        (),
        _linux(
            environment=["docker"],
            gpus=[{"name": "NVIDIA GeForce RTX 3080"}],
            driver={"version": "525.60.13"},
            toolkits=[{"version": "12.1", "origin": "container"}],
        ),
    ),
    Reported(
        "use:vllm: vllm 0.9.0, torch 2.9.0+cu130",
        "use:vllm",
        ("mixed-cuda-majors", "cuda-major-mismatch", "library-not-found", "package-versions-mismatch"),
        _linux(packages={"vllm": "0.9.0", "torch": "2.9.0+cu130"}),
    ),
    Reported(
        "use:vllm: vllm 0.6.3, torch 2.5.1",
        "use:vllm",
        ("package-versions-mismatch",),
        _linux(packages={"vllm": "0.6.3", "torch": "2.5.1"}),
    ),
    Reported(
        "use:vllm: vllm 0.33.0, libcudart.so.13",
        "use:vllm",
        ("library-not-found",),
        _linux(missing_libraries=["libcudart.so.13"], packages={"vllm": "0.33.0"}),
    ),
    Reported(
        "import:torch: torch 2.0.1, nvidia-cudnn-cu11 8.5.0.96, libcudnn.so.8",
        "import:torch",
        ("package-versions-mismatch", "library-not-found", "duplicate-install"),
        _linux(packages={"torch": "2.0.1", "nvidia-cudnn-cu11": "8.5.0.96"}, missing_libraries=["libcudnn.so.8"]),
    ),
    Reported(
        "use:torch: torch 2.3.0+cu121, libcudnn.so.8",
        "use:torch",
        ("library-not-found",),
        _linux(packages={"torch": "2.3.0+cu121"}, missing_libraries=["libcudnn.so.8"]),
    ),
    Reported(
        "use:jax: jax 0.4.35, jaxlib 0.4.35, jax-cuda12-plugin 0.4.35, jax-cuda12-pjrt 0.4.35, NVIDIA GeForce RTX 5090",
        "use:jax",
        ("gpu-not-in-build", "cuda-older-than-gpu"),
        _linux(
            gpus=[{"name": "NVIDIA GeForce RTX 5090"}],
            packages={"jax": "0.4.35", "jaxlib": "0.4.35", "jax-cuda12-plugin": "0.4.35", "jax-cuda12-pjrt": "0.4.35"},
        ),
    ),
    Reported(
        "use:jax: jax 0.4.35 with its plugin, NVIDIA GeForce RTX 4090, driver 550.54.14",
        "use:jax",
        (),
        _linux(
            gpus=[{"name": "NVIDIA GeForce RTX 4090"}],
            driver={"version": "550.54.14"},
            packages={"jax": "0.4.35", "jaxlib": "0.4.35", "jax-cuda12-plugin": "0.4.35", "jax-cuda12-pjrt": "0.4.35"},
        ),
    ),
    Reported(
        "use:jax: jax 0.4.30, jaxlib 0.4.30, jax-cuda12-plugin 0.4.30, cudnn 8.9.2",
        "use:jax",
        ("cudnn-mismatch", "library-not-found"),
        _linux(
            libraries=[{"name": "cudnn", "version": "8.9.2", "origin": "system"}],
            packages={"jax": "0.4.30", "jaxlib": "0.4.30", "jax-cuda12-plugin": "0.4.30"},
        ),
    ),
    Reported(
        "use:jax: jax 0.6.0, jaxlib 0.6.0, jax-cuda12-plugin 0.5.3",
        "use:jax",
        ("python-unsupported", "package-versions-mismatch", "cpu-only-build"),
        _linux(packages={"jax": "0.6.0", "jaxlib": "0.6.0", "jax-cuda12-plugin": "0.5.3"}),
    ),
    Reported(
        "install:jax: jax[cuda12] *, Python 3.11, windows",
        "install:jax",
        ("no-gpu-build-for-platform", "cpu-only-build"),
        _windows(python="3.11", request={"jax[cuda12]": "*"}),
    ),
    Reported(
        "install:torch: torch ==2.4.1, Python 3.13.1",
        "install:torch",
        ("python-unsupported",),
        _linux(python="3.13.1", request={"torch": "==2.4.1"}),
    ),
    Reported(
        "install:torch: torch ==2.1.0, Python 3.12.0, windows",
        "install:torch",
        ("python-unsupported",),
        _windows(python="3.12.0", request={"torch": "==2.1.0"}),
    ),
    Reported(
        "install:tensorflow: tensorflow ==2.15.0, Python 3.12.2",
        "install:tensorflow",
        ("python-unsupported",),
        _linux(python="3.12.2", request={"tensorflow": "==2.15.0"}),
    ),
    Reported(
        "install:tensorflow: tensorflow ==1.15.0, Python 3.10",
        "install:tensorflow",
        ("python-unsupported", "package-removed"),
        _linux(python="3.10", request={"tensorflow": "==1.15.0"}),
    ),
    Reported(
        "install:tensorrt: tensorrt ==8.6.1, Python 3.12",
        "install:tensorrt",
        ("python-unsupported",),
        _linux(python="3.12", request={"tensorrt": "==8.6.1"}),
    ),
    Reported(
        "install:onnxruntime-gpu: onnxruntime-gpu *, Python 3.11",
        "install:onnxruntime-gpu",
        ("no-gpu-build-for-platform",),
        {"os": "macos", "arch": "aarch64", "python": "3.11", "request": {"onnxruntime-gpu": "*"}},
    ),
    Reported(
        "convert:onnx-tensorrt: tensorrt 10.0.1, Tesla P40",
        "convert:onnx-tensorrt",
        ("gpu-unsupported-by-tensorrt",),
        _linux(gpus=[{"name": "Tesla P40"}], packages={"tensorrt": "10.0.1"}),
    ),
    Reported(
        "convert:onnx-tensorrt: Tesla P40, tensorrt 8.6.1.6",
        "convert:onnx-tensorrt",
        (),
        _linux(
            gpus=[{"name": "Tesla P40"}], libraries=[{"name": "tensorrt", "version": "8.6.1.6", "origin": "system"}]
        ),
    ),
    Reported(
        "convert:onnx-tensorrt: NVIDIA H100 PCIe, tensorrt 8.4.1",
        "convert:onnx-tensorrt",
        ("gpu-unsupported-by-tensorrt", "cuda-older-than-gpu"),
        _linux(
            gpus=[{"name": "NVIDIA H100 PCIe"}],
            libraries=[{"name": "tensorrt", "version": "8.4.1", "origin": "system"}],
        ),
    ),
    Reported(
        "use:onnxruntime-tensorrt: onnxruntime-gpu 1.20.0, CUDA 12.4, tensorrt 8.6.1",
        "use:onnxruntime-tensorrt",
        ("library-not-found", "package-versions-mismatch"),
        _linux(
            toolkits=[{"version": "12.4", "origin": "system"}],
            libraries=[{"name": "tensorrt", "version": "8.6.1", "origin": "system"}],
            packages={"onnxruntime-gpu": "1.20.0"},
            builds={"onnxruntime-gpu": {"source": "pypi"}},
        ),
    ),
    Reported(
        "run:onnx: onnxruntime 1.18.1, onnx 1.18.0",
        "run:onnx",
        ("onnx-version-unsupported",),
        {"packages": {"onnxruntime": "1.18.1", "onnx": "1.18.0"}, "model": {"format": "onnx", "writer": "onnx 1.18.0"}},
    ),
    Reported(
        "run:onnx: onnxruntime 1.10.0",
        "run:onnx",
        ("onnx-version-unsupported",),
        {"packages": {"onnxruntime": "1.10.0"}, "model": {"format": "onnx", "opset": "16"}},
    ),
    Reported(
        "convert:tensorflow-onnx: tf2onnx 1.16.1, tensorflow 2.17.0",
        "convert:tensorflow-onnx",
        ("package-versions-mismatch",),
        {"packages": {"tf2onnx": "1.16.1", "tensorflow": "2.17.0"}},
    ),
    Reported(
        "use:gpu: use:gpu [('path', '/usr/lib/x86_64-linux-gnu/libcuda.so.1')]",
        "use:gpu",
        ("wsl-setup", "driver-library-mismatch"),
        {"os": "linux", "environment": ["wsl2"], "libcuda": {"path": "/usr/lib/x86_64-linux-gnu/libcuda.so.1"}},
    ),
    Reported(
        "use:gpu: driver 550.54.14",
        "use:gpu",
        ("kernel-module-rejected",),
        {
            "os": "linux",
            "secure_boot": True,
            "driver": {
                "version": "550.54.14",
                "kernel_module_loaded": False,
                "kernel_module_signed": True,
                "signer_enrolled": False,
            },
        },
    ),
    Reported(
        "use:torch: use:torch [('driver_capabilities', 'graphics,display')]",
        "use:torch",
        ("container-without-gpu",),
        {"os": "linux", "environment": ["docker"], "container": {"driver_capabilities": "graphics,display"}},
    ),
    Reported(
        "use:tensorflow: tensorflow 2.18.0, NVIDIA GeForce RTX 5090",
        "use:tensorflow",
        ("gpu-not-in-build", "cuda-older-than-gpu"),
        _linux(gpus=[{"name": "NVIDIA GeForce RTX 5090"}], packages={"tensorflow": "2.18.0"}),
    ),
    Reported(
        "use:tensorflow: tensorflow 2.4.0, GeForce GT 630M",
        "use:tensorflow",
        ("gpu-not-in-build",),
        _linux(gpus=[{"name": "GeForce GT 630M"}], packages={"tensorflow": "2.4.0"}),
    ),
    Reported(
        "use:torch: torch 2.5.1+cu124, NVIDIA L4, driver 550.54.14, libnvinfer.so.8, libcudnn.so.8",
        "use:torch",
        (),
        _linux(
            missing_libraries=["libnvinfer.so.8", "libcudnn.so.8"],
            gpus=[{"name": "NVIDIA L4"}],
            driver={"version": "550.54.14"},
            packages={"torch": "2.5.1+cu124"},
        ),
    ),
    Reported(
        "use:torch: torch 2.5.1",
        "use:torch",
        ("jetson-build-mismatch", "cpu-only-build", "no-gpu-build-for-platform"),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "Orin Nano", "jetpack": "6.2"},
            "packages": {"torch": "2.5.1"},
            "builds": {"torch": {"source": "pypi"}},
        },
    ),
    Reported(
        "import:torch: torch 1.10.0, Python 3.8.0",
        "import:torch",
        ("jetson-build-mismatch", "python-unsupported"),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "Nano", "jetpack": "4.6.1"},
            "python": "3.8.0",
            "packages": {"torch": "1.10.0"},
            "builds": {"torch": {"python_tag": "cp36"}},
        },
    ),
    Reported(
        "install:torch: torch ==2.3.0, Python 3.11",
        "install:torch",
        ("jetson-build-mismatch", "python-unsupported"),
        {
            "os": "linux",
            "arch": "aarch64",
            "environment": ["jetson"],
            "jetson": {"module": "AGX Orin", "jetpack": "6.0"},
            "python": "3.11",
            "request": {"torch": "==2.3.0"},
            "builds": {"torch": {"python_tag": "cp310"}},
        },
    ),
    Reported(
        "use:torch-tensorrt: torch 2.4.0, torch-tensorrt 2.4.0, tensorrt 8.6.1",
        "use:torch-tensorrt",
        ("package-versions-mismatch",),
        _linux(packages={"torch": "2.4.0", "torch-tensorrt": "2.4.0", "tensorrt": "8.6.1"}),
    ),
    Reported(
        "use:tf-trt: tensorflow 2.13.0, tensorrt 8.5.2",
        "use:tf-trt",
        ("package-versions-mismatch", "library-not-found"),
        _linux(packages={"tensorflow": "2.13.0", "tensorrt": "8.5.2"}),
    ),
]

ALL = (*GPU_CODE, *DRIVER, *COMPAT, *LIBRARIES, *PACKAGES, *TENSORRT, *CONTAINERS, *JETSON, *FURTHER)
