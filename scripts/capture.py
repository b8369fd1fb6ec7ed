"""Takes a capture of everything that the probe reads on this machine, to be replayed elsewhere.

    python -m scripts.capture FILE.json.xz [--python PATH ...]

The capture holds each directory listing, link, attribute and piece of content that the probe asked for, and nothing
else: small files whole, of large ones (ELF) only the pieces that were read. Identifiers (UUIDs, serial numbers, host
and user names) are replaced before anything is written. ``unpack`` lays a capture out as a folder for ``--root``;
large files become sparse files of their true size.
"""

import base64
import json
import lzma
import os
import re
import sys
from typing import Any

from compat.probe.host import Host, Reader, Stat, Unreadable

_UUID = re.compile(rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_SERIAL = re.compile(rb"(?im)^(\s*(?:serial(?: number)?|board serial)\s*:\s*)(\S.*)$")
_NULL_UUID = b"00000000-0000-0000-0000-000000000000"


class RecordingHost(Host):
    """A host that reads this machine the way another root is read, and remembers what was asked."""

    def __init__(self, environ: dict[str, str]) -> None:
        super().__init__("/", environ)
        self.root = ""
        self.native = False
        self.directories: dict[str, list[str]] = {}
        self.kinds: dict[str, dict[str, Any]] = {}
        self.links: dict[str, str] = {}
        self.pieces: dict[str, dict[int, bytes]] = {}

    def _real_of(self, path: str) -> str:
        real = self.realpath(path)
        return path if isinstance(real, Unreadable) else real

    def _list(self, path: str) -> tuple[str, ...]:
        names = super()._list(path)
        self.directories[self._real_of(path)] = list(names)
        return names

    def _stat(self, path: str) -> Stat | Unreadable:
        found = super()._stat(path)
        if isinstance(found, Stat):
            kind = "file" if found.is_file else "directory" if found.is_dir else "device"
            self.kinds[self._real_of(path)] = {"kind": kind, "size": found.size, "mode": found.mode & 0o777}
        return found

    def _read_link(self, path: str) -> str | Unreadable | None:
        link = super()._read_link(path)
        if isinstance(link, str):
            self.links[path] = link
        return link

    def _keep(self, path: str, offset: int, data: bytes) -> None:
        pieces = self.pieces.setdefault(self._real_of(path), {})
        if len(data) > len(pieces.get(offset, b"")):  # the head of a file may be asked for after the whole
            pieces[offset] = data

    def read_bytes(self, path: str, limit: int = 16 << 20) -> bytes | Unreadable:
        data = super().read_bytes(path, limit)
        if not isinstance(data, Unreadable):
            self._keep(path, 0, data)
        return data

    def read_head(self, path: str, length: int) -> bytes | Unreadable:
        data = super().read_head(path, length)
        if not isinstance(data, Unreadable):
            self._keep(path, 0, data)
        return data

    def open_at(self, path: str) -> Reader | Unreadable:
        reader = super().open_at(path)
        return reader if isinstance(reader, Unreadable) else _RecordingReader(reader, self)


class _RecordingReader(Reader):
    __slots__ = ("_host",)

    def __init__(self, reader: Reader, host: RecordingHost) -> None:
        super().__init__(reader._fd, reader.path, reader.size)
        self._host = host

    def read(self, offset: int, length: int) -> bytes:
        data = super().read(offset, length)
        if data:
            self._host._keep(self.path, offset, data)
        return data


def clean(data: bytes) -> bytes:
    """The content without identifiers, of the same length."""
    data = _UUID.sub(_NULL_UUID, data)
    return _SERIAL.sub(lambda match: match.group(1) + b"0" * len(match.group(2)), data)


def record(pythons: list[str]) -> dict[str, Any]:
    """Run the probe and return what it read."""
    from compat.probe.assemble import read_machine

    host = RecordingHost(dict(os.environ))
    machines = [read_machine(host, python, redact=True) for python in pythons or [None]]  # type: ignore[list-item]
    kept = machines[0].variables or {}
    return {
        "environ": {name: value for name, value in kept.items() if name in os.environ},
        "interpreters": [machine.interpreter for machine in machines],
        "directories": host.directories,
        "links": host.links,
        "kinds": host.kinds,
        "pieces": {path: _merged(pieces) for path, pieces in host.pieces.items()},
    }


def _merged(pieces: dict[int, bytes]) -> list[list[Any]]:
    """Pieces in order, overlapping ones joined, as (offset, base64)."""
    joined: list[tuple[int, bytearray]] = []
    for offset, data in sorted(pieces.items()):
        if joined and offset <= joined[-1][0] + len(joined[-1][1]):
            start, known = joined[-1]
            known[offset - start : offset - start + len(data)] = (
                data
                if offset - start + len(data) > len(known)
                else (known[offset - start : offset - start + len(data)])
            )
        else:
            joined.append((offset, bytearray(data)))
    return [[offset, base64.b64encode(clean(bytes(data))).decode()] for offset, data in joined]


def unpack(path: str, folder: str) -> dict[str, Any]:
    """Lay a capture out below ``folder``; returns its environ and interpreters."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        capture: dict[str, Any] = json.load(file)
    for directory, names in capture["directories"].items():
        os.makedirs(folder + directory, exist_ok=True)
        for name in names:
            capture["kinds"].setdefault(f"{directory.rstrip('/')}/{name}", {"kind": "name", "size": 0, "mode": 0o644})
    for link, target in capture["links"].items():
        os.makedirs(os.path.dirname(folder + link), exist_ok=True)
        os.symlink(target, folder + link)
    for name, about in capture["kinds"].items():
        _make(folder + name, about, capture["pieces"].get(name, []))
    return {"environ": capture["environ"], "interpreters": capture["interpreters"]}


def _make(place: str, about: dict[str, Any], pieces: list[list[Any]]) -> None:
    if os.path.lexists(place):
        return
    if about["kind"] == "directory":
        os.makedirs(place, exist_ok=True)
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        for offset, text in pieces:
            file.seek(offset)
            file.write(base64.b64decode(text))
        if about["size"] > file.tell():
            file.truncate(about["size"])
    os.chmod(place, about["mode"] or 0o444)


def main(arguments: list[str]) -> int:
    """Write a capture of this machine."""
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    pythons = [arguments[index + 1] for index, word in enumerate(arguments[:-1]) if word == "--python"]
    capture = record(pythons)
    with lzma.open(arguments[0], "wt", encoding="utf-8", preset=9) as file:
        json.dump(capture, file, separators=(",", ":"), sort_keys=True)
    print(f"{arguments[0]}: {len(capture['kinds'])} paths, {len(capture['pieces'])} files with content")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
