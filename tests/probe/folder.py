"""A machine as a folder: what a test lays out below a temporary directory and reads through a Host."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

from elfimage import shared_object

from compat.machine import Machine
from compat.probe.assemble import read_machine
from compat.probe.host import Host

OPEN_580 = """NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder@U22)  Tue
GCC version:  gcc version 13.3.0 (Ubuntu 13.3.0-6ubuntu2~24.04)
"""
CLOSED_535 = """NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024
GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)
"""
DRIVER = {".dynstr": (3, b"\0dlopen\0ioctl\0")}
"""What a real driver library can do and the toolkit's stub cannot."""

SYSTEM_LAYERS = (
    "system", "nodes", "environment", "jetson", "variables", "gpus", "cxx", "driver", "libcuda", "fabric",
)  # fmt: skip


@dataclass
class Folder:
    """Builds the folder; every method may be called again for more."""

    top: Path
    environ: dict[str, str] = field(default_factory=dict)

    def file(self, path: str, content: str | bytes = "") -> "Folder":
        place = self.top / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def link(self, path: str, target: str) -> "Folder":
        place = self.top / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
        return self

    def program(self, path: str) -> "Folder":
        self.file(path, "#!")
        (self.top / path.lstrip("/")).chmod(0o755)
        return self

    def linux(self, distribution: str = "ubuntu", version: str = "22.04", kernel: str = "6.8.0-35-generic") -> "Folder":
        self.file("/etc/os-release", f'NAME="X"\nID={distribution}\nVERSION_ID="{version}"\n')
        self.file("/proc/sys/kernel/osrelease", kernel + "\n")
        self.file("/proc/version", f"Linux version {kernel} (builder@somewhere) #1 SMP\n")
        self.file("/usr/bin/env", shared_object())
        return self.file("/proc/modules", "ext4 1 0 - Live 0x0\n").file("/sys/module/ext4/refcnt", "1\n")

    def pci(self, address: str, device: str, kind: str = "30200", driver: str = "", vendor: str = "10DE") -> "Folder":
        lines = [f"DRIVER={driver}"] if driver else []
        lines += [f"PCI_CLASS={kind}", f"PCI_ID={vendor}:{device}", f"PCI_SLOT_NAME={address}"]
        return self.file(f"/sys/bus/pci/devices/{address}/uevent", "\n".join(lines) + "\n")

    def information(self, address: str, model: str, minor: int) -> "Folder":
        text = f"Model: \t\t {model}\nIRQ:   \t\t 92\nGPU UUID: \t GPU-00000000-1111-2222-3333-444444444444\n"
        return self.file(f"/proc/driver/nvidia/gpus/{address}/information", f"{text}Device Minor: \t {minor}\n")

    def loaded(self, version: str = OPEN_580, taint: str = "OE") -> "Folder":
        return self.file("/proc/driver/nvidia/version", version).file("/sys/module/nvidia/taint", taint + "\n")

    def nodes(self, *names: str) -> "Folder":
        for name in names:
            self.file(f"/dev/{name}")
        return self

    def library(self, path: str, soname: str, *links: str, **of: object) -> "Folder":
        self.file(path, shared_object(soname, **of))  # type: ignore[arg-type]
        for link in links:
            self.link(link, path.rpartition("/")[2])
        return self

    def cache(self, *paths: str) -> "Folder":
        """A loader's cache that lists these libraries by the last parts of their paths (x86_64)."""
        start, strings, entries = 48 + 24 * len(paths), b"", b""
        for path in paths:
            name = path.rpartition("/")[2].encode() + b"\0"
            places = start + len(strings), start + len(strings) + len(name)
            strings += name + path.encode() + b"\0"
            entries += struct.pack("<iIIIQ", 0x0303, *places, 0, 0)
        head = b"glibc-ld.so.cache1.1" + struct.pack("<II20x", len(paths), len(strings))
        return self.file("/etc/ld.so.cache", head + entries + strings)

    def driver_libraries(self, version: str, folder: str = "/usr/lib/x86_64-linux-gnu") -> "Folder":
        for name in ("libcuda", "libnvidia-ml"):
            self.library(f"{folder}/{name}.so.{version}", f"{name}.so.1", f"{folder}/{name}.so.1", sections=DRIVER)
        return self

    def host(self) -> Host:
        return Host(str(self.top), self.environ)

    def machine(self, **options: object) -> Machine:
        host = self.host()
        machine = read_machine(host, layers=SYSTEM_LAYERS, **options)  # type: ignore[arg-type]
        assert not [trouble for trouble in host.trouble if trouble.reason.startswith("failed")]
        return machine
