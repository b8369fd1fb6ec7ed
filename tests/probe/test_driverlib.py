"""Compat notes, stubs and driver releases, told by content."""

from __future__ import annotations

from pathlib import Path

import pytest
from elf_bytes import dynamic, elf, note

from compat.probe.binary.driverlib import (
    COMPAT_SECTION,
    CompatNote,
    compat_note,
    driver_version,
    is_stub,
    version_of_file,
    version_of_name,
)
from compat.probe.binary.elf import Broken, Elf, Read, parse
from compat.probe.host import Host

# What the note of cuda-compat 13.1 (driver 590.44.01) says, and that of Jetson's Orin (13.2.1).
SERVER = b'{"format":1,"CUDA version":"13.1","driver":[535,550,570,575,580,590],"device":[1,2,7,8,9,10,11,12,13,14]}\0'
ORIN = b'{"format":1,"CUDA version":"13.2"}\0\0\0\0\0'


def opened(data: bytes) -> tuple[Read, Elf]:
    def read(at: int, length: int) -> bytes:
        return data[at : at + length]

    found = parse(read, len(data))
    assert isinstance(found, Elf)
    return read, found


def with_note(desc: bytes, owner: str = "NVIDIA Corporation", section: str = COMPAT_SECTION) -> Elf:
    return opened(elf([(".note.gnu.build-id", 7, note("GNU", b"id", 3)), (section, 7, note(owner, desc))]))[1]


def test_compat_notes() -> None:
    branches = (535, 550, 570, 575, 580, 590)
    assert compat_note(with_note(SERVER)) == CompatNote("13.1", branches, (1, 2, 7, 8, 9, 10, 11, 12, 13, 14))
    assert compat_note(with_note(ORIN)) == CompatNote("13.2", None, None)
    assert compat_note(with_note(b'{"CUDA Version":"12.9","driver":["x",true,535]}')) == CompatNote(
        "12.9", (535,), None
    )


@pytest.mark.parametrize("desc", [b'{"format":1,}', b"\xff\xfe", b"[1]", b"3", b"[" * 50_000])
def test_compat_notes_that_make_no_sense(desc: bytes) -> None:
    assert isinstance(compat_note(with_note(desc)), Broken)


def test_other_notes_are_not_compat_notes() -> None:
    assert compat_note(with_note(SERVER, owner="GNU")) is None
    assert compat_note(with_note(SERVER, section=".note.other")) is None
    assert compat_note(with_note(b"\0\0")) is None


def library(soname: str, imports: tuple[str, ...], extra: int = 0) -> bytes:
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in (soname, *imports))
    sections = [(".dynstr", 3, strings), (".dynamic", 6, dynamic([(5, 0x1000), (14, 1)])), (".text", 1, bytes(extra))]
    return elf(sections, segments=[(1, 0, 0x1000), (2, 1, 0)])


@pytest.mark.parametrize(
    ("soname", "imports", "extra", "stub"),
    [
        ("libcuda.so.1", ("cuInit",), 60_000, True),
        ("libnvidia-ml.so.1", ("puts", "popen"), 40_000, True),
        ("libcuda.so.1", ("cuInit", "dlopen"), 140_000, False),  # as on WSL: it loads the real one
        ("libcuda.so.1", ("cuInit",), 2 << 20, False),
        ("libcublas.so.13", ("puts",), 1000, False),
    ],
)
def test_stubs(soname: str, imports: tuple[str, ...], extra: int, stub: bool) -> None:
    assert is_stub(*opened(library(soname, imports, extra))) is stub


def test_a_stub_without_sections_cannot_be_told() -> None:
    data = bytearray(library("libcuda.so.1", ()))
    data[40:48] = bytes(8)
    assert is_stub(*opened(bytes(data))) is None


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("libcuda.so.580.95.05", "580.95.05"),
        ("libcudnn.so.9.14.0", "9.14.0"),
        ("libnvinfer.so.10.13.3", "10.13.3"),
        ("libcuda.so.1", None),
        ("libcuda.so.1.1", None),
        ("libcudart.so", None),
        ("libcudnn.so.9", None),
    ],
)
def test_versions_of_names(name: str, version: str | None) -> None:
    assert version_of_name(name) == version


def test_the_version_behind_links(tmp_path: Path) -> None:
    (tmp_path / "libcuda.so.580.95.05").touch()
    (tmp_path / "libcuda.so.1").symlink_to("libcuda.so.580.95.05")
    (tmp_path / "libcuda.so").symlink_to("/libcuda.so.1")
    host = Host(str(tmp_path))
    assert version_of_file(host, "/libcuda.so") == "580.95.05"
    assert version_of_file(host, "/libnone.so") is None


def test_the_release_inside_a_library() -> None:
    inside = bytes(900_000) + b"\0libnvidia-pkcs11.so.535.309.01\0libother.so.535.309.01\0999.99.99\0" + bytes(700_000)
    assert driver_version(*opened(elf([(".rodata", 1, inside)]))) == "535.309.01"
    assert driver_version(*opened(elf([(".rodata", 1, b"\0" + b"12.535.309.01\0")]))) == "535.309.01"
    assert driver_version(*opened(elf([(".rodata", 1, b"no version 1.2.3")]))) is None
    assert driver_version(*opened(elf([(".text", 1, b"x")]))) is None
