"""CUDA fat binaries: for which GPUs a library carries machine code (cubins) and PTX.

A `.nv_fatbin` section is a run of fat binaries, each a header and its entries. NVIDIA does not document the layout.
It was worked out here from libraries whose architectures are known otherwise, and every field used below agrees
with them: torch 2.0.0 and 2.4.0 (CUDA 11.7, 12.1), whose arch flags say the same, and torch 2.15.0 (CUDA 13.2).

    header: u32 magic, u16 version, u16 header size, u64 size of the entries behind it
    entry:  u16 kind (1 PTX, 2 cubin), u16 version, u32 header size, u64 size of the payload behind it,
            u32 packed size, ..., at 28 u32 architecture (75, 90, 120), at 40 u64 flags
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from compat.probe import elf

from .toml import version_key

Read = Callable[[int, int], bytes]

MAGIC = 0xBA55ED50
PTX, CUBIN = 1, 2
SECTIONS = (".nv_fatbin", "__nv_relfatbin")
SPECIFIC, FAMILY = 0x10_0000, 0x20_0000
"""Flags of an entry built for exactly its architecture (sm_90a) or for its family (sm_100f)."""

_HEADER = struct.Struct("<IHHQ")
_ENTRY = struct.Struct("<HHIQIIHHIIIQ")
_CHUNK = 1 << 20
_GAP = 4096  # bytes between fat binaries that may be padding


@dataclass(frozen=True)
class Entry:
    """One image: `capability` is "9.0", "9.0a", "10.0f"; `size` in bytes as packed."""

    kind: int
    capability: str
    size: int


def entries(read: Read, start: int, size: int) -> Iterator[Entry]:
    """The entries of the fat binaries in `size` bytes from `start`; only headers are read.

    Raises `ValueError` where the section holds something else.
    """
    at, end, padding = start, start + size, 0
    while at + _HEADER.size <= end:
        magic, _, header, length = _HEADER.unpack(read(at, _HEADER.size))
        if magic != MAGIC:
            at, padding = at + 8, padding + 8
            if padding > _GAP:
                raise ValueError(f"no fat binary at {at - padding}")
            continue
        padding = 0
        yield from _images(read, at + header, at + header + length)
        at += header + length


def _images(read: Read, at: int, end: int) -> Iterator[Entry]:
    while at + _ENTRY.size <= end:
        fields = _ENTRY.unpack(read(at, _ENTRY.size))
        kind, header, length, architecture, flags = fields[0], fields[2], fields[3], fields[8], fields[11]
        if kind not in (PTX, CUBIN) or header < _ENTRY.size:
            raise ValueError(f"entry of unknown kind {kind} at {at}")
        yield Entry(kind, _capability(architecture, flags), length)
        at += header + length


def count(read: Read, size: int) -> dict[str, dict[str, int]]:
    """`{"sass": {"9.0": 476}, "ptx": {...}}`: images per capability in all fat binaries of an ELF file.

    Raises `ValueError` where it is no ELF file.
    """
    file = elf.parse(read, size)
    if isinstance(file, elf.Broken):
        raise ValueError(file.reason)
    found: Counter[tuple[int, str]] = Counter()
    for section in file.sections:
        if section.name in SECTIONS:
            found.update((e.kind, e.capability) for e in entries(read, section.offset, section.size))
    return _ordered(found)


def _capability(architecture: int, flags: int) -> str:
    suffix = "a" if flags & SPECIFIC else "f" if flags & FAMILY else ""
    return f"{architecture // 10}.{architecture % 10}{suffix}"


def _ordered(found: Counter[tuple[int, str]]) -> dict[str, dict[str, int]]:
    ordered = sorted(found, key=lambda key: version_key(key[1]))
    return {
        "sass": {capability: found[kind, capability] for kind, capability in ordered if kind == CUBIN},
        "ptx": {capability: found[kind, capability] for kind, capability in ordered if kind == PTX},
    }


class _Forward:
    """Reads a stream only forward; `at` counts the bytes gone by."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._held = b""

    def take(self, size: int) -> bytes:
        while len(self._held) < size and (chunk := self._stream.read(_CHUNK)):
            self._held += chunk
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def skip(self, size: int) -> None:
        while size > 0 and (gone := len(self.take(min(size, _CHUNK)))):
            size -= gone

    def find(self, mark: bytes) -> bool:
        """Goes on to just before the next `mark`; False at the end."""
        while (found := self._held.find(mark)) < 0:
            chunk = self._stream.read(_CHUNK)
            if not chunk:
                return False
            self._held = self._held[-len(mark) :] + chunk
        self._held = self._held[found:]
        return True


def sample(stream: IO[bytes], enough: int = 32) -> dict[str, dict[str, int]]:
    """As `count`, of the first `enough` fat binaries with images in a stream; reads no further than that.

    For libraries of hundreds of megabytes inside a deflated wheel, whose fat binaries all hold the same targets.
    """
    source, found, seen = _Forward(stream), Counter[tuple[int, str]](), 0
    while seen < enough and source.find(MAGIC.to_bytes(4, "little")):
        _, version, header, length = _HEADER.unpack(source.take(_HEADER.size))
        if version != 1 or header != _HEADER.size or not length:
            continue  # the four bytes were something else
        images = 0
        while length >= _ENTRY.size:
            entry = _ENTRY.unpack(source.take(_ENTRY.size))
            kind, size, payload, architecture, flags = entry[0], entry[2], entry[3], entry[8], entry[11]
            if kind not in (PTX, CUBIN) or size < _ENTRY.size or size + payload > length:
                break
            found[kind, _capability(architecture, flags)] += 1
            source.skip(size - _ENTRY.size + payload)
            length -= size + payload
            images += 1
        seen += images > 0
    return _ordered(found)
