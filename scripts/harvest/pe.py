"""Windows libraries: the DLLs that a PE file imports, at once or when first called, and where its sections lie.

Source of the layout: Microsoft, "PE Format" (https://learn.microsoft.com/windows/win32/debug/pe-format).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[int, int], bytes]

_IMPORT, _DELAYED = 1, 13  # places in the data directory
_PE32_PLUS = 0x20B
_MOST = 4096  # descriptors, bytes of a name: more than any library has


@dataclass(frozen=True)
class Section:
    """A section: its name of at most 8 bytes, where it lies in memory and in the file."""

    name: str
    address: int
    offset: int
    size: int


@dataclass(frozen=True)
class Library:
    """What was read: the sections, the DLLs imported at load, and those imported on first use."""

    sections: tuple[Section, ...]
    imports: tuple[str, ...]
    delayed: tuple[str, ...]


def parse(read: Read) -> Library:
    """Reads headers and import tables of a 64-bit PE file. Raises `ValueError` where it is none."""
    start = read(0, 64)
    if start[:2] != b"MZ":
        raise ValueError("no MZ header")
    at = int.from_bytes(start[60:64], "little")
    signature, _, count, *_, optional, _ = struct.unpack("<4sHHIIIHH", read(at, 24))
    if signature != b"PE\0\0":
        raise ValueError("no PE header")
    header = read(at + 24, optional)
    if int.from_bytes(header[:2], "little") != _PE32_PLUS:
        raise ValueError("not a 64-bit PE file")
    sections = tuple(_sections(read(at + 24 + optional, 40 * count)))
    imports = _names(read, sections, _directory(header, _IMPORT), size=20, name_at=12)
    delayed = _names(read, sections, _directory(header, _DELAYED), size=32, name_at=4)
    return Library(sections, imports, delayed)


def _directory(header: bytes, place: int) -> int:
    """Address of an entry of the data directory; 0 where there is none."""
    known = int.from_bytes(header[108:112], "little")
    return int.from_bytes(header[112 + 8 * place : 116 + 8 * place], "little") if place < known else 0


def _sections(table: bytes) -> Iterator[Section]:
    for at in range(0, len(table), 40):
        name, _, address, size, offset = struct.unpack_from("<8sIIII", table, at)
        yield Section(name.rstrip(b"\0").decode("ascii", "replace"), address, offset, size)


def _offset(sections: tuple[Section, ...], address: int) -> int:
    for section in sections:
        if section.address <= address < section.address + section.size:
            return address - section.address + section.offset
    raise ValueError(f"address {address:#x} is in no section")


def _names(read: Read, sections: tuple[Section, ...], table: int, size: int, name_at: int) -> tuple[str, ...]:
    found: list[str] = []
    if not table:
        return ()
    at = _offset(sections, table)
    for _ in range(_MOST):
        descriptor = read(at, size)
        name = int.from_bytes(descriptor[name_at : name_at + 4], "little")
        if not name:
            break
        text = read(_offset(sections, name), _MOST).partition(b"\0")[0]
        found.append(text.decode("ascii", "replace"))
        at += size
    return tuple(found)
