"""Layer: the operating system, its kernel, its C library and its C++ library."""

from __future__ import annotations

import os
import re
import sys

from compat.probe.binary.elf import Elf, read_elf
from compat.probe.host import Host
from compat.probe.layer import Reading

WHERE = {
    "os": "/etc/os-release, else uname; on Windows getwindowsversion",
    "arch": "uname; below --root the ELF header of its programs or loader; on Windows PROCESSOR_ARCHITECTURE",
    "distribution": "/etc/os-release; on Windows getwindowsversion",
    "distribution_version": "/etc/os-release; on Windows getwindowsversion",
    "glibc": "the file name of libc.so.6 or the text that it carries",
    "kernel": "/proc/sys/kernel/osrelease, /proc/version, uname",
}

OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
"""In the order of os-release(5)."""

OSRELEASE = "/proc/sys/kernel/osrelease"

_KNOWN_ARCHITECTURES = ("x86_64", "aarch64")
_ALIASES = {"amd64": "x86_64", "arm64": "aarch64"}

_PROGRAMS = ("/usr/bin/env", "/bin/sh", "/usr/bin/python3", "/sbin/init", "/bin/busybox")

_LOADERS = (
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    "/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1",
)
_LIBC = (
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
    "/lib/libc.so.6",
)
_C_LIBRARY_LIMIT = 8 << 20
# glibc prints this line when its loader or libc.so.6 is run as a program (csu/version.c, elf/rtld.c).
_BANNER = b" release version "  # "stable release version 2.36.", or "development ..."; found faster than a pattern is


def read(host: Host, so_far: Reading) -> Reading:
    """os, distribution, arch, kernel, glibc."""
    found = Reading()
    if sys.platform == "win32" and host.native:
        _windows(host, found)
        return found
    _distribution(host, found)
    _kernel(host, found)
    _architecture(host, found)
    _glibc(host, found)
    return found


def _windows(host: Host, found: Reading) -> None:
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        # Windows 11 still calls itself 10.0; its builds begin at 22000.
        release = "11" if version.build >= 22000 else str(version.major)
        found.put("os", "windows", "getwindowsversion")
        found.put("distribution", "windows", "getwindowsversion")
        found.put("distribution_version", release, "getwindowsversion")
        machine = host.environ.get("PROCESSOR_ARCHITECTURE", "").lower()
        found.put("arch", _ALIASES.get(machine), "PROCESSOR_ARCHITECTURE")


def _distribution(host: Host, found: Reading) -> None:
    for path in OS_RELEASE:
        text = host.read_text(path, 1 << 16)
        if isinstance(text, str):
            entries = os_release(text)
            found.put("distribution", entries.get("ID"), path)
            found.put("distribution_version", entries.get("VERSION_ID"), path)
            found.put("os", "linux", path)
            return
    if host.native:
        name = {"linux": "linux", "darwin": "macos"}.get(sys.platform)
        found.put("os", name, "uname")
    elif any(host.is_dir(path) for path in ("/lib", "/proc", "/usr/lib")):
        found.put("os", "linux", "/lib")


def os_release(text: str) -> dict[str, str]:
    """The assignments of an os-release file; quotes and backslashes as its manual page has them."""
    entries: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value[1:-1]
        if value:
            entries[name] = value
    return entries


def _kernel(host: Host, found: Reading) -> None:
    text = host.read_text(OSRELEASE, 4096)
    if isinstance(text, str) and text.strip():
        found.put("kernel", text.strip(), OSRELEASE)
        return
    banner = host.read_text("/proc/version", 4096)
    words = banner.split() if isinstance(banner, str) else []
    if words[:2] == ["Linux", "version"] and len(words) > 2:
        found.put("kernel", words[2], "/proc/version")
    elif host.native:
        found.put("kernel", os.uname().release, "uname")


def _architecture(host: Host, found: Reading) -> None:
    if host.native:
        machine, source = os.uname().machine, "uname"
    else:
        machine, source = _program_architecture(host)
    machine = _ALIASES.get(machine, machine)
    found.put("arch", machine if machine in _KNOWN_ARCHITECTURES else None, source)


def _program_architecture(host: Host) -> tuple[str, str]:
    """What the programs of another root are made for: the root need not be of this machine's kind."""
    for path in _PROGRAMS + _LOADERS:
        program = read_elf(host, path)
        if isinstance(program, Elf):
            return program.machine, path
    return "", ""


def _glibc(host: Host, found: Reading) -> None:
    """From the file's name (before 2.34), else from the text that the loader or the library would print."""
    for path in _LIBC:
        real = host.realpath(path)
        named = re.search(r"/libc-(2\.\d+)\.so$", real) if isinstance(real, str) else None
        if named:
            found.put("glibc", named.group(1), str(real))
            return
    for path in _LOADERS + _LIBC:
        data = host.read_bytes(path, _C_LIBRARY_LIMIT) if host.is_file(path) else None
        at = data.find(_BANNER) if isinstance(data, bytes) else -1
        printed = re.match(rb"2\.\d+", data[at + len(_BANNER) :][:16]) if isinstance(data, bytes) and at >= 0 else None
        if printed:
            found.put("glibc", printed.group().decode("ascii"), path)
            return
