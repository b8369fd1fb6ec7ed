"""Windows' Linux: the kernel's name tells the first from the second, and the second has the driver of Windows."""

import pytest

from compat import description, goals
from compat.check import check
from compat.matrix import Matrix

MATRIX = Matrix.load()


@pytest.mark.parametrize(
    ("kernel", "severities"),
    [
        ("4.4.0-19041-Microsoft", ["error"]),  # WSL 1, whatever the description calls it
        ("4.4.0-210-generic", []),  # Ubuntu 16.04
        ("5.10.16.3-microsoft-standard-WSL2", ["warning"]),
        ("5.10.102.1-microsoft-standard-WSL2", []),
        ("6.6.87.2-microsoft-standard-WSL2", []),
    ],
)
def test_the_kernel(kernel: str, severities: list[str]) -> None:
    environment = ["wsl2"] if "WSL2" in kernel else []
    machine = description.from_dict({"os": "linux", "environment": environment, "kernel": kernel})
    report = check(machine, goals.parse("use:gpu"), MATRIX)
    assert [one.severity for one in report.findings if one.rule == "wsl-setup"] == severities


@pytest.mark.parametrize(
    ("torch", "driver", "verdict"),
    [
        ("2.6.0+cu124", "471.11", "incompatible"),
        ("2.6.0+cu124", "537.58", "compatible"),
        ("2.9.0+cu130", "576.88", "incompatible"),
        ("2.9.0+cu130", "581.15", "compatible"),
    ],
)
def test_the_driver_is_that_of_windows(torch: str, driver: str, verdict: str) -> None:
    told = {"os": "linux", "environment": ["wsl2"], "driver": {"version": driver}, "packages": {"torch": torch}}
    report = check(description.from_dict(told), goals.parse("use:torch"), MATRIX)
    assert report.verdict == verdict
    linux = ("525.60", "580.65")  # minima that a driver of Windows is not held against
    assert not any(one in finding.message for finding in report.findings for one in linux)


@pytest.mark.parametrize(
    ("nodes", "severities"),
    [
        ([], ["error"]),  # WSL issue 7056: Windows 10 build 19042
        (["/dev/nvidiactl"], ["error"]),
        (["/dev/dxg"], []),
        (None, []),
    ],
)
def test_the_node_that_windows_makes(nodes: list[str] | None, severities: list[str]) -> None:
    told = {"os": "linux", "environment": ["wsl2"], "driver": {"version": "470.76"}, "device_nodes": nodes}
    machine = description.from_dict({key: value for key, value in told.items() if value is not None})
    report = check(machine, goals.parse("use:gpu"), MATRIX)
    assert [one.severity for one in report.findings if one.rule == "wsl-setup"] == severities


def test_a_container_without_a_gpu_has_no_such_node_either() -> None:
    told = {"os": "linux", "environment": ["wsl2", "docker"], "device_nodes": [], "container": {"gpu_access": False}}
    report = check(description.from_dict(told), goals.parse("use:gpu"), MATRIX)
    assert [one.rule for one in report.errors] == ["container-without-gpu"]


@pytest.mark.parametrize(
    ("told", "rules"),
    [
        ({"environment": ["wsl2"]}, ["wsl-setup"]),
        ({"environment": ["wsl2", "docker"]}, []),  # where NVIDIA's toolkit mounts it (nvidia-docker issue 1551)
        ({"environment": ["wsl2"], "container": {"image": "nvidia/cuda:12.1.1-base-ubuntu22.04"}}, []),
    ],
)
def test_in_a_container_windows_libcuda_is_among_those_of_the_image(told: dict[str, object], rules: list[str]) -> None:
    libcuda = {"path": "/usr/lib/x86_64-linux-gnu/libcuda.so.1"}
    machine = description.from_dict({"os": "linux", "driver": {"version": "551.61"}, "libcuda": libcuda, **told})
    assert [one.rule for one in check(machine, goals.parse("use:gpu"), MATRIX).errors] == rules
