"""Layer: the NVIDIA GPUs and NVSwitches on the PCI bus, the driver that holds each, and MIG.

sysfs says what is there and what is bound to it, procfs (open-gpu-kernel-modules, nv-procfs.c) adds the driver's
name for it. NVML is asked only where both are silent, as in WSL 2, or where MIG instances exist whose profile they
do not tell: it wakes the GPU.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from compat.machine import Gpu
from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.layers.nodes import GPU, NVML_NODES
from compat.records import dataclass, replace

if TYPE_CHECKING:
    from compat.probe.nvml import Answer

WHERE = {
    "gpus.name": "/proc/driver/nvidia/gpus/*/information, else NVML",
    "gpus.compute_capability": "NVML, else the matrix by PCI id or name",
    "gpus.pci_id": "/sys/bus/pci/devices/*/uevent, or vendor, device and class there",
    "gpus.mig": "/proc/driver/nvidia/capabilities, CUDA_VISIBLE_DEVICES=MIG-...; the profile by NVML",
    "gpus.visible": "CUDA_VISIBLE_DEVICES, by UUID, or by bus address where CUDA_DEVICE_ORDER says so",
    "nvswitch": "PCI bridges of NVSwitch, /dev/nvidia-nvswitch*, /proc/driver/nvidia-nvswitch",
}

PCI = "/sys/bus/pci/devices"
INFORMATION = "/proc/driver/nvidia/gpus"
CAPABILITIES = "/proc/driver/nvidia/capabilities"

NVIDIA = 0x10DE
_DISPLAY, _BRIDGE_OTHER = 0x03, 0x0680  # PCI class codes: display controllers; bridges, other (NVSwitch)

_AFTER_NFORCE = 0x1000  # NVIDIA's chipsets of 2001 to 2010 have bridges too, with lower numbers (pci.ids)

_DEVICE_LIMIT = 4096
_NOT_FOR_CUDA = ("vfio-pci", "pci-stub", "xen-pciback")
"""Drivers that hold a GPU for a virtual machine."""


@dataclass(frozen=True, slots=True)
class Device:
    """A PCI device of NVIDIA's; `driver` is what is bound to it, "" for nothing, None where that cannot be told."""

    address: str
    device: int
    kind: int  # class code, 16 bits
    driver: str | None

    @property
    def pci_id(self) -> str:
        return f"{NVIDIA:04x}:{self.device:04x}"


def read(host: Host, so_far: Reading) -> Reading:
    """gpus, nvswitch; aside: "bound", the drivers bound to the GPUs, and what NVML said, if asked."""
    found = Reading()
    devices = pci_devices(host)
    displays = [device for device in devices if device.kind >> 8 == _DISPLAY]
    _nvswitch(host, so_far, found, devices)
    found.aside["bound"] = {device.address: device.driver for device in displays}
    information = _information(host)
    gpus = _usable(host, so_far, displays, information)
    for number, device in enumerate(gpus):
        found.sources[f"gpus[{number}].pci_id"] = f"{PCI}/{device.address}"
    listed = tuple(_gpu(host, so_far, found, number, device, information) for number, device in enumerate(gpus))
    instances = any(gpu.mig == "enabled" for gpu in listed)
    if (instances or not (listed or "integrated" in so_far.aside)) and _has_nvml(host, so_far):
        from compat.probe import nvml

        answer = nvml.ask(host)
        found.aside["nvml"] = answer
        listed = _with_nvml(found, listed, answer)
    if len(listed) > 1 and "CUDA_VISIBLE_DEVICES" in host.environ:
        from compat.probe.layers.visible import mark

        uuids = [information.get(device.address, {}).get("GPU UUID", "") for device in gpus]
        listed = mark(found, listed, uuids, host.environ)
    integrated = so_far.aside.get("integrated")
    if listed:
        found.put("gpus", listed, found.sources.get("gpus[0].pci_id", "NVML"))
    elif integrated:  # before Thor a Jetson's GPU is on no bus
        found.put("gpus", integrated[:1], integrated[1])
    elif _sees_all(host, so_far):
        found.put("gpus", (), PCI)
    return found


def pci_devices(host: Host) -> list[Device]:
    """NVIDIA's PCI devices, in the order of their addresses."""
    devices = (_device(host, name) for name in host.listdir(PCI)[:_DEVICE_LIMIT])
    return [device for device in devices if device]


def _device(host: Host, name: str) -> Device | None:
    """One file, uevent, holds all of it; a root that holds a capture may have the single files only."""
    folder = f"{PCI}/{name}"
    text = host.read_text(f"{folder}/uevent", 4096)
    if isinstance(text, str) and "PCI_ID=" in text:
        entries = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        vendor, _, device = entries["PCI_ID"].partition(":")
        kind, driver = entries.get("PCI_CLASS", ""), entries.get("DRIVER", "")
    else:
        vendor, device, kind = (_text(host, f"{folder}/{file}") for file in ("vendor", "device", "class"))
        link = host.readlink(f"{folder}/driver")
        driver = link.rpartition("/")[2] if link else ""
    try:
        if int(vendor, 16) != NVIDIA:
            return None
        return Device(name, int(device, 16), int(kind, 16) >> 8, driver)
    except ValueError:
        return None


