"""The TensorFlow, JAX and tf2onnx harvests: what they make of the texts and the machine code inside the wheels."""

import struct

import pytest

from scripts.harvest import jax, tensorflow, tf2onnx

OLD_WINDOWS = """
is_rocm_build = False
is_cuda_build = True

cuda_version_number = '10.1'
cudnn_version_number = '7'
cudart_dll_name = 'cudart64_101.dll'
"""
DICT = (
    "build_info = {'cuda_version': '10.1', 'cuda_compute_capabilities': ['sm_35', 'compute_70'], 'is_cuda_build': True}"
)
PAIRS = (
    "import collections\nbuild_info = collections.OrderedDict([('cuda_version', '12.5.1'), ('is_cuda_build', True)])"
)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (OLD_WINDOWS, "cuda_version_number", "10.1"),
        (OLD_WINDOWS, "is_cuda_build", True),
        (DICT, "cuda_compute_capabilities", ["sm_35", "compute_70"]),
        (PAIRS, "cuda_version", "12.5.1"),
    ],
)
def test_build_info_in_each_of_its_forms(text: str, name: str, value: object) -> None:
    assert tensorflow.literals(text)[name] == value


def test_build_info_is_never_run() -> None:
    assert tensorflow.literals("is_cuda_build = __import__('os').system('false')") == {}


def test_compute_means_machine_code_and_ptx() -> None:
    listed = ["sm_60", "sm_89", "compute_90"]
    assert tensorflow.capabilities(listed) == (["6.0", "8.9", "9.0"], ["9.0"])
    assert tensorflow.capabilities(["3.5", "7.0"]) == (["3.5", "7.0"], ["3.5", "7.0"])
    assert tensorflow.capabilities(None) == (None, None)


def test_specific_target_replaces_its_plain_capability_only() -> None:
    assert tensorflow.narrowed(["9.0"], "9.0a") == ["9.0a"]
    assert tensorflow.narrowed(["8.0", "9.0"], "9.0a") == ["8.0", "9.0a"]
    assert tensorflow.narrowed(["9.0"], None) == ["9.0"]


def test_pin_of_an_extra() -> None:
    lines = ['nvidia-cuda-runtime-cu12<13.0,>=12.5.82; extra == "and-cuda"', "nvidia-cudnn-cu11 (==8.7.0.84) ; extra"]
    assert tensorflow.pinned(lines, "nvidia-cudnn") == "8.7.0.84"
    assert tensorflow.runtime_release(lines) == "12.5"
    assert tensorflow.pinned(lines, "nvidia-nccl") is None


@pytest.mark.parametrize(
    ("code", "version"),
    [
        ("554889e5c70705000000c70601000000c702050000005dc3", "5.1.5"),  # gcc, 1.15
        ("48ba0200000002000000554889f84889174889e5c74708070000005dc3", "7.2.2"),  # gcc, 2.5
        ("48ba0200000002000000c74708070000004889f8488917c3", "7.2.2"),  # gcc, 2.10
        ("48b9010000000600000048890fc74708080000005dc3", "8.6.1"),  # clang, 2.16
        ("48b9030000000500000048890fc7470806000000c74048030000005d", None),  # some other structure
        ("90" * 40, None),
    ],
)
def test_tensorrt_version_in_machine_code(code: str, version: str | None) -> None:
    assert tensorflow.tensorrt_version(bytes.fromhex(code)) == version


def x86(*numbers: int) -> bytes:
    """`mov edi, N; call; pop rbp; ret` for each number, among other bytes."""
    return b"\x90\xbf\x01" + b"".join(b"\x55\xbf" + struct.pack("<I", n) + b"\xe8\1\2\3\4\x5d\xc3" for n in numbers)


def arm(*numbers: int) -> bytes:
    """`movz w0, low; movk w0, high, lsl 16; ret` for each number."""
    words = []
    for n in numbers:
        words += [0x52800000 | (n & 0xFFFF) << 5, 0x72A00000 | (n >> 16) << 5] if n >> 16 else [0x52800000 | n << 5]
        words.append(0xD65F03C0)
    return struct.pack(f"<{len(words)}I", *words)


def test_build_numbers_of_both_machines() -> None:
    numbers = [12090, 91002, 120901, 11705]
    assert jax.returned_x86(x86(*numbers)) == numbers
    assert jax.returned_arm(arm(*numbers)) == numbers


@pytest.mark.parametrize(
    ("numbers", "major", "expected"),
    [
        ([12090, 91002, 11401, 11705, 12510], 12, ("12.9", "9.10.2")),  # 0.12.0.1
        ([12020, 8904, 11008, 11502, 12102], 12, ("12.2", "8.9.4")),  # 0.4.22
        ([13000, 91200, 12000, 12003, 12602], 13, ("13.0", "9.12.0")),  # cuda13 0.12.0.1
        ([12030, 12040, 90101], 12, (None, "9.1.1")),  # two that could be it: unknown
        ([], 12, (None, None)),
    ],
)
def test_cuda_and_cudnn_among_build_numbers(
    numbers: list[int], major: int, expected: tuple[str | None, str | None]
) -> None:
    assert jax.versions(numbers, major) == expected


INIT = """
  _load("cuda_runtime", ["libcudart.so.12"])
  _load("cu13", ["libcudart.so.13"])
  _load("cublas", ["libcublas.so.12", "libcublasLt.so.12"])
  _load("cu13", ["libcusparse.so.12"])
  _load("nccl", ["libnccl.so.2"])
  _load("cudnn", ["libcudnn.so.9"])
"""


def test_sonames_of_one_cuda_major() -> None:
    assert set(jax.opened(INIT, "12")) == {"libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libcudnn.so.9"}
    assert set(jax.opened(INIT, "13")) == {"libcudart.so.13", "libcusparse.so.12", "libcudnn.so.9"}
    assert jax.opened("import os", "12") == []


def test_pairs_leave_out_what_a_marker_limits() -> None:
    row = {"version": "0.11.0", "source": "s", "requires": ["jaxlib<=0.11.0,>=0.10.2", 'jaxlib==0.9; extra == "ci"']}
    assert [(p["range"], p["other"], p["fits"]) for p in jax.pairs("jax", row)] == [
        ("==0.11.0", "jaxlib", "<=0.11.0,>=0.10.2")
    ]


def test_opsets_of_tf2onnx() -> None:
    text = "from onnx import helper\nPREFERRED_OPSET = 15\nOPSET_TO_IR_VERSION = {1: 3, 17: 8, 18: 8}\n"
    assert tf2onnx.opsets(text) == ("15", "18")
    assert tf2onnx.opsets("PREFERRED_OPSET = 7\n") is None


def test_cuda_11_has_one_runtime_dll_whatever_build_info_calls_it() -> None:
    names = ("cudart64_112.dll", "cudart64_101.dll", "cudnn64_8.dll")
    assert [tensorflow.opened(name) for name in names] == ["cudart64_110.dll", "cudart64_101.dll", "cudnn64_8.dll"]
