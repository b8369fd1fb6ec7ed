"""The libcuda that the loader finds, and the driver's release."""

from pathlib import Path

import pytest
from elfimage import note
from folder import Folder

from compat.machine import Libcuda
from compat.probe.binary.driverlib import COMPAT_SECTION
from compat.probe.layer import Reading
from compat.probe.layers.libcuda import read
from compat.probe.nvml import Answer

LIB = "/usr/lib/x86_64-linux-gnu"
BRANCHES = b'{"format":1,"CUDA version":"13.1","driver":[535,550,570,580,590],"device":[1,7,8,9]}\0'
REAL = {".dynstr": (3, b"\0dlopen\0ioctl\0")}
STUB = {".dynstr": (3, b"\0cuInit\0__stack_chk_fail\0")}
COMPAT = {COMPAT_SECTION: (7, note("NVIDIA Corporation", BRANCHES)), **REAL}
COMPAT_PATH = "/usr/local/cuda/compat"


def compat_folder(tmp_path: Path, folder: str = COMPAT_PATH) -> Folder:
    made = Folder(tmp_path, {"LD_LIBRARY_PATH": folder}).linux().driver_libraries("580.159.04")
    return made.library(f"{folder}/libcuda.so.590.44.01", "libcuda.so.1", f"{folder}/libcuda.so.1", sections=COMPAT)


def test_the_drivers_own(tmp_path: Path) -> None:
    machine = Folder(tmp_path).linux().driver_libraries("580.95.05").machine()
    assert machine.libcuda == Libcuda(version="580.95.05", path=f"{LIB}/libcuda.so.1", compat=False, stub=False)
    assert machine.driver.version == "580.95.05"
    assert machine.sources["driver.version"] == f"{LIB}/libcuda.so.580.95.05"
    assert machine.sources["libcuda.path"] == "loader: default directory"


@pytest.mark.parametrize("folder", [COMPAT_PATH, "/usr/local/cuda-13.1/compat", "/opt/forward"])
def test_a_compat_library_is_not_the_driver(tmp_path: Path, folder: str) -> None:
    machine = compat_folder(tmp_path, folder).machine()
    assert machine.libcuda == Libcuda(
        version="590.44.01",
        path=f"{folder}/libcuda.so.1",
        compat=True,
        compat_drivers=("535", "550", "570", "580", "590"),
        stub=False,
    )
    assert machine.driver.version == "580.159.04"
    assert machine.sources["driver.version"] == f"{LIB}/libnvidia-ml.so.580.159.04"


