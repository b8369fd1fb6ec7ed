"""Layer: the kernel's side of the driver: which module holds the GPUs, its release, flavour and signature."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compat.probe.host import Host
from compat.probe.layer import Reading

if TYPE_CHECKING:
    from compat.probe.binary.kernel_module import Signer

WHERE = {
    "driver.kernel_module": "the driver of the PCI device, /proc/driver/nvidia/version, /sys/module/nvidia/taint, the "
    "licence of nvidia.ko, nvgpu",
    "driver.kernel_module_version": "/proc/driver/nvidia/version, /sys/module/nvidia/version; nvidia.ko where it is "
    "not loaded",
    "driver.kernel_module_loaded": "/proc/driver/nvidia/version, /sys/module/nvidia, /sys/module/nvgpu, /proc/modules",
    "driver.kernel_module_signed": "the signature behind nvidia.ko, /sys/module/nvidia/taint",
    "driver.signer_enrolled": "key identifiers of MokListRT and db in efivars against the module's signer",
}

VERSION = "/proc/driver/nvidia/version"
MODULE = "/sys/module/nvidia"
EFI_VARIABLES = "/sys/firmware/efi/efivars"
_MOK_LIST = re.compile(r"MokListRT\d*-605dab50-e046-4300-abb6-3dd810dd8b23")

# "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun ..." and, of the open modules,
# "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build ...".
_NVRM = re.compile(r"(?P<open>Open )?Kernel Module\s+(?:for \S+\s+)?(?P<version>\d+(?:\.\d+)+)")
_RELEASE = re.compile(r"\d+(?:\.\d+)+")
_OTHER = ("nouveau", "nova_core")
_LOAD_LIST = "/proc/modules"


def read(host: Host, so_far: Reading) -> Reading:
    """driver.kernel_module*, driver.signer_enrolled."""
    found = Reading()
    if so_far.get("os") != "linux":
        return found
    loaded = _loaded(host, so_far, found)
    other = _other_driver(so_far)
    if loaded:
        _running(host, found)
    elif other:
        found.put("driver.kernel_module", other[0], other[1])
        found.values.pop("driver.kernel_module_loaded", None)
    elif host.is_dir("/sys/module/nvgpu"):
        found.put("driver.kernel_module", "nvgpu", "/sys/module/nvgpu")
        found.put("driver.kernel_module_loaded", True, "/sys/module/nvgpu")
        return found
    if so_far.get("gpus") or loaded:
        _file(host, so_far, found, loaded=bool(loaded), other=bool(other))
    return found


def _loaded(host: Host, so_far: Reading, found: Reading) -> bool | None:
    """Is NVIDIA's module in this kernel? In WSL 2 it is Windows that has the driver: not asked."""
    for path in (VERSION, MODULE):
        if host.exists(path):
            found.put("driver.kernel_module_loaded", True, path)
            return True
    kinds = so_far.get("environment") or ()
    if "wsl2" in kinds:
        return None
    if "docker" in kinds and "/dev/nvidiactl" in (so_far.get("device_nodes") or ()):
        return None  # somebody gave it the node of a driver: gVisor shows the node and not the module
    if host.listdir("/sys/module") or isinstance(host.read_text(_LOAD_LIST, 1 << 20), str):
        found.put("driver.kernel_module_loaded", False, MODULE)
        return False
    return None


def _other_driver(so_far: Reading) -> tuple[str, str] | None:
    """The driver that holds the GPUs where it is not NVIDIA's, and where that was read."""
    bound: dict[str, str | None] = so_far.aside.get("bound", {})
    drivers = {driver: address for address, driver in bound.items() if driver}
    if "nvidia" in drivers or not drivers:
        return None
    name = next((known for known in _OTHER if known in drivers), min(drivers))
    return name, f"/sys/bus/pci/devices/{drivers[name]}/driver"


def _running(host: Host, found: Reading) -> None:
    """The module in the kernel: its own words, else what sysfs keeps of it."""
    text = host.read_text(VERSION, 1 << 16)
    match = _NVRM.search(text) if isinstance(text, str) else None
    taint = host.read_text(f"{MODULE}/taint", 4096)
    flags = taint.strip() if isinstance(taint, str) else None
    if match:
        found.put("driver.kernel_module_version", match["version"], VERSION)
        found.put("driver.kernel_module", "open" if match["open"] else "proprietary", VERSION)
    else:
        version = host.read_text(f"{MODULE}/version", 4096)
        if isinstance(version, str) and _RELEASE.fullmatch(version.strip()):
            found.put("driver.kernel_module_version", version.strip(), f"{MODULE}/version")
        if flags:  # an out-of-tree module always taints (O); P is for a licence that is not free
            found.put("driver.kernel_module", "proprietary" if "P" in flags else "open", f"{MODULE}/taint")
    if flags and "E" in flags:
        found.put("driver.kernel_module_signed", False, f"{MODULE}/taint")


def _file(host: Host, so_far: Reading, found: Reading, loaded: bool, other: bool) -> None:
    """The module on disk tells who signed it, and of a module that is not loaded what it is."""
    from compat.probe.binary import kernel_module

    kernel = so_far.get("kernel")
    path = kernel_module.find(host, kernel) if kernel else None
    if path is None:
        return
    # Of a module that runs only the signer is left to learn, which is worth no child process.
    module = kernel_module.read_module(host, path, run=not loaded)
    if not isinstance(module, kernel_module.Module):
        return
    if not loaded and not other:
        if module.version and _RELEASE.fullmatch(module.version):
            found.put("driver.kernel_module_version", module.version, path)
        if module.license:
            found.put("driver.kernel_module", "open" if "MIT" in module.license else "proprietary", path)
    if found.get("driver.kernel_module_signed") is None:
        found.put("driver.kernel_module_signed", module.signed, path)
    if module.signer:
        enrolled, source = _enrolled(host, module.signer)
        found.put("driver.signer_enrolled", enrolled, source)


def _enrolled(host: Host, signer: Signer) -> tuple[bool | None, str]:
    """Is the signer's certificate among the machine owner's keys (MokListRT), or one of the kernel's (/proc/keys)?

    True where it is in either list. False only where both could be read and it is in neither.
    """
    names = [name for name in host.listdir(EFI_VARIABLES) if _MOK_LIST.fullmatch(name)]
    lists = [host.read_bytes(f"{EFI_VARIABLES}/{name}", 1 << 20) for name in names]
    keys = b"".join(data for data in lists if isinstance(data, bytes))
    if signer.marks and all(mark in keys for mark in signer.marks):
        return True, f"{EFI_VARIABLES}/{names[0]}"
    kernel_keys = host.read_text("/proc/keys", 1 << 20)
    if not isinstance(kernel_keys, str) or "asymmetri" not in kernel_keys or not signer.name:
        return None, ""
    if signer.name in kernel_keys:
        return True, "/proc/keys"
    complete = bool(host.listdir(EFI_VARIABLES)) and all(isinstance(data, bytes) for data in lists)
    return (False, f"{EFI_VARIABLES}, /proc/keys") if complete else (None, "")
