"""The GPU code inside a file: which SASS and PTX targets a CUDA library or program carries.

Code lies in sections of fatbins, one behind another: a 16-byte head (magic, version, head size, size) and
then entries, each a head of at least 64 bytes followed by its payload, whose size the head gives. Only
heads are read, payloads are stepped over, so a library of gigabytes costs some megabytes at most.

The format is not published. The layout agrees with several public readers; what the fields hold was
measured here on objects built by nvcc 13.0 and on NVIDIA's libraries of CUDA 11.8 to 13.4 (for 11.8
cuobjdump counts the same): the target at 28, the PTX ISA (minor, major) at 24, in the flags at 40 bit 20
for architecture-specific code ("a") and bit 21 for family-specific code ("f").
"""

from __future__ import annotations

import struct
from collections import Counter
from typing import Literal

from compat.probe.binary.elf import Elf, Read
from compat.records import dataclass

SECTIONS = (".nv_fatbin", "__nv_relfatbin", ".nv_fatb")
"""Where the code lies: linked, relocatable (static libraries), and as Windows cuts the name."""

Kind = Literal["sass", "ptx", "lto"]

_MAGIC = 0xBA55ED50
_HEAD, _ENTRY = struct.Struct("<IHHQ"), struct.Struct("<HHIQIIHHIIIQ")
_KINDS: dict[int, Kind] = {1: "ptx", 2: "sass", 8: "lto"}
_SPECIFIC, _FAMILY = 1 << 20, 1 << 21
_PIECE = 80  # holds the head of a fatbin and of its first entry
_PADDING_LIMIT = 4096
_HEAD_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of code: its `target` ("90", "90a", "100f") and, for PTX, the ISA version ("9.0")."""

    kind: Kind
    target: str
    isa: str | None = None

    @property
    def name(self) -> str:
        """As nvcc names it: `sm_90a`, `compute_90`, `lto_90`."""
        return f"{ {'sass': 'sm', 'ptx': 'compute', 'lto': 'lto'}[self.kind] }_{self.target}"


@dataclass(frozen=True, slots=True)
class Fatbins:
    """What was found: how many entries of each code, in how many fatbins.

    `complete` is false where the budget ran out or the data stopped making sense: then more may be there.
    """

    codes: tuple[tuple[Code, int], ...]
    containers: int
    complete: bool

    @property
    def architectures(self) -> tuple[str, ...]:
        """The SASS and PTX targets, as in the machine description: ("sm_80", "sm_90a", "compute_90")."""
        kinds = ("sass", "ptx")
        found = {
            code.name: (kinds.index(code.kind), _order(code.target)) for code, _ in self.codes if code.kind in kinds
        }
        return tuple(sorted(found, key=found.__getitem__))

    @property
    def ptx(self) -> tuple[tuple[str, str], ...]:
        """Each PTX target with the highest ISA version that occurs for it."""
        found: dict[str, str] = {}
        for code, _ in self.codes:
            if code.isa is not None and _order(code.isa) > _order(found.get(code.target, "0.0")):
                found[code.target] = code.isa
        return tuple(sorted(found.items(), key=lambda pair: _order(pair[0])))


def read_fatbins(read: Read, elf: Elf, budget: int = 16 << 20) -> Fatbins:
    """The code in all fatbin sections of `elf`, reading at most `budget` bytes through `read`."""
    counts: Counter[Code] = Counter()
    containers, complete = 0, True
    for section in elf.sections:
        if section.name in SECTIONS:
            found, left = walk(read, section.offset, min(section.size, elf.size - section.offset), budget)
            counts.update(dict(found.codes))
            containers += found.containers
            complete &= found.complete
            budget = left
    return _fatbins(counts, containers, complete and not elf.truncated)


def walk(read: Read, start: int, size: int, budget: int) -> tuple[Fatbins, int]:
    """The code in the fatbins at `start`, `size` bytes of them, and what is left of the budget of bytes."""
    counts: Counter[Code] = Counter()
    containers, at, end = 0, start, start + size
    while at + _HEAD.size <= end:
        if budget < _PIECE:
            return _fatbins(counts, containers, False), budget
        piece = read(at, _PIECE)
        budget -= _PIECE
        if piece[:8] == bytes(8):
            at, spent = _behind_padding(read, at, end)
            budget -= spent
            continue
        if len(piece) < _HEAD.size:
            return _fatbins(counts, containers, False), budget
        magic, _, head, length = _HEAD.unpack_from(piece)
        if magic != _MAGIC or not _HEAD.size <= head < _HEAD_LIMIT or at + head + length > end:
            return _fatbins(counts, containers, False), budget
        containers += 1
        budget = _entries(read, at + head, at + head + length, budget, counts)
        if budget < 0:
            return _fatbins(counts, containers, False), 0
        at += head + length
    return _fatbins(counts, containers, True), budget


def _entries(read: Read, at: int, end: int, budget: int, counts: Counter[Code]) -> int:
    """Count the entries of one fatbin; what is left of the budget, negative where it could not be finished."""
    while at + _ENTRY.size <= end:
        if budget < _PIECE:
            return -1
        data = read(at, 64)
        budget -= 64
        if len(data) < _ENTRY.size:
            return -1
        kind, _, head, payload, _, _, minor, major, target, _, _, flags = _ENTRY.unpack_from(data)
        if not 64 <= head < _HEAD_LIMIT or at + head + payload > end:
            return -1
        if kind in _KINDS:
            suffix = "a" if flags & _SPECIFIC else "f" if flags & _FAMILY else ""
            isa = f"{major}.{minor}" if kind == 1 else None
            counts[Code(_KINDS[kind], f"{target}{suffix}", isa)] += 1
        at += head + payload
    return budget


def _behind_padding(read: Read, at: int, end: int) -> tuple[int, int]:
    """The next offset that may hold a fatbin, and the bytes read to find it; `end` where only zeros follow."""
    data = read(at, min(_PADDING_LIMIT, end - at))
    zeros = len(data) - len(data.lstrip(b"\0"))
    return (at + zeros - zeros % 8 if zeros else end), len(data)


def _fatbins(counts: Counter[Code], containers: int, complete: bool) -> Fatbins:
    codes = sorted(counts.items(), key=lambda pair: (pair[0].kind, _order(pair[0].target), _order(pair[0].isa or "0")))
    return Fatbins(tuple(codes), containers, complete)


def _order(target: str) -> tuple[tuple[int, str], ...]:
    """A sort key for "90a", "9.10" and the like."""
    parts = target.split(".")
    return tuple((int(part.rstrip("af")), part[len(part.rstrip("af")) :]) for part in parts)
