"""Machines made up of few values, so that the facts which speak of one thing meet: the driver's halves, a plugin and
what it belongs to, a library and the package that opens it.

What a field can be is written down as data. A tuple is a choice; a dict is a record, each field of which is told with
the pool's chance; ``Several`` is a list of up to three; anything else stands for itself.
"""

import copy
from typing import Any, NamedTuple

from compat.matrix import Matrix
from scripts.honesty.consistent import consistent
from scripts.honesty.made_models import Chances

Facts = dict[str, Any]


class Several(NamedTuple):
    """A list whose items are drawn from this."""

    item: Any


class Pool(NamedTuple):
    """Goals, what is said of the machines they are asked for, and about how often a fact is told."""

    goals: tuple[str, ...]
    facts: Facts
    chance: float


_BOTH = (True, False)
_DRIVERS = ("450.80.02", "470.82.01", "525.60.13", "535.183.01", "550.54.15", "570.86.15", "580.65.06", "595.45.04",
            "610.43.02", "999.10", "550")  # fmt: skip
_CUDA = ("11.8", "12.1", "12.4", "12.8", "13.0")
_MAYBE_CUDA = (False, *_CUDA)
_GPUS: tuple[list[Facts], ...] = (
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
)
_KITS: tuple[list[Facts], ...] = (
    [],
    [{}],
    *([{"version": cuda}] for cuda in _CUDA),
    [{"version": "12.4", "origin": "container"}],
    [{"version": "11.8", "origin": "system"}, {"version": "12.4", "origin": "container"}],
)
_CODE = (["sm_80", "compute_90"], ["sm_60"], ["sm_50", "sm_90"], ["sm_75", "sm_86", "sm_120"])
_CUDNN = ("8.9.7", "9.1.0", "9.10.2", "7.6.5", "9")
_TENSORRT = ("7.1.3", "8.2.5", "8.5.3", "8.6.1", "10.0.1", "10.3.0", "10.13", "11.0.1", "10")
_SONAMES = ("libcudnn.so.8", "libcudnn.so.9", "libcublasLt.so.11", "libcublas.so.12", "libcudart.so.12",
            "libcudnn_ops.so.9", "libnvinfer.so.8", "libnvinfer.so.10", "libnvonnxparser.so.10")  # fmt: skip
_PYTHON = ("3.8.10", "3.10.12", "3.12.3", "3.13.1")
_PLATFORM: Facts = {
    "os": ("linux", "linux", "windows"),
    "arch": ("x86_64", "x86_64", "aarch64"),
    "gpus": _GPUS,
    "environment": ([], ["docker"], ["conda"], ["wsl2"], ["jetson"]),
    "python": _PYTHON,
    "driver": {"version": _DRIVERS, "cuda": _CUDA, "kernel_module_version": _DRIVERS},
}
_NAMED_JETSON: Facts = {
    "module": ("Xavier NX", "AGX Orin", "AGX Thor"),
    "jetpack": ("4.6.1", "5.1.2", "6.2"),
    "l4t": ("32.7.1", "35.4.1", "36.4.0"),
}


def _copy(name: str, releases: tuple[str, ...]) -> Facts:
    """A copy of a library, as far as it is told where it is from and who gets it."""
    return {
        "name": name,
        "version": releases,
        "origin": ("system", "pip", "conda", "bundled"),
        "path": ("/opt/lib", "/env/lib"),
        "loaded": _BOTH,
        "loaded_by": (["torch"], ["jax"], ["tensorflow"], ["onnxruntime"]),
    }


_COPIES = (
    _copy("cudnn", _CUDNN), _copy("cudnn", _CUDNN), _copy("cublas", ("11.8.89", "12.4.5")),
    _copy("nccl", ("2.19.3", "2.27.3")), _copy("cudart", ("11.8.89", "12.4.5")), _copy("tensorrt", _TENSORRT),
    _copy("ptxas", ("11.8.89", "12.4.5", "12.8.1")),
)  # fmt: skip

