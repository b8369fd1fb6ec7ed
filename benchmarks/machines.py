"""What the benchmark judges: an environment of 200 distributions in a folder, and 10,000 described machines."""

import json
import os
import sys
from collections.abc import Iterator

# What a machine that converts models has installed; the rest of the 200 are plain packages.
STACK = {
    "torch": "2.11.0+cu128",
    "torchvision": "0.26.0+cu128",
    "tensorflow": "2.20.0",
    "onnx": "1.19.1",
    "onnxruntime-gpu": "1.23.2",
    "tensorrt": "10.13.3.9",
    "numpy": "2.3.4",
    "triton": "3.6.0",
    "nvidia-cudnn-cu12": "9.10.2.21",
    "nvidia-cublas-cu12": "12.8.4.1",
    "nvidia-cuda-runtime-cu12": "12.8.90",
    "nvidia-nccl-cu12": "2.27.5",
    "nvidia-cusparse-cu12": "12.5.8.93",
    "nvidia-cufft-cu12": "11.3.3.83",
}
_FILES_EACH = 40


def environment(folder: str, distributions: int = 200) -> str:
    """Lay a virtual environment of that many distributions out, each with metadata and a RECORD; its interpreter."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    site = os.path.join(folder, "lib", f"python{version}", "site-packages")
    os.makedirs(site)
    os.makedirs(os.path.join(folder, "bin"))
    base = os.path.realpath(sys.executable)
    os.symlink(base, os.path.join(folder, "bin", "python"))
    _write(
        os.path.join(folder, "pyvenv.cfg"),
        f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\nversion = {version}.0\n",
    )
    for number in range(distributions - len(STACK)):
        _distribution(site, f"plain-package-{number}", f"{number % 9}.{number % 20}.1")
    for name, release in STACK.items():
        _distribution(site, name, release)
    _write(os.path.join(site, "torch", "version.py"), "__version__ = '2.11.0+cu128'\ncuda: str = '12.8'\n")
    return os.path.join(folder, "bin", "python")


def _distribution(site: str, name: str, version: str) -> None:
    module = name.replace("-", "_")
    info = os.path.join(site, f"{module}-{version}.dist-info")
    os.makedirs(info)
    os.makedirs(os.path.join(site, module), exist_ok=True)
    listed = [f"{module}/part{number}.py" for number in range(_FILES_EACH)]
    for path in listed:
        _write(os.path.join(site, path), "")
    _write(
        os.path.join(info, "METADATA"),
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.9\n"
        "Requires-Dist: numpy>=1.20\nClassifier: Programming Language :: Python :: 3\n\n" + "Words about it.\n" * 60,
    )
    _write(os.path.join(info, "WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    _write(os.path.join(info, "RECORD"), "".join(f"{path},,0\n" for path in listed))


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


_GPUS = (
    "NVIDIA GeForce RTX 3090",
    "NVIDIA GeForce RTX 4070",
    "Tesla T4",
    "NVIDIA A100-SXM4-80GB",
    "NVIDIA H100 80GB HBM3",
    "NVIDIA GeForce GTX 1080 Ti",
    "NVIDIA GeForce RTX 5090",
    "Tesla V100-SXM2-16GB",
)
_DRIVERS = ("470.256.02", "525.147.05", "535.183.01", "550.54.15", "570.124.06", "580.95.05")
_STACKS = (
    {"torch": "2.6.0+cu124"},
    {"torch": "2.1.2+cu118"},
    {"tensorflow": "2.15.0"},
    {"torch": "2.8.0+cu128"},
    {"onnxruntime-gpu": "1.20.1", "numpy": "1.26.4"},
    {"tensorrt": "10.9.0.34"},
)


def descriptions(count: int) -> Iterator[str]:
    """That many described machines, one a line, of 504 kinds; nothing but the name tells those of one kind apart."""
    for number in range(count):
        yield json.dumps(
            {
                "schema": "compatcheck.machine/1",
                "name": f"node{number:05}",
                "os": "linux",
                "distribution": "ubuntu",
                "distribution_version": "22.04",
                "arch": "x86_64",
                "glibc": "2.35",
                "python": f"3.{10 + number % 3}",
                "gpus": [{"name": _GPUS[number % len(_GPUS)]}] * (1 + number % 8),
                "driver": {"version": _DRIVERS[number // 3 % len(_DRIVERS)]},
                "packages": _STACKS[number // 7 % len(_STACKS)],
            }
        )
