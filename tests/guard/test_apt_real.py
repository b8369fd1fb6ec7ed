"""The hook under real apt and dpkg, in a root of its own."""

from pathlib import Path

import aptlab
import pytest

from compat.guard.apt import hook

pytestmark = pytest.mark.skipif(not aptlab.HAVE_APT, reason="needs apt, dpkg and root")


@pytest.fixture
def lab(tmp_path: Path) -> aptlab.Lab:
    made = aptlab.Lab(tmp_path / "root")
    list(hook.install(str(made.root), str(made.program)))
    return made


@pytest.fixture
def driver(lab: aptlab.Lab) -> aptlab.Lab:
    done = lab.apt(
        "install", lab.deb("libnvidia-compute-550", "550.54.15-1"), lab.deb("nvidia-dkms-550", "550.54.15-1")
    )
    assert done.returncode == 0, done.stderr
    return lab


def test_a_driver_that_would_be_split_is_stopped(driver: aptlab.Lab) -> None:
    done = driver.apt("install", driver.deb("libnvidia-compute-550", "550.90.07-1"))
    assert done.returncode != 0
    assert "driver-library-mismatch" in done.stderr
    assert driver.version("libnvidia-compute-550") == "550.54.15-1"
    assert "transaction stopped" in driver.log


def test_both_halves_together_pass(driver: aptlab.Lab) -> None:
    done = driver.apt(
        "install", driver.deb("libnvidia-compute-550", "550.90.07-1"), driver.deb("nvidia-dkms-550", "550.90.07-1")
    )
    assert done.returncode == 0, done.stderr
    assert driver.version("nvidia-dkms-550") == "550.90.07-1"


def test_a_module_that_would_go_alone_is_stopped(driver: aptlab.Lab) -> None:
    assert driver.apt("remove", "nvidia-dkms-550").returncode != 0
    assert driver.version("nvidia-dkms-550") == "550.54.15-1"


def test_the_whole_driver_may_go(driver: aptlab.Lab) -> None:
    assert driver.apt("remove", "nvidia-dkms-550", "libnvidia-compute-550").returncode == 0


def test_what_is_no_part_of_the_stack_passes(driver: aptlab.Lab) -> None:
    assert driver.apt("install", driver.deb("hello-tiny", "1.0")).returncode == 0
    assert driver.version("hello-tiny") == "1.0"


def test_cudnn_that_a_framework_needs_stays(lab: aptlab.Lab) -> None:
    python = lab.environment(onnxruntime_gpu="1.16.3")
    list(hook.install(str(lab.root), str(lab.program), (python,)))
    assert lab.apt("install", lab.deb("libcudnn8", "8.6.0.163-1+cuda11.8")).returncode == 0
    done = lab.apt("remove", "libcudnn8")
    assert done.returncode != 0
    assert "library-not-found" in done.stderr
    assert lab.version("libcudnn8") == "8.6.0.163-1+cuda11.8"
    assert lab.apt("install", lab.deb("libcudnn8", "8.9.7.29-1+cuda11.8")).returncode == 0


@pytest.mark.parametrize("line", ["kill -SEGV $$", "exit 1", "exit 127", "echo x >&2; exit 3"])
def test_it_fails_open(driver: aptlab.Lab, line: str) -> None:
    driver.script(line)
    done = driver.apt("remove", "nvidia-dkms-550")
    assert done.returncode == 0, done.stderr
    assert "could not judge" in done.stderr
    assert driver.version("nvidia-dkms-550") is None


def test_it_fails_open_when_the_program_is_gone(driver: aptlab.Lab) -> None:
    driver.program.unlink()
    assert driver.apt("remove", "nvidia-dkms-550").returncode == 0


def test_a_damaged_matrix_fails_open_with_a_line_in_the_log(driver: aptlab.Lab) -> None:
    driver.script(
        "exec " + __import__("sys").executable + " -c \"import sys; sys.argv = ['compatcheck', *sys.argv[1:]]\n"
        "import compat.matrix\nclass Bad:\n    load = staticmethod(lambda: 1 / 0)\ncompat.matrix.Matrix = Bad\n"
        f'from compat.cli import main\nmain()" "$@" --root {driver.root}'
    )
    assert driver.apt("remove", "nvidia-dkms-550").returncode == 0
    assert "ZeroDivisionError" in driver.log


def test_removed_it_no_longer_asks(driver: aptlab.Lab) -> None:
    assert "removed" in next(hook.remove(str(driver.root)))
    assert driver.apt("remove", "nvidia-dkms-550").returncode == 0
    assert "nothing to remove" in next(hook.remove(str(driver.root)))


PREBUILT = "linux-modules-nvidia-580-server-open-6.8.0-60-generic"


def prebuilt(lab: aptlab.Lab, release: str, kernel: str = "6.8.0-60.63") -> list[str]:
    """Userspace, common part and prebuilt module of one release, as Ubuntu names them."""
    common = f"nvidia-kernel-common-580-server (<= {release}-1), nvidia-kernel-common-580-server (>= {release})"
    return [
        lab.deb("nvidia-kernel-common-580-server", f"{release}-0ubuntu1"),
        lab.deb("libnvidia-compute-580-server", f"{release}-0ubuntu1"),
        lab.deb(PREBUILT, f"{kernel}+{release.replace('.', '')}", common),
    ]