_JAX_RELEASES = (
    "0.4.7", "0.4.13", "0.4.20", "0.4.30", "0.4.31", "0.4.34", "0.5.0", "0.5.3", "0.6.0", "0.7.0", "0.8.1", "0.9",
    "0.4", None,
)  # fmt: skip
_JAXLIBS = (*_JAX_RELEASES, *_JAX_RELEASES, "0.4.13+cuda12.cudnn89", "0.4.13+cuda11.cudnn86", "0.4.7+cuda12.cudnn88")
_JAX = Pool(
    ("use:jax", "use:jax", "import:jax"),
    {
        **_PLATFORM,
        "packages": {
            "jax": _JAX_RELEASES,
            "jaxlib": _JAXLIBS,
            "jax-cuda12-plugin": _JAX_RELEASES,
            "jax-cuda12-pjrt": _JAX_RELEASES,
            "jax-cuda13-plugin": (*_JAX_RELEASES[-6:], *[False] * 6),
            "nvidia-cudnn-cu12": ("8.9.7.29", "9.1.0.70", "9.10.2.21"),
            "nvidia-cudnn-cu13": "9.13.0.50",
            "numpy": ("1.26.4", "2.1.0"),
            "torch": ("2.6.0", "2.9.0+cu130"),
        },
        "builds": {
            name: {"cuda": _MAYBE_CUDA, "cudnn": ("8.9", "9.1.1"), "architectures": _CODE}
            for name in ("jax", "jaxlib", "jax-cuda12-plugin")
        },
        "libraries": Several(_copy("cudnn", _CUDNN)),
        "toolkits": _KITS,
    },
    0.4,
)
_SYSTEM = Pool(
    ("use:gpu", "use:gpu", "use:torch", "run:cuda-binary", "start:container", "build:cuda-extension"),
    {
        "os": ("linux", "windows"),
        "environment": (["wsl2"], ["wsl2"], ["wsl1"], ["docker"], ["wsl2", "docker"], []),
        "gpus": _GPUS,
        "driver": {
            "version": _DRIVERS,
            "cuda": _CUDA,
            "kernel_module_version": _DRIVERS,
            "kernel_module": ("open", "proprietary", "nouveau", "nova_core"),
            "kernel_module_loaded": (True, True, False),
            "nvidia_smi_version": _DRIVERS,
            "kernel_module_signed": _BOTH,
            "signer_enrolled": _BOTH,
        },
        "libcuda": {
            "version": _DRIVERS,
            "compat": _BOTH,
            "stub": _BOTH,
            "path": ("/usr/local/cuda/compat/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1",
                     "/usr/lib/x86_64-linux-gnu/libcuda.so.1", "/usr/local/cuda/lib64/stubs/libcuda.so.1"),
            "compat_drivers": (["470", "525", "535"], ["525", "550", "580"], ["535", "570"]),
        },
        "secure_boot": _BOTH,
        "variables": {
            "LD_LIBRARY_PATH": ("/usr/local/cuda/compat", "/usr/local/cuda/lib64/stubs", "/opt/lib"),
            "CUDA_VISIBLE_DEVICES": ("", "0", "1", "-1"),
        },
        "loader_configuration": ("00-cuda-compat.conf", "988_cuda-12.conf"),
        "missing_libraries": ([], ["libcuda.so.1"]),
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
        "toolkits": _KITS,
        "model": {"target": ("sm_75", "sm_90a", "sm_120", "compute_80")},
        "nvswitch": _BOTH,
        "fabric_manager": {"installed": _BOTH, "running": _BOTH, "version": _DRIVERS},
        "jetson": _NAMED_JETSON,
    },
    0.4,
)  # fmt: skip
_ENGINES = Pool(
    (
        "use:tensorrt", "run:engine", "convert:onnx-tensorrt", "use:onnxruntime-tensorrt", "use:torch-tensorrt",
        "use:tf-trt", "use:tensorrt-llm", "run:onnx",
    ),
    {
        **_PLATFORM,
        "packages": {
            "tensorrt": (None, *_TENSORRT, False),
            "tensorrt-cu12": (None, *_TENSORRT[4:]),
            "onnxruntime-gpu": ("1.16.3", "1.18.0", "1.20.1", None),
            "tensorflow": ("2.10.0", "2.15.0", "2.17.0", None),
            "torch": ("2.6.0+cu124", "2.1.0", None),
            "torch-tensorrt": ("2.6.0", "2.1.0", None),
            "tensorrt-llm": ("0.17.0", "1.0.0", None),
            "nvidia-cudnn-cu12": "9.1.0.70",
        },
        "builds": {
            name: {
                "cuda": _MAYBE_CUDA, "tensorrt": _TENSORRT, "cudnn": ("8.9", "9.1.1"), "missing": ["libnvinfer.so.10"],
            }
            for name in ("tensorrt", "onnxruntime-gpu", "tensorflow", "torch")
        },
        "libraries": Several((_copy("tensorrt", _TENSORRT), _copy("tensorrt", _TENSORRT), _copy("cudnn", _CUDNN))),
        "missing_libraries": Several(_SONAMES),
        "engine": {
            "tensorrt": _TENSORRT,
            "compute_capability": ("7.5", "8.6", "8.9", "9.0"),
            "gpu": "Tesla T4",
            "os": ("linux", "windows"),
            "serialization": ("239", "240"),
            "version_compatible": _BOTH,
            "hardware_compatible": _BOTH,
            "platform": ("rtrt", "utrt"),
        },
        "model": {
            "opset": ("13", "17", "22"),
            "precision": ("fp16", "fp8", "int8", "bf16", "fp4"),
            "device": ("gpu", "dla"),
            "types": (["float"], ["float8e4m3fn"], ["bfloat16"]),
            "operators": ["NonMaxSuppression", "GridSample"],
        },
        "container": {"image": ("nvcr.io/nvidia/tensorrt:24.05-py3", "nvcr.io/nvidia/tensorrt:20.12-py3")},
        "toolkits": _KITS,
        "variables": {"LD_LIBRARY_PATH": "/opt/lib"},
        "jetson": _NAMED_JETSON,
    },
    0.35,
)  # fmt: skip
_FRAMEWORKS: Facts = {
    "torch": ("2.6.0+cu124", "2.1.0", "2.9.0", "2.9.0+cu130", "1.13.1+cu117", "2.6.0+cpu", None, False),
    "tensorflow": ("2.10.0", "2.15.0", "2.17.0", "2.20.0", None),
    "tensorflow-gpu": ("2.10.0", None),
    "onnxruntime-gpu": ("1.16.3", "1.18.0", "1.20.1", "1.24.4", None),
    "onnxruntime": ("1.18.0", "1.24.4", None),
    "vllm": ("0.6.0", "0.11.0", "0.4.0", None),
    "cupy-cuda12x": ("13.3.0", None),
    "cupy-cuda11x": "12.0.0",
    "ctranslate2": ("4.4.0", "4.5.0", "3.24.0", None),
    "paddlepaddle-gpu": ("2.6.1", "3.0.0", None),
    "xformers": ("0.0.29", "0.0.23", None),
    "torchvision": ("0.21.0", "0.16.0+cu121", None),
    "torchaudio": ("2.6.0", None),
    "flash-attn": ("2.7.4", None),
    "bitsandbytes": ("0.45.0", "0.41.0", None),
    "tf2onnx": ("1.16.1", "1.9.1"),
    "keras": ("3.4.0", "2.15.0"),
    "mxnet-cu112": "1.9.1",
    "triton": ("3.2.0", "2.1.0", None),
}
_BESIDE: Facts = {
    "numpy": ("1.26.4", "2.1.0"),
    "protobuf": ("3.20.3", "4.25.0", "6.31.1"),
    "onnx": ("1.16.0", "1.22.0"),
    "nvidia-cudnn-cu12": ("8.9.7.29", "9.1.0.70", "9.10.2.21", None),
    "nvidia-cudnn-cu11": "8.5.0.96",
    "nvidia-cudnn-cu13": "9.13.0.50",
    "nvidia-cublas-cu12": ("12.1.3.1", "12.4.5.8", "12.8.4.1", None),
    "nvidia-nccl-cu12": ("2.19.3", "2.27.3"),
    "cudatoolkit": ("11.3", "11.8"),
    "cuda-version": "12.4",
    "pytorch-cuda": "12.4",
}
_DAMAGED = (
    ("nvidia-cudnn-cu12", "nvidia/cudnn/lib/libcudnn.so.9"),
    ("torch", "torch/lib/libtorch_cuda.so"),
    ("nvidia-cublas-cu12", "nvidia/cublas/lib/libcublas.so.12"),
    ("nvidia-nccl-cu12", "nvidia/nccl/lib/libnccl.so.2"),
)
_SOFTWARE: Facts = {
    **_PLATFORM,
    "distribution": "ubuntu",
    "distribution_version": ("18.04", "22.04"),
    "glibc": ("2.17", "2.27", "2.31", "2.35"),
    "glibcxx": ("3.4.21", "3.4.28", "3.4.30"),
    "libraries": Several(_COPIES),
    "toolkits": _KITS,
    "missing_libraries": Several(_SONAMES[:6]),
    "variables": {"LD_LIBRARY_PATH": ("/opt/lib", "/usr/local/cuda/compat")},
    "container": {"image": ("nvcr.io/nvidia/pytorch:24.05-py3", "nvidia/cuda:12.4.1-base")},
    "jetson": _NAMED_JETSON,
    "model": {"target": ("sm_75", "sm_90a", "sm_120", "sm_121a")},
}
_PACKAGES = Pool(
    (
        "use:torch", "use:tensorflow", "use:onnxruntime-cuda", "use:vllm", "use:cupy", "use:ctranslate2",
        "use:paddlepaddle", "import:onnxruntime", "import:torch", "import:vllm", "use:xformers", "use:torchvision",
        "use:torchaudio", "use:flash-attn", "use:bitsandbytes", "convert:tensorflow-onnx", "use:keras", "use:mxnet",
        "use:triton",
    ),
    _SOFTWARE,
    0.3,
)  # fmt: skip
_SPECS = ("*", "<2", "==2.6.0", "==2.1.0", "==2.15.0", "==1.18.0", "==0.6.0", "==0.4.30", "==10.3.0", "==4.4.0")
_REQUESTS: Facts = {
    "torch": ("==2.6.0+cu124", *_SPECS),
    "tensorflow": _SPECS,
    "tensorflow[and-cuda]": _SPECS,
    "onnxruntime-gpu": _SPECS,
    "vllm": ("==0.11.0", *_SPECS),
    "jax": _SPECS,
    "jax[cuda12]": _SPECS,
    "jax[cuda13]": "*",
    "tensorrt": _SPECS,
    "bitsandbytes": "*",
    "ctranslate2": _SPECS,
    "paddlepaddle-gpu": ("*", "==2.6.1"),
    "xformers": ("*", "==0.0.29"),
}
_GOAL_OF = {"onnxruntime-gpu": "onnxruntime", "paddlepaddle-gpu": "paddlepaddle"}
_INSTALLS = Pool((), _SOFTWARE, 0.35)
_POOLS = (_JAX, _SYSTEM, _ENGINES, _PACKAGES, _PACKAGES, _INSTALLS)


