"""The fabric manager of NVSwitch machines."""

from pathlib import Path

from folder import Folder

from compat.machine import FabricManager


def hgx(tmp_path: Path) -> Folder:
    """Eight GPUs and four switches."""
    folder = Folder(tmp_path).linux("ubuntu", "22.04").loaded()
    for number in range(8):
        folder.pci(f"0000:{number + 16:02x}:00.0", "2330", driver="nvidia").nodes(f"nvidia{number}")
    for number in range(4):
        folder.pci(f"0000:{number + 5:02x}:00.0", "22A3", "68000", "nvidia-nvswitch")
    return folder.file("/proc/1/comm", "systemd\n").file("/proc/77/comm", "bash\n")


def package(version: str, name: str = "nvidia-fabricmanager-580") -> str:
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"


def test_running(tmp_path: Path) -> None:
    folder = hgx(tmp_path).program("/usr/bin/nv-fabricmanager").file("/proc/812/comm", "nv-fabricmanage\n")
    machine = folder.file("/var/lib/dpkg/status", package("580.95.05-1")).machine()
    assert machine.nvswitch is True
    assert len(machine.gpus or ()) == 8
    assert machine.fabric_manager == FabricManager(installed=True, running=True, version="580.95.05")


def test_running_by_its_pid_file(tmp_path: Path) -> None:
    folder = hgx(tmp_path).program("/usr/bin/nv-fabricmanager").file("/proc/812/comm", "nv-fabricmanage\n")
    machine = folder.file("/run/nvidia-fabricmanager/nv-fabricmanager.pid", "812\n").machine()
    assert machine.fabric_manager == FabricManager(installed=True, running=True)
    assert machine.sources["fabric_manager.running"] == "/run/nvidia-fabricmanager/nv-fabricmanager.pid"


def test_a_pid_file_that_was_left_behind(tmp_path: Path) -> None:
    folder = hgx(tmp_path).program("/usr/bin/nv-fabricmanager")
    machine = folder.file("/run/nvidia-fabricmanager/nv-fabricmanager.pid", "77\n").machine()
    assert machine.fabric_manager == FabricManager(installed=True, running=False)


def test_installed_by_its_package(tmp_path: Path) -> None:
    machine = hgx(tmp_path).file("/var/lib/dpkg/status", package("570.133.20-1", "nvidia-fabricmanager-570")).machine()
    assert machine.fabric_manager == FabricManager(installed=True, running=False, version="570.133.20")


def test_not_installed(tmp_path: Path) -> None:
    assert hgx(tmp_path).machine().fabric_manager == FabricManager(installed=False, running=False)


def test_a_container_does_not_see_the_hosts_service(tmp_path: Path) -> None:
    assert hgx(tmp_path).file("/.dockerenv").machine().fabric_manager == FabricManager()


def test_without_nvswitch_it_is_not_asked(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().pci("0000:01:00.0", "2684", "30000", "nvidia")
    assert folder.program("/usr/bin/nv-fabricmanager").machine().fabric_manager == FabricManager()
