"""A kernel module file: whose, of which release, and who signed it.

Layouts: the .modinfo section (name=value, NUL between), and the signature behind the module (include/linux/
module_signature.h, scripts/sign-file.c): PKCS#7, 12 bytes whose last four are its length, a marker text. A
compressed module is read by modinfo(8), which knows every compression that the kernel does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compat.probe.binary.elf import Elf, parse
from compat.probe.host import Completed, Host, Reader, Unreadable
from compat.records import dataclass

MARKER = b"~Module signature appended~\n"
_TRAILER = 12
_SIGNATURE_LIMIT = 64 << 10
_MODINFO_LIMIT = 1 << 20

# nvidia.ko, and Debian's names for it (nvidia-current.ko ...), plain or compressed.
_NAME = re.compile(rb"/nvidia(?:-current|-tesla|-legacy|-open|-\d+xx|-\d+)*\.ko(?:\.(?:xz|zst|gz))?:")
_COMMON_NAME = b"\x06\x03\x55\x04\x03"  # OID 2.5.4.3
_SEQUENCE, _SET, _INTEGER, _KEY_ID = 0x30, 0x31, 0x02, 0x80


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: a name, and the byte strings that are also in the signer's certificate."""

    name: str | None
    marks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """What a module file says; `signed` None where it could not be read so far."""

    path: str
    version: str | None = None
    license: str | None = None
    signed: bool | None = None
    signer: Signer | None = None


def find(host: Host, kernel: str) -> str | None:
    """The path of NVIDIA's module for a kernel release, from depmod's list."""
    for folder in (f"/lib/modules/{kernel}", f"/usr/lib/modules/{kernel}"):
        data = host.read_bytes(f"{folder}/modules.dep")
        match = _NAME.search(data) if isinstance(data, bytes) else None
        if match and isinstance(data, bytes):
            start = data.rfind(b"\n", 0, match.start()) + 1
            name = data[start : match.end() - 1].decode("utf-8", "surrogateescape")
            return name if name.startswith("/") else f"{folder}/{name}"
    return None


def read_module(host: Host, path: str, run: bool) -> Module | Unreadable:
    """Read a module; a compressed one only with `run`, by modinfo, which takes some ten milliseconds."""
    if not path.endswith(".ko"):
        return _by_modinfo(host, path) if run else Unreadable(path, "compressed")
    reader = host.open_at(path)
    if isinstance(reader, Unreadable):
        return reader
    with reader:
        entries = _modinfo(reader)
        signed, signer = _signature(reader)
    return Module(path, entries.get("version"), entries.get("license"), signed, signer)


def _by_modinfo(host: Host, path: str) -> Module | Unreadable:
    done = host.run(["modinfo", path], timeout=5.0)
    if not isinstance(done, Completed) or done.status != 0:
        return Unreadable(path, "compressed, and modinfo does not read it")
    entries: dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition(":")
        entries.setdefault(name.strip(), value.strip())
    signer_name = entries.get("signer")
    key = re.sub(r"[^0-9A-Fa-f]", "", entries.get("sig_key", ""))
    marks = (bytes.fromhex(key),) if key and len(key) % 2 == 0 else ()
    signer = Signer(signer_name, marks) if signer_name or marks else None
    return Module(path, entries.get("version"), entries.get("license"), "sig_id" in entries or bool(signer), signer)


def _modinfo(reader: Reader) -> dict[str, str]:
    elf = parse(reader.read, reader.size)
    section = elf.section(".modinfo") if isinstance(elf, Elf) else None
    data = reader.read(section.offset, min(section.size, _MODINFO_LIMIT)) if section else b""
    entries: dict[str, str] = {}
    for entry in data.split(b"\0"):
        name, _, value = entry.decode("utf-8", "replace").partition("=")
        entries.setdefault(name, value)
    return entries


def _signature(reader: Reader) -> tuple[bool | None, Signer | None]:
    end = reader.size - len(MARKER)
    if reader.read(end, len(MARKER)) != MARKER:
        return (False, None) if reader.size > len(MARKER) else (None, None)
    trailer = reader.read(end - _TRAILER, _TRAILER)
    length = int.from_bytes(trailer[8:], "big")
    data = reader.read(end - _TRAILER - length, length) if 0 < length <= _SIGNATURE_LIMIT else b""
    return True, signer_of(data)


def signer_of(pkcs7: bytes) -> Signer | None:
    """The signer of a PKCS#7 message (RFC 2315, 9.1 and 9.2); None where it is not laid out like one."""
    try:
        content = _inside(pkcs7, _SEQUENCE)  # ContentInfo: type, [0] SignedData
        signed = next(body for tag, body, _ in _items(content) if tag == 0xA0)
        parts = list(_items(_inside(signed, _SEQUENCE)))
        infos = next(body for tag, body, _ in reversed(parts) if tag == _SET)
        fields = list(_items(_inside(infos, _SEQUENCE)))  # version, signer identifier, ...
        tag, body, whole = fields[1]
        if tag == _KEY_ID:
            return Signer(None, (body,))
        issuer, serial = list(_items(body))[:2]
        return Signer(_common_name(whole), (issuer[2], serial[2]))
    except (IndexError, StopIteration, ValueError):
        return None


def _items(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The DER values in `data`: tag, content, and the whole value."""
    place = 0
    while place < len(data):
        length, start = data[place + 1], place + 2
        if length & 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(data[start : start + size], "big"), start + size
        if start + length > len(data):
            raise ValueError("cut short")
        yield data[place], data[start : start + length], data[place : start + length]
        place = start + length


def _inside(data: bytes, tag: int) -> bytes:
    first, body, _ = next(_items(data))
    if first != tag:
        raise ValueError("unexpected tag")
    return body


def _common_name(name: bytes) -> str | None:
    place = name.find(_COMMON_NAME)
    if place < 0:
        return None
    _, text, _ = next(_items(name[place + len(_COMMON_NAME) :]))
    return text.decode("utf-8", "replace")
