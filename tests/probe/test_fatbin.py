"""The GPU code of a file: entry heads as nvcc writes them, damage, the budget, and the real nvcc where there is one."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from elf_bytes import elf
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.probe.binary.elf import Elf, parse
from compat.probe.binary.fatbin import Code, Fatbins, read_fatbins, walk

SPECIFIC, FAMILY = 1 << 20, 1 << 21


def entry(
    kind: int, target: int, flags: int = 0x11, version: tuple[int, int] = (8, 1), head: int = 64, size: int = 40
) -> bytes:
    """One entry; `version` is (minor, major) as it lies in the file."""
    packed = struct.pack("<HHIQIIHHIIIQ", kind, 0x101, head, size, size, 0, *version, target, 0, 0, flags)
    return packed.ljust(head, b"\0") + b"\xed" * size


def fatbin(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def read(data: bytes, budget: int = 1 << 20) -> Fatbins:
    return walk(lambda at, length: data[at : at + length], 0, len(data), budget)[0]


FIRST = fatbin(
    entry(2, 80), entry(2, 90, SPECIFIC), entry(2, 100, FAMILY, head=112), entry(1, 90, version=(7, 8), head=72)
)
SECOND = fatbin(
    entry(2, 80), entry(2, 120, head=120), entry(1, 120, FAMILY, version=(0, 9), head=80), entry(8, 90, head=120)
)


def test_kinds_targets_and_isa() -> None:
    found = read(FIRST + SECOND)
    assert found.complete
    assert found.containers == 2
    assert found.architectures == ("sm_80", "sm_90a", "sm_100f", "sm_120", "compute_90", "compute_120f")
    assert found.ptx == (("90", "8.7"), ("120f", "9.0"))
    assert dict(found.codes)[Code("sass", "80")] == 2
    assert dict(found.codes)[Code("lto", "90")] == 1


def test_the_highest_isa_of_a_target_counts() -> None:
    found = read(fatbin(entry(1, 90, version=(9, 8)), entry(1, 90, version=(10, 8)), entry(1, 90, version=(2, 8))))
    assert found.ptx == (("90", "8.10"),)


def test_padding_between_fatbins() -> None:
    found = read(bytes(24) + FIRST + bytes(9000) + SECOND + bytes(8))
    assert found.complete
    assert found.containers == 2
    assert read(bytes(10_000)) == Fatbins((), 0, True)


def test_only_heads_are_read() -> None:
    payload = 1 << 30
    head = entry(2, 90, size=0)[:8] + struct.pack("<Q", payload) + entry(2, 90, size=0)[16:]
    data = struct.pack("<IHHQ", 0xBA55ED50, 1, 16, 2 * (64 + payload)) + head
    second = 16 + 64 + payload
    reads: list[int] = []

    def remote(at: int, length: int) -> bytes:
        reads.append(length)
        return (data[at : at + length] if at < second else head[at - second :])[:length]

    found, _ = walk(remote, 0, 16 + 2 * (64 + payload), 1 << 20)
    assert found == Fatbins(((Code("sass", "90"), 2),), 1, True)
    assert sum(reads) < 1000


def test_the_budget_ends_the_reading_and_is_told() -> None:
    found = read(FIRST * 100, budget=2000)
    assert not found.complete
    assert 0 < found.containers < 100
    assert "sm_90a" in found.architectures
    assert read(FIRST * 100).containers == 100


@pytest.mark.parametrize("damage", ["magic", "size", "entry"])
def test_what_makes_no_sense_ends_the_reading(damage: str) -> None:
    data = bytearray(FIRST + SECOND)
    place, value = {"magic": (len(FIRST), b"XXXX"), "size": (8, b"\xff" * 6), "entry": (20, b"\0\0\0\0")}[damage]
    data[place : place + len(value)] = value
    assert not read(bytes(data)).complete


@settings(max_examples=200, deadline=None, derandomize=True)
@given(flips=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=12), length=st.integers(0, 900))
def test_damage_never_raises(flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(FIRST + SECOND)
    for position, value in flips:
        data[position % len(data)] = value
    found = read(bytes(data[:length]))
    assert found.containers <= 2
    assert found.architectures is not None
    assert found.ptx is not None


def test_sections_of_a_file() -> None:
    data = elf([(".nv_fatbin", 1, FIRST), ("__nv_relfatbin", 1, SECOND), (".other", 1, fatbin(entry(2, 70)))])
    found = parse(lambda at, length: data[at : at + length], len(data))
    assert isinstance(found, Elf)
    code = read_fatbins(lambda at, length: data[at : at + length], found)
    assert code.containers == 2
    assert "sm_70" not in code.architectures
    cut = data[:400]
    found = parse(lambda at, length: cut[at : at + length], len(cut))
    assert isinstance(found, Elf)
    assert not read_fatbins(lambda at, length: cut[at : at + length], found).complete


NVCC = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin:/usr/local/cuda-13.0/bin")


@pytest.mark.skipif(NVCC is None, reason="compiles with nvcc")
def test_what_nvcc_writes(tmp_path: Path) -> None:
    assert NVCC is not None
    (tmp_path / "k.cu").write_text("__global__ void k(float *x) { *x = 1; }\n")
    wanted = ("sm_80", "sm_90a", "compute_90")
    flags = [
        "-gencode=arch=compute_80,code=sm_80",
        "-gencode=arch=compute_90a,code=sm_90a",
        "-gencode=arch=compute_90,code=compute_90",
    ]
    done = subprocess.run([NVCC, "-c", *flags, "k.cu", "-o", "k.o"], cwd=tmp_path, check=False, capture_output=True)
    if done.returncode:
        pytest.skip("this nvcc does not know these targets")
    data = (tmp_path / "k.o").read_bytes()
    found = parse(lambda at, length: data[at : at + length], len(data))
    assert isinstance(found, Elf)
    assert read_fatbins(lambda at, length: data[at : at + length], found).architectures == wanted
