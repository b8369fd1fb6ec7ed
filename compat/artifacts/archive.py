"""The ``ptrt`` archive in which TensorRT 7 to 11 serialize: four header layouts, then typed records.

The layouts and record types are those that 55 real engines of 7.0.0.11 to 10.15.1.29 prove (docs/artifacts.md). The
size that a header states chooses its layout, not the version: it is the archive's size less the header's in all of
them.
"""

import struct
from typing import NamedTuple

MAGIC = b"ptrt"
END = bytes(0xFF ^ byte for byte in MAGIC)  # closes the archive from 8.4 on
VERSION_RECORD = 2
_VALUES = {2: "<B", 3: "<B", 7: "<I", 8: "<Q", 9: "<q", 10: "<B"}  # record type -> form of its payload
_MOST_RECORDS = 64  # the device's record ends before the 50th

# Layout -> (header size, offset of the u64 size, offset of the u32 serialization tag), in bytes.
_LAYOUTS = {"A": (24, 12, 4), "B": (24, 16, 4), "C": (24, 16, 8), "D": (20, 8, 4)}


class Header(NamedTuple):
    """An archive's header; ``size`` is what the whole archive takes by its own word, in bytes."""

    layout: str
    length: int
    size: int
    tag: int


class Value(NamedTuple):
    """A record with a payload; ``type`` is the record's type without its flag."""

    type: int
    number: int


class Stream(NamedTuple):
    """The first records: the version, then groups of values as the structs around them open and close."""

    version: tuple[int, int, int, int] | None
    groups: tuple[tuple[Value, ...], ...]


def header(head: bytes, available: int) -> Header | None:
    """The header of an archive of which ``available`` bytes are there; None where no layout fits.

    A file that was cut short states more than is there: then the layout is chosen whose first record is where it
    should be.
    """
    if head[:4] != MAGIC or len(head) < 32:
        return None
    candidates = []
    for name, (length, at, tag_at) in _LAYOUTS.items():
        if (name == "C") != (head[4:8] == bytes(4)):  # C has the "safe" tag there, always 0; the others their own tag
            continue
        size = int.from_bytes(head[at : at + 8], "little") + length
        candidates.append(Header(name, length, size, int.from_bytes(head[tag_at : tag_at + 4], "little")))
    exact = [one for one in candidates if one.size == available]
    if exact:
        return exact[0]
    return next((one for one in candidates if available < one.size < 1 << 44 and _starts_at(head, one.length)), None)


def _starts_at(head: bytes, offset: int) -> bool:
    kind, one = struct.unpack_from("<HH", head, offset)
    return bool(kind & 0x7FFF == VERSION_RECORD and one == 1)


def is_engine(head: bytes, offset: int) -> bool:
    """Does the stream begin with a version, as an engine's does? A timing cache has a struct there."""
    return len(head) >= offset + 4 and _starts_at(head, offset)


def stream(head: bytes, offset: int) -> Stream:
    """The records from ``offset`` on, as far as they can be read without guessing."""
    version: list[int] = []
    groups: list[tuple[Value, ...]] = []
    group: list[Value] = []
    opened: list[int] = []
    for _ in range(_MOST_RECORDS):
        if offset + 4 > len(head):
            break
        kind, one = struct.unpack_from("<HH", head, offset)
        if opened and kind == opened[-1] ^ 0xFFFF:
            opened.pop()
            groups.append(tuple(group))
            group = []
            offset += 2
            continue
        if one != 1:
            break
        form = _VALUES.get(kind & 0x7FFF)
        if form is None:
            opened.append(kind)
            groups.append(tuple(group))
            group = []
            offset += 4
            continue
        if offset + 4 + struct.calcsize(form) > len(head):
            break
        number = struct.unpack_from(form, head, offset + 4)[0]
        offset += 4 + struct.calcsize(form)
        if kind & 0x7FFF == VERSION_RECORD and len(version) < 4 and not opened:
            version.append(number)
        else:
            group.append(Value(kind & 0x7FFF, number))
    groups.append(tuple(group))
    major, minor, patch, build = (*version, 0, 0, 0, 0)[:4]
    return Stream((major, minor, patch, build) if len(version) == 4 else None, tuple(one for one in groups if one))
