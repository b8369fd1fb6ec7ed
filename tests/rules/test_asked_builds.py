"""What an installer takes from the index on each platform: builds without CUDA, and none at all."""

import pytest
from tried import errors, judge

_L4 = [{"name": "NVIDIA L4"}]


def _severities(package: str, wanted: str, system: str, arch: str, gpus: object = None) -> list[tuple[str, str]]:
    machine = {"os": system, "arch": arch, "python": "3.11", "request": {package: wanted}}
    report = judge(f"install:{package}", {**machine, "gpus": gpus} if gpus is not None else machine)
    return [(one.rule, one.severity) for one in report.findings]


@pytest.mark.parametrize(
    ("package", "wanted", "system", "arch", "rules"),
    [
        ("torch", "==2.9.1", "windows", "x86_64", ["cpu-only-build"]),
        ("torch", "*", "windows", "x86_64", ["cpu-only-build"]),
        ("torch", "==2.10.0", "linux", "aarch64", ["cpu-only-build"]),
        ("torch", "==2.11.0", "linux", "aarch64", []),
        ("torch", "==2.9.1+cu128", "windows", "x86_64", []),
        ("torch", "==2.9.1+cpu", "windows", "x86_64", []),
        ("torch", "==2.9.1", "macos", "aarch64", ["no-gpu-build-for-platform"]),
        ("tensorflow", "==2.15.0", "windows", "x86_64", ["no-gpu-build-for-platform"]),
        ("tensorflow", "==2.15.0", "linux", "aarch64", ["no-gpu-build-for-platform"]),
        ("ctranslate2", "*", "linux", "aarch64", ["no-gpu-build-for-platform"]),
        ("tensorrt", "*", "macos", "aarch64", ["no-gpu-build-for-platform"]),
        ("tensorrt", "*", "windows", "aarch64", []),
        ("bitsandbytes", "==0.50.2", "macos", "aarch64", ["no-gpu-build-for-platform"]),
        ("onnxruntime", "*", "windows", "x86_64", []),
    ],
)
def test_the_index_s_build_for_the_platform_is_judged(
    package: str, wanted: str, system: str, arch: str, rules: list[str]
) -> None:
    """Read from the wheels: torch for aarch64 has CUDA from 2.11 on, for Windows never on the public index."""
    assert _severities(package, wanted, system, arch, _L4) == [(rule, "error") for rule in rules]


def test_without_a_gpu_a_build_for_the_cpu_is_worth_a_word() -> None:
    assert _severities("torch", "==2.9.1", "windows", "x86_64") == [("cpu-only-build", "warning")]


@pytest.mark.parametrize(("wanted", "taken"), [("*", False), (">=9,<9.4", True), ("==9.3.0.post12.dev1", True)])
def test_a_pre_release_is_taken_where_it_is_named_or_nothing_else_is_there(wanted: str, taken: bool) -> None:
    """TensorRT 9 has pre-releases alone, as archives that say nothing of a platform."""
    machine = {"os": "macos", "arch": "aarch64", "python": "3.11", "request": {"tensorrt": wanted}}
    assert ("no-gpu-build-for-platform" in errors(judge("install:tensorrt", machine))) is not taken
