"""The torch family, on small wheels made here."""

from __future__ import annotations

import io
import zipfile

import pytest

from scripts.harvest import torch, torch_companions, triton, vllm
from scripts.harvest.wheel import RemoteWheel

FLAGS = b"\0" * 9 + b"see sm_50 sm_60 in the text\0" + b"sm_75 sm_80 sm_90a compute_90\0" + b"\0" * 99


def wheel(members: dict[str, bytes]) -> RemoteWheel:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    content = packed.getvalue()
    return RemoteWheel(lambda start, length: content[start : start + length], len(content))


@pytest.mark.parametrize(
    ("text", "cuda"),
    [
        ("__version__ = '1.4.0'\ndebug = False\ncuda = '10.1'\n", "10.1"),
        ("from typing import Optional\ncuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n", "12.8"),
        ("cuda = None\n", False),
        ("cuda: Optional[str] = None\nhip: Optional[str] = '6.4'\n", False),
    ],
)
def test_cuda_of_version_py(text: str, cuda: str | bool) -> None:
    members = {
        "torch/version.py": text.encode(),
        "torch/lib/libtorch_python.so": FLAGS,
        "torch/lib/libcudart-1b201d85.so.10.1": b"",
    }
    row = torch.read(wheel(members))
    assert row["cuda"] == cuda
    if cuda:
        assert (row["sass"], row["ptx"]) == (["7.5", "8.0", "9.0a"], ["9.0"])
        assert (row["needs"], row["brings"]) == ([], ["libcudart.so.10.1"])


def test_a_version_py_that_says_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="which CUDA"):
        torch.read(wheel({"torch/version.py": b"debug = False\n"}))


def test_pin() -> None:
    lines = ["triton==3.1", "nvidia-cudnn-cu12==9.1.0.70; platform_system == 'Linux'", "nvidia-nccl-cu11 (==2.14.3)"]
    assert torch.pin(lines, "nvidia-cudnn-cu") == "9.1.0.70"
    assert torch.pin(lines, "nvidia-nccl-cu") == "2.14.3"
    assert torch.pin(["nvidia-cudnn-cu13>=9"], "nvidia-cudnn-cu") is None


def test_names_as_their_makers_called_them() -> None:
    assert torch.unmangled("libnvrtc-5e8a26c9.so.10.1") == "libnvrtc.so.10.1"
    assert torch.unmangled("libcufile_rdma.so.1") == "libcufile_rdma.so.1"


@pytest.mark.parametrize(
    ("version", "sonames", "cuda"),
    [
        ("__version__ = '0.24.0+cu128'", {"libcudart.so.12"}, "12.8"),
        ("__version__ = '0.13.0'", {"libcudart-80664282.so.10.2"}, "10.2"),
        ("__version__ = '2.11.0'", {"libcudart.so.13"}, "13"),
        ("__version__ = '0.24.0+cpu'", {"libc10.so", "libtorch.so"}, False),
        ("__version__ = '1'", {"libtorch_cuda.so"}, None),
    ],
)
def test_cuda_of_a_companion(version: str, sonames: set[str], cuda: str | bool | None) -> None:
    assert torch_companions.cuda(wheel({"torchvision/version.py": version.encode()}), sonames) == cuda


def test_assemblers_of_triton() -> None:
    said = b"\0sm_75\0sm_90a\0sm_121f\0noise sm_33 noise\0Cuda compilation tools, release 12.9, V12.9.86\0"
    found = triton.assemblers(wheel({"triton/backends/nvidia/bin/ptxas-blackwell": said, "triton/ptxas.py": b""}))
    assert found == {"ptxas-blackwell": {"version": "12.9.86", "capabilities": ["7.5", "9.0a", "12.1f"]}}
    row = triton.release("3.6.0", "2026-01-20", found)
    assert row["built"] == {"ptxas-blackwell": "12.9.86"}


def test_general_kernels_of_vllm() -> None:
    found = {"sass": {"8.0": 40, "9.0": 40, "9.0a": 2, "12.0": 38}, "ptx": {"12.0": 8}}
    assert vllm.common(found) == {"sass": ["8.0", "9.0", "12.0"], "ptx": []}
    assert vllm.common({"sass": {}, "ptx": {}}) == {}


def test_pairs_of_unconditional_pins() -> None:
    lines = ["torch (==2.1.0)", "numpy", "tensorrt<10.1.0,>=10.0.0", 'torch==2.0; platform_machine == "aarch64"']
    base = {"package": "torch-tensorrt", "range": "==2.3.0", "source": "metadata"}
    assert torch_companions.pairs("torch-tensorrt", "2.3.0", lines) == [
        {**base, "other": "torch", "fits": "==2.1.0"},
        {**base, "other": "tensorrt", "fits": "<10.1.0,>=10.0.0"},
    ]
    assert torch_companions.pairs("nvidia-modelopt", "1", lines) == []
