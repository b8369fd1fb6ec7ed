"""Software as a folder: interpreters, distributions and libraries that a test lays out and reads through a Host."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

from compat.machine import Machine
from compat.probe.assemble import to_machine
from compat.probe.host import Host
from compat.probe.layer import Reading

LAYERS = ("python", "distributions", "builds", "toolkits", "libraries", "loads", "integrity")


def library(
    soname: str = "", needed: tuple[str, ...] = (), rpath: str = "", runpath: str = "", pad: int = 0, kind: int = 3
) -> bytes:
    """A shared object for x86_64 with a dynamic section, in one loadable segment whose addresses are offsets."""
    strings = b"\0"
    entries: list[tuple[int, int]] = []
    for tag, text in [(14, soname), (15, rpath), (29, runpath), *((1, name) for name in needed)]:
        if text:
            entries.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    start = 64 + 2 * 56
    at = start + len(strings)
    at += -at % 8
    entries += [(5, start), (10, len(strings)), (0, 0)]
    table = b"".join(struct.pack("<QQ", *entry) for entry in entries)
    size = max(at + len(table), pad)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    segments += struct.pack("<IIQQQQQQ", 2, 4, at, at, at, len(table), len(table), 8)
    body = (ident + head + segments + strings).ljust(at, b"\0") + table
    return body.ljust(size, b"\0")


@dataclass
class Root:
    """A system below a folder; every method gives the root back, so that calls can be chained."""

    top: Path
    environ: dict[str, str] = field(default_factory=dict)

    def file(self, path: str, content: str | bytes = "") -> Root:
        place = self.top / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def folder(self, path: str) -> Root:
        (self.top / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        return self

    def link(self, path: str, target: str) -> Root:
        place = self.top / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
        return self

    def system_python(self, line: str = "3.10", patch: str = "12", prefix: str = "/usr") -> Root:
        self.file(f"{prefix}/bin/python{line}", library(kind=3)).link(f"{prefix}/bin/python3", f"python{line}")
        self.file(f"{prefix}/include/python{line}/patchlevel.h", f'#define PY_VERSION              "{line}.{patch}"\n')
        return self.file(f"{prefix}/lib/python{line}/os.py")

    def venv(self, prefix: str = "/env", line: str = "3.10", patch: str = "12", site: bool = False) -> Root:
        if not (self.top / f"usr/bin/python{line}").exists():
            self.system_python(line, patch)
        text = f"home = /usr/bin\ninclude-system-site-packages = {str(site).lower()}\nversion = {line}.{patch}\n"
        self.file(f"{prefix}/pyvenv.cfg", text).link(f"{prefix}/bin/python3", f"/usr/bin/python{line}")
        return self.folder(f"{prefix}/lib/python{line}/site-packages")

    def wheel(
        self, site: str, name: str, version: str, files: dict[str, str | bytes] | None = None, requires: str = ""
    ) -> Root:
        """Install as pip does: the files, and a dist-info with METADATA, WHEEL and a RECORD of sizes and hashes."""
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        self.file(f"{site}/{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n")
        self.file(f"{site}/{info}/WHEEL", "Wheel-Version: 1.0\nTag: cp310-cp310-manylinux_2_28_x86_64\n")
        self.file(f"{site}/{info}/INSTALLER", "pip\n")
        rows = []
        for path, content in (files or {}).items():
            data = content.encode() if isinstance(content, str) else content
            self.file(f"{site}/{path}", data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{path},sha256={digest},{len(data)}")
        return self.file(f"{site}/{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")

    def age(self, path: str, seconds: float) -> Root:
        os.utime(self.top / path.lstrip("/"), (seconds, seconds))
        return self

    def host(self) -> Host:
        return Host(str(self.top), self.environ)

    def reading(self, interpreter: str | None = None, layers: tuple[str, ...] = LAYERS) -> Reading:
        """What the software layers find; a layer that raises fails the test."""
        from importlib import import_module

        host, found = self.host(), Reading()
        found.put("arch", "x86_64")
        found.put("interpreter", interpreter)
        for layer in layers:
            found.merge(import_module(f"compat.probe.layers.{layer}").read(host, found))
        return found

    def machine(self, interpreter: str | None = None) -> Machine:
        return to_machine(self.reading(interpreter))
