"""Whatever one file of an environment is replaced by, the layers end, in bounds and without an error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from software import Root, library

from compat.probe import host as host_module

SITE = "/env/lib/python3.10/site-packages"
GIGABYTE = 1 << 30


def layout(top: Path) -> Root:
    """An environment that has a file for everything that the layers read."""
    root = Root(top, {"LD_LIBRARY_PATH": "/opt/lib", "PATH": "/usr/local/cuda/bin", "HOME": "/home/me"}).venv()
    root.file("/usr/local/cuda/version.json", '{"cuda": {"version": "12.4.1"}}').file("/usr/local/cuda/bin/ptxas")
    root.file("/usr/local/cuda/include/cudnn_version.h").file("/usr/local/cuda/lib64/libcudnn.so.8", library())
    root.file("/var/lib/dpkg/status", "Package: libcudnn9\nStatus: install ok installed\nVersion: 9.1.0\n\n")
    root.file("/opt/lib/libcudart.so.12", library("libcudart.so.12")).file(f"{SITE}/extra.pth", "/opt/lib\n")
    record = "/env/conda-meta/pytorch-2.1.0-py3.10_cuda12.1_cudnn8.9.2_0.json"
    root.file(record, '{"channel": "pytorch"}').file("/env/conda-meta/python-3.10.12-0.json", "{}")
    root.wheel(
        SITE,
        "torch",
        "2.1.0",
        {
            "torch/__init__.py": '("cudnn", "libcudnn.so.*[0-9]")',
            "torch/version.py": "cuda = '12.1'\n",
            "torch/_C.so": library("", ("libcudnn.so.9", "libcudart.so.12"), rpath="$ORIGIN/../nvidia/cudnn/lib"),
            "torch/lib/libtorch_global_deps.so": library("libtorch_global_deps.so", ("libcudart.so.12",)),
        },
    )
    root.wheel(
        SITE,
        "nvidia-cudnn-cu12",
        "9.1.0.70",
        {
            "nvidia/cudnn/lib/libcudnn.so.9": library("libcudnn.so.9"),
            "nvidia/cudnn/include/cudnn_version.h": "#define CUDNN_MAJOR 9\n",
        },
    )
    other = library("libcudnn.so.9", pad=999)
    root.wheel(SITE, "nvidia-cudnn-cu13", "9.12.0.46", {"nvidia/cudnn/lib/libcudnn.so.9": other})
    root.wheel(SITE, "tensorflow", "2.18.0", {"tensorflow/python/platform/build_info.py": "('cuda_version', '12.5')"})
    root.wheel(
        SITE,
        "jax-cuda12-plugin",
        "0.5.0",
        {
            "jax_plugins/xla_cuda12/__init__.py": '_load("cudnn", ["libcudnn.so.9"])',
            "jax_plugins/xla_cuda12/xla_cuda_plugin.so": library(),
        },
    )
    return root.wheel(
        SITE,
        "onnxruntime-gpu",
        "1.20.0",
        {
            "onnxruntime/capi/build_and_package_info.py": "cuda_version = '12.4'\n",
            "onnxruntime/capi/libonnxruntime_providers_cuda.so": library("", ("libcublas.so.12",)),
        },
    )


def empty(place: Path) -> None:
    place.write_bytes(b"")


def noise(place: Path) -> None:
    place.write_bytes(bytes(range(256)) * 64 + b"\n" * 100)


def huge(place: Path) -> None:
    with place.open("r+b") as file:
        file.truncate(GIGABYTE)


def folder(place: Path) -> None:
    place.mkdir()


def loop(place: Path) -> None:
    place.symlink_to(place.name)


def fifo(place: Path) -> None:
    os.mkfifo(place)


def outside(place: Path) -> None:
    place.symlink_to("../" * 40 + "etc/passwd")


FILES = sorted(
    str(path)
    for path in (
        "env/pyvenv.cfg",
        "usr/local/cuda/version.json",
        "usr/local/cuda/include/cudnn_version.h",
        "var/lib/dpkg/status",
        "usr/bin/python3.10",
        "env/conda-meta/pytorch-2.1.0-py3.10_cuda12.1_cudnn8.9.2_0.json",
        "usr/include/python3.10/patchlevel.h",
        *(
            f"{SITE[1:]}/{name}"
            for name in (
                "extra.pth",
                "torch/__init__.py",
                "torch/version.py",
                "torch/_C.so",
                "torch/lib/libtorch_global_deps.so",
                "torch-2.1.0.dist-info/METADATA",
                "torch-2.1.0.dist-info/RECORD",
                "torch-2.1.0.dist-info/WHEEL",
                "nvidia/cudnn/lib/libcudnn.so.9",
                "nvidia/cudnn/include/cudnn_version.h",
                "nvidia_cudnn_cu12-9.1.0.70.dist-info/RECORD",
                "tensorflow/python/platform/build_info.py",
                "jax_plugins/xla_cuda12/__init__.py",
                "jax_plugins/xla_cuda12/xla_cuda_plugin.so",
                "onnxruntime/capi/build_and_package_info.py",
                "onnxruntime/capi/libonnxruntime_providers_cuda.so",
            )
        ),
    )
)


@pytest.mark.parametrize("nasty", [empty, noise, huge, folder, loop, fifo, outside], ids=lambda f: f.__name__)
def test_one_file_gone_bad(tmp_path: Path, nasty: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    real_pread, real_read = os.pread, os.read

    def count(data: bytes) -> bytes:
        nonlocal read
        read += len(data)
        return data

    monkeypatch.setattr(host_module.os, "pread", lambda *a: count(real_pread(*a)))
    monkeypatch.setattr(host_module.os, "read", lambda *a: count(real_read(*a)))
    for number, file in enumerate(FILES):
        root = layout(tmp_path / str(number))
        place = root.top / file
        if nasty is not huge:
            place.unlink()
        nasty(place)
        read = 0
        machine = root.machine("/env")
        assert read < 128 << 20, (file, read)
        assert machine.python in ("3.10.12", "3.10"), file
        assert machine.packages is not None
        assert machine.packages.keys() >= {"torch", "onnxruntime-gpu"} or file.endswith("METADATA"), file
        shutil.rmtree(root.top)


def test_the_sound_layout_tells_everything(tmp_path: Path) -> None:
    machine = layout(tmp_path).machine("/env")
    assert machine.builds["torch"].cuda == "12.1"
    assert {damage.by for damage in machine.damaged or ()} == {"nvidia-cudnn-cu13"}
    assert machine.missing_libraries
    assert [toolkit.version for toolkit in machine.toolkits or ()] == ["12.4.1"]
