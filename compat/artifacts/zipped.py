"""The table of a zip file, and small members of it: bounded, and nothing is ever unpacked to disk or unpickled.

Offsets are those of PKWARE's APPNOTE, 4.3 and 4.5.3 (zip64). PyTorch and Keras store most members uncompressed.
"""

import struct
import zlib

from compat.artifacts.artifact import Bytes, Malformed
from compat.records import dataclass

MAGIC = b"PK\x03\x04"
_LONGEST_TABLE = 8 << 20
_MOST_MEMBERS = 50_000


@dataclass(frozen=True)
class Member:
    """A member: where its local header is, and its sizes in bytes."""

    name: str
    offset: int
    packed: int
    size: int
    method: int


class Zip:
    """A zip file's members by name, in the order of its table. Raises Malformed."""

    def __init__(self, source: Bytes) -> None:
        self._source = source
        offset, length = self._table()
        data = source.read(offset, length)
        self.members: dict[str, Member] = {}
        at = 0
        while at + 46 <= len(data) and data[at : at + 4] == b"PK\x01\x02" and len(self.members) < _MOST_MEMBERS:
            member, at = _member(data, at)
            self.members[member.name] = member

    def _table(self) -> tuple[int, int]:
        size = self._source.size
        tail_at = max(0, size - 65_557)
        tail = self._source.read(tail_at, size - tail_at)
        end = tail.rfind(b"PK\x05\x06")
        if end < 0 or end + 22 > len(tail):
            raise Malformed("cut short: the table at the end of the zip file is missing")
        length, offset = struct.unpack_from("<II", tail, end + 12)
        if offset == 0xFFFFFFFF or length == 0xFFFFFFFF:
            length, offset = self._table64(tail, end)
        if offset + length > size or length > _LONGEST_TABLE:
            raise Malformed(
                "the zip file's table leads beyond its end"
                if offset + length > size
                else f"the zip file's table takes {length} bytes"
            )
        return offset, length

    def _table64(self, tail: bytes, end: int) -> tuple[int, int]:
        if end < 20 or tail[end - 20 : end - 16] != b"PK\x06\x07":
            raise Malformed("the zip file has no table of 64 bits")
        record = self._source.read(struct.unpack_from("<Q", tail, end - 12)[0], 56)
        if len(record) < 56 or record[:4] != b"PK\x06\x06":
            raise Malformed("the zip file's table of 64 bits is not where it should be")
        length, offset = struct.unpack_from("<QQ", record, 40)
        return length, offset

    def find(self, ending: str) -> Member | None:
        """The first member whose path ends so; PyTorch puts everything in a folder of any name."""
        return next((one for name, one in self.members.items() if name == ending or name.endswith(f"/{ending}")), None)

    def text(self, ending: str, limit: int = 1 << 20) -> str | None:
        """The beginning of a member as text, None where there is none."""
        member = self.find(ending)
        return None if member is None else self.read(member, limit).decode("utf-8", "replace")

    def read(self, member: Member, limit: int) -> bytes:
        """At most ``limit`` bytes of a member. Raises Malformed."""
        local = self._source.read(member.offset, 30)
        if len(local) < 30 or local[:4] != MAGIC:
            raise Malformed(f"{member.name} is not where the zip file's table says")
        name, extra = struct.unpack_from("<HH", local, 26)
        start = member.offset + 30 + name + extra
        if member.method == 0:
            return self._source.read(start, min(limit, member.size))
        if member.method != 8:
            raise Malformed(f"{member.name} is packed by method {member.method}")
        try:
            return zlib.decompressobj(-15).decompress(self._source.read(start, min(member.packed, limit)), limit)
        except zlib.error as error:
            raise Malformed(f"{member.name}: {error}") from None


def _member(data: bytes, at: int) -> tuple[Member, int]:
    method = struct.unpack_from("<H", data, at + 10)[0]
    packed, size, name_length, extra_length, comment = struct.unpack_from("<IIHHH", data, at + 20)
    offset = struct.unpack_from("<I", data, at + 42)[0]
    name = data[at + 46 : at + 46 + name_length].decode("utf-8", "replace")
    extra = data[at + 46 + name_length : at + 46 + name_length + extra_length]
    wide = [value for value in (size, packed, offset) if value == 0xFFFFFFFF]
    if wide:
        numbers = iter(_wide(extra))
        size, packed, offset = (
            next(numbers, value) if value == 0xFFFFFFFF else value for value in (size, packed, offset)
        )
    return Member(name, offset, packed, size, method), at + 46 + name_length + extra_length + comment


def _wide(extra: bytes) -> tuple[int, ...]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            body = extra[at + 4 : at + 4 + length]
            return struct.unpack_from(f"<{len(body) // 8}Q", body)
        at += 4 + length
    return ()
