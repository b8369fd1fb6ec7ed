"""Kinds of machine, container settings, Secure Boot."""

from pathlib import Path

import pytest
from folder import Folder

from compat.machine import Machine
from compat.probe.assemble import read_machine

SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
SHIM = "/sys/firmware/efi/efivars/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23"


def test_bare_metal_is_known_to_be_nothing_special(tmp_path: Path) -> None:
    machine = Folder(tmp_path).linux().machine()
    assert machine.environment == ()
    assert machine.container.toolkit_installed is False
    assert machine.container.gpu_access is None


def test_container_toolkit_on_the_host(tmp_path: Path) -> None:
    machine = Folder(tmp_path).linux().program("/usr/bin/nvidia-ctk").machine()
    assert machine.container.toolkit_installed is True
    assert machine.sources["container.toolkit_installed"] == "/usr/bin/nvidia-ctk"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/.dockerenv", ""),
        ("/run/.containerenv", 'engine="podman-5"'),
        ("/proc/1/cgroup", "12:cpu:/docker/0123456789abcdef\n0::/\n"),
        ("/proc/1/cgroup", "0::/kubepods/burstable/pod0b/cri-containerd-77.scope\n"),
        ("/proc/1/cgroup", "0::/kubepods.slice/kubepods-besteffort.slice/cri-containerd-77.scope\n"),
        ("/proc/1/cgroup", "0::/machine.slice/libpod-0123.scope/container\n"),
        ("/proc/1/cgroup", "0::/system.slice/docker-0123456789abcdef.scope\n"),
        (
            "/proc/self/mountinfo",
            "612 511 0:55 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A,upperdir=/x\n",
        ),
        (
            "/proc/self/mountinfo",
            "612 511 0:55 / / rw - overlay overlay rw,lowerdir=/var/lib/containerd/io.containerd.snapshotter/1/fs\n",
        ),
    ],
)
def test_signs_of_a_container(tmp_path: Path, path: str, content: str) -> None:
    machine = Folder(tmp_path).linux().file(path, content).machine()
    assert machine.environment == ("docker",)
    assert machine.sources["environment[0]"] == path


@pytest.mark.parametrize(
    "content",
    [
        "0::/system.slice/docker.service\n",  # the daemon's own group
        "0::/user.slice/user-1000.slice/session-2.scope\n",
        "12:cpu:/\n0::/init.scope\n",
        "0::/system.slice/containerd.service\n",
    ],
)
def test_groups_that_are_no_container(tmp_path: Path, content: str) -> None:
    assert Folder(tmp_path).linux().file("/proc/1/cgroup", content).machine().environment == ()


def test_a_mount_below_the_root_is_no_sign(tmp_path: Path) -> None:
    lines = "25 1 8:2 / / rw,relatime - ext4 /dev/sda2 rw\n"
    lines += "40 25 0:50 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw,lowerdir=/var/lib/docker/l\n"
    assert Folder(tmp_path).linux().file("/proc/self/mountinfo", lines).machine().environment == ()


@pytest.mark.parametrize(
    ("kernel", "kinds"),
    [
        ("4.4.0-19041-Microsoft", ("wsl1",)),
        ("5.15.167.4-microsoft-standard-WSL2", ("wsl2",)),
        ("4.19.104-microsoft-standard", ("wsl2",)),
        ("6.6.87.2-microsoft-standard-WSL2+", ("wsl2",)),
        ("6.8.0-1015-azure", ()),
    ],
)
def test_windows_subsystem(tmp_path: Path, kernel: str, kinds: tuple[str, ...]) -> None:
    assert Folder(tmp_path).linux(kernel=kernel).machine().environment == kinds


def test_wsl2_with_a_kernel_of_ones_own(tmp_path: Path) -> None:
    machine = Folder(tmp_path).linux(kernel="6.12.1-mine").nodes("dxg").machine()
    assert machine.environment == ("wsl2",)
    assert machine.sources["environment"] == "/dev/dxg"


def test_a_container_in_wsl2(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux(kernel="5.15.167.4-microsoft-standard-WSL2").file("/.dockerenv").nodes("dxg")
    machine = folder.machine()
    assert machine.environment == ("docker", "wsl2")
    assert machine.container.gpu_access is True


def test_container_without_gpus(tmp_path: Path) -> None:
    environ = {"NVIDIA_VISIBLE_DEVICES": "void", "NVIDIA_DRIVER_CAPABILITIES": "utility"}
    folder = Folder(tmp_path, environ | {"NVIDIA_REQUIRE_CUDA": "cuda>=12.8 brand=tesla,driver>=535"})
    machine = folder.linux().file("/.dockerenv").nodes("null").machine()
    assert machine.container.gpu_access is False
    assert machine.container.driver_capabilities == "utility"
    assert machine.container.requires == "cuda>=12.8 brand=tesla,driver>=535"
    assert machine.container.toolkit_installed is None


def test_a_container_without_any_node_of_nvidias_has_no_gpu(tmp_path: Path) -> None:
    assert Folder(tmp_path).linux().file("/.dockerenv").nodes("null").machine().container.gpu_access is False


def test_nodes_decide_over_the_variable(tmp_path: Path) -> None:
    """With CDI the variable says void and the devices are there all the same."""
    folder = Folder(tmp_path, {"NVIDIA_VISIBLE_DEVICES": "void"}).linux().file("/.dockerenv")
    assert folder.nodes("nvidia0", "nvidiactl").machine().container.gpu_access is True


def test_the_control_node_alone_does_not_tell(tmp_path: Path) -> None:
    """A container that was given no GPU has it, and one that lost its GPU's node too; the variable tells them apart."""
    assert Folder(tmp_path).linux().file("/.dockerenv").nodes("nvidiactl").machine().container.gpu_access is None
    refused = Folder(tmp_path, {"NVIDIA_VISIBLE_DEVICES": "none"})
    assert refused.machine().container.gpu_access is False


def test_image_of_a_release(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"NVIDIA_TRITON_SERVER_VERSION": "24.05"}).linux().file("/.dockerenv")
    assert folder.machine().container.image == "tritonserver:24.05"


