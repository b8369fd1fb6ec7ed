"""What kind of copy of a driver library lies in a file: the driver's own, a compat package's, or a stub.

The compat note (`.note.cuda.fwd_compatibility`) is JSON: the CUDA version of the library, and, except on
Jetson, the driver branches and device generations that it serves. Its keys and NVIDIA's own way of using
it are public in NVIDIA/nvidia-container-toolkit, cmd/nvidia-cdi-hook/cudacompat (read 2026-11-22): a branch
list decides where there is one; without one the library serves if its CUDA is newer than the driver's.
"""

from __future__ import annotations

import re
from collections import Counter

from compat.probe.binary.elf import Broken, Elf, Read
from compat.probe.host import Host
from compat.records import dataclass

COMPAT_SECTION = ".note.cuda.fwd_compatibility"

STUB_SIZE_LIMIT = 1 << 20
"""Largest stub in bytes. The stubs of CUDA 11.8 have 62 kB (libcuda) and 47 kB (libnvidia-ml), the real ones
of driver 535 29 MB and 1.9 MB; WSL's real ones are small too (130 to 200 kB) but load the rest themselves."""

_OWNER = "NVIDIA Corporation"
_STUBBED = ("libcuda.so.1", "libnvidia-ml.so.1")
_REAL_IMPORTS = (b"\0dlopen\0", b"\0ioctl\0")
_STRINGS_LIMIT = 256 << 10
_SCAN_PIECE, _SCAN_LIMIT = 512 << 10, 8 << 20
_NAME_VERSION = re.compile(r"\.so\.(\d+(?:\.\d+)+)$")
_DRIVER_VERSION = re.compile(rb"(?:\.so\.|\0|\0\d\d\.)(\d{3}\.\d{2,3}(?:\.\d{2,3})?)(?=\0)")


@dataclass(frozen=True, slots=True)
class CompatNote:
    """What a compat libcuda says of itself; None where the note leaves it out, as Jetson's does."""

    cuda: str | None
    drivers: tuple[int, ...] | None
    devices: tuple[int, ...] | None


def compat_note(elf: Elf) -> CompatNote | Broken | None:
    """The compat note of a library; None where it has none, as the driver's own libcuda of 535 to 555."""
    places = (COMPAT_SECTION, "")  # the second where the section headers are stripped
    note = next((note for note in elf.notes if note.name == _OWNER and note.section in places), None)
    if note is None or not note.desc.strip(b"\0"):
        return None
    import json

    try:
        document = json.loads(note.desc.strip(b"\0"))
    except (ValueError, RecursionError):
        return Broken("its compat note is not JSON")
    if not isinstance(document, dict):
        return Broken("its compat note is not a table")
    fields = {str(key).lower(): value for key, value in document.items()}
    cuda = fields.get("cuda version")
    return CompatNote(
        cuda if isinstance(cuda, str) else None, _integers(fields.get("driver")), _integers(fields.get("device"))
    )


def is_stub(read: Read, elf: Elf) -> bool | None:
    """Whether this is a toolkit's stub of a driver library: small, and able neither to load nor to ask a driver.

    None where its strings cannot be read.
    """
    if elf.soname not in _STUBBED or elf.size > STUB_SIZE_LIMIT:
        return False
    strings = elf.section(".dynstr")
    if strings is None or strings.size > _STRINGS_LIMIT:
        return None
    data = read(strings.offset, strings.size)
    if len(data) < strings.size:
        return None
    return not any(name in data for name in _REAL_IMPORTS)


def version_of_name(name: str) -> str | None:
    """The version that a file name tells: "libcuda.so.580.95.05" -> "580.95.05"; None for a mere soname.

    The "1.1" of libcuda.so.1.1 on Jetson and WSL is no version.
    """
    match = _NAME_VERSION.search(name)
    return match[1] if match and not (name.startswith("libcuda.so.") and match[1] == "1.1") else None


def version_of_file(host: Host, path: str) -> str | None:
    """The version that a library's name tells once links are followed."""
    real = host.realpath(path)
    return version_of_name(real.rpartition("/")[2]) if isinstance(real, str) else None


def driver_version(read: Read, elf: Elf) -> str | None:
    """The driver release inside a libcuda or libnvidia-ml whose name does not tell it; None if none is found.

    Driver libraries name their siblings by full version ("libnvidia-pkcs11.so.535.309.01"), towards the end
    of their read-only data (seen in driver 535); the commonest such version in the last megabytes counts.
    """
    strings = elf.section(".rodata")
    if strings is None:
        return None
    end, stop = strings.offset + strings.size, max(strings.offset, strings.offset + strings.size - _SCAN_LIMIT)
    while end > stop:
        start = max(stop, end - _SCAN_PIECE)
        found = Counter(_DRIVER_VERSION.findall(read(start, end - start)))
        if found:
            return str(found.most_common(1)[0][0], "ascii")
        end = start + 64 if start > stop else stop  # a little overlap, for a string across the border
    return None


def _integers(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(number for number in value if type(number) is int)
