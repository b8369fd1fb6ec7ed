"""TensorRT 5.0's engine: a FlatBuffer behind its own length.

Root field 1 is the version (major, minor, patch, build), field 2 the device: name, capability, clocks, bus width, SM
count. Two real files of 5.0.2.6 prove it; only 5.0 holds the GPU's name.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

from compat.artifacts.artifact import Malformed

_DEVICE = {1: "cc_major", 2: "cc_minor", 3: "clock_khz", 4: "memory_clock_khz", 5: "memory_bus_bits", 8: "sm_count"}


class Built(NamedTuple):
    """What a 5.0 engine says of its making."""

    version: tuple[int, int, int, int]
    name: str
    device: Mapping[str, int]


class Table:
    """A FlatBuffers table; every offset is checked against the bytes at hand."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        vtable = at - self._unpack("<i", at)
        size = self._unpack("<H", vtable)
        if size < 4 or size > 256 or size % 2:
            raise Malformed(f"FlatBuffers: no table at byte {at}")
        self._places = [self._unpack("<H", vtable + 4 + 2 * index) for index in range((size - 4) // 2)]

    def _unpack(self, form: str, at: int) -> int:
        if at < 0 or at + struct.calcsize(form) > len(self._data):
            raise Malformed(f"FlatBuffers: an offset leads out of the header ({at})")
        return int(struct.unpack_from(form, self._data, at)[0])

    def _place(self, index: int) -> int | None:
        place = self._places[index] if index < len(self._places) else 0
        return self._at + place if place else None

    def number(self, index: int) -> int:
        """An integer field of 32 bits; absent means 0."""
        place = self._place(index)
        return 0 if place is None else self._unpack("<i", place)

    def table(self, index: int) -> "Table":
        """A table field."""
        place = self._place(index)
        if place is None:
            raise Malformed(f"FlatBuffers: field {index} is absent")
        return Table(self._data, place + self._unpack("<I", place))

    def text(self, index: int) -> str:
        """A string field; empty where it is absent."""
        place = self._place(index)
        if place is None:
            return ""
        start = place + self._unpack("<I", place)
        length = self._unpack("<I", start)
        return self._data[start + 4 : start + 4 + min(length, 256)].decode("utf-8", "replace")


def read(head: bytes) -> Built:
    """Version and device. Raises Malformed."""
    root = Table(head, 8 + struct.unpack_from("<I", head, 8)[0])
    version, device = root.table(1), root.table(2)
    major, minor, patch, build = (version.number(index) for index in range(4))
    found = {name: device.number(index) for index, name in _DEVICE.items()}
    return Built((major, minor, patch, build), device.text(0), found)
