"""Jetson modules, L4T and JetPack."""

from pathlib import Path

import pytest
from folder import Folder

from compat.machine import Container, Driver, Gpu, Jetson

RELEASE_35 = "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64, DATE: Tue Aug  1\n"


def package(name: str, version: str, status: str = "install ok installed") -> str:
    return f"Package: {name}\nStatus: {status}\nPriority: standard\nArchitecture: arm64\nVersion: {version}\n\n"


def xavier(tmp_path: Path) -> Folder:
    """A Xavier NX with JetPack 5.1.2."""
    folder = Folder(tmp_path).linux("ubuntu", "20.04", "5.10.120-tegra").file("/etc/nv_tegra_release", RELEASE_35)
    folder.library("/usr/bin/env", "x", machine="aarch64")
    folder.file("/proc/device-tree/model", "NVIDIA Jetson Xavier NX Developer Kit\0")
    folder.file(
        "/proc/device-tree/compatible", "nvidia,p3449-0000+p3668-0000\0nvidia,p3509-0000+p3668-0000\0nvidia,tegra194\0"
    )
    folder.file(
        "/var/lib/dpkg/status", package("nvidia-l4t-core", "35.4.1-2023") + package("nvidia-jetpack", "5.1.2-b104")
    )
    folder.file("/sys/module/nvgpu/refcnt").nodes("nvhost-gpu", "nvhost-ctrl-gpu", "nvmap")
    return folder.file("/sys/bus/pci/devices/0004:00:00.0/uevent", "PCI_CLASS=60400\nPCI_ID=10DE:1AD1\n")


def test_xavier_nx(tmp_path: Path) -> None:
    machine = xavier(tmp_path).machine()
    assert machine.jetson == Jetson(module="Xavier NX", jetpack="5.1.2", l4t="35.4.1")
    assert machine.environment == ("jetson",)
    assert machine.gpus == (Gpu(name="Jetson Xavier NX"),)
    assert (machine.arch, machine.kernel) == ("aarch64", "5.10.120-tegra")
    assert machine.device_nodes == ("/dev/nvhost-ctrl-gpu", "/dev/nvhost-gpu", "/dev/nvmap")
    assert machine.driver == Driver(kernel_module="nvgpu", kernel_module_loaded=True)
    assert machine.sources["jetson.jetpack"] == "/var/lib/dpkg/status: nvidia-jetpack"


def test_a_gpu_on_the_bus_is_not_counted_twice(tmp_path: Path) -> None:
    folder = xavier(tmp_path).pci("0000:01:00.0", "2B00", "30200", "nvidia")
    assert folder.machine().gpus == (Gpu(pci_id="10de:2b00"),)


def test_a_container_on_it(tmp_path: Path) -> None:
    machine = xavier(tmp_path).file("/.dockerenv").machine()
    assert machine.environment == ("docker", "jetson")
    assert machine.container == Container(gpu_access=True)
    assert machine.sources["environment[1]"] == "/etc/nv_tegra_release"


@pytest.mark.parametrize(
    ("compatible", "module"),
    [
        ("nvidia,p3768-0000+p3767-0005-super\0nvidia,p3767-0005\0nvidia,tegra234\0", "Orin Nano"),
        ("nvidia,p3768-0000+p3767-0000\0nvidia,p3767-0000\0nvidia,tegra234\0", "Orin NX"),
        ("nvidia,p3737-0000+p3701-0005\0nvidia,p3701-0005\0nvidia,tegra234\0", "AGX Orin"),
        ("nvidia,p2972-0000\0nvidia,p2822-0000+p2888-0004\0nvidia,tegra194\0", "AGX Xavier"),
        ("nvidia,p3449-0000-b00\0nvidia,p3449-0000-b00+p3448-0002-b00\0nvidia,jetson-nano\0nvidia,tegra210\0", "Nano"),
        ("nvidia,p3971-0089+p3834-0008\0nvidia,p3834-0008\0nvidia,tegra264\0", "AGX Thor"),
    ],
)
def test_modules_by_their_board(tmp_path: Path, compatible: str, module: str) -> None:
    folder = Folder(tmp_path).linux().file("/proc/device-tree/compatible", compatible)
    assert folder.machine().jetson.module == module


def test_a_board_by_another_maker_is_known_by_its_model(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/proc/device-tree/compatible", "maker,board\0nvidia,tegra234\0")
    folder.file("/proc/device-tree/model", "Maker carrier for NVIDIA Jetson AGX Orin\0")
    assert folder.machine().jetson.module == "AGX Orin"


@pytest.mark.parametrize(
    ("release", "l4t"),
    [
        ("# R32 (release), REVISION: 7.1, GCID: 1\n", "32.7.1"),
        ("# R36 (release), REVISION: 4.3, GCID: 1\n", "36.4.3"),
        ("# R36 (release), REVISION: 4\n", "36.4"),
        ("nothing\n", None),
    ],
)
def test_l4t(tmp_path: Path, release: str, l4t: str | None) -> None:
    assert Folder(tmp_path).linux().file("/etc/nv_tegra_release", release).machine().jetson.l4t == l4t


def test_l4t_from_its_package(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/proc/device-tree/compatible", "nvidia,p3767-0003\0nvidia,tegra234\0")
    folder.file("/var/lib/dpkg/status", package("nvidia-l4t-core", "36.4.3-20250107174145"))
    assert folder.machine().jetson == Jetson(module="Orin Nano", l4t="36.4.3")


def test_jetpack_that_was_removed_is_not_installed(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/etc/nv_tegra_release", RELEASE_35)
    folder.file("/var/lib/dpkg/status", package("nvidia-jetpack", "5.1.2-b104", "deinstall ok config-files"))
    assert folder.machine().jetson.jetpack is None


def test_other_device_trees_are_no_jetson(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0")
    machine = folder.machine()
    assert (machine.environment, machine.jetson) == ((), Jetson())