def test_services(tmp_path: Path) -> None:
    environ = {"COLAB_RELEASE_TAG": "x", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "SLURM_JOB_ID": "7"}
    assert Folder(tmp_path, environ).linux().machine().environment == ("colab", "kubernetes", "slurm")


def test_conda_by_the_active_prefix(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"CONDA_PREFIX": "/opt/conda"}).linux()
    assert folder.machine().environment == ()
    assert folder.file("/opt/conda/conda-meta/history").machine().environment == ("conda",)


def test_conda_by_the_interpreter_that_is_asked_about(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"CONDA_PREFIX": "/opt/conda"}).linux().file("/opt/conda/conda-meta/history")
    assert folder.machine(interpreter="/opt/conda/bin/python3").environment == ("conda",)
    assert folder.machine(interpreter="/opt/conda").environment == ("conda",)
    assert folder.machine(interpreter="/usr/bin/python3").environment == ()


def with_python(folder: Folder, interpreter: str) -> Machine:
    return read_machine(folder.host(), interpreter, layers=("system", "python", "environment"))


def test_who_keeps_the_environment(tmp_path: Path) -> None:
    def kinds(interpreter: str, **files: str) -> tuple[str, ...] | None:
        folder = Folder(tmp_path).linux()
        for path, text in files.items():
            folder.file(path, content=text)
        return with_python(folder, interpreter).environment

    config = "home = /usr/bin\nversion = 3.11.2\n"
    assert kinds("/v/bin/python", **{"/v/pyvenv.cfg": config, "/v/bin/python": ""}) == ()
    written = config + "uv = 0.9.1\n"
    assert kinds("/u/bin/python", **{"/u/pyvenv.cfg": written, "/u/bin/python": ""}) == ("uv",)
    poetry = "/root/.cache/pypoetry/virtualenvs/app-Zx1-py3.11"
    assert kinds(f"{poetry}/bin/python", **{f"{poetry}/pyvenv.cfg": config, f"{poetry}/bin/python": ""}) == ("poetry",)
    inside = {"/app/.venv/pyvenv.cfg": config, "/app/.venv/bin/python": "", "/app/poetry.lock": ""}
    assert kinds("/app/.venv/bin/python", **inside) == ("poetry",)
    tool = {"/p/pyvenv.cfg": config, "/p/bin/python": "", "/p/pipx_metadata.json": "{}"}
    assert kinds("/p/bin/python", **tool) == ("pipx",)
    env = "/w/.pixi/envs/default"
    of_pixi = {f"{env}/conda-meta/history": "", f"{env}/bin/python": "", f"{env}/lib/python3.11/os.py": ""}
    assert kinds(f"{env}/bin/python", **of_pixi) == ("conda", "pixi")


def test_the_systems_python_that_takes_no_packages(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/usr/bin/python3").file("/usr/lib/python3.11/os.py")
    assert with_python(folder, "/usr/bin/python3").environment == ()
    mark = "/usr/lib/python3.11/EXTERNALLY-MANAGED"
    machine = with_python(folder.file(mark), "/usr/bin/python3")
    assert (machine.environment, machine.sources["environment[0]"]) == (("externally-managed",), mark)
    config = "home = /usr/bin\nversion = 3.11.2\n"
    folder.file("/v/pyvenv.cfg", config).file("/v/bin/python")
    assert with_python(folder, "/v/bin/python").environment == ()


@pytest.mark.parametrize(("state", "on"), [(b"\x06\0\0\0\x01", True), (b"\x06\0\0\0\0", False), (b"\x06\0", None)])
def test_secure_boot(tmp_path: Path, state: bytes, on: bool | None) -> None:
    assert Folder(tmp_path).linux().file(SECURE_BOOT, state).machine().secure_boot is on


def test_secure_boot_that_shim_does_not_enforce(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file(SECURE_BOOT, b"\x06\0\0\0\x01").file(SHIM, b"\x06\0\0\0\x01")
    machine = folder.machine()
    assert (machine.secure_boot, machine.sources["secure_boot"]) == (False, SHIM)


def test_a_machine_without_uefi_has_no_secure_boot(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/sys/firmware/acpi/x")
    assert folder.machine().secure_boot is False


def test_a_container_sees_no_firmware(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().file("/.dockerenv").file("/sys/firmware/acpi/x")
    assert folder.machine().secure_boot is None