def test_a_prebuilt_module_is_a_half_of_the_driver(lab: aptlab.Lab) -> None:
    old, new = prebuilt(lab, "580.65.06"), prebuilt(lab, "580.95.05")
    assert lab.apt("install", *old).returncode == 0
    done = lab.apt("install", new[0], new[2])  # module and common part move, the libraries stay
    assert done.returncode != 0
    assert "driver-library-mismatch" in done.stderr
    assert lab.version("libnvidia-compute-580-server") == "580.65.06-0ubuntu1"
    assert lab.apt("remove", PREBUILT).returncode != 0
    assert lab.apt("install", *new).returncode == 0
    assert lab.version("libnvidia-compute-580-server") == "580.95.05-0ubuntu1"


def test_a_new_kernel_with_the_same_driver_passes(lab: aptlab.Lab) -> None:
    assert lab.apt("install", *prebuilt(lab, "580.65.06")).returncode == 0
    common = "nvidia-kernel-common-580-server (<= 580.65.06-1), nvidia-kernel-common-580-server (>= 580.65.06)"
    newer = lab.deb("linux-modules-nvidia-580-server-open-6.8.0-62-generic", "6.8.0-62.65+1", common)
    assert lab.apt("install", newer).returncode == 0


def test_server_and_open_packages(lab: aptlab.Lab) -> None:
    names = ("libnvidia-compute-580-server", "nvidia-dkms-580-server-open")
    assert lab.apt("install", *(lab.deb(name, "580.65.06-0ubuntu1") for name in names)).returncode == 0
    assert lab.apt("install", lab.deb(names[0], "580.95.05-0ubuntu1")).returncode != 0
    assert lab.apt("install", *(lab.deb(name, "580.95.05-0ubuntu2") for name in names)).returncode == 0


def test_from_590_on_the_names_have_no_branch(lab: aptlab.Lab) -> None:
    """NVIDIA's repository: the old names go, the new ones come, all in one transaction."""
    old = [lab.deb(name, "580.95.05-1") for name in ("libnvidia-compute-580", "nvidia-dkms-580-open")]
    new = [lab.deb(name, "590.44.01-1") for name in ("libnvidia-compute", "nvidia-dkms-open")]
    assert lab.apt("install", *old).returncode == 0
    assert lab.apt("install", *new, "libnvidia-compute-580-", "nvidia-dkms-580-open-").returncode == 0
    assert lab.apt("install", lab.deb("nvidia-dkms-open", "595.10-1")).returncode != 0


@pytest.fixture
def archive(lab: aptlab.Lab) -> aptlab.Lab:
    """An archive with two releases of a driver behind a metapackage; the older one is installed."""
    for release in ("550.54.15-1", "550.90.07-1"):
        pinned = f"libnvidia-compute-550 (>= {release}), nvidia-dkms-550 (>= 550)"
        lab.deb("cuda-drivers-550", release, pinned)
        lab.deb("libnvidia-compute-550", release)
        lab.deb("nvidia-dkms-550", release)
    lab.repository()
    names = ("cuda-drivers-550", "libnvidia-compute-550", "nvidia-dkms-550")
    done = lab.apt("install", *(f"{name}=550.54.15-1" for name in names))
    assert done.returncode == 0, done.stderr
    return lab


def test_an_upgrade_of_all_passes(archive: aptlab.Lab) -> None:
    assert archive.apt("dist-upgrade").returncode == 0
    assert archive.version("nvidia-dkms-550") == "550.90.07-1"


def test_an_upgrade_beside_a_held_module_is_stopped(archive: aptlab.Lab) -> None:
    """What an unattended upgrade does where somebody has put the module on hold."""
    held = archive.root / "etc/apt/preferences.d/hold"
    held.write_text("Package: nvidia-dkms-550\nPin: version 550.54.15-1\nPin-Priority: 1001\n")
    done = archive.apt("-o", "APT::Get::Always-Include-Phased-Updates=1", "dist-upgrade")
    assert done.returncode != 0
    assert "driver-library-mismatch" in done.stderr
    assert archive.version("libnvidia-compute-550") == "550.54.15-1"


def test_autoremove_does_not_take_cudnn_away(lab: aptlab.Lab) -> None:
    python = lab.environment(onnxruntime_gpu="1.16.3")
    list(hook.install(str(lab.root), str(lab.program), (python,)))
    lab.deb("libcudnn8", "8.9.7.29-1+cuda11.8")
    lab.deb("some-tool", "1.0", "libcudnn8")
    lab.repository()
    assert lab.apt("install", "some-tool").returncode == 0
    assert lab.version("libcudnn8") == "8.9.7.29-1+cuda11.8"
    done = lab.apt("remove", "--auto-remove", "some-tool")
    assert done.returncode != 0
    assert "use:onnxruntime-cuda" in done.stderr
    assert lab.version("libcudnn8") == "8.9.7.29-1+cuda11.8"
    assert lab.apt("remove", "some-tool").returncode == 0  # without what came with it
