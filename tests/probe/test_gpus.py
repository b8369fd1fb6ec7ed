"""GPUs and NVSwitches on the bus, and what holds them."""

from dataclasses import replace
from pathlib import Path

import pytest
from folder import Folder

from compat.machine import Gpu
from compat.probe import nvml
from compat.probe.layer import Reading
from compat.probe.layers import gpus


def test_a_desktop(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().loaded()
    folder.pci("0000:00:02.0", "9A60", "30000", "i915", vendor="8086")
    folder.pci("0000:01:00.0", "2684", "30000", "nvidia")
    folder.pci("0000:01:00.1", "22BA", "40300", "snd_hda_intel")
    folder.information("0000:01:00.0", "NVIDIA GeForce RTX 4090", 0)
    machine = folder.machine()
    assert machine.gpus == (Gpu(name="NVIDIA GeForce RTX 4090", pci_id="10de:2684"),)
    assert machine.nvswitch is False
    assert machine.sources["gpus[0].name"] == "/proc/driver/nvidia/gpus/0000:01:00.0/information"
    assert machine.sources["gpus[0].pci_id"] == "/sys/bus/pci/devices/0000:01:00.0"


def test_single_files_serve_where_uevent_is_missing(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux()
    device = "/sys/bus/pci/devices/0000:01:00.0"
    folder.file(f"{device}/vendor", "0x10de\n").file(f"{device}/device", "0x1b80\n")
    folder.file(f"{device}/class", "0x030000\n").link(f"{device}/driver", "../../../bus/pci/drivers/nouveau")
    machine = folder.machine()
    assert machine.gpus == (Gpu(pci_id="10de:1b80"),)
    assert machine.driver.kernel_module == "nouveau"


def test_no_nvidia_device_is_known_to_be_none(tmp_path: Path) -> None:
    machine = Folder(tmp_path).linux().pci("0000:00:02.0", "9A60", "30000", "i915", vendor="8086").machine()
    assert machine.gpus == ()


def test_without_sysfs_nothing_is_known(tmp_path: Path) -> None:
    machine = Folder(tmp_path).linux().machine()
    assert (machine.gpus, machine.nvswitch) == (None, None)


def test_a_gpu_given_to_a_virtual_machine_is_not_ours(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().pci("0000:01:00.0", "2684", "30000", "vfio-pci")
    assert [gpu.pci_id for gpu in folder.machine().gpus or ()] == ["10de:2684"]
    folder.pci("0000:02:00.0", "2204", "30000", "nvidia")
    assert [gpu.pci_id for gpu in folder.machine().gpus or ()] == ["10de:2204"]


def test_a_container_has_the_gpus_that_it_has_nodes_of(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/.dockerenv").loaded()
    for number in range(3):
        address = f"0000:0{number + 1}:00.0"
        folder.pci(address, f"233{number}", driver="nvidia").information(address, f"GPU {number}", number)
    folder.nodes("nvidia1", "nvidiactl", "nvidia-uvm")
    assert [gpu.name for gpu in folder.machine().gpus or ()] == ["GPU 1"]


def test_outside_a_container_a_missing_node_hides_no_gpu(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().loaded().nodes("nvidia1", "nvidiactl")
    for number in range(2):
        address = f"0000:0{number + 1}:00.0"
        folder.pci(address, f"233{number}", driver="nvidia").information(address, f"GPU {number}", number)
    assert [gpu.name for gpu in folder.machine().gpus or ()] == ["GPU 0", "GPU 1"]


def test_the_visible_devices_do_not_hide_a_gpu(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"CUDA_VISIBLE_DEVICES": "-1"}).linux().pci("0000:01:00.0", "2335", driver="nvidia")
    machine = folder.machine()
    assert [gpu.pci_id for gpu in machine.gpus or ()] == ["10de:2335"]
    assert machine.variables == {"CUDA_VISIBLE_DEVICES": "-1"}


def test_an_unknown_model_is_no_name(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().pci("0000:01:00.0", "FFFF", driver="nvidia")
    folder.information("0000:01:00.0", "Unknown", 0)
    assert folder.machine().gpus == (Gpu(pci_id="10de:ffff"),)


def test_nvswitch_on_the_bus(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().pci("0000:07:00.0", "22A3", "68000", "nvidia-nvswitch")
    assert folder.pci("0000:19:00.0", "2330", driver="nvidia").machine().nvswitch is True


def test_an_old_chipset_is_no_nvswitch(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().pci("0000:00:0a.0", "0057", "68000", "forcedeth")
    assert folder.pci("0000:01:00.0", "1C82", "30000", "nvidia").machine().nvswitch is False


def test_nvswitch_by_its_node(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().pci("0000:19:00.0", "2901", driver="nvidia").nodes("nvidia-nvswitchctl")
    assert folder.machine().nvswitch is True


def test_a_container_does_not_see_that_there_is_no_nvswitch(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/.dockerenv").pci("0000:19:00.0", "2330", driver="nvidia")
    assert folder.machine().nvswitch is None


def test_mig_instances(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().pci("0000:01:00.0", "20B2", driver="nvidia")
    folder.information("0000:01:00.0", "NVIDIA A100-SXM4-80GB", 3)
    folder.file("/proc/driver/nvidia/capabilities/gpu3/mig/config", "")
    assert (folder.machine().gpus or ())[0].mig is None
    folder.file("/proc/driver/nvidia/capabilities/gpu3/mig/gi9/access", "DeviceFileMinor: 66\n")
    assert (folder.machine().gpus or ())[0].mig == "enabled"


def test_mig_by_the_device_that_is_chosen(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"CUDA_VISIBLE_DEVICES": "MIG-0f"}).linux().pci("0000:01:00.0", "20B2", driver="nvidia")
    assert (folder.machine().gpus or ())[0].mig == "enabled"


@pytest.mark.parametrize(
    "content", ["", "PCI_ID=\n", "PCI_ID=10DE\nPCI_CLASS=30000\n", "PCI_ID=10DE:ZZ\nPCI_CLASS=x\n"]
)
def test_a_device_that_makes_no_sense_is_passed_over(tmp_path: Path, content: str) -> None:
    folder = Folder(tmp_path).linux().file("/sys/bus/pci/devices/0000:01:00.0/uevent", content)
    assert folder.pci("0000:02:00.0", "2684", "30000").machine().gpus == (Gpu(pci_id="10de:2684"),)


def asked(monkeypatch: pytest.MonkeyPatch, answer: nvml.Answer, folder: Folder, nodes: tuple[str, ...]) -> Reading:
    """The GPU layer of a machine that NVML can be asked on."""
    host = folder.host()
    monkeypatch.setattr(host, "native", True)
    monkeypatch.setattr(nvml, "ask", lambda _: answer)
    monkeypatch.setattr(host, "_place", lambda path: str(folder.top) + path)
    return gpus.read(host, Reading({"device_nodes": nodes, "environment": ("wsl2",)}))


ANSWER = nvml.Answer("581.29", "13.0", (Gpu(name="NVIDIA GeForce RTX 4060", compute_capability="8.9", mig=False),))


def test_wsl2_has_its_gpus_from_nvml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(monkeypatch, ANSWER, Folder(tmp_path), ("/dev/dxg",))
    assert found.values["gpus"] == ANSWER.gpus
    assert found.sources["gpus[0]"] == "NVML"
    assert found.aside["nvml"] is ANSWER


@pytest.mark.parametrize("nodes", [(), ("/dev/nvidia0", "/dev/nvidia-uvm"), ("/dev/nvmap",)])
def test_nvml_is_left_alone_where_no_node_leads_to_a_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nodes: tuple[str, ...]
) -> None:
    assert "nvml" not in asked(monkeypatch, ANSWER, Folder(tmp_path), nodes).aside


def test_nvml_is_not_asked_about_another_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "ask", lambda _: pytest.fail("asked"))
    found = gpus.read(Folder(tmp_path).host(), Reading({"device_nodes": ("/dev/nvidiactl",)}))
    assert "nvml" not in found.aside


def test_nvml_is_left_alone_where_the_bus_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path).pci("0000:01:00.0", "2882", driver="nvidia")
    found = asked(monkeypatch, ANSWER, folder, ("/dev/nvidiactl", "/dev/nvidia0"))
    assert "nvml" not in found.aside
    assert [gpu.pci_id for gpu in found.values["gpus"]] == ["10de:2882"]


def test_nvml_tells_the_profile_of_mig_instances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path).pci("0000:01:00.0", "20B2", driver="nvidia").pci("0000:02:00.0", "20B2", driver="nvidia")
    folder.information("0000:01:00.0", "NVIDIA A100-SXM4-80GB", 0).information(
        "0000:02:00.0", "NVIDIA A100-SXM4-80GB", 1
    )
    folder.file("/proc/driver/nvidia/capabilities/gpu0/mig/gi9/access")
    gpu = Gpu(name="NVIDIA A100-SXM4-80GB", compute_capability="8.0", pci_id="10de:20b2", mig="3g.40gb")
    answer = nvml.Answer("580.95.05", "13.0", (gpu, replace(gpu, mig=False)))
    found = asked(monkeypatch, answer, folder, ("/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia1"))
    assert [entry.mig for entry in found.values["gpus"]] == ["3g.40gb", False]
    assert found.sources["gpus[0].mig"] == "NVML"
