"""Fat binaries in streams and in ELF files, made here to the layout that the probe's reader documents."""

from __future__ import annotations

import io
import struct

import pytest

from scripts.harvest import fatbin

CUBIN, PTX, LTO = 2, 1, 8


def entry(kind: int, architecture: int, flags: int = 0, payload: bytes = b"code" * 4) -> bytes:
    head = struct.pack("<HHIQIIHHIIIQ", kind, 0x101, 64, len(payload), 0, 0, 0, 9, architecture, 0, 0, flags)
    return head.ljust(64, b"\0") + payload


def container(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


ORDINARY = container(entry(CUBIN, 75), entry(CUBIN, 90), entry(PTX, 90), entry(LTO, 90))
SPECIFIC = container(entry(CUBIN, 90, 1 << 20), entry(CUBIN, 100, 1 << 21))


def test_sample_stops_after_enough() -> None:
    stream = io.BytesIO(b"text" * 500_000 + ORDINARY * 3 + b"\0" * 64 + SPECIFIC + b"more" * 4_000_000)
    assert fatbin.sample(stream, 3) == {"sass": {"7.5": 3, "9.0": 3}, "ptx": {"9.0": 3}}
    assert stream.tell() < 5_000_000


def test_sample_finds_what_lies_across_pieces() -> None:
    at = (1 << 20) - 2
    assert fatbin.sample(io.BytesIO(b"x" * at + ORDINARY)) == {"sass": {"7.5": 1, "9.0": 1}, "ptx": {"9.0": 1}}


def test_a_mark_that_is_no_fat_binary_is_passed_over() -> None:
    chance = struct.pack("<IHHQ", 0xBA55ED50, 1, 16, 1 << 60) + struct.pack("<IHHQ", 0xBA55ED50, 7, 3, 40)
    assert fatbin.sample(io.BytesIO(chance + SPECIFIC)) == {"sass": {"9.0a": 1, "10.0f": 1}, "ptx": {}}
    assert fatbin.sample(io.BytesIO(b"nothing here")) == {"sass": {}, "ptx": {}}


def test_entries_of_a_section() -> None:
    section = b"head" + ORDINARY + bytes(24) + SPECIFIC
    found = fatbin.entries(lambda at, size: section[at : at + size], 4, len(section) - 4)
    assert sorted((e.kind, e.capability) for e in found) == [
        (fatbin.PTX, "9.0"),
        (fatbin.CUBIN, "10.0f"),
        (fatbin.CUBIN, "7.5"),
        (fatbin.CUBIN, "9.0"),
        (fatbin.CUBIN, "9.0a"),
    ]


def test_a_section_of_something_else() -> None:
    with pytest.raises(ValueError, match="no fat binaries at 0"):
        list(fatbin.entries(lambda at, size: (b"abcdefgh" * 99)[at : at + size], 0, 792))


def test_count_refuses_what_is_no_elf_file() -> None:
    with pytest.raises(ValueError, match="ELF"):
        fatbin.count(lambda at, size: b"MZ"[at : at + size], 2)


@pytest.mark.parametrize(("target", "capability"), [("75", "7.5"), ("90a", "9.0a"), ("121f", "12.1f"), ("100", "10.0")])
def test_capability(target: str, capability: str) -> None:
    assert fatbin.capability(target) == capability
