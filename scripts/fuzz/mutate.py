"""How the fuzzer changes a file: flipped bits, cuts, length bombs, pieces moved and repeated, and for some formats
changes that leave the outer layers whole, so that the inner ones are reached.

Every function takes the random numbers first and gives new bytes; nothing else is random, so a seed repeats a run.
"""

import io
import random
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence

Mutator = Callable[[random.Random, bytes], bytes]

LARGEST = 1 << 20  # bytes that a changed file may grow to
_BOMBS = (
    b"\xff" * 4,
    b"\xff" * 8,
    b"\xff\xff\xff\x7f",
    b"\xff" * 7 + b"\x7f",
    b"\0" * 4,
    b"\0" * 8,
    b"\0\0\0\x80",
    b"\xff" * 9 + b"\x01",
    b"\x80" * 10,
    b"\x01\0\0\0",
    b"\0\0\0\x40\0\0\0\0",
)
_NUMBERS = (b"0", b"-1", b"999999999999999999999", b"1e999", b"9" * 5000, b"18446744073709551615", b"NaN")
_NUMBER = re.compile(rb"\d+")


def plain(rng: random.Random, data: bytes) -> bytes:
    """One to sixteen changes anywhere in the bytes."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        rng.choice(_CHANGES)(rng, changed)
        if len(changed) > LARGEST:
            del changed[LARGEST:]
    return bytes(changed)


def _flip(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _near_start(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(min(len(data), 256))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _delete(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.randrange(1, 64)]


def _bomb(rng: random.Random, data: bytearray) -> None:
    bomb = rng.choice(_BOMBS)
    at = rng.randrange(len(data) + 1)
    data[at : at + len(bomb)] = bomb


def _insert(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.randrange(1, 64))


def _copy(rng: random.Random, data: bytearray) -> None:
    at, source = rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)
    data[at:at] = data[source : source + rng.randrange(1, 512)]


def _repeat(rng: random.Random, data: bytearray) -> None:
    if rng.random() < 0.05:  # seldom: a file of a megabyte costs as much as a thousand small ones
        at = rng.randrange(len(data) + 1)
        piece = bytes(data[at : at + rng.randrange(1, 256)])
        data[at:at] = piece * rng.randrange(1, LARGEST // max(len(piece), 1) // 4 + 2)


def _number(rng: random.Random, data: bytearray) -> None:
    found = list(_NUMBER.finditer(data[:65536]))
    if found:
        match = rng.choice(found)
        data[match.start() : match.end()] = rng.choice(_NUMBERS)


_CHANGES = (_flip, _flip, _set, _near_start, _cut, _delete, _bomb, _bomb, _insert, _copy, _repeat, _number)


def words(*known: str) -> Mutator:
    """Text: the plain changes, and words of the format put anywhere."""

    def change(rng: random.Random, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(changed) + 1)
            word = rng.choice((*known, "\n", '"', "\\", "\0", "\u202e", "[" * 2000, "{" * 2000)).encode()
            changed[at : at + (rng.randrange(8) if rng.random() < 0.5 else 0)] = word
        return plain(rng, bytes(changed)) if rng.random() < 0.5 else bytes(changed)

    return change


def protobuf(rng: random.Random, data: bytes, depth: int = 0) -> bytes:
    """A field at any depth is changed, and the lengths of the messages around it are made right again."""
    parts = _fields(data)
    if not parts or depth > 10 or rng.random() < 0.1:
        return plain(rng, data)
    place = rng.randrange(len(parts))
    head, body = parts[place]
    kind = rng.random()
    if kind < 0.1:
        parts.insert(rng.randrange(len(parts) + 1), parts[place])
    elif kind < 0.2:
        del parts[place]
    elif kind < 0.3:
        parts[place] = (bytes([rng.randrange(1, 256)]), body)
    elif body is None:
        parts[place] = (head[:1] + varint(rng.choice((0, 1, 1 << 31, 1 << 63, (1 << 64) - 1, rng.randrange(64)))), None)
    else:
        parts[place] = (head, protobuf(rng, body, depth + 1))
    return b"".join(head if body is None else head + varint(len(body)) + body for head, body in parts)


def _fields(data: bytes) -> list[tuple[bytes, bytes | None]]:
    """(tag, payload) of a message's fields, the payload None where the head holds the value; empty for no message."""
    parts: list[tuple[bytes, bytes | None]] = []
    at = 0
    while at < len(data):
        start, (tag, at) = at, _varint(data, at)
        wire, head = tag & 7, data[start:at]
        if tag >> 3 == 0 or wire in (3, 4, 6, 7):
            return []
        if wire == 0:
            _, at = _varint(data, at)
            parts.append((data[start:at], None))
        elif wire == 2:
            length, at = _varint(data, at)
            parts.append((head, data[at : at + length]))
            at += length
        else:
            at += 4 if wire == 5 else 8
            parts.append((data[start:at], None))
        if at > len(data):
            return []
    return parts


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at
    return 0, len(data) + 1


def varint(value: int) -> bytes:
    """A number as protocol buffers write it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def inside_zip(rng: random.Random, data: bytes) -> bytes:
    """One member changed, its name or its packing too, and the table written anew; sometimes changed again after."""
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(io.BytesIO(data)) as old:
            warnings.simplefilter("ignore")
            members = [(one.filename, old.read(one)) for one in old.infolist()]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError, EOFError):
        return plain(rng, data)
    if not members:
        return plain(rng, data)
    place = rng.randrange(len(members))
    name, content = members[place]
    members[place] = (name if rng.random() < 0.8 else name + rng.choice(("/", "x", "/../y")), plain(rng, content))
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", rng.choice((0, 0, 8))) as new:
        warnings.simplefilter("ignore")
        for name, content in members:
            new.writestr(name, content)
    return made.getvalue() if rng.random() < 0.7 else plain(rng, made.getvalue())


def sized(offset: int, form: str, less: int = 0) -> Mutator:
    """The plain changes, then, half the time, the file's size less so many bytes where the format states it."""

    def change(rng: random.Random, data: bytes) -> bytes:
        changed = bytearray(plain(rng, data))
        if len(changed) >= offset + struct.calcsize(form) and rng.random() < 0.5:
            struct.pack_into(form, changed, offset, max(0, len(changed) - less))
        return bytes(changed)

    return change


def any_of(*mutators: Mutator) -> Mutator:
    """One of several ways, at random."""
    return lambda rng, data: rng.choice(mutators)(rng, data)


def pick(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """A seed, sometimes two glued together."""
    first = rng.choice(seeds)
    if rng.random() > 0.05:
        return first
    other = rng.choice(seeds)
    return first[: rng.randrange(len(first) + 1)] + other[rng.randrange(len(other) + 1) :]
