"""The dynamic loader's cache, /etc/ld.so.cache, and the configuration that ldconfig makes it from.

Layout after glibc's sysdeps/generic/dl-cache.h: the old format ("ld.so-1.7.0", glibc before 2.2), the new
one ("glibc-ld.so.cache1.1"), or the old one with the new one behind it; since glibc 2.33 with an
extension that names glibc-hwcaps subdirectories. A cache that makes no sense gives no entries and a reason.
"""

from __future__ import annotations

import fnmatch
import struct
from collections.abc import Iterator
from typing import NamedTuple

from compat.probe.host import Host, Unreadable

CACHE = "/etc/ld.so.cache"
CONFIGURATION = "/etc/ld.so.conf"

FLAGS = {
    "x86_64": 0x0303,
    "aarch64": 0x0A03,
    "i386": 0x0003,
    "arm": 0x0903,
    "ppc64": 0x0503,
    "s390x": 0x0403,
    "riscv64": 0x1003,
}
"""The flags of a cache entry that a process of the architecture accepts (dl-cache.h and ldconfig.h)."""

_OLD_MAGIC, _NEW_MAGIC = b"ld.so-1.7.0", b"glibc-ld.so.cache1.1"
_EXTENSION_MAGIC = 0xEAA42174
_EXTENSION_HWCAPS = 1
_HWCAP_EXTENSION = 1 << 30  # in the upper half of an entry's hwcap, beside an ISA level in its low ten bits
_ISA_LEVEL = (1 << 10) - 1
_ENTRY_LIMIT = 200_000
_SIZE_LIMIT = 32 << 20
_INCLUDE_DEPTH = 8


class Entry(NamedTuple):
    """A library in the cache; `hwcaps` is its glibc-hwcaps subdirectory ("" for none)."""

    name: str
    path: str
    flags: int
    hwcaps: str = ""


class Cache(NamedTuple):
    """The cache's entries by library name, in the cache's order; `reason` says why there are none."""

    entries: dict[str, tuple[Entry, ...]]
    reason: str = ""

    def lookup(self, name: str, machine: str, hwcaps: tuple[str, ...] = ()) -> str | None:
        """The path that a process of `machine` gets; `hwcaps` are the subdirectories it may use, best first."""
        best: tuple[int, str] | None = None
        for entry in self.entries.get(name, ()):
            if entry.flags != FLAGS.get(machine) or (entry.hwcaps and entry.hwcaps not in hwcaps):
                continue
            rank = hwcaps.index(entry.hwcaps) if entry.hwcaps else len(hwcaps)
            if best is None or rank < best[0]:
                best = rank, entry.path
        return best[1] if best else None


def read_cache(host: Host) -> Cache:
    """The cache of `host`."""
    data = host.read_bytes(CACHE, _SIZE_LIMIT)
    return Cache({}, data.reason) if isinstance(data, Unreadable) else parse(data)


def parse(data: bytes) -> Cache:
    """The entries of a cache file of either format."""
    if data.startswith(_OLD_MAGIC):
        return _parse_old(data)
    if data.startswith(_NEW_MAGIC):
        return _parse_new(data)
    return Cache({}, "not a loader cache" if data else "empty")


def _parse_old(data: bytes) -> Cache:
    if len(data) < 16:
        return Cache({}, "cut short")
    (count,) = struct.unpack_from("=I", data, 12)
    strings = 16 + 12 * count
    new = strings + -strings % 8
    if data[new : new + len(_NEW_MAGIC)] == _NEW_MAGIC:
        return _parse_new(data[new:])
    rows = _rows(data, 16, count, "=iII")
    return _collect(Entry(_text(data, strings + key), _text(data, strings + at), flags) for flags, key, at in rows)


def _parse_new(data: bytes) -> Cache:
    if len(data) < 48:
        return Cache({}, "cut short")
    order = ">" if data[28] & 3 == 3 else "<"
    count, _, _, extension = struct.unpack_from(f"{order}IIB3xI", data, 20)
    names = _hwcap_names(data, order, extension)
    return _collect(_new_entries(data, _rows(data, 48, count, f"{order}iIIIQ"), names))


def _new_entries(data: bytes, rows: Iterator[tuple[int, ...]], names: list[str]) -> Iterator[Entry]:
    for flags, key, at, _, hwcap in rows:
        subdirectory = ""
        if hwcap >> 32 & ~_ISA_LEVEL == _HWCAP_EXTENSION:
            index = hwcap & 0xFFFFFFFF
            if index >= len(names):
                continue
            subdirectory = names[index]
        elif hwcap:
            continue  # a legacy hwcaps subdirectory: gone since glibc 2.37, and never NVIDIA's
        yield Entry(_text(data, key), _text(data, at), flags, subdirectory)


def _hwcap_names(data: bytes, order: str, extension: int) -> list[str]:
    if not extension or extension + 8 > len(data):
        return []
    magic, count = struct.unpack_from(f"{order}II", data, extension)
    if magic != _EXTENSION_MAGIC:
        return []
    for tag, _, offset, size in _rows(data, extension + 8, min(count, 64), f"{order}IIII"):
        if tag == _EXTENSION_HWCAPS:
            return [_text(data, at) for (at,) in _rows(data, offset, min(size // 4, 1024), f"{order}I")]
    return []


def _rows(data: bytes, start: int, count: int, layout: str) -> Iterator[tuple[int, ...]]:
    """As many of the `count` rows as the file holds."""
    size = struct.calcsize(layout)
    for index in range(min(count, _ENTRY_LIMIT, max(0, len(data) - start) // size)):
        yield struct.unpack_from(layout, data, start + index * size)


def _collect(found: Iterator[Entry]) -> Cache:
    entries: dict[str, list[Entry]] = {}
    for entry in found:
        if entry.name and entry.path:
            entries.setdefault(entry.name, []).append(entry)
    return Cache({name: tuple(group) for name, group in entries.items()}, "" if entries else "no entries")


def _text(data: bytes, offset: int) -> str:
    end = data.find(b"\0", offset, offset + 4096)
    return data[offset:end].decode("utf-8", "surrogateescape") if end >= 0 else ""


def configured_directories(host: Host) -> tuple[str, ...]:
    """The directories that ldconfig would put into the cache, in order (ldconfig(8)), without the system's own."""
    found: dict[str, None] = {}
    for directory in _configured(host, CONFIGURATION, 0):
        found.setdefault(directory)
    return tuple(found)


def _configured(host: Host, path: str, depth: int) -> Iterator[str]:
    text = host.read_text(path, 1 << 20)
    if not text or depth > _INCLUDE_DEPTH:
        return
    for line in text.splitlines():
        words = line.split("#", 1)[0].strip()
        keyword, _, rest = words.partition(" ")
        if keyword == "include":
            for pattern in rest.split():
                if not pattern.startswith("/"):
                    pattern = f"{path.rpartition('/')[0]}/{pattern}"
                for included in _matches(host, pattern):
                    yield from _configured(host, included, depth + 1)
        elif keyword != "hwcap":
            for directory in words.replace(",", " ").replace(":", " ").split():
                yield directory.partition("=")[0].rstrip("/") or "/"


def _matches(host: Host, pattern: str) -> list[str]:
    """The files that a pattern with wildcards in its last part means, sorted as glob(3) sorts them."""
    directory, _, name = pattern.rpartition("/")
    if not any(sign in name for sign in "*?["):
        return [pattern]
    names = host.listdir(directory or "/")
    return [f"{directory}/{found}" for found in names if fnmatch.fnmatchcase(found, name) and found[0] != "."]
