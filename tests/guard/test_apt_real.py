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
