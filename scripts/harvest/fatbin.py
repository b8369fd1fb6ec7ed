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
        suffix = "a" if flags & SPECIFIC else "f" if flags & FAMILY else ""
        yield Entry(kind, f"{architecture // 10}.{architecture % 10}{suffix}", length)
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
    ordered = sorted(found, key=lambda key: version_key(key[1]))
    return {
        "sass": {capability: found[kind, capability] for kind, capability in ordered if kind == CUBIN},
        "ptx": {capability: found[kind, capability] for kind, capability in ordered if kind == PTX},
    }
