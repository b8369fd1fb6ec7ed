"""Environments that the recorded commands were resolved in, and the machines that they stand on."""

from compat.guard.result import after
from compat.guard.transaction import Coming, Transaction
from compat.machine import Machine
from compat.matrix import Matrix
from compat.records import replace
from scripts.fixtures.described import UBUNTU, with_gpu

_CU124 = {
    "nvidia-cublas-cu12": "12.4.5.8",
    "nvidia-cuda-cupti-cu12": "12.4.127",
    "nvidia-cuda-nvrtc-cu12": "12.4.127",
    "nvidia-cuda-runtime-cu12": "12.4.127",
    "nvidia-cudnn-cu12": "9.1.0.70",
    "nvidia-cufft-cu12": "11.2.1.3",
    "nvidia-curand-cu12": "10.3.5.147",
    "nvidia-cusolver-cu12": "11.6.1.9",
    "nvidia-cusparse-cu12": "12.3.1.170",
    "nvidia-cusparselt-cu12": "0.6.2",
    "nvidia-nccl-cu12": "2.21.5",
    "nvidia-nvjitlink-cu12": "12.4.127",
    "nvidia-nvtx-cu12": "12.4.127",
}
_PLAIN = {
    "filelock": "3.16.1",
    "fsspec": "2025.3.0",
    "jinja2": "3.1.6",
    "markupsafe": "3.0.2",
    "mpmath": "1.3.0",
    "networkx": "3.4.2",
    "sympy": "1.13.1",
    "typing-extensions": "4.12.2",
    "pillow": "11.1.0",
}
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "torch26": {"torch": "2.6.0", "torchvision": "0.21.0", "triton": "3.2.0", "numpy": "1.26.4", **_PLAIN, **_CU124},
    "torch25": {
        "torch": "2.5.1",
        "torchvision": "0.20.1",
        "triton": "3.1.0",
        "numpy": "1.26.4",
        **_PLAIN,
        **{name: version for name, version in _CU124.items() if name != "nvidia-cusparselt-cu12"},
    },
    "tensorflow215": {
        "tensorflow": "2.15.1",
        "keras": "2.15.0",
        "numpy": "1.26.4",
        "protobuf": "4.25.3",
        "absl-py": "2.1.0",
        "h5py": "3.11.0",
        "ml-dtypes": "0.3.2",
        "packaging": "24.2",
        "six": "1.16.0",
        "wrapt": "1.14.1",
        "flatbuffers": "24.3.25",
        "gast": "0.5.4",
        "opt-einsum": "3.3.0",
        "termcolor": "2.4.0",
        "typing-extensions": "4.12.2",
        "nvidia-cublas-cu12": "12.2.5.6",
        "nvidia-cuda-cupti-cu12": "12.2.142",
        "nvidia-cuda-nvcc-cu12": "12.2.140",
        "nvidia-cuda-nvrtc-cu12": "12.2.140",
        "nvidia-cuda-runtime-cu12": "12.2.140",
        "nvidia-cudnn-cu12": "8.9.4.25",
        "nvidia-cufft-cu12": "11.0.8.103",
        "nvidia-curand-cu12": "10.3.3.141",
        "nvidia-cusolver-cu12": "11.5.2.141",
        "nvidia-cusparse-cu12": "12.1.2.141",
        "nvidia-nccl-cu12": "2.16.5",
        "nvidia-nvjitlink-cu12": "12.2.140",
    },
    "jax08": {
        "jax": "0.8.0",
        "jaxlib": "0.8.0",
        "jax-cuda12-plugin": "0.8.0",
        "jax-cuda12-pjrt": "0.8.0",
        "numpy": "2.2.6",
        "scipy": "1.15.3",
        "ml-dtypes": "0.5.1",
        "opt-einsum": "3.4.0",
        "nvidia-cublas-cu12": "12.9.1.4",
        "nvidia-cuda-cupti-cu12": "12.9.79",
        "nvidia-cuda-nvcc-cu12": "12.9.86",
        "nvidia-cuda-nvrtc-cu12": "12.9.86",
        "nvidia-cuda-runtime-cu12": "12.9.79",
        "nvidia-cudnn-cu12": "9.13.0.50",
        "nvidia-cufft-cu12": "11.4.1.4",
        "nvidia-cusolver-cu12": "11.7.5.82",
        "nvidia-cusparse-cu12": "12.5.10.65",
        "nvidia-nccl-cu12": "2.28.3",
        "nvidia-nvjitlink-cu12": "12.9.86",
    },
    "onnxruntime123": {
        "onnxruntime-gpu": "1.23.0",
        "coloredlogs": "15.0.1",
        "humanfriendly": "10.0",
        "flatbuffers": "25.2.10",
        "numpy": "2.2.6",
        "packaging": "25.0",
        "protobuf": "6.32.0",
        "sympy": "1.14.0",
        "mpmath": "1.3.0",
        "nvidia-cublas-cu12": "12.9.1.4",
        "nvidia-cuda-nvrtc-cu12": "12.9.86",
        "nvidia-cuda-runtime-cu12": "12.9.79",
        "nvidia-cudnn-cu12": "9.13.0.50",
        "nvidia-cufft-cu12": "11.4.1.4",
        "nvidia-curand-cu12": "10.3.10.19",
    },
    "empty": {},
}


def _machine(gpu: str, driver: str) -> Machine:
    return with_gpu(
        gpu,
        driver,
        name=f"{gpu}, driver {driver}",
        missing_libraries=(),
        python="3.11.7",
        variables={},
        duplicates=(),
        damaged=(),
        device_nodes=("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm"),
    )


MACHINES = {
    "h100": _machine("NVIDIA H100 PCIe", "580.95.05"),
    "a100-535": _machine("NVIDIA A100-SXM4-40GB", "535.183.01"),
    "v100": _machine("Tesla V100-SXM2-16GB", "580.95.05"),
    "no-gpu": replace(UBUNTU, name="no GPU", glibcxx="3.4.30", gpus=(), python="3.11.7", variables={}),
}


def built(machine: str, environment: str, matrix: Matrix) -> Machine:
    """The machine with the environment installed from the public index."""
    installs = tuple(Coming(name, version, "pypi") for name, version in ENVIRONMENTS[environment].items())
    return after(MACHINES[machine], Transaction(installs), matrix)
