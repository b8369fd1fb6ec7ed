"""Layer: the driver's device nodes that exist and that this user may open. No node is ever opened here.

Names as the driver's own sources make them (open-gpu-kernel-modules: nvidia-modprobe-utils.c, nv-caps.c,
linux_nvswitch.c), nvgpu's on Jetson, and /dev/dxg in WSL 2.
"""

from __future__ import annotations

import re

from compat.probe.host import Host, Stat
from compat.probe.layer import Reading

WHERE = {
    "device_nodes": "/dev/nvidia*, /dev/dxg, nvgpu's on Jetson: existence and permission, never opened",
}

GPU = re.compile(r"/dev/nvidia(\d+)$")
"""The node of one GPU; the number is its minor."""

NVML_NODES = ("/dev/nvidiactl", "/dev/dxg")
"""Without one of these NVML cannot reach a driver (nvmlInit: driver not loaded)."""

_NAMES = re.compile(
    r"nvidia\d+|nvidiactl|nvidia-uvm|nvidia-uvm-tools|nvidia-modeset|nvidia-nvswitch(?:ctl|\d+)|nvidia-caps-imex-channels"
    r"|dxg|nvhost-(?:gpu|ctrl-gpu|as-gpu|dbg-gpu|prof-gpu|ctrl-nvdla\d*)|nvgpu|nvmap"
)
_FOLDERS = ("nvidia-caps", "nvidia-caps-imex-channels", "nvgpu")
_FOLDER_LIMIT = 64


def read(host: Host, so_far: Reading) -> Reading:
    """device_nodes; unknown only where /dev itself cannot be listed."""
    found = Reading()
    names = host.listdir("/dev")
    if not names:  # as in an unpacked image, which says nothing of the running container
        return found
    nodes: list[str] = []
    closed: list[str] = []
    for path in _candidates(host, names):
        attributes = host.stat(path)
        if isinstance(attributes, Stat) and not attributes.is_dir:
            (nodes if host.access(path, write=True) else closed).append(path)
    found.put("device_nodes", tuple(nodes), "/dev")
    found.aside["closed_nodes"] = tuple(closed)
    return found


def _candidates(host: Host, names: tuple[str, ...]) -> list[str]:
    paths = [f"/dev/{name}" for name in names if _NAMES.fullmatch(name)]
    for folder in _FOLDERS:
        if folder in names and host.is_dir(f"/dev/{folder}"):
            paths += _inside(host, f"/dev/{folder}")
    return sorted(paths, key=_by_number)


def _inside(host: Host, folder: str) -> list[str]:
    """The nodes in a folder and its folders (Jetson has /dev/nvgpu/igpu0/...)."""
    paths: list[str] = []
    for name in host.listdir(folder)[:_FOLDER_LIMIT]:
        path = f"{folder}/{name}"
        if host.is_dir(path):
            paths += [f"{path}/{inner}" for inner in host.listdir(path)[:_FOLDER_LIMIT]]
        else:
            paths.append(path)
    return paths


def _by_number(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)]