def test_a_note_alone_does_not_make_the_drivers_library_a_compat_library(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().driver_libraries("590.44.01")
    folder.library(f"{LIB}/libcuda.so.590.44.01", "libcuda.so.1", sections=COMPAT)
    assert folder.machine().libcuda.compat is False


def test_nor_where_a_container_has_no_nvml(tmp_path: Path) -> None:
    """NVIDIA_DRIVER_CAPABILITIES=compute."""
    folder = Folder(tmp_path).linux().file("/.dockerenv")
    folder.library(f"{LIB}/libcuda.so.590.44.01", "libcuda.so.1", f"{LIB}/libcuda.so.1", sections=COMPAT)
    assert folder.machine().libcuda.compat is False


def test_nor_where_it_is_of_the_kernel_modules_release(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": "/opt/driver"}).linux().loaded()
    for version, compat in (("580.95.05", False), ("590.44.01", True)):
        names = [f"/opt/driver/{version}/libcuda.so.{version}", "libcuda.so.1", f"/opt/driver/{version}/libcuda.so.1"]
        folder.library(*names, sections=COMPAT).environ["LD_LIBRARY_PATH"] = f"/opt/driver/{version}"
        assert folder.machine().libcuda.compat is compat


def test_an_old_compat_folder_without_a_note(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": COMPAT_PATH}).linux().driver_libraries("535.183.01")
    folder.library(f"{COMPAT_PATH}/libcuda.so.520.61.05", "libcuda.so.1", f"{COMPAT_PATH}/libcuda.so.1", sections=REAL)
    libcuda = folder.machine().libcuda
    assert (libcuda.compat, libcuda.compat_drivers, libcuda.version) == (True, None, "520.61.05")


def test_which_configuration_puts_a_compat_folder_before_the_driver(tmp_path: Path) -> None:
    folder = compat_folder(tmp_path).cache(f"{COMPAT_PATH}/libcuda.so.1")
    folder.file("/etc/ld.so.conf.d/x86_64-linux-gnu.conf", "# Multiarch\n/lib/x86_64-linux-gnu\n")
    folder.file("/etc/ld.so.conf.d/00-cuda-compat.conf", f"{COMPAT_PATH}/\n")
    assert folder.machine().loader_configuration is None  # it is LD_LIBRARY_PATH that leads there
    folder.environ.clear()
    machine = folder.machine()
    assert (machine.libcuda.compat, machine.loader_configuration) == (True, "00-cuda-compat.conf")
    assert machine.sources["libcuda.path"] == "loader: ld.so.cache"


def test_the_configuration_of_the_driver_itself_is_nothing_special(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().driver_libraries("580.95.05", "/opt/driver").cache("/opt/driver/libcuda.so.1")
    folder.file("/etc/ld.so.conf.d/driver.conf", "/opt/driver\n")
    machine = folder.machine()
    assert (machine.libcuda.path, machine.loader_configuration) == ("/opt/driver/libcuda.so.1", None)


def test_the_stub(tmp_path: Path) -> None:
    stubs = "/usr/local/cuda/lib64/stubs"
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": stubs}).linux().driver_libraries("580.159.04")
    folder.library(f"{stubs}/libcuda.so", "libcuda.so.1", f"{stubs}/libcuda.so.1")
    machine = folder.machine()
    assert machine.libcuda == Libcuda(path=f"{stubs}/libcuda.so.1", compat=False, stub=True)
    assert machine.driver.version == "580.159.04"


@pytest.mark.parametrize(
    ("options", "stub"),
    [({"sections": STUB}, True), ({"sections": REAL}, False), ({"sections": STUB, "pad": 2 << 20}, False), ({}, None)],
)
def test_a_copied_stub_is_known_by_what_it_cannot_do(
    tmp_path: Path, options: dict[str, object], stub: bool | None
) -> None:
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": "/opt/x"}).linux()
    assert folder.library("/opt/x/libcuda.so.1", "libcuda.so.1", **options).machine().libcuda.stub is stub


def test_a_stub_in_a_folder_that_is_not_searched_does_not_matter(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().driver_libraries("580.159.04")
    folder.library("/usr/local/cuda/lib64/stubs/libcuda.so.1", "libcuda.so.1")
    assert folder.machine().libcuda.stub is False


def test_libraries_of_an_older_release_first_on_the_path(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": "/opt/old"}).linux().loaded().driver_libraries("580.95.05")
    machine = folder.driver_libraries("550.54.15", "/opt/old").machine()
    assert (machine.driver.version, machine.driver.kernel_module_version) == ("550.54.15", "580.95.05")


def test_wsl2_has_a_small_library_without_a_release(tmp_path: Path) -> None:
    wsl = "/usr/lib/wsl/lib"
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": wsl}).linux(kernel="5.15.1-microsoft-standard-WSL2")
    for name in ("libcuda.so.1.1", "libcuda.so.1"):
        folder.library(f"{wsl}/{name}", "libcuda.so.1", sections=REAL)
    machine = folder.machine()
    assert machine.libcuda == Libcuda(path=f"{wsl}/libcuda.so.1", compat=False, stub=False)
    assert machine.driver.version is None


def test_jetson_has_it_in_tegras_folder(tmp_path: Path) -> None:
    tegra = "/usr/lib/aarch64-linux-gnu/tegra"
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": tegra}).linux("ubuntu", "20.04", "5.10.104-tegra")
    folder.library("/usr/bin/env", "x", machine="aarch64")
    options = {"machine": "aarch64", "sections": REAL}
    folder.library(f"{tegra}/libcuda.so.1.1", "libcuda.so.1", f"{tegra}/libcuda.so.1", **options)
    assert folder.machine().libcuda == Libcuda(path=f"{tegra}/libcuda.so.1", compat=False, stub=False)


def test_nvml_tells_what_file_names_do_not(tmp_path: Path) -> None:
    wsl = "/usr/lib/wsl/lib"
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": wsl}).library(f"{wsl}/libcuda.so.1", "libcuda.so.1", sections=REAL)
    so_far = Reading({"os": "linux"}, aside={"nvml": Answer("581.29", "13.0")})
    found = read(folder.host(), so_far)
    assert (found.values["driver.version"], found.values["driver.cuda"]) == ("581.29", "13.0")
    assert found.sources["driver.version"] == "NVML"


def test_cuda_of_nvml_is_not_the_drivers_where_a_compat_library_loads(tmp_path: Path) -> None:
    so_far = Reading({"os": "linux"}, aside={"nvml": Answer("580.159.04", "13.1")})
    found = read(compat_folder(tmp_path).host(), so_far)
    assert found.values["driver.version"] == "580.159.04"
    assert "driver.cuda" not in found.values


def test_windows_has_its_driver_from_nvml(tmp_path: Path) -> None:
    so_far = Reading({"os": "windows"}, aside={"nvml": Answer("581.29", "13.0")})
    found = read(Folder(tmp_path).host(), so_far)
    assert found.values == {"driver.version": "581.29", "driver.cuda": "13.0"}


def test_none_at_all(tmp_path: Path) -> None:
    machine = Folder(tmp_path).linux().machine()
    assert machine.libcuda == Libcuda()
    assert machine.missing_libraries is None  # an image gets its libcuda when it is started


def test_a_library_of_another_architecture_is_passed_over(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": "/opt/arm"}).linux().driver_libraries("580.95.05")
    folder.library("/opt/arm/libcuda.so.1", "libcuda.so.1", machine="aarch64")
    assert folder.machine().libcuda.path == f"{LIB}/libcuda.so.1"


@pytest.mark.parametrize("desc", [b"{", b"[]", b'{"driver": "580"}', b'{"format":1,"CUDA version":"13.2"}\0'])
def test_notes_that_name_no_branches(tmp_path: Path, desc: bytes) -> None:
    folder = Folder(tmp_path, {"LD_LIBRARY_PATH": COMPAT_PATH}).linux()
    sections = {COMPAT_SECTION: (7, note("NVIDIA Corporation", desc)), **REAL}
    libcuda = folder.library(f"{COMPAT_PATH}/libcuda.so.1", "libcuda.so.1", sections=sections).machine().libcuda
    assert (libcuda.compat, libcuda.compat_drivers) == (True, None)
