"""Databases of rpm, written with SQLite: the tables as rpm 4.18 makes them, headers of the strings that are read."""

import sqlite3
import struct
from collections.abc import Iterable
from pathlib import Path

_TABLES = (
    "CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL, "
    "FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum))",
)


def header(name: str, version: str, release: str, filling: int = 0) -> bytes:
    """A header as rpm keeps it: NAME, VERSION, RELEASE, and a description of any length."""
    strings = [(1000, name), (1001, version), (1002, release), (1005, "x" * filling)]
    entries, data = b"", b"C\0"
    for tag, text in strings:
        entries += struct.pack(">IIII", tag, 6, len(data), 1)
        data += text.encode() + b"\0"
    return struct.pack(">II", len(strings), len(data)) + entries + data


def write(path: Path, packages: Iterable[tuple[str, str, str]], filling: int = 0, page: int = 4096) -> None:
    """A database of these packages (name, version, release)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA page_size = {page}")
    for table in _TABLES:
        database.execute(table)
    for name, version, release in packages:
        row = database.execute("INSERT INTO Packages (blob) VALUES (?)", (header(name, version, release, filling),))
        database.execute("INSERT INTO Name VALUES (?, ?, 0)", (name, row.lastrowid))
    database.commit()
    database.close()
