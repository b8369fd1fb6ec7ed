"""Writes small ELF files with chosen sections, for the tests of what reads them."""

from __future__ import annotations

import struct


def note(owner: str, desc: bytes, kind: int = 0, order: str = "<") -> bytes:
    """One note, padded to four bytes."""
    name = owner.encode() + b"\0"
    head = struct.pack(order + "III", len(name), len(desc), kind)
    return head + name + bytes(-len(name) % 4) + desc + bytes(-len(desc) % 4)


def elf(
    sections: list[tuple[str, int, bytes]],
    bits: int = 64,
    order: str = "<",
    machine: int = 62,
    kind: int = 3,
    segments: list[tuple[int, int, int]] | None = None,
) -> bytes:
    """An ELF file of (name, type, content) sections; `segments` are (type, index of section, address)."""
    wide = bits == 64
    head, entry, program = (64, 64, 56) if wide else (52, 40, 32)
    segments = segments or []
    names = b"\0" + b"".join(name.encode() + b"\0" for name, _, _ in sections) + b".shstrtab\0"
    body, rows, offset = b"", [], head + program * len(segments)
    for name, section_kind, content in [*sections, (".shstrtab", 3, names)]:
        body += bytes(-(offset + len(body)) % 8)
        rows.append((names.index(name.encode() + b"\0"), section_kind, offset + len(body), len(content)))
        body += content
    body += bytes(-(offset + len(body)) % 8)
    table = offset + len(body)
    layout = order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")
    headers = struct.pack(layout, *[0] * 10)
    headers += b"".join(struct.pack(layout, name, sk, 0, 0, at, size, 0, 0, 4, 0) for name, sk, at, size in rows)
    programs = b""
    for segment_kind, index, address in segments:
        _, _, at, size = rows[index]
        if wide:
            programs += struct.pack(order + "IIQQQQQQ", segment_kind, 4, at, address, 0, size, size, 4)
        else:
            programs += struct.pack(order + "IIIIIIII", segment_kind, at, address, 0, size, size, 4, 4)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    first = struct.pack(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
        *(kind, machine, 1, 0, head if segments else 0, table, 0, head, program, len(segments), entry),
        *(len(rows) + 1, len(rows)),
    )
    return ident + first + programs + body + headers


def dynamic(entries: list[tuple[int, int]], bits: int = 64, order: str = "<") -> bytes:
    """A dynamic section of (tag, value) entries."""
    layout = order + ("QQ" if bits == 64 else "II")
    return b"".join(struct.pack(layout, tag, value) for tag, value in [*entries, (0, 0)])
