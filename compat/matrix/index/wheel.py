"""A wheel read where it lies: its directory and single members by range requests, never all of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

Fetch = Callable[[int, int], bytes]  # (first byte, number of bytes) -> those bytes

_SMALLEST = 64 * 1024
_LARGEST = 8 * 1024 * 1024


class RangeFile(io.RawIOBase):
    """A seekable file over a fetch function. Reads ahead, further the longer the reading goes straight on."""

    def __init__(self, fetch: Fetch, size: int) -> None:
        super().__init__()
        self._fetch, self._size, self._at = fetch, size, 0
        self._buffer, self._start, self._ahead = b"", 0, _SMALLEST

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        wanted = self._size - self._at if size < 0 else min(size, self._size - self._at)
        if wanted <= 0:
            return b""
        end = self._start + len(self._buffer)
        if not (self._start <= self._at and self._at + wanted <= end):
            self._fill(wanted, straight=self._start <= self._at <= end)
        offset = self._at - self._start
        self._at += wanted
        return self._buffer[offset : offset + wanted]

    def _fill(self, wanted: int, straight: bool) -> None:
        self._ahead = min(self._ahead * 2, _LARGEST) if straight else _SMALLEST
        kept = self._buffer[self._at - self._start :] if straight else b""
        at = self._at + len(kept)
        length = min(max(wanted - len(kept), self._ahead), self._size - at)
        fetched = self._fetch(at, length)
        if len(fetched) != length:
            raise OSError(f"asked for {length} bytes at {at}, got {len(fetched)}")
        self._buffer, self._start = kept + fetched, self._at


class RemoteWheel:
    """The members of a wheel. Raises `zipfile.BadZipFile` for no zip, `KeyError` for a missing member."""

    def __init__(self, fetch: Fetch, size: int) -> None:
        self.size = size
        self._file = RangeFile(fetch, size)
        self._zip = zipfile.ZipFile(self._file)

    def names(self) -> list[str]:
        """All member names, in the order of the zip's directory."""
        return self._zip.namelist()

    def size_of(self, member: str) -> int:
        """Bytes of the member when unpacked."""
        return self._zip.getinfo(member).file_size

    def read(self, member: str, limit: int = 16 * 1024 * 1024) -> bytes:
        """The whole member. Raises `ValueError` where it is longer than `limit` bytes."""
        if self.size_of(member) > limit:
            raise ValueError(f"{member} has {self.size_of(member)} bytes, more than {limit}")
        return self._zip.read(member)

    @contextmanager
    def open(self, member: str) -> Iterator[IO[bytes]]:
        """The member as a stream, unpacked on the way with bounded memory; leave the block to stop early."""
        with self._zip.open(member) as stream:
            yield stream

    def read_range(self, member: str, start: int, length: int) -> bytes:
        """Some bytes of a member: fetched directly where stored, unpacked from its start where deflated."""
        info = self._zip.getinfo(member)
        length = max(0, min(length, info.file_size - start))
        if info.compress_type == zipfile.ZIP_STORED:
            self._file.seek(info.header_offset)
            header = self._file.read(30)
            skip = 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            self._file.seek(info.header_offset + skip + start)
            return self._file.read(length)
        with self._zip.open(member) as stream:
            while start > 0:
                start -= len(stream.read(min(start, 1 << 20)))
            return stream.read(length)
