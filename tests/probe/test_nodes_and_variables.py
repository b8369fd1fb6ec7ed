"""Device nodes and environment variables."""

import os
from pathlib import Path

import pytest
from folder import Folder


def test_nodes_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "null", "nvram"]
    folder = Folder(tmp_path).linux().nodes(*names, "nvidia-caps/nvidia-cap1", "nvidia-caps/nvidia-cap2")
    assert folder.machine().device_nodes == (
        "/dev/nvidia2",
        "/dev/nvidia10",
        "/dev/nvidia-caps/nvidia-cap1",
        "/dev/nvidia-caps/nvidia-cap2",
        "/dev/nvidia-modeset",
        "/dev/nvidia-uvm",
        "/dev/nvidia-uvm-tools",
        "/dev/nvidiactl",
    )


def test_nodes_of_jetpack_6(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().nodes("nvgpu/igpu0/ctrl", "nvgpu/igpu0/power", "nvmap")
    assert folder.machine().device_nodes == ("/dev/nvgpu/igpu0/ctrl", "/dev/nvgpu/igpu0/power", "/dev/nvmap")


def test_no_nodes_is_known(tmp_path: Path) -> None:
    assert Folder(tmp_path).linux().nodes("null").machine().device_nodes == ()


def test_an_image_has_no_dev_which_says_nothing(tmp_path: Path) -> None:
    assert Folder(tmp_path).linux().machine().device_nodes is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_node_that_this_user_may_not_open_is_left_out(tmp_path: Path) -> None:
    folder = Folder(tmp_path).linux().nodes("nvidia0", "nvidiactl")
    (tmp_path / "dev/nvidia0").chmod(0o400)
    assert folder.machine().device_nodes == ("/dev/nvidiactl",)


def test_a_node_that_may_not_be_opened_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compat.probe.host.Host.access", lambda host, path, write=False: path != "/dev/nvidia0")
    assert Folder(tmp_path).linux().nodes("nvidia0", "nvidiactl").machine().device_nodes == ("/dev/nvidiactl",)


def test_variables_that_matter_and_no_others(tmp_path: Path) -> None:
    kept = {
        "LD_LIBRARY_PATH": "/usr/local/cuda/lib64",
        "CUDA_VISIBLE_DEVICES": "",
        "NVIDIA_REQUIRE_JETPACK": "csv-mounts=all",
        "TF_XLA_FLAGS": "--x",
        "XLA_FLAGS": "--y",
        "ORT_CUDA_UNAVAILABLE": "1",
        "CONDA_PREFIX": "/opt/conda",
        "PATH": "/usr/bin",
        "CUDA_DISABLE_PTX_JIT": "1",
        "CUDA_PATH_V12_4": "C:\\x",
    }
    dropped = {
        "HF_TOKEN": "hf_x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "NVIDIA_API_KEY": "nvapi-x",
        "TF_VAR_password": "x",
        "TF_TOKEN_app": "x",
        "HOME": "/home/a",
        "ORT_API_TOKEN": "x",
        "MY_LD_LIBRARY_PATH": "x",
        "LD_LIBRARY_PATH2": "x",
        "TRT_LONG": "x" * 20000,
    }
    machine = Folder(tmp_path, kept | dropped).linux().machine()
    assert machine.variables == kept
    assert machine.sources["variables.XLA_FLAGS"] == "environment"


def test_a_root_without_variables(tmp_path: Path) -> None:
    assert Folder(tmp_path).linux().machine().variables is None


def test_undecodable_bytes_can_be_written_down(tmp_path: Path) -> None:
    value = b"/opt/\xff\xfe:/lib".decode("utf-8", "surrogateescape")
    variables = Folder(tmp_path, {"LD_LIBRARY_PATH": value}).linux().machine().variables
    assert variables == {"LD_LIBRARY_PATH": "/opt/\\udcff\\udcfe:/lib"}
