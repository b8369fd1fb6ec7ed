"""Reads what an ELF file says of itself: what it is, what it needs, where it searches.

Only headers and small tables are read, through a function `read(offset, length)`, so the file may be a
library of gigabytes or lie on a server. Where the section headers are stripped the program headers
serve. A file that makes no sense gives `Broken` with the reason, never an exception; one whose tables
point behind its end gives what is there, marked `truncated`.

Sources: the System V gABI (ELF header, sections, program headers, dynamic section, notes) and the GNU
symbol-versioning extensions as laid out in glibc's elf.h.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from compat.probe.host import Host, Unreadable
from compat.records import dataclass

Read = Callable[[int, int], bytes]
"""`read(offset, length)`: that piece of a file, shorter where the file ends or cannot be read."""

MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 21: "ppc64", 22: "s390x", 243: "riscv64"}
"""ELF machine numbers (gABI, e_machine) by the name that uname uses."""

READ_LIMIT = 6 << 20
"""Most bytes that one `parse` asks for."""

_HEAD = 4096  # read at once: header, program headers, often the interpreter and the notes
_TABLE_LIMIT = 1 << 20
_NOTE_LIMIT = 64 << 10
_NAME_LIMIT = 256 << 10  # a search path is one string: that of TensorFlow 2.21 has 20,297 bytes
_PATH_LIMIT = 4096  # of the interpreter's path
_CHAIN_LIMIT = 4096  # entries of one chained table; also bounds chains that loop
_WINDOW = 1024  # strings are read in pieces of this size

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE = 1, 2, 3, 4
_SHT_NOTE = 7
_DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH, _DT_FLAGS_1 = 1, 5, 14, 15, 29, 0x6FFFFFFB
_DT_VERDEF, _DT_VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
_DF_1_NODEFLIB = 0x800
_VER_FLG_BASE = 1


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a file could not be read as ELF; false in a condition."""

    reason: str

    def __bool__(self) -> Literal[False]:
        return False


class Section(NamedTuple):
    """A section: its name, type, `offset` in the file, `size` in bytes and the alignment it asks for."""

    name: str
    kind: int
    offset: int
    size: int
    align: int = 1


class Note(NamedTuple):
    """A note: its owner, type and bytes, and the section it lies in ("" where sections are stripped)."""

    name: str
    kind: int
    desc: bytes
    section: str


class Dynamic(NamedTuple):
    """The dynamic section. `rpath` and `runpath` hold the unsplit strings; None where there is no entry."""

    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: str | None = None
    runpath: str | None = None
    nodeflib: bool = False
    version_needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    version_defs: tuple[str, ...] = ()


class Elf(NamedTuple):
    """What one ELF file says of itself.

    `kind` is e_type (1 relocatable, 2 executable, 3 shared), `dynamic` is None for a static file, `size`
    is the file's, in bytes, `truncated` is true where something that the headers name lies behind the end.
    """

    bits: int
    little: bool
    machine: str
    kind: int
    size: int
    interpreter: str | None
    dynamic: Dynamic | None
    notes: tuple[Note, ...]
    sections: tuple[Section, ...]
    truncated: bool

    @property
    def soname(self) -> str | None:
        return self.dynamic.soname if self.dynamic else None

    @property
    def needed(self) -> tuple[str, ...]:
        return self.dynamic.needed if self.dynamic else ()

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def newest(self, prefix: str) -> str | None:
        """The highest version of the symbol family `prefix` that is needed: `newest("GLIBC")` -> "2.34"."""
        needs = self.dynamic.version_needs if self.dynamic else ()
        return _highest(prefix, (name for _, names in needs for name in names))

    def newest_defined(self, prefix: str) -> str | None:
        """The highest version of the symbol family `prefix` that the file itself offers."""
        return _highest(prefix, self.dynamic.version_defs if self.dynamic else ())


def parse(read: Read, size: int, full: bool = True) -> Elf | Broken:
    """Read the headers of the ELF file of `size` bytes behind `read`.

    Without `full` only what a loader asks is read: no sections, notes and symbol versions.
    """
    try:
        return _File(read, size, full).elf()
    except _StopError as stop:
        return Broken(str(stop))


def read_elf(host: Host, path: str, full: bool = True) -> Elf | Broken | Unreadable:
    """`parse` for a file of `host`."""
    reader = host.open_at(path)
    if isinstance(reader, Unreadable):
        return reader
    with reader:
        return parse(reader.read, reader.size, full)


class _StopError(Exception):
    """The file is no ELF file, or reading it would take too much; the message says which."""


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int
    align: int


