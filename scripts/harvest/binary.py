"""Shared objects inside wheels: what they need, where they search, which glibc they ask for.

A member that is deflated can only be read from its start, so it is unpacked once to a scratch file: memory
stays below 64 MiB, and the scratch file goes when the block is left.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from compat.probe.binary import elf

from .wheel import RemoteWheel

Read = Callable[[int, int], bytes]

_CHUNK = 1 << 20
_IN_MEMORY = 64 << 20


@contextmanager
def spooled(wheel: RemoteWheel, member: str) -> Iterator[Read]:
    """A function `read(offset, length)` over the whole unpacked member."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as scratch, wheel.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            scratch.write(chunk)

        def read(offset: int, length: int) -> bytes:
            scratch.seek(offset)
            return scratch.read(length)

        yield read


def describe(wheel: RemoteWheel, member: str) -> dict[str, Any]:
    """`linked()` of a member of a wheel. Reads all of the member."""
    with spooled(wheel, member) as read:
        return linked(read, wheel.size_of(member))


def linked(read: Read, size: int) -> dict[str, Any]:
    """What the loader reads of an ELF file, as JSON values.

    `soname`, `needed` (sonames), `rpath`, `runpath` (as written, None where absent), `glibc` and `glibcxx`
    (newest version needed, None where none is). Raises `ValueError` where it is no ELF file.
    """
    file = elf.parse(read, size)
    if isinstance(file, elf.Broken):
        raise ValueError(file.reason)
    dynamic = file.dynamic or elf.Dynamic()
    return {
        "soname": dynamic.soname,
        "needed": list(dynamic.needed),
        "rpath": dynamic.rpath,
        "runpath": dynamic.runpath,
        "glibc": file.newest("GLIBC"),
        "glibcxx": file.newest("GLIBCXX"),
    }


def find_string(stream: IO[bytes], pattern: re.Pattern[bytes], overlap: int = 4096) -> re.Match[bytes] | None:
    """The first match of `pattern` (shorter than `overlap` bytes) in a stream; reads no further than needed."""
    tail = b""
    while chunk := stream.read(_CHUNK):
        window = tail + chunk
        if match := pattern.search(window):
            return match
        tail = window[-overlap:]
    return None
