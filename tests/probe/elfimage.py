"""Makes small ELF files byte by byte, so that tests need no compiler and may be of any architecture."""

import struct

MACHINES = {"x86_64": 62, "aarch64": 183, "arm": 40}


def note(name: str, desc: bytes) -> bytes:
    """A note of type 0: sizes, name and description padded to four bytes."""
    padded = name.encode() + b"\0"
    header = struct.pack("<III", len(padded), len(desc), 0)
    return header + padded.ljust(-(-len(padded) // 4) * 4, b"\0") + desc.ljust(-(-len(desc) // 4) * 4, b"\0")


def shared_object(
    soname: str | None = None,
    machine: str = "x86_64",
    defines: tuple[str, ...] = (),
    sections: dict[str, tuple[int, bytes]] | None = None,
    kind: int = 3,
    pad: int = 0,
) -> bytes:
    """A 64-bit ELF file whose addresses are its offsets.

    `defines` are symbol versions (verdef), `sections` map a name to its type (1 PROGBITS, 7 NOTE) and content, `pad`
    makes the file at least that many bytes long.
    """
    strings = b"\0"

    def text(value: str) -> int:
        nonlocal strings
        strings += value.encode() + b"\0"
        return len(strings) - len(value) - 1

    entries: list[tuple[int, int]] = [] if soname is None else [(14, text(soname))]
    names = [text(name) for name in defines]
    body = bytearray(64 + 2 * 56)

    def place(data: bytes) -> int:
        body.extend(b"\0" * (-len(body) % 8))
        body.extend(data)
        return len(body) - len(data)

    if names:
        records = b"".join(
            struct.pack("<HHHHIII", 1, 0, index, 1, 0, 20, 28 if index < len(names) else 0)
            + struct.pack("<II", name, 0)
            for index, name in enumerate(names, 1)
        )
        entries += [(0x6FFFFFFC, place(records)), (0x6FFFFFFD, len(names))]
    entries += [(5, place(strings)), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *entry) for entry in entries)
    dynamic_place = place(dynamic)
    heads = [(0, 0, 0, 0)]
    table = b"\0"
    for name, (section_kind, data) in (sections or {}).items():
        heads.append((len(table), section_kind, place(data), len(data)))
        table += name.encode() + b"\0"
    heads.append((len(table), 3, 0, 0))
    table += b".shstrtab\0"
    heads[-1] = (heads[-1][0], 3, place(table), len(table))
    place(b"\0" * max(0, pad - len(body)))
    section_place = place(
        b"".join(struct.pack("<IIQQQQIIQQ", n, k, 0, offset, offset, size, 0, 0, 4, 0) for n, k, offset, size in heads)
    )
    ident = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    head = struct.pack(
        "<HHIQQQIHHHHHH", kind, MACHINES[machine], 1, 0, 64, section_place, 0, 64, 56, 2, 64, len(heads), len(heads) - 1
    )
    body[:64] = ident + head
    body[64:176] = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, len(body), len(body), 4096) + struct.pack(
        "<IIQQQQQQ", 2, 6, dynamic_place, dynamic_place, dynamic_place, len(dynamic), len(dynamic), 8
    )
    return bytes(body)


def kernel_module(version: str, license_name: str, signature: bytes | None = None) -> bytes:
    """A module with its .modinfo and, behind it, a signature in the kernel's framing."""
    modinfo = f"version={version}\0license={license_name}\0name=nvidia\0".encode()
    data = shared_object(kind=1, sections={".modinfo": (1, modinfo)})
    if signature is None:
        return data
    return data + signature + b"\0" * 8 + len(signature).to_bytes(4, "big") + b"~Module signature appended~\n"


def der(tag: int, *parts: bytes) -> bytes:
    """One DER value."""
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body


def distinguished_name(common: str) -> bytes:
    return der(0x30, der(0x31, der(0x30, b"\x06\x03\x55\x04\x03", der(0x0C, common.encode()))))


def pkcs7(common: str, serial: bytes) -> bytes:
    """A PKCS#7 signature as sign-file writes it: no certificates, one signer by issuer and serial number."""
    signer = der(
        0x30,
        der(0x02, b"\x01"),
        der(0x30, distinguished_name(common), der(0x02, serial)),
        der(0x30, b"\x06\x01\x2a"),
        der(0x04, b"\x5a" * 200),
    )
    content = der(
        0x30, der(0x02, b"\x01"), der(0x31, der(0x30, b"\x06\x01\x2a")), der(0x30, b"\x06\x01\x2a"), der(0x31, signer)
    )
    return der(0x30, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", der(0xA0, content))


def certificate(common: str, serial: bytes) -> bytes:
    """The beginning of an X.509 certificate: enough of one for its serial number and issuer to be found."""
    return der(0x30, der(0x30, der(0x02, serial), der(0x30, b"\x06\x01\x2a"), distinguished_name(common)))
