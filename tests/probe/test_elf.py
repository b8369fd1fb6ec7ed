"""ELF headers: every class and byte order, broken files, bounded reading, and this machine's own files."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from elf_bytes import dynamic, elf, note
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.probe.binary.elf import READ_LIMIT, Broken, Elf, parse, read_elf
from compat.probe.host import Host, Unreadable

NAMES = b"\0libcuda.so.1\0libm.so.6\0libc.so.6\0$ORIGIN/../lib\0/opt/lib\0"
AT = 0x1000


def shared(bits: int = 64, order: str = "<", stripped: bool = False, flags: int = 0x800) -> bytes:
    entries = [(5, AT), (1, NAMES.index(b"libm")), (1, NAMES.index(b"libc.so"))]
    entries += [(14, 1), (29, NAMES.index(b"$ORIGIN")), (15, NAMES.index(b"/opt")), (0x6FFFFFFB, flags)]
    sections = [(".dynstr", 3, NAMES), (".dynamic", 6, dynamic(entries, bits, order))]
    sections.append((".note.x", 7, note("GNU", b"1234", 3, order) + note("Other", b"56789", 1, order)))
    data = bytearray(elf(sections, bits, order, segments=[(1, 0, AT), (2, 1, 0), (4, 2, 0), (3, 0, 0)]))
    if stripped:
        at, size = (40, 8) if bits == 64 else (32, 4)
        data[at : at + size] = bytes(size)
    return bytes(data)


def of(data: bytes) -> Elf | Broken:
    return parse(lambda offset, length: data[offset : offset + length], len(data))


def good(data: bytes) -> Elf:
    found = of(data)
    assert isinstance(found, Elf)
    return found


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("stripped", [False, True])
def test_every_class_and_byte_order(bits: int, order: str, stripped: bool) -> None:
    found = good(shared(bits, order, stripped))
    assert (found.bits, found.little, found.machine, found.kind) == (bits, order == "<", "x86_64", 3)
    assert found.soname == "libcuda.so.1"
    assert found.needed == ("libm.so.6", "libc.so.6")
    assert found.dynamic is not None
    assert (found.dynamic.rpath, found.dynamic.runpath, found.dynamic.nodeflib) == ("/opt/lib", "$ORIGIN/../lib", True)
    assert [(n.name, n.kind, n.desc) for n in found.notes] == [("GNU", 3, b"1234"), ("Other", 1, b"56789")]
    assert {n.section for n in found.notes} == {"" if stripped else ".note.x"}
    assert [s.name for s in found.sections] == ([] if stripped else ["", ".dynstr", ".dynamic", ".note.x", ".shstrtab"])
    assert not found.truncated


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"INPUT(libc.so.6)", "not an ELF file"),
        (b"\x7fELF", "ELF header cut short or of unknown class"),
        (shared()[:60], "ELF header cut short"),
        (b"\x7fELF\x07" + shared()[5:], "ELF header cut short or of unknown class"),
    ],
)
def test_what_is_no_elf_file(data: bytes, reason: str) -> None:
    assert of(data) == Broken(reason)


def test_a_file_cut_behind_its_header_is_marked() -> None:
    whole = shared()
    for length in range(64, len(whole)):
        assert good(whole[:length]).truncated
    assert not good(whole).truncated


def test_a_section_count_beyond_the_header_is_in_the_first_section() -> None:
    data = bytearray(shared())
    (table,) = struct.unpack_from("<Q", data, 40)
    count, names = struct.unpack_from("<HH", data, 60)
    struct.pack_into("<HH", data, 60, 0, 0xFFFF)
    struct.pack_into("<Q", data, table + 32, count)
    struct.pack_into("<I", data, table + 40, names)
    assert good(bytes(data)).section(".note.x") is not None


def test_absurd_tables_are_read_within_bounds() -> None:
    data = bytearray(shared())
    struct.pack_into("<HHH", data, 58, 64, 0xFFF0, 4)
    reads: list[int] = []

    def read(offset: int, length: int) -> bytes:
        reads.append(length)
        return bytes(data[offset : offset + length]).ljust(length, b"\xff")

    found = parse(read, 1 << 40)
    assert isinstance(found, Elf | Broken)
    assert sum(reads) <= READ_LIMIT + 4096


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    bits=st.sampled_from([32, 64]),
    order=st.sampled_from("<>"),
    stripped=st.booleans(),
    flips=st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), max_size=12),
    length=st.integers(0, 1300),
)
def test_damage_never_raises_and_reading_stays_bounded(
    bits: int, order: str, stripped: bool, flips: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(shared(bits, order, stripped))
    for position, value in flips:
        data[position % len(data)] = value
    cut = bytes(data[:length])
    reads: list[int] = []

    def read(offset: int, size: int) -> bytes:
        assert offset >= 0
        assert size >= 0
        reads.append(size)
        return cut[offset : offset + size]

    assert isinstance(parse(read, len(cut)), Elf | Broken)
    assert sum(reads) <= READ_LIMIT + 4096


@settings(max_examples=150, deadline=None, derandomize=True)
@given(flips=st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=40), cut=st.integers(0, 1 << 20))
def test_damage_to_a_real_library(flips: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(REAL)
    for position, value in flips:
        data[position % len(data)] = value
    assert isinstance(of(bytes(data[: len(data) - cut % 3000])), Elf | Broken)


def _real_library() -> bytes:
    for directory in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"):
        for path in sorted(Path(directory).glob("lib*.so.*")) if Path(directory).is_dir() else []:
            if path.is_file() and 4096 < path.stat().st_size < 200_000:
                return path.read_bytes()
    return shared() + bytes(4096)


REAL = _real_library()


def test_versions_of_symbol_families() -> None:
    def with_needs(*names: str) -> Elf:
        strings = b"\0libc.so.6\0" + b"".join(name.encode() + b"\0" for name in names)
        rows = [struct.pack("<HHIII", 1, len(names), 1, 16, 0)]
        for index, name in enumerate(names):
            step = 16 if index + 1 < len(names) else 0
            rows.append(struct.pack("<IHHII", 0, 0, 0, strings.index(name.encode() + b"\0"), step))
        entries = [(5, AT), (0x6FFFFFFE, AT * 2), (0x6FFFFFFF, 1)]
        sections = [
            (".dynstr", 3, strings),
            (".gnu.version_r", 0x6FFFFFFE, b"".join(rows)),
            (".dynamic", 6, dynamic(entries)),
        ]
        return good(elf(sections, segments=[(1, 0, AT), (1, 1, AT * 2), (2, 2, 0)]))

    found = with_needs("GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.3.4", "GLIBC_PRIVATE", "GLIBCXX_3.4.30")
    assert found.newest("GLIBC") == "2.34"
    assert found.newest("GLIBCXX") == "3.4.30"
    assert found.newest("CXXABI") is None


@pytest.mark.skipif(not shutil.which("readelf"), reason="compares with readelf")
def test_files_of_this_machine_agree_with_readelf() -> None:
    host = Host(environ={})
    folder = next(
        (d for d in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64") if host.is_dir(d)),
        "/usr/lib",
    )
    paths = [f"{folder}/{name}" for name in host.listdir(folder) if ".so." in name and host.is_file(f"{folder}/{name}")]
    for path in [*paths[::25], sys.executable]:
        found = read_elf(host, path)
        assert isinstance(found, Elf), path
        assert found.dynamic is not None
        listed = subprocess.run(["readelf", "-dVW", path], capture_output=True, text=True, check=True).stdout
        assert list(found.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", listed)
        assert found.soname == next(iter(re.findall(r"\(SONAME\).*\[(.*)\]", listed)), None)
        assert found.dynamic.runpath == next(iter(re.findall(r"\(RUNPATH\).*\[(.*)\]", listed)), None)
        needed = {name for _, names in found.dynamic.version_needs for name in names}
        assert needed == set(re.findall(r"Name: (\S+)  Flags: \S+  Version: \d+", listed))


def test_through_the_host(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    (tmp_path / "a.so").write_bytes(shared())
    assert isinstance(read_elf(host, "/a.so"), Elf)
    assert isinstance(read_elf(host, "/none.so"), Unreadable)
    shallow = read_elf(host, "/a.so", full=False)
    assert isinstance(shallow, Elf)
    assert shallow.soname == "libcuda.so.1"
    assert shallow.sections == shallow.notes == ()
