"""The harvesters of cuDNN, ONNX, ONNX Runtime and TensorRT: what they make of what they read."""

from __future__ import annotations

import struct

import pytest

from scripts.harvest import cudnn, onnx, onnxruntime, operators, pe, tensorrt

BASE = 0x1000  # address of the only section
RAW = 0x200  # where it lies in the file


def dll(imports: list[str], delayed: list[str]) -> bytes:
    """A 64-bit PE file with one section that holds import tables, and nothing else."""
    names, places = b"", {}
    for name in (*imports, *delayed):
        places[name] = BASE + 0x400 + len(names)
        names += name.encode() + b"\0"
    table = b"".join(struct.pack("<IIIII", 0, 0, 0, places[name], 0) for name in imports) + bytes(20)
    later = b"".join(struct.pack("<IIIIIIII", 1, places[name], 0, 0, 0, 0, 0, 0) for name in delayed) + bytes(32)
    section = (table.ljust(0x200, b"\0") + later).ljust(0x400, b"\0") + names
    directory = bytearray(16 * 8)
    struct.pack_into("<II", directory, 8, BASE, len(table))
    if delayed:
        struct.pack_into("<II", directory, 13 * 8, BASE + 0x200, len(later))
    optional = struct.pack("<H", 0x20B).ljust(108, b"\0") + struct.pack("<I", 16) + bytes(directory)
    head = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    head += struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, len(optional), 0) + optional
    head += struct.pack("<8sIIII", b".rdata", len(section), BASE, len(section), RAW).ljust(40, b"\0")
    return head.ljust(RAW, b"\0") + section


def reader(data: bytes) -> pe.Read:
    return lambda offset, length: data[offset : offset + length]


def test_a_dll_names_what_it_imports_now_and_later() -> None:
    library = pe.parse(reader(dll(["cublas64_12.dll", "cudart64_12.dll"], ["cudnn64_9.dll"])))
    assert library.imports == ("cublas64_12.dll", "cudart64_12.dll")
    assert library.delayed == ("cudnn64_9.dll",)
    assert [s.name for s in library.sections] == [".rdata"]


def test_a_dll_without_delayed_imports() -> None:
    assert pe.parse(reader(dll(["cudart64_12.dll"], []))).delayed == ()


def test_an_elf_file_is_no_dll() -> None:
    with pytest.raises(ValueError, match="MZ"):
        pe.parse(reader(b"\x7fELF".ljust(64, b"\0")))


def found(**needs: list[str]) -> dict[str, object]:
    return {
        "cuda": None,
        "needs": {"cuda": [], "tensorrt": [], **needs},
        "images": {"sass": {"9.0a": 3}, "ptx": {}},
        "glibcxx": None,
    }


def test_what_only_the_tensorrt_provider_needs_is_not_asked_of_the_cuda_provider() -> None:
    row = onnxruntime.facts(
        found(cuda=["libcublas.so.13"], tensorrt=["libnvinfer.so.10", "libcudnn.so.9", "libcublas.so.13"])
    )
    assert row["needs"] == ["libcublas.so.13", "libnvinfer.so.10"]
    assert row["on_demand"] == ["libcudnn.so.9"]  # by the provider's own loader, not by its links
    assert row["cudnn"] == "9"
    assert row["tensorrt"] == "10"
    assert row["note"] == "Only the TensorRT provider needs libcudnn.so.9."


def test_cuda_and_cudnn_of_a_build_that_preloads_its_libraries() -> None:
    row = onnxruntime.facts(found(preloaded=["libcudart.so.11.0", "libcudnn.so.8", "libnvinfer.so.8"]))
    assert (row["cuda"], row["cudnn"], row["tensorrt"]) == ("11", "8", "8")
    assert row["sass"] == ["9.0a"]
    assert row["ptx"] == []


