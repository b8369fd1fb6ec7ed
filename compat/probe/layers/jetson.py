"""Layer: a Jetson's module, its L4T and its JetPack.

L4T is written by NVIDIA into /etc/nv_tegra_release ("# R35 (release), REVISION: 4.1, ..."), JetPack is the
version of the package nvidia-jetpack, the module is the board number of the device tree (p3668 ...), for
which the table follows rbonghi/jetson_stats, jetson_variables.py (f41d5cad, 2026-07-30).
"""

from __future__ import annotations

import re

from compat.machine import Gpu
from compat.probe import dpkg
from compat.probe.host import Host
from compat.probe.layer import Reading

WHERE = {
    "jetson": "/etc/nv_tegra_release, the device tree, dpkg's status file",
}

TEGRA_RELEASE = "/etc/nv_tegra_release"
_TREES = ("/proc/device-tree", "/sys/firmware/devicetree/base")

BOARDS = (
    ("p3834", "AGX Thor"),
    ("p3767-0000", "Orin NX"),
    ("p3767-0001", "Orin NX"),
    ("p3767", "Orin Nano"),
    ("p3701-0002", "IGX Orin"),
    ("p3701", "AGX Orin"),
    ("p3668", "Xavier NX"),
    ("p2888", "AGX Xavier"),
    ("p3448", "Nano"),
    ("p3636", "TX2 NX"),
    ("p3489", "TX2"),
    ("p3310", "TX2"),
    ("p2180", "TX1"),
)
"""Module by the number of its board; the first that fits."""

_MODELS = re.compile(
    r"(AGX Thor|T5000|AGX Orin|IGX Orin|Orin NX|Orin Nano|AGX Xavier|Xavier NX|Nano|TX2 NX|TX2|TX1)", re.IGNORECASE
)


def read(host: Host, so_far: Reading) -> Reading:
    """jetson, the environment's "jetson"; aside: "integrated", the module's GPU, which may be on no PCI bus."""
    found = Reading()
    release = host.read_text(TEGRA_RELEASE, 1 << 16)
    board, board_source = _board(host)
    packages = dpkg.table(host, so_far, found) if isinstance(release, str) or board else dpkg.Table()
    l4t, l4t_source = _l4t(release if isinstance(release, str) else "", packages)
    if not (isinstance(release, str) or board or l4t):
        return found
    source = TEGRA_RELEASE if isinstance(release, str) else board_source
    found.put("environment", ("jetson",), source)
    found.sources["environment[0]"] = source
    found.put("jetson.l4t", l4t, l4t_source)
    jetpack = packages.get("nvidia-jetpack")
    found.put("jetson.jetpack", dpkg.upstream(jetpack) if jetpack else None, f"{dpkg.STATUS}: nvidia-jetpack")
    if board:
        found.put("jetson.module", board, board_source)
        found.aside["integrated"] = Gpu(name=f"Jetson {board}"), board_source
    return found


def _board(host: Host) -> tuple[str | None, str]:
    """The module's name and the file that tells it. The text of `model` is that of the whole developer kit."""
    for tree in _TREES:
        compatible = host.read_text(f"{tree}/compatible", 4096)
        if not isinstance(compatible, str) or "tegra" not in compatible:
            continue
        for number, name in BOARDS:
            if number in compatible:
                return name, f"{tree}/compatible"
        model = host.read_text(f"{tree}/model", 4096)
        named = _MODELS.search(model) if isinstance(model, str) else None
        if named:
            return named.group(1), f"{tree}/model"
    return None, ""


def _l4t(release: str, packages: dpkg.Table) -> tuple[str | None, str]:
    written = re.search(r"R(\d+)\s*\(release\),\s*REVISION:\s*(\d+(?:\.\d+)*)", release)
    if written:
        return f"{written.group(1)}.{written.group(2)}", TEGRA_RELEASE
    core = packages.get("nvidia-l4t-core")
    return (dpkg.upstream(core), f"{dpkg.STATUS}: nvidia-l4t-core") if core else (None, "")
