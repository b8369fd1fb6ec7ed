"""Reads what an ELF file says of itself: what it is, what it needs, what it may search (ELF gABI, glibc).

Only headers and small tables are read, through a function `read(offset, length)`, so the file may be a
multi-gigabyte library or lie on a server. Where the section headers are stripped the program headers
serve. A file that makes no sense gives `Broken` with the reason, never an exception.

Sources: the System V gABI (ELF header, sections, program headers, dynamic section, notes) and the GNU
symbol-versioning extensions as laid out in glibc's elf.h.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from compat.probe.host import Host, Unreadable

Read = Callable[[int, int], bytes]

MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 21: "ppc64", 22: "s390x", 243: "riscv64"}
"""ELF machine numbers by the name that uname uses for them."""

CUDA_MACHINE = 190
"""EM_CUDA: a cubin."""

READ_LIMIT = 8 << 20
"""Most bytes that one `parse` asks for."""

_TABLE_LIMIT = 1 << 20  # one table: section headers, dynamic section, string table piece
_NOTE_LIMIT = 64 << 10
_NAME_LIMIT = 4096
_ENTRY_LIMIT = 8192  # entries of one chained table

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE = 1, 2, 3, 4
_SHT_NOTE, _SHT_NOBITS = 7, 8
_DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 5, 10, 14, 15, 29
_DT_FLAGS_1, _DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = (
    0x6FFFFFFB,
    0x6FFFFFFC,
    0x6FFFFFFD,
    0x6FFFFFFE,
    0x6FFFFFFF,
)
_DF_1_NODEFLIB = 0x800


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a file could not be read as ELF; false in a condition."""

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Section:
    """A section: `offset` and `size` in bytes of the file; `size` is 0 in the file for SHT_NOBITS."""

    name: str
    kind: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Note:
    """A note: who wrote it, its type, its bytes, and the section it lies in ("" where sections are stripped)."""

    name: str
    kind: int
    desc: bytes
    section: str


@dataclass(frozen=True, slots=True)
class Elf:
    """What one ELF file says of itself. `rpath` and `runpath` are None where there is no such entry."""

    bits: int
    little: bool
    machine: str
    kind: int
    size: int
    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] | None = None
    runpath: tuple[str, ...] | None = None
    nodeflib: bool = False
    interpreter: str | None = None
    notes: tuple[Note, ...] = ()
    sections: tuple[Section, ...] = ()
    version_needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    version_defs: tuple[str, ...] = ()
    dynamic: bool = False
    truncated: bool = False

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def note(self, section: str) -> Note | None:
        """The first note of the section of that name."""
        return next((note for note in self.notes if note.section == section), None)


class _Stop(Exception):
    """The file contradicts itself or ends too early; the message says where."""


def parse(read: Read, size: int) -> Elf | Broken:
    """Read the ELF file of `size` bytes behind `read`, which may return fewer bytes than asked for."""
    try:
        return _File(read, size).elf()
    except _Stop as stop:
        return Broken(str(stop))


def read_elf(host: Host, path: str) -> Elf | Broken | Unreadable:
    """`parse` for a file of `host`."""
    reader = host.open_at(path)
    if isinstance(reader, Unreadable):
        return reader
    with reader:
        return parse(reader.read, reader.size)


class _File:
    """One parse: the layout of this file and what has been read so far."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self.size = size
        self._budget = READ_LIMIT
        self.truncated = False
        ident = self._bytes(0, 64, short=True)
        if ident[:4] != b"\x7fELF":
            raise _Stop("empty file" if size == 0 else "not an ELF file")
        if len(ident) < 52 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise _Stop("ELF header cut short or of unknown class")
        self.bits = 32 * ident[4]
        self.order = "<" if ident[5] == 1 else ">"
        layout = "HHIQQQIHHHHHH" if self.bits == 64 else "HHIIIIIHHHHHH"
        if len(ident) < 16 + struct.calcsize(self.order + layout):
            raise _Stop("ELF header cut short")
        header = struct.unpack_from(self.order + layout, ident, 16)
        self.kind, self.machine = header[0], header[1]
        self.phoff, self.shoff = header[4], header[5]
        self.phentsize, self.phnum, self.shentsize, self.shnum, self.shstrndx = header[8:13]
        self.loads: list[tuple[int, int, int]] = []

    def elf(self) -> Elf:
        segments = list(self._segments())
        self.loads = [(vaddr, offset, size) for kind, offset, vaddr, size, _ in segments if kind == _PT_LOAD]
        if any(offset + size > self.size for _, offset, size in self.loads):
            self.truncated = True
        sections = self._sections()
        interpreter = None
        for kind, offset, _, size, _ in segments:
            if kind == _PT_INTERP:
                interpreter = _text(self._bytes(offset, min(size, _NAME_LIMIT), short=True))
        facts = self._dynamic(segments)
        return Elf(
            bits=self.bits,
            little=self.order == "<",
            machine=MACHINES.get(self.machine, str(self.machine)),
            kind=self.kind,
            size=self.size,
            interpreter=interpreter,
            notes=tuple(self._notes(sections, segments)),
            sections=sections,
            truncated=self.truncated,
            **facts,
        )
