"""Protocol Buffers' wire format, read in pieces: what is not needed is stepped over, so memory does not grow with the
file.

Source of the rules: protobuf.dev, "Encoding". Groups (wire types 3 and 4) are of proto1 and make a message malformed
here.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from compat.artifacts.artifact import Bytes, Malformed

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_CHUNK = 1 << 15  # bytes that are read at once
MOST_FIELDS = 800_000  # of one file; behind that only the facts so far are given


class Field(NamedTuple):
    """A field: its number, its wire type, its value (number, or length in bytes), and where its bytes begin."""

    number: int
    wire: int
    value: int
    start: int

    @property
    def end(self) -> int:
        return self.start + self.value


class TooLong(Malformed):
    """The file has more fields than are read."""


class Wire:
    """A file's messages. Positions are bytes from its beginning."""

    def __init__(self, source: Bytes) -> None:
        self.size = source.size
        self.cut_short = False
        self._source = source
        self._window = b""
        self._base = 0
        self._left = MOST_FIELDS

    def read(self, position: int, length: int) -> bytes:
        """Bytes from a position on; neighbouring small reads cost one read of the file."""
        at = position - self._base
        if not 0 <= at <= at + length <= len(self._window):
            self._window, self._base, at = self._source.read(position, max(length, _CHUNK)), position, 0
        return self._window[at : at + length]

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """The fields of the message between two positions. Raises Malformed, and TooLong for the whole file.

        A field that leads beyond the end of the file ends the message and sets ``cut_short``.
        """
        position = start
        while position < end:
            chunk = self.read(position, min(_CHUNK, end - position))
            base = position
            found, position, wrong = scan(chunk, base)
            self.spend(len(found))
            if position > self.size:
                self.cut_short = True
            too_long = end < position <= self.size
            yield from found[:-1] if too_long else found
            if too_long:
                raise Malformed(f"a field at byte {base} is longer than its message")
            if wrong is not None:
                raise wrong
            if position == base:
                if end < self.size:
                    raise Malformed(f"the message ends within the field at byte {base}")
                self.cut_short = True
                return

    def spend(self, fields: int = 1) -> None:
        """Count fields that were looked at. Raises TooLong."""
        self._left -= fields
        if self._left < 0:
            raise TooLong(f"more than {MOST_FIELDS} parts")

    def inner(self, field: Field) -> Iterable[Field]:
        """The fields of a message field."""
        if field.wire != LENGTH:
            raise Malformed(f"field {field.number} is no message")
        if field.value <= _CHUNK:
            found = small(self.read(field.start, field.value), field.start)
            if found is not None and field.end <= self.size:
                self.spend(len(found))
                return found
        return self.fields(field.start, min(field.end, self.size))

    def text(self, field: Field, limit: int = 256) -> str:
        """The text of a string field, at most ``limit`` bytes of it."""
        if field.wire != LENGTH:
            raise Malformed(f"field {field.number} is no text")
        return self.read(field.start, min(field.value, limit)).decode("utf-8", "replace")


def scan(chunk: bytes, base: int) -> tuple[list[Field], int, Malformed | None]:
    """The fields that begin in a chunk of a message at ``base``, the position behind the last, and what is wrong there.

    It stops where a head may be cut off by the chunk's end, unless the chunk holds all that is left and the head is
    whole.
    """
    found: list[Field] = []
    at, size = 0, len(chunk)
    make, kind = tuple.__new__, Field  # half the cost of calling the class, and there are millions
    while at < size:
        tag = chunk[at]
        if tag < 0x80 and tag & 7 == LENGTH and tag > 7 and at + 1 < size and chunk[at + 1] < 0x80:
            value, after = chunk[at + 1], at + 2  # the commonest field by far: a short text or message
            found.append(make(kind, (tag >> 3, LENGTH, value, base + after)))
            at = after + value
            continue
        try:
            number, wire, value, after = read_head(chunk, at)
        except Malformed as error:
            return found, base + at, error
        if after > size:
            break
        found.append(make(kind, (number, wire, value, base + after)))
        at = after + value if wire == LENGTH else after
    return found, base + at, None


def small(data: bytes, base: int) -> list[Field] | None:
    """The fields of a whole message at ``base``; None where anything is out of order, which ``fields`` then says."""
    found: list[Field] = []
    at, size = 0, len(data)
    make, kind = tuple.__new__, Field  # half the cost of calling the class, and there are millions
    try:
        while at < size:
            tag, value, after = data[at], data[at + 1], at + 2
            wire = tag & 7
            if tag & 0x80 or tag < 8 or (wire != LENGTH and wire != VARINT):
                number, wire, value, after = read_head(data, at)
                tag = number << 3
            elif value & 0x80:
                value, after = read_varint(data, at + 1)
            found.append(make(kind, (tag >> 3, wire, value, base + after)))
            at = after + value if wire == LENGTH else after
    except (IndexError, Malformed):
        return None
    return found if at == size else None


def read_field(data: bytes, at: int) -> tuple[Field, int]:
    """The field at ``at`` and the position behind its tag and number (or length). Raises Malformed."""
    number, wire, value, after = read_head(data, at)
    return Field(number, wire, value, 0), after


def read_head(data: bytes, at: int) -> tuple[int, int, int, int]:
    """The number, wire type and value (or length) of the field at ``at``, and the position behind them.

    A plain tuple, since a scan meets hundreds of thousands. Raises Malformed.
    """
    tag, after = data[at] if at < len(data) else 0, at + 1
    if tag & 0x80:
        tag, after = read_varint(data, at)
    number, wire = tag >> 3, tag & 7
    if number == 0 or tag > 0xFFFFFFFF:
        raise Malformed(f"no field has the tag {tag}")
    if wire in (FIXED32, FIXED64):
        end = after + (4 if wire == FIXED32 else 8)
        return number, wire, int.from_bytes(data[after:end], "little"), end
    if wire in (VARINT, LENGTH):
        value, after = read_varint(data, after)
        return number, wire, value, after
    raise Malformed(f"wire type {wire} of field {number} is none")


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length number and the position behind it; one that the data cuts off ends behind the data."""
    value = shift = 0
    for place in range(at, at + 10):
        if place >= len(data):
            return 0, len(data) + 1
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place + 1
        shift += 7
    raise Malformed("a number of more than ten bytes")


def signed(value: int) -> int:
    """A 64-bit number as int64 fields hold it."""
    return value - (1 << 64) if value >= 1 << 63 else value
