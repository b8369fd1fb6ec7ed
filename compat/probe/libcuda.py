"""Layer: the libcuda.so.1 that the loader finds, and the user-mode driver's release.

NVIDIA names the driver's libraries after its release (libcuda.so.580.95.05), which is what the links lead to. A
library of a cuda-compat package is of another release than the driver and says in an ELF note, as JSON, which driver
branches it serves (nvidia-container-toolkit, cuda-elf-header.go).
"""

from __future__ import annotations

from compat.probe.elf import Elf, read_elf
from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.search import resolve, version_in_name

SONAME = "libcuda.so.1"
NOTE = ".note.cuda.fwd_compatibility"

_COMPAT_FOLDERS = ("compat", "cuda-compat", "compat_orin")
_STUB_FOLDER = "stubs"
# The driver's own library has more than ten megabytes, the toolkit's stub about a hundred kilobytes.
_STUB_SIZE = 1 << 20
_SHIM_FOLDERS = ("wsl", "tegra", "nvidia")
"""Where libcuda may be small and without a release in its name: WSL 2 and Jetson."""


def read(host: Host, so_far: Reading) -> Reading:
    """libcuda, driver.version."""
    from compat.probe.loader import NOT_FOUND

    found = Reading()
    if so_far.get("os") != "linux":
        return found
    resolution = resolve(host, so_far, found, SONAME)
    path = resolution.path
    if host.native and resolution.why == NOT_FOUND:  # an image gets its libcuda only when it is started
        found.put("missing_libraries", (SONAME,), "loader")
    real = host.realpath(path) if path else None
    library = read_elf(host, path) if path else None
    if path and isinstance(real, str) and isinstance(library, Elf):
        _describe(host, found, path, real, library)
    _driver(host, so_far, found, real if isinstance(real, str) else "")
    return found


def _describe(host: Host, found: Reading, path: str, real: str, library: Elf) -> None:
    folders = real.split("/")[:-1]
    unnamed = version_in_name(real) is None
    shim = any(name in folders for name in _SHIM_FOLDERS)
    stub = _STUB_FOLDER in folders or (unnamed and library.size < _STUB_SIZE and not shim)
    note = next((note for note in library.notes if note.section == NOTE), None)
    compat = not stub and (
        any(name in _COMPAT_FOLDERS for name in folders)
        # A driver's folder has NVML beside libcuda, a cuda-compat package never has.
        or (note is not None and not shim and not host.exists(f"{real.rpartition('/')[0]}/libnvidia-ml.so.1"))
    )
    found.put("libcuda.path", path, "loader")
    found.put("libcuda.stub", stub, real)
    found.put("libcuda.compat", compat, real)
    found.put("libcuda.version", None if stub else version_in_name(real), real)
    if compat and note:
        found.put("libcuda.compat_drivers", drivers_of_note(note.desc), f"{real} {NOTE}")


def drivers_of_note(desc: bytes) -> tuple[str, ...] | None:
    """The driver branches that the note names; None where it names none (Jetson's) or makes no sense."""
    import json

    try:
        told = json.loads(desc.rstrip(b"\0"))
        return tuple(str(int(branch)) for branch in told["driver"])
    except (ValueError, TypeError, KeyError):
        return None


def _driver(host: Host, so_far: Reading, found: Reading, libcuda: str) -> None:
    """The release of the driver's libraries: by the file name of libcuda or NVML, else in NVML's own words."""
    if found.get("libcuda.version") and not found.get("libcuda.compat"):
        found.put("driver.version", found.get("libcuda.version"), libcuda)
        return
    path = resolve(host, so_far, found, "libnvidia-ml.so.1").path
    real = host.realpath(path) if path else None
    if isinstance(real, str) and version_in_name(real):
        found.put("driver.version", version_in_name(real), real)
        return
    answer = so_far.aside.get("nvml")
    if answer is not None:
        found.put("driver.version", answer.driver, "NVML")
