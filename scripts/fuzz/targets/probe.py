"""What the probe reads of a system: libraries, the loader's cache, records of installed packages."""

import struct

from scripts.fuzz.mutate import words
from scripts.fuzz.target import Files, Memory, Target


def _elf(data: bytes) -> object:
    from compat.probe.binary.elf import Elf, parse
    from compat.probe.binary.fatbin import read_fatbins

    source = Memory(data)
    found = parse(source.read, len(data))
    return (found, read_fatbins(source.read, found)) if isinstance(found, Elf) else found


def _elf_seeds() -> list[bytes]:
    from tests.probe import elf_bytes, elfimage

    fatbin = struct.pack("<IHHQ", 0xBA55ED50, 1, 16, 64) + struct.pack("<HHIQ", 2, 0x101, 64, 0) + bytes(48)
    notes = elf_bytes.note("GNU", b"\x01" * 20, 3) + elf_bytes.note("NVIDIA Corporation", b"580.95.05\0")
    strings = b"\0libcudart.so.12\0$ORIGIN/../lib\0"
    table = elf_bytes.dynamic([(1, 1), (29, 17), (5, 0), (10, len(strings))])
    return [
        elfimage.shared_object("libcudnn.so.9", defines=("libcudnn.so.9", "GLIBC_2.34")),
        elfimage.shared_object(None, "aarch64", sections={".note.cuda": (7, elfimage.note("NVIDIA", b"1"))}),
        elfimage.kernel_module("580.95.05", "Dual MIT/GPL"),
        *(
            elf_bytes.elf([(".nv_fatbin", 1, fatbin), (".note", 7, notes), (".dynamic", 6, table)], bits, order)
            for bits in (64, 32)
            for order in "<>"
        ),
    ]


def _ldcache(data: bytes) -> object:
    from compat.probe.binary.ldcache import parse

    return parse(data)


def _ldcache_seeds() -> list[bytes]:
    strings = b"libcuda.so.1\0/usr/lib/x86_64-linux-gnu/libcuda.so.1\0x86-64-v3\0"
    start = 48 + 24
    extension = start + len(strings) + -(start + len(strings)) % 4
    new = b"glibc-ld.so.cache1.1" + struct.pack("<IIB3xI12x", 1, len(strings), 2, extension)
    new += (
        struct.pack("<iIIIQ", 0x303, start, start + 13, 0, 1 << 62) + strings + bytes(extension - start - len(strings))
    )
    new += struct.pack("<IIIIIII", 0xEAA42174, 1, 1, 0, extension + 24, 4, start + 52)
    old = b"ld.so-1.7.0\0" + struct.pack("<IiII", 1, 0x303, 0, 13) + strings
    return [new, old]


def _recorded(path: str) -> object:
    """The record of an installed distribution, and its headers."""
    from compat.probe.host import Host
    from compat.probe.layers.distributions import find
    from compat.probe.layers.integrity import record

    folder = path.rpartition("/")[0]
    with open(f"{folder}/METADATA", "wb") as file, open(path, "rb") as source:
        file.write(source.read())
    host = Host()
    return [record(host, one) for one in find(host, [folder.rpartition("/")[0]]).found]


def _rpm(data: bytes) -> object:
    from compat.probe.rpm import Malformed, packages

    try:
        return packages(Memory(data).read, len)
    except Malformed:
        return None


def _rpm_seeds() -> list[bytes]:
    import tempfile
    from pathlib import Path

    from tests.probe import rpmdb

    many = [(f"cuda-part-{number}", "12.4", "1") for number in range(9)]
    seeds = []
    with tempfile.TemporaryDirectory() as folder:
        for number, filling in enumerate((0, 2000)):
            path = Path(folder) / f"{number}.sqlite"
            rpmdb.write(path, many, filling, 512)
            seeds.append(path.read_bytes())
    return seeds


TARGETS = (
    Target("elf", _elf_seeds, _elf, long=False),
    Target("ld-cache", _ldcache_seeds, _ldcache, long=False),
    Target("rpm-database", _rpm_seeds, _rpm, long=False),
    Target(
        "record",
        lambda: [b"Name: torch\nVersion: 2.6.0\n\ntorch/lib/libtorch.so,sha256=abc,12\ntorch/a.so,,\n"],
        Files("torch-2.6.0.dist-info/RECORD", {}, _recorded),
        words(",", ".so", "sha256=", '"', "../"),
        long=False,
    ),
)