def _text(host: Host, path: str) -> str:
    text = host.read_text(path, 4096)
    return text.strip() if isinstance(text, str) else ""


def _information(host: Host) -> dict[str, dict[str, str]]:
    """What the driver says of each GPU, by PCI address."""
    found: dict[str, dict[str, str]] = {}
    for address in host.listdir(INFORMATION)[:_DEVICE_LIMIT]:
        text = host.read_text(f"{INFORMATION}/{address}/information", 1 << 16)
        if isinstance(text, str):
            pairs = (line.partition(":") for line in text.splitlines())
            found[address] = {name.strip(): value.strip() for name, _, value in pairs}
    return found


def _usable(
    host: Host, so_far: Reading, displays: list[Device], information: Mapping[str, Mapping[str, str]]
) -> list[Device]:
    """The GPUs that the goal can be about.

    Those given to virtual machines are not; a container sees all on the bus and may use those it has nodes of.
    """
    usable = [device for device in displays if device.driver not in _NOT_FOR_CUDA] or displays
    if "docker" not in (so_far.get("environment") or ()):
        return usable
    nodes = {match.group(1) for node in so_far.get("device_nodes") or () if (match := GPU.match(node))}
    minors = {address: entry.get("Device Minor") for address, entry in information.items()}
    given = [device for device in usable if minors.get(device.address) in nodes]
    return given or usable


def _gpu(
    host: Host,
    so_far: Reading,
    found: Reading,
    number: int,
    device: Device,
    information: Mapping[str, Mapping[str, str]],
) -> Gpu:
    entry = information.get(device.address, {})
    name = entry.get("Model")
    if not name or name.lower().startswith("unknown"):
        name = None
    else:
        found.sources[f"gpus[{number}].name"] = f"{INFORMATION}/{device.address}/information"
    mig = _mig(host, so_far, entry.get("Device Minor"))
    if mig is not None:
        found.sources[f"gpus[{number}].mig"] = CAPABILITIES
    return Gpu(name=name, pci_id=device.pci_id, mig=mig)


def _mig(host: Host, so_far: Reading, minor: str | None) -> str | None:
    """ "enabled" where GPU instances exist (nv-caps.c: gpuN/mig/giM). Their absence is not yet MIG's absence."""
    if minor is not None:
        folder = f"{CAPABILITIES}/gpu{minor}/mig"
        if host.is_dir(folder) and any(re.fullmatch(r"gi\d+", name) for name in host.listdir(folder)):
            return "enabled"
    chosen = (host.environ.get(name, "") for name in ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"))
    return "enabled" if any(value.startswith("MIG-") for value in chosen) else None


def _has_nvml(host: Host, so_far: Reading) -> bool:
    """Is there any way for NVML to reach a GPU from here?"""
    if not host.native:
        return False
    return sys.platform == "win32" or any(node in (so_far.get("device_nodes") or ()) for node in NVML_NODES)


def _with_nvml(found: Reading, listed: tuple[Gpu, ...], answer: Answer) -> tuple[Gpu, ...]:
    """Add NVML's facts to GPUs of the same PCI id, or take its GPUs where no other were found."""
    told = list(answer.gpus)
    if not listed:
        for number in range(len(told)):
            found.sources[f"gpus[{number}]"] = "NVML"
        return tuple(told)
    merged: list[Gpu] = []
    for number, gpu in enumerate(listed):
        match = next((other for other in told if other.pci_id == gpu.pci_id), None)
        if match:
            told.remove(match)
            changes: dict[str, Any] = {
                name: value
                for name in ("name", "compute_capability", "mig")
                if (value := getattr(match, name)) is not None and getattr(gpu, name) in (None, "enabled")
            }
            gpu = replace(gpu, **changes)
            found.sources.update({f"gpus[{number}].{name}": "NVML" for name in changes})
        merged.append(gpu)
    return tuple(merged)


def _nvswitch(host: Host, so_far: Reading, found: Reading, devices: list[Device]) -> None:
    """An NVSwitch is a bridge on the bus; with the fifth NVLink generation it is elsewhere, but has a node."""
    bridge = next((d for d in devices if d.kind == _BRIDGE_OTHER and d.device >= _AFTER_NFORCE), None)
    node = next((name for name in so_far.get("device_nodes") or () if "nvidia-nvswitch" in name), None)
    folder = "/proc/driver/nvidia-nvswitch/devices"
    if bridge:
        found.put("nvswitch", True, f"{PCI}/{bridge.address}")
    elif node:
        found.put("nvswitch", True, node)
    elif host.listdir(folder):
        found.put("nvswitch", True, folder)
    elif devices and "docker" not in (so_far.get("environment") or ()):
        found.put("nvswitch", False, PCI)


def _sees_all(host: Host, so_far: Reading) -> bool:
    """Would a GPU have been seen? Where sysfs shows the PCI bus, and no paravirtual GPU is in play."""
    kinds = so_far.get("environment") or ()
    return bool(host.listdir(PCI)) and not so_far.get("device_nodes") and not {"wsl1", "wsl2", "jetson"} & set(kinds)
