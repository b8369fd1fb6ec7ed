"""What rpm says is installed, where its database is SQLite (rpm 4.16 and later: Fedora 33, RHEL 9, Amazon Linux 2023).

The table Name has the number of each package's header, Packages the headers: a count of index entries and the length of
their data, both big-endian, entries of sixteen bytes (tag, type, offset, count), and the data
(https://rpm-software-management.github.io/rpm/manual/format_header.html). Older databases (Berkeley DB in
/var/lib/rpm/Packages) and ndb's are not read: what they hold stays unknown.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from compat.probe.binary.sqlite import Malformed, Read, Tables

__all__ = ["Malformed", "packages", "texts"]

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME, _VERSION, _RELEASE = 1000, 1001, 1002
_STRING = 6
_MOST_ENTRIES = 4096
_LONGEST = 128 << 10  # bytes of a header: its entries, and the strings at the beginning of its data
_LONGEST_TEXT = 256


def packages(read: Read, wanted: Callable[[str], object]) -> dict[str, str]:
    """Name -> version and release (``9.1.0.70-1``) of the installed packages whose name is wanted. Raises Malformed."""
    tables = Tables(read)
    names, headers = tables.roots.get("Name"), tables.roots.get("Packages")
    if names is None or headers is None:
        raise Malformed("not rpm's tables")
    found: dict[str, str] = {}
    for _, columns in tables.rows(names, 4096):
        name, number = columns[:2] if len(columns) > 1 else (None, None)
        if isinstance(name, bytes):
            name = name.decode("utf-8", "replace")
        if not isinstance(name, str) or not isinstance(number, int) or not wanted(name):
            continue
        columns = tables.row(headers, number, _LONGEST) or []
        blob = next((one for one in columns if isinstance(one, bytes)), b"")
        told = texts(blob)
        if told.get(_NAME) == name and _VERSION in told:
            found[name] = "-".join(told[tag] for tag in (_VERSION, _RELEASE) if tag in told)
    return found


def texts(header: bytes) -> dict[int, str]:
    """The single strings of a header, by tag; those of them that can be read."""
    if len(header) < 8:
        return {}
    entries, _ = struct.unpack_from(">II", header)
    start = 8 + 16 * entries
    if entries > _MOST_ENTRIES or start > len(header):
        return {}
    found: dict[int, str] = {}
    for tag, kind, offset, _ in struct.iter_unpack(">IIII", header[8:start]):
        if kind == _STRING and tag in (_NAME, _VERSION, _RELEASE):
            text = header[start + offset : start + offset + _LONGEST_TEXT].partition(b"\0")
            if text[1]:
                found[tag] = text[0].decode("utf-8", "replace")
    return found