class Dense(Chances):
    """Machines of one seed."""

    def __init__(self, seed: int, matrix: Matrix) -> None:
        super().__init__(seed)
        self.matrix = matrix

    def machine(self) -> tuple[str, Facts]:
        """A goal and a machine."""
        pool = self.one(*_POOLS)
        facts: Facts = self._drawn(pool.facts, pool.chance * self.one(0.6, 1, 1.5))
        if pool is _INSTALLS:
            name = self.one(*_REQUESTS)
            goal = f"install:{_GOAL_OF.get(name, name.partition('[')[0])}"
            facts |= {"request": {name: self._drawn(_REQUESTS[name], 1)}, **self._packages((), 0.1)}
        else:
            goal = self.one(*pool.goals)
        if pool is _PACKAGES:
            facts |= self._packages((goal.partition(":")[2].split("-")[0],), 0.12)
        self._told_twice(facts)
        return goal, consistent(facts, self.matrix)

    def _drawn(self, choice: Any, chance: float) -> Any:
        if isinstance(choice, Several):
            return [self._drawn(choice.item, chance + 0.3) for _ in range(self.one(0, 1, 1, 2, 2, 3))]
        if isinstance(choice, tuple):
            return self._drawn(self.one(*choice), chance)
        if isinstance(choice, dict):
            return {
                name: self._drawn(one, chance) for name, one in choice.items() if name == "name" or self.often(chance)
            }
        return copy.deepcopy(choice)

    def _packages(self, wanted: tuple[str, ...], chance: float) -> Facts:
        """The packages that the goal is about, others now and then, and what is said of their builds and files."""
        known = {**_FRAMEWORKS, **_BESIDE}
        packages = {
            name: self._drawn(releases, 1)
            for name, releases in known.items()
            if self.often(0.85 if name.startswith(wanted or "-") else chance)
        }
        facts: Facts = {"packages": packages} if packages else {}
        built = [name for name in packages if name in _FRAMEWORKS]
        if built and self.often(0.3):
            facts["builds"] = {self.one(*built): self._drawn(_BUILD, 0.4)}
        if built and self.often(0.1):
            facts["duplicates"] = [{"name": self.one(*built), "version": "1.2.0", "origin": "pip"}]
        if self.often(0.15):
            package, path = self.one(*_DAMAGED)
            problem = self.one("missing", "empty", "truncated", "overwritten")
            by = {"by": "nvidia-cudnn-cu13"} if problem == "overwritten" else {}
            facts["damaged"] = [{"package": package, "path": path, "problem": problem, **by}]
        return facts

    def _told_twice(self, facts: Facts) -> None:
        """What a driver offers follows from its release, and a Jetson's driver from its L4T."""
        driver = facts.get("driver") or {}
        if "version" in driver or "kernel_module_version" in driver:
            driver.pop("cuda", None)
        if "jetson" in facts:
            facts.pop("driver", None)


_BUILD: Facts = {
    "cuda": _MAYBE_CUDA,
    "cudnn": ("8.9", "9.1.1"),
    "architectures": _CODE,
    "source": ("pypi", "pytorch", "conda-forge"),
    "missing": ([], ["libcudnn.so.9"], ["libcublas.so.12"]),
}
