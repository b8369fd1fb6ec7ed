"""Layer: the libcuda.so.1 that the loader finds, and the user-mode driver's release.

NVIDIA names the driver's libraries after its release (libcuda.so.580.95.05), which is what the links lead to. A
library of a cuda-compat package is of another release than the driver. Its note is no sign of it: the driver's own
libcuda of 580.159.04 carries the same note as the compat package of 580.95.05 (measured on an H200, 2026-11-22), that
of 535.309.01 carries none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compat.probe.binary.elf import Elf, parse
from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.loading.search import resolve

if TYPE_CHECKING:
    from compat.probe.nvml import Answer

WHERE = {
    "libcuda.version": "the file name that libcuda.so.1 leads to, else the release in the file",
    "libcuda.path": "the loader's search: LD_LIBRARY_PATH, ld.so.cache, defaults",
    "libcuda.compat": "the folder; where that and the release are not the driver's, the note "
    ".note.cuda.fwd_compatibility",
    "libcuda.compat_drivers": "the ELF note .note.cuda.fwd_compatibility",
    "libcuda.stub": "a libcuda without the driver's symbols, folder stubs",
    "driver.version": "the file that libcuda.so.1 or libnvidia-ml.so.1 leads to, else NVML",
    "driver.cuda": "NVML, else the matrix by driver branch",
    "loader_configuration": "/etc/ld.so.conf.d, where the cache gives a libcuda that is not the driver's",
}

SONAME = "libcuda.so.1"
CONFIGURATION = "/etc/ld.so.conf.d"
BY_CACHE = "ld.so.cache"
"""How the loader's answer says that it comes from the cache."""

NVML = "libnvidia-ml.so.1"

_COMPAT_FOLDERS = ("compat", "cuda-compat", "compat_orin")
_STUB_FOLDER = "stubs"
_DRIVER_FOLDERS = ("tegra", "nvidia", "wsl")
_SYSTEM_FOLDER = re.compile(r"(?:/usr)?/lib(?:64|32|/\w+-linux-gnu)?")
"""A container of which only "compute" is asked has libcuda there and no NVML beside it."""


def read(host: Host, so_far: Reading) -> Reading:
    """libcuda, driver.version, driver.cuda (if NVML was asked); missing_libraries where there is no libcuda."""
    found = Reading()
    if so_far.get("os") != "linux":
        _driver_of_windows(so_far, found)
        return found
    resolution = resolve(host, so_far, found, SONAME)
    path = resolution.path
    running = host.native or so_far.get("driver.kernel_module_version") is not None
    if running and path is None:  # an image gets its libcuda only when it is started
        found.put("missing_libraries", (SONAME,), f"loader: {resolution.why}")
    real = host.realpath(path) if path else None
    if path and isinstance(real, str):
        _describe(host, so_far, found, path, real)
        found.sources["libcuda.path"] = f"loader: {resolution.why}"
        if resolution.why == BY_CACHE and (found.get("libcuda.compat") or found.get("libcuda.stub")):
            _configuration(host, found, path.rpartition("/")[0])
    _driver(host, so_far, found, real if isinstance(real, str) else "")
    return found


def _describe(host: Host, so_far: Reading, found: Reading, path: str, real: str) -> None:
    from compat.probe.binary import driverlib

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
    own = version is not None and version == so_far.get("driver.kernel_module_version")
    compat = not stub and (_has_compat_name(folder) or (note is not None and not own and not _is_drivers(host, folder)))
    found.put("libcuda.path", path, "loader")
    found.put("libcuda.stub", stub, real)
    found.put("libcuda.compat", compat, real)
    found.put("libcuda.version", None if stub else version, real)
    if compat and isinstance(note, driverlib.CompatNote) and note.drivers is not None:
        branches = tuple(str(branch) for branch in note.drivers)
        found.put("libcuda.compat_drivers", branches, f"{real} {driverlib.COMPAT_SECTION}")


def _configuration(host: Host, found: Reading, folder: str) -> None:
    """Which file of the loader's configuration names the folder of a libcuda that is not the driver's."""
    for name in host.listdir(CONFIGURATION):
        text = host.read_text(f"{CONFIGURATION}/{name}", 1 << 16)
        if isinstance(text, str) and folder in (line.strip().rstrip("/") for line in text.splitlines()):
            found.put("loader_configuration", name, f"{CONFIGURATION}/{name}")
            return


def _has_compat_name(folder: str) -> bool:
    return any(name in folder.split("/") for name in _COMPAT_FOLDERS)


def _is_drivers(host: Host, folder: str) -> bool:
    """Is it a folder that the driver's libraries are installed or mounted in? NVML is one of them."""
    parts = folder.split("/")
    named = any(name in parts for name in _DRIVER_FOLDERS) or _SYSTEM_FOLDER.fullmatch(folder) is not None
    return named or host.exists(f"{folder}/{NVML}")


def _driver(host: Host, so_far: Reading, found: Reading, libcuda: str) -> None:
    """The release of the driver's libraries: by the file name of libcuda or NVML, else in NVML's own words."""
    from compat.probe.binary.driverlib import version_of_file

    answer: Answer | None = so_far.aside.get("nvml")
    compat = bool(found.get("libcuda.compat"))
    if answer is not None and not compat:  # else its CUDA is that of the compat library
        found.put("driver.cuda", answer.cuda, "NVML")
    if found.get("libcuda.version") and not compat:
        found.put("driver.version", found.get("libcuda.version"), libcuda)
        return
    path = resolve(host, so_far, found, NVML).path
    version = version_of_file(host, path) if path else None
    if path and version:
        found.put("driver.version", version, str(host.realpath(path)))
    elif answer is not None:
        found.put("driver.version", answer.driver, "NVML")


def _driver_of_windows(so_far: Reading, found: Reading) -> None:
    answer: Answer | None = so_far.aside.get("nvml")
    if answer is not None:
        found.put("driver.version", answer.driver, "NVML")
        found.put("driver.cuda", answer.cuda, "NVML")