class _File:
    """One parse: the layout of this file, and the pieces of it that are at hand."""

    def __init__(self, read: Read, size: int, full: bool) -> None:
        self._read, self.size, self.full, self._budget = read, size, full, READ_LIMIT
        self.truncated = False
        self._head = b""
        self._head = head = self.piece(0, min(_HEAD, size))
        if not head.startswith(b"\x7fELF"):
            raise _StopError("empty file" if not head else "not an ELF file")
        if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
            raise _StopError("ELF header cut short or of unknown class")
        self.wide, self.order = head[4] == 2, "<" if head[5] == 1 else ">"
        if len(head) < (64 if self.wide else 52):
            raise _StopError("ELF header cut short")
        header = self.unpack("HHIQQQIHHHHHH" if self.wide else "HHIIIIIHHHHHH", head, 16)
        self.kind, self.machine = header[0], header[1]
        self.segment_table, self.section_table = (
            (header[4], header[8], header[9]),
            (header[5], *header[10:13]),
        )
        self.segments: list[_Segment] = []
        self._windows: dict[int, bytes] = {}

    def elf(self) -> Elf:
        self.segments = list(self._read_segments())
        if any(part.offset + part.size > self.size for part in self.segments if part.kind == _PT_LOAD):
            self.truncated = True
        sections = tuple(self._read_sections()) if self.full else ()
        interpreter = next((self._text_of(part) for part in self.segments if part.kind == _PT_INTERP), None)
        return Elf(
            bits=64 if self.wide else 32,
            little=self.order == "<",
            machine=MACHINES.get(self.machine, str(self.machine)),
            kind=self.kind,
            size=self.size,
            interpreter=interpreter,
            dynamic=self._read_dynamic(),
            notes=tuple(self._read_notes(sections)) if self.full else (),
            sections=sections,
            truncated=self.truncated,
        )

    # Pieces of the file

    def piece(self, offset: int, length: int) -> bytes:
        """That piece of the file; marks the file truncated where it ends too early."""
        if offset + length > self.size:
            self.truncated = True
            length = max(0, self.size - offset)
        if offset + length <= len(self._head):
            return self._head[offset : offset + length]
        self._budget -= length
        if self._budget < 0:
            raise _StopError("its headers are larger than can be true")
        data = self._read(offset, length)[:length]
        if len(data) < length:
            self.truncated = True
        return data

    def unpack(self, layout: str, data: bytes, offset: int) -> tuple[int, ...]:
        """Integers of this file's byte order; the caller has made sure that they are there."""
        return struct.unpack_from(self.order + layout, data, offset)

    def table(self, offset: int, entry: int, count: int, layout: str) -> Iterator[tuple[int, ...]]:
        """The entries of a table; none where the entries are too small to be what they should be."""
        if entry < struct.calcsize(self.order + layout):
            return
        data = self.piece(offset, min(entry * count, _TABLE_LIMIT))
        for index in range(len(data) // entry):
            yield self.unpack(layout, data, index * entry)

    def place(self, address: int) -> int | None:
        """The file offset of a virtual address."""
        for part in self.segments:
            if part.kind == _PT_LOAD and part.address <= address < part.address + part.size:
                return address - part.address + part.offset
        return None

    def string(self, offset: int) -> str:
        """The string at a file offset, at most _NAME_LIMIT bytes of it."""
        text = b""
        while len(text) < _NAME_LIMIT:
            start = offset + len(text)
            base = start - start % _WINDOW
            piece = self._window(base)[start - base :]
            end = piece.find(0)
            if end >= 0 or not piece:
                return _text(text + piece[: max(0, end)])
            text += piece
        return _text(text)

    def entry(self, offset: int, layout: str) -> tuple[int, ...] | None:
        """One small entry of a chained table; None where the file ends before it does."""
        length = struct.calcsize(self.order + layout)
        base = offset - offset % _WINDOW
        data = self._window(base)
        if offset - base + length > _WINDOW:
            data += self._window(base + _WINDOW)
        return self.unpack(layout, data, offset - base) if offset - base + length <= len(data) else None

    def _window(self, base: int) -> bytes:
        if base not in self._windows:
            self._windows[base] = self.piece(base, max(0, min(_WINDOW, self.size - base)))
        return self._windows[base]

    def _text_of(self, part: _Segment) -> str:
        return _text(self.piece(part.offset, min(part.size, _PATH_LIMIT)))

    # Tables

    def _read_segments(self) -> Iterator[_Segment]:
        offset, entry, count = self.segment_table
        layout = "IIQQQQQQ" if self.wide else "IIIIIIII"
        for row in self.table(offset, entry, count, layout) if offset else ():
            if self.wide:
                yield _Segment(row[0], row[2], row[3], row[5], row[7])
            else:
                yield _Segment(row[0], row[1], row[2], row[4], row[7])

    def _read_sections(self) -> Iterator[Section]:
        offset, entry, count, names_index = self.section_table
        if not offset:
            return
        layout = "IIQQQQIIQQ" if self.wide else "IIIIIIIIII"
        if count == 0 or names_index == 0xFFFF:  # the real numbers are in the first entry (gABI)
            for first in self.table(offset, entry, 1, layout):
                count, names_index = count or first[5], first[6] if names_index == 0xFFFF else names_index
        rows = list(self.table(offset, entry, count, layout))
        names = b""
        if names_index < len(rows):
            names = self.piece(rows[names_index][4], min(rows[names_index][5], _TABLE_LIMIT))
        for row in rows:
            yield Section(_text(names[row[0] : row[0] + 256]), row[1], row[4], row[5], row[8])

    def _read_dynamic(self) -> Dynamic | None:
        part = next((part for part in self.segments if part.kind == _PT_DYNAMIC), None)
        if part is None:
            return None
        entry = 16 if self.wide else 8
        entries: dict[int, list[int]] = {}
        for tag, value in self.table(part.offset, entry, part.size // entry, "QQ" if self.wide else "II"):
            if tag == 0:
                break
            entries.setdefault(tag, []).append(value)
        strings = self.place(entries.get(_DT_STRTAB, [-1])[0])
        if strings is None:
            return Dynamic()

        def texts(tag: int) -> list[str]:
            return [self.string(strings + value) for value in entries.get(tag, [])[:_CHAIN_LIMIT]]

        return Dynamic(
            soname=next(iter(texts(_DT_SONAME)), None),
            needed=tuple(texts(_DT_NEEDED)),
            rpath=next(iter(texts(_DT_RPATH)), None),
            runpath=next(iter(texts(_DT_RUNPATH)), None),
            nodeflib=bool(entries.get(_DT_FLAGS_1, [0])[0] & _DF_1_NODEFLIB),
            version_needs=tuple(self._read_needs(entries.get(_DT_VERNEED) if self.full else None, strings)),
            version_defs=tuple(self._read_defs(entries.get(_DT_VERDEF) if self.full else None, strings)),
        )

    def _chain(self, start: int, layout: str, step: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The entries of a chained table with their offsets; field `step` leads to the next, 0 ends it."""
        for _ in range(_CHAIN_LIMIT):
            row = self.entry(start, layout)
            if row is None:
                return
            yield start, row
            if not row[step]:
                return
            start += row[step]

    def _read_needs(self, address: list[int] | None, strings: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        start = self.place(address[0]) if address else None
        if start is None:
            return
        for offset, (_, _, file, first, _) in self._chain(start, "HHIII", 4):
            names = (self.string(strings + row[3]) for _, row in self._chain(offset + first, "IHHII", 4))
            yield self.string(strings + file), tuple(names)

    def _read_defs(self, address: list[int] | None, strings: int) -> Iterator[str]:
        start = self.place(address[0]) if address else None
        if start is None:
            return
        for offset, (_, flags, _, _, _, first, _) in self._chain(start, "HHHHIII", 6):
            if not flags & _VER_FLG_BASE:  # that one is the file itself
                for _, row in self._chain(offset + first, "II", 1):
                    yield self.string(strings + row[0])
                    break

    def _read_notes(self, sections: tuple[Section, ...]) -> Iterator[Note]:
        places = [(part.name, part.offset, part.size, part.align) for part in sections if part.kind == _SHT_NOTE]
        if not places:
            places = [("", part.offset, part.size, part.align) for part in self.segments if part.kind == _PT_NOTE]
        for name, offset, size, align in places[:64]:
            yield from self._notes_of(name, self.piece(offset, min(size, _NOTE_LIMIT)), 8 if align == 8 else 4)

    def _notes_of(self, section: str, data: bytes, align: int) -> Iterator[Note]:
        at = 0
        while at + 12 <= len(data):
            name_size, desc_size, kind = self.unpack("III", data, at)
            desc_at = at + 12 + name_size
            desc_at += -desc_at % align
            yield Note(_text(data[at + 12 : at + 12 + name_size]), kind, data[desc_at : desc_at + desc_size], section)
            at = desc_at + desc_size
            at += -at % align


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _highest(prefix: str, names: Iterator[str] | tuple[str, ...]) -> str | None:
    best: tuple[tuple[int, ...], str] | None = None
    for name in names:
        family, _, version = name.partition("_")
        numbers = version.split(".")
        if family == prefix and all(part.isdecimal() and len(part) < 9 for part in numbers):
            best = max(best or ((), ""), (tuple(map(int, numbers)), version))
    return best[1] if best else None
