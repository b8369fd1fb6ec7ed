"""Engines and other files, built byte by byte by the layout that docs/artifacts.md states."""

import io
import struct
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent

# TensorRT's plan mark and its complement, the archive's mark and its complement.
PLAN_END = bytes.fromhex("998b8d8b")
ARCHIVE_END = bytes.fromhex("8f8b8d8b")


def record(kind: int, value: int, flag: int = 0x8000) -> bytes:
    form = {2: "<B", 7: "<I", 8: "<Q", 9: "<q", 10: "<B"}[kind]
    return struct.pack("<HH", kind | flag, 1) + struct.pack(form, value)


def opening(kind: int) -> bytes:
    return struct.pack("<HH", kind, 1)


def closing(kind: int) -> bytes:
    return struct.pack("<H", kind ^ 0xFFFF)


def p1(major: int, minor: int, closed: bool = True) -> bytes:
    """The device struct of 7.0 to 8.4; 7.x opens one struct and closes none."""
    numbers = [(7, major), (7, minor), (7, 921600), (7, 12750), (7, 64), (8, 262144), (8, 49152), (8, 65536), (8, 512),
               (7, 1), (10, 1), (7, 1024), (7, 2**31 - 1), (7, 65535), (7, 65535)]  # fmt: skip
    values = b"".join(record(*one, flag=0x8000 if closed else 0) for one in numbers)
    if not closed:
        return opening(0x21) + values
    tail = record(9, 4155342848) + record(7, 134217728)
    return opening(0x8012) + opening(0x8010) + values + tail + closing(0x8010)


def flatbuffer(name: bytes, major: int, minor: int) -> bytes:
    """TensorRT 5.0.2.6's engine: root fields 1 (version) and 2 (device)."""
    # Root at 40 with its vtable at 14; the version table at 80 (vtable 60), the device at 160 (vtable 120).
    data = bytearray(400)
    struct.pack_into("<QI", data, 0, len(data), 32)
    struct.pack_into("<HHHHH", data, 14, 10, 12, 0, 4, 8)
    struct.pack_into("<iII", data, 40, 40 - 14, 80 - 44, 160 - 48)
    struct.pack_into("<HHHHHH", data, 60, 12, 16, 4, 0, 8, 12)
    struct.pack_into("<iiii", data, 80, 80 - 60, 5, 2, 6)
    struct.pack_into("<11H", data, 120, 22, 36, 4, 8, 12, 16, 20, 24, 0, 0, 28)
    struct.pack_into("<iIiiiiii", data, 160, 160 - 120, 240 - 164, major, minor, 1522000, 850000, 3072, 80)
    struct.pack_into(f"<I{len(name)}s", data, 240, len(name), name)
    return bytes(data)


def p2(major: int, minor: int, sms: int = 28, memory: int = 12 << 30) -> bytes:
    """The device struct of 8.5 to 10.6."""
    numbers = [
        (7, major),
        (7, minor),
        (7, 1837000),
        (7, 7501000),
        (7, 192),
        (8, 2359296),
        (8, 1622016),
        (7, 49152),
        (7, 102400),
        (7, 512),
        (7, sms),
        (10, 0),
        (7, 1024),
        (7, 2**31 - 1),
        (7, 65535),
        (7, 65535),
        (9, memory),
    ]
    return opening(0x8012) + opening(0x8010) + b"".join(record(*one) for one in numbers) + closing(0x8010)


def p3(major: int, minor: int) -> bytes:
    """The device struct of 10.9 and later."""
    numbers = [
        (9, 12 << 30),
        (8, 2359296),
        (8, 1622016),
        (7, 1807000),
        (7, 7501000),
        (7, 192),
        (7, 49152),
        (7, 102400),
        (7, 28),
        (7, 0),
        (7, 1024),
        (7, 1024),
        (7, major),
        (7, minor),
        (7, 512),
    ]
    return opening(0x8012) + opening(0x8010) + b"".join(record(*one) for one in numbers) + closing(0x8010)


def archive(
    version: tuple[int, int, int, int], device: bytes, level: int | None = 0, layout: str = "C", tag: int = 236
) -> bytes:
    """An engine's archive; ``level`` None leaves the hardware compatibility level out, as before 8.6."""
    body = b"".join(record(2, one) for one in version)
    if level is not None:
        body += opening(0x80E5) + record(7, level)
    body += device + bytes(64) + ARCHIVE_END
    if layout == "A":  # 7.x: types without their flag
        body = b"".join(record(2, one, 0) for one in version) + device + bytes(64)
        return b"ptrt" + struct.pack("<IIQI", tag, 211, len(body), 0x12345678) + body
    if layout == "B":
        return b"ptrt" + struct.pack("<IIIQ", tag, 256, 0x12345678, len(body)) + body
    if layout == "C":
        return b"ptrt" + struct.pack("<IIIQ", 0, tag, 0, len(body)) + body
    return b"ptrt" + struct.pack("<IQI", tag, len(body), 0) + body


def plan(
    version: tuple[int, int, int, int], inner: bytes, pad: bytes = bytes(4), more: tuple[bytes, ...] = ()
) -> bytes:
    """The container; ``more`` names further sections (as four letters), each of 16 bytes."""
    count = 1 + len(more)
    offset = 32 + 24 * count
    table = struct.pack("<4sIQQ", b"NGNE", 0, offset, len(inner))
    body = inner
    for name in more:
        body += bytes(-len(body) % 8)
        table += struct.pack("<4sIQQ", name[::-1], 0, offset + len(body), 16)
        body += bytes(16)
    body += bytes(-(offset + len(body)) % 8) + PLAN_END
    head = b"ftrt" + struct.pack("<IIIQ", 0, count, 0, offset + len(body)) + bytes(version) + pad
    return head + table + body


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def message(number: int, body: bytes) -> bytes:
    """A length-delimited field of a protocol buffer."""
    length = len(body)
    out = bytes([number << 3 | 2])
    while length > 127:
        out, length = out + bytes([length & 127 | 128]), length >> 7
    return out + bytes([length]) + body


def lines(*parts: str) -> bytes:
    return "\n".join((*parts, "")).encode()
