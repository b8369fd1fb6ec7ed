"""Whole machines, and machines that tell nothing."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from folder import SYSTEM_LAYERS, Folder

from compat.description import from_dict, to_dict
from compat.machine import Driver, FabricManager, Gpu, Machine
from compat.probe import assemble
from compat.probe.assemble import read_machine
from compat.probe.host import Host
from compat.probe.layer import Reading


def desktop(tmp_path: Path) -> Folder:
    """Ubuntu with an RTX 4090 and the open modules, as a user would have it."""
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": "/usr/local/cuda/lib64"}).linux("ubuntu", "24.04").loaded()
    folder.pci("0000:01:00.0", "2684", "30000", "nvidia").information("0000:01:00.0", "NVIDIA GeForce RTX 4090", 0)
    folder.driver_libraries("580.95.05").nodes("nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-modeset")
    return folder.file("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", b"\x06\0\0\0\0")


def test_a_desktop_round_trips_through_its_description(tmp_path: Path) -> None:
    machine = desktop(tmp_path).machine()
    assert machine.gpus == (Gpu(name="NVIDIA GeForce RTX 4090", pci_id="10de:2684"),)
    assert machine.driver == Driver(
        version="580.95.05",
        kernel_module_version="580.95.05",
        kernel_module="open",
        kernel_module_loaded=True,
        kernel_module_signed=False,
    )
    assert (machine.secure_boot, machine.nvswitch, machine.fabric_manager) == (False, False, FabricManager())
    assert from_dict(to_dict(machine, sources=True)) == machine


def test_an_h200_as_it_was_read(tmp_path: Path) -> None:
    """A cloud machine of 2026-11-22, as far as these layers look: lines copied from it, without its UUID."""
    environ = {"LD_LIBRARY_PATH": "/usr/local/nvidia/lib64:/usr/local/nvidia/lib", "NVIDIA_VISIBLE_DEVICES": "0"}
    folder = Folder(tmp_path, environ).linux("ubuntu", "24.04", "6.18.44-fc-v657-gpu").file("/.dockerenv")
    nvrm = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build  (nixbld@)  \n"
    folder.loaded(nvrm + "GCC version:  gcc version 15.3.0 (GCC) \n", "O").file("/proc/1/cgroup", "0::/core\n")
    folder.pci("0000:00:00.0", "0D57", "60000", vendor="8086").pci(
        "0000:00:03.0", "1041", "20000", "virtio-pci", "1AF4"
    )
    folder.pci("0000:00:06.0", "2335", "30200", "nvidia").information("0000:00:06.0", "NVIDIA H200", 0)
    folder.file("/proc/driver/nvidia/capabilities/mig/config").file("/sys/firmware/acpi/x")
    folder.driver_libraries("580.159.04", "/usr/local/nvidia/lib64")
    folder.nodes("nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-caps/nvidia-cap1")
    machine = folder.machine()
    assert machine.driver == Driver(
        version="580.159.04", kernel_module_version="580.159.04", kernel_module="open", kernel_module_loaded=True
    )
    assert machine.gpus == (Gpu(name="NVIDIA H200", pci_id="10de:2335"),)
    assert (machine.environment, machine.secure_boot, machine.nvswitch) == (("docker",), None, None)
    assert (machine.container.gpu_access, machine.libcuda.compat) == (True, False)


def test_every_value_has_a_source(tmp_path: Path) -> None:
    machine = desktop(tmp_path).machine()
    told = to_dict(machine)
    told.pop("schema")
    for name, value in told.items():
        parts = [f"{name}.{part}" for part in value] if isinstance(value, dict) else [name]
        assert set(parts) <= machine.sources.keys(), name


def test_an_empty_root_is_wholly_unknown(tmp_path: Path) -> None:
    assert Folder(tmp_path).machine() == Machine()


def test_a_root_that_does_not_exist(tmp_path: Path) -> None:
    assert read_machine(Host(str(tmp_path / "none")), layers=SYSTEM_LAYERS) == Machine()


def test_everything_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = desktop(tmp_path).host()

    def deny(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        for name in ("stat", "lstat", "open", "scandir", "readlink"):
            patch.setattr(os, name, deny)
        machine = read_machine(host, layers=SYSTEM_LAYERS)
    assert machine == Machine(variables=machine.variables, sources=machine.sources)
    assert {trouble.reason for trouble in host.trouble} == {"permission denied"}


@pytest.mark.parametrize("layer", SYSTEM_LAYERS)
def test_each_layer_alone(tmp_path: Path, layer: str) -> None:
    """A layer may not rely on the others having run."""
    host = desktop(tmp_path).host()
    read_machine(host, layers=(layer,))
    assert host.trouble == []


def test_a_layer_that_breaks_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(host: Host, so_far: Reading) -> Reading:
        raise KeyError("x")

    monkeypatch.setattr("compat.probe.layers.nodes.read", broken)
    host = desktop(tmp_path).host()
    machine = read_machine(host, layers=SYSTEM_LAYERS)
    assert (machine.distribution, machine.device_nodes) == ("ubuntu", None)
    assert [(trouble.path, trouble.reason) for trouble in host.trouble] == [
        ("probe layer nodes", "failed: KeyError: 'x'")
    ]


def test_garbage_everywhere(tmp_path: Path) -> None:
    """Every file of a desktop replaced: nothing, noise, or one endless line."""
    folder = desktop(tmp_path)
    paths = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    for content in (b"", b"\0" * 64, b"\xff\xfe\xfd" * 50, b"A" * 70000, b"\x7fELF\x02\x01\x01" + b"\xff" * 90):
        for path in paths:
            path.write_bytes(content)
        machine = folder.machine()
        assert machine.driver.version in (None, "580.95.05")
        assert from_dict(to_dict(machine)) is not None


def test_directories_where_files_should_be(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for path in ("etc/os-release", "proc/version", "proc/driver/nvidia/version", "etc/nv_tegra_release", "dev/nvidia0"):
        (tmp_path / path).mkdir(parents=True)
    machine = folder.machine()
    assert machine.device_nodes == ()
    assert machine.driver.kernel_module is None


def test_names_that_are_no_text(tmp_path: Path) -> None:
    folder = desktop(tmp_path)
    for directory in ("dev", "sys/bus/pci/devices", "proc/driver/nvidia/gpus", "usr/lib/x86_64-linux-gnu"):
        os.mkdir(os.fsencode(tmp_path / directory) + b"/\xff\xfe")
    assert len(folder.machine().gpus or ()) == 1


def test_the_layers_are_all_modules_with_a_read() -> None:
    assert set(SYSTEM_LAYERS) <= set(assemble.LAYERS)
    assert len(set(assemble.LAYERS)) == len(assemble.LAYERS)
    assert all(callable(import_module(f"compat.probe.layers.{name}").read) for name in assemble.LAYERS)


def test_the_system_layers_are_in_the_order_of_the_table() -> None:
    assert [name for name in assemble.LAYERS if name in SYSTEM_LAYERS] == list(SYSTEM_LAYERS)


def test_all_layers_together(tmp_path: Path) -> None:
    host = desktop(tmp_path).host()
    machine = read_machine(host)
    assert [trouble for trouble in host.trouble if trouble.reason.startswith("failed")] == []
    assert machine.driver.version == "580.95.05"
    assert from_dict(to_dict(machine, sources=True)) == machine


def test_this_machine() -> None:
    host = Host()
    machine = read_machine(host, layers=SYSTEM_LAYERS)
    assert machine.os in ("linux", "windows", "macos")
    assert not [trouble for trouble in host.trouble if trouble.reason.startswith("failed")]
    assert from_dict(to_dict(machine)) is not None


def test_nothing_heavy_is_imported() -> None:
    """Start-up time is a feature: see the budget in the design."""
    heavy = {"importlib.metadata", "packaging", "click", "pynvml", "subprocess", "pathlib", "tomllib", "lzma", "ctypes"}
    program = (
        "import sys; from compat.probe.host import Host; from compat.probe.assemble import read_machine\n"
        f"read_machine(Host({str(Path(__file__).parent)!r}), layers={SYSTEM_LAYERS!r}); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()
