"""The ``ftrt`` plan container of TensorRT 8.6 and later: a header, a table of sections, the sections.

The section names ENGN (engine), LEAN (the lean runtime that makes a plan version-compatible) and PLGN (plugin
libraries) are those that the 8.6.0 dispatch runtime looks for; WGHT (weights) is in real files from 10.6 on.
"""

import struct
from typing import NamedTuple

from compat.artifacts.artifact import Malformed

MAGIC = b"ftrt"
END = bytes(0xFF ^ byte for byte in MAGIC)
KNOWN_SECTIONS = ("ENGN", "WGHT", "LEAN", "PLGN")
_HEADER = 32
_ROW = 24
MOST_SECTIONS = 64


class Section(NamedTuple):
    """A section: its name, its place and its length in bytes."""

    name: str
    offset: int
    size: int


class Container(NamedTuple):
    """A container's header. ``platform`` is TensorRT's header.pad: empty before 10.0."""

    total: int
    version: tuple[int, int, int, int]
    platform: str
    sections: tuple[Section, ...]

    @property
    def engine(self) -> Section:
        """The section with the engine. Raises Malformed."""
        for section in self.sections:
            if section.name == "ENGN":
                return section
        raise Malformed("the plan has no ENGN section")


def read(head: bytes) -> Container:
    """The container that ``head`` (at least 32 bytes and the section table) begins. Raises Malformed."""
    if len(head) < _HEADER:
        raise Malformed("the file ends within the plan's header")
    serialization, count, _, total = struct.unpack_from("<IIIQ", head, 4)
    if serialization != 0:
        raise Malformed(f"plan serialization version {serialization}; only 0 is known")
    if not 0 < count <= MOST_SECTIONS:
        raise Malformed(f"a plan of {count} sections")
    if len(head) < _HEADER + _ROW * count:
        raise Malformed("the file ends within the plan's section table")
    sections = []
    for index in range(count):
        tag, _, offset, size = struct.unpack_from("<4sIQQ", head, _HEADER + _ROW * index)
        sections.append(Section(tag[::-1].decode("latin-1"), offset, size))
    major, minor, patch, build = head[24:28]
    return Container(total, (major, minor, patch, build), platform_name(head[28:32]), tuple(sections))


def platform_name(tag: bytes) -> str:
    """The platform tag as text: four letters, or hexadecimal where it is none; empty for zero."""
    if tag == b"\0\0\0\0":
        return ""
    text = tag.decode("latin-1")
    return text if text.isascii() and text.isalnum() else tag.hex()
