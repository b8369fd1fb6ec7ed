"""Layer: the libcuda.so.1 that the loader finds, and the user-mode driver's release.

NVIDIA names the driver's libraries after its release (libcuda.so.580.95.05), which is what the links lead to. A
library of a cuda-compat package is of another release than the driver; `driverlib` tells what lies in a file.
"""

from __future__ import annotations

from compat.probe.elf import Elf, parse
from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.search import resolve

SONAME = "libcuda.so.1"
NVML = "libnvidia-ml.so.1"

_COMPAT_FOLDERS = ("compat", "cuda-compat", "compat_orin")
_STUB_FOLDER = "stubs"
_DRIVER_FOLDERS = ("tegra", "nvidia", "wsl")
"""Where Jetson and WSL 2 keep their driver's libcuda, which has no NVML beside it on Jetson before JetPack 6."""


def read(host: Host, so_far: Reading) -> Reading:
    """libcuda, driver.version; missing_libraries where this machine has no libcuda."""
    from compat.probe.loader import NOT_FOUND

    found = Reading()
    if so_far.get("os") != "linux":
        return found
    resolution = resolve(host, so_far, found, SONAME)
    path = resolution.path
    if host.native and resolution.why == NOT_FOUND:  # an image gets its libcuda only when it is started
        found.put("missing_libraries", (SONAME,), "loader")
    real = host.realpath(path) if path else None
    if path and isinstance(real, str):
        _describe(host, found, path, real)
    _driver(host, so_far, found, real if isinstance(real, str) else "")
    return found


def _describe(host: Host, found: Reading, path: str, real: str) -> None:
    from compat.probe import driverlib

    reader = host.open_at(path)
    if not reader:
        return
    with reader:
        library = parse(reader.read, reader.size)
        if not isinstance(library, Elf):
            return
        folder, _, name = real.rpartition("/")
        stub = _STUB_FOLDER in folder.split("/") or driverlib.is_stub(reader.read, library)
        version = driverlib.version_of_name(name) or driverlib.driver_version(reader.read, library)
    note = driverlib.compat_note(library)
    compat = not stub and _is_compat(host, folder, has_note=note is not None)
    found.put("libcuda.path", path, "loader")
    found.put("libcuda.stub", stub, real)
    found.put("libcuda.compat", compat, real)
    found.put("libcuda.version", None if stub else version, real)
    if compat and isinstance(note, driverlib.CompatNote) and note.drivers is not None:
        branches = tuple(str(branch) for branch in note.drivers)
        found.put("libcuda.compat_drivers", branches, f"{real} {driverlib.COMPAT_SECTION}")


def _is_compat(host: Host, folder: str, has_note: bool) -> bool:
    """By its folder, or by its note where it is not among the driver's own libraries, of which NVML is one."""
    parts = folder.split("/")
    if any(name in parts for name in _COMPAT_FOLDERS):
        return True
    return has_note and not any(name in parts for name in _DRIVER_FOLDERS) and not host.exists(f"{folder}/{NVML}")


def _driver(host: Host, so_far: Reading, found: Reading, libcuda: str) -> None:
    """The release of the driver's libraries: by the file name of libcuda or NVML, else in NVML's own words."""
    from compat.probe.driverlib import version_of_file

    if found.get("libcuda.version") and not found.get("libcuda.compat"):
        found.put("driver.version", found.get("libcuda.version"), libcuda)
        return
    path = resolve(host, so_far, found, NVML).path
    version = version_of_file(host, path) if path else None
    if path and version:
        found.put("driver.version", version, str(host.realpath(path)))
        return
    answer = so_far.aside.get("nvml")
    if answer is not None:
        found.put("driver.version", answer.driver, "NVML")