def test_fat_binaries_are_found_across_gaps_and_window_ends() -> None:
    block = onnxruntime._MAGIC + struct.pack("<HHQ", 1, 16, 8) + bytes(8)
    start = onnxruntime._WINDOW - 6  # the header straddles two windows
    data = block + bytes(start - len(block)) + block
    assert list(onnxruntime.blocks(reader(data), 0, len(data))) == [(0, 24), (start, 24)]


def test_system_libraries_are_not_needs() -> None:
    kept = [
        n
        for n in ("libstdc++.so.6", "libc.so.6", "libcublas.so.12", "KERNEL32.dll", "libcudnn.so.9")
        if not onnxruntime._SYSTEM.match(n)
    ]
    assert kept == ["libcublas.so.12", "libcudnn.so.9"]


SETUP = """install_requires=["tensorrt_cu13==10.13.2.6;sys_platform!='win32'",
    "tensorrt_cu12==10.13.2.6;sys_platform=='win32'"],"""


def test_a_metapackage_asks_for_another_variant_on_windows() -> None:
    assert tensorrt.asked(SETUP, "linux") == ["tensorrt_cu13==10.13.2.6;sys_platform!='win32'"]
    assert tensorrt.asked(SETUP, "windows") == ["tensorrt_cu12==10.13.2.6;sys_platform=='win32'"]


def test_an_unpinned_metapackage_is_read_but_a_module_name_is_not() -> None:
    assert tensorrt.asked('install_requires=["tensorrt-cu12"],', "linux") == ["tensorrt-cu12"]
    assert tensorrt.asked('tensorrt_module = "tensorrt-cu12"\n', "linux") == []


LIST = """
| Operator | Supported  | Supported Types | Restrictions |
|----------|------------|-----------------|--------------|
| Abs      | Y          | FP32, BF16 |
| Compress | N          |
| TopK     | Y          | FP32 | `sorted` must be 1.
"""
OLD = """
| Operator | Supported? | Restrictions |
|----------|------------|--------------|
| Abs      | Y          |
| experimental ImageScaler | Y | |
"""


def test_an_operator_has_its_first_release_and_that_of_later_types() -> None:
    new, refused = operators.parse(LIST)
    old, _ = operators.parse(OLD)
    middle = {"Abs": (["fp32"], False)}
    rows = {r["operator"]: r for r in operators.rows({"7.0.0": old, "8.2.0": middle, "9.0.1": new})}
    assert refused == ["Compress"]
    assert "Compress" not in rows
    assert rows["Abs"]["since"] == "7.0.0"
    assert rows["Abs"]["types_since"] == {"fp32": "8.2.0", "bf16": "9.0.1"}
    assert rows["TopK"]["restrictions"] == operators.RESTRICTIONS["TopK"]
    assert rows["ImageScaler"]["until"] == "7.0.0"


def test_a_restriction_that_nobody_has_worded_stops_the_run() -> None:
    with pytest.raises(KeyError):
        operators.rows({"9.0.1": {"Abs": (["fp32"], True)}})


def test_cudnn_macros() -> None:
    macros = {"CUDNN_MAJOR": "9", "CUDNN_MINOR": "10", "CUDNN_PATCHLEVEL": "2"}
    assert cudnn.header_version(macros) == "9.10.2"
    assert cudnn.header_version({"CUDNN_MAJOR": "9"}) is None
    assert cudnn.minimum({"CUDNN_MIN_DEVICE_VERSION": "CUDNN_SM_50", "CUDNN_SM_50": "500"}) == "5.0"
    assert cudnn.minimum({"CUDNN_MIN_DEVICE_VERSION": "1210"}) == "12.1"
    assert cudnn.minimum({}) is None


@pytest.mark.parametrize(
    ("lines", "name", "expected"),
    [
        (["protobuf (<4,>=3.20.2)"], "protobuf", "<4,>=3.20.2"),
        (["numpy"], "numpy", "*"),
        (["numpy>=1.22"], "protobuf", None),
    ],
)
def test_specifier_of_a_requirement(lines: list[str], name: str, expected: str | None) -> None:
    assert onnx.specifier(lines, name) == expected
