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
    machine = {"os": "macos", "arch": "x86_64", "python": "3.11", "request": {"tensorrt": wanted}}
    assert ("no-gpu-build-for-platform" in errors(judge("install:tensorrt", machine))) is not taken


@pytest.mark.parametrize(
    ("package", "wanted", "system", "arch", "rules"),
    [
        ("torch", "==1.8.0+cu102", "windows", "x86_64", ["package-removed"]),
        ("torch", "==1.8.0+cu102", "linux", "x86_64", []),
        ("torch", "==1.8.1+cu102", "windows", "x86_64", []),
        ("torch", "==2.9.1+cu129", "windows", "x86_64", ["package-removed"]),
        ("torch", "==2.9.1+cu129", "linux", "aarch64", []),
        ("torch", "==2.5.0+cu124", "linux", "aarch64", ["no-gpu-build-for-platform"]),  # none for any CUDA
        ("torch", "==2.5.0+cpu", "macos", "aarch64", []),  # of macOS no build of that index is listed
        ("torch", "==2.5.1+rocm6.2", "windows", "x86_64", []),  # nor are those of this kind
        ("torchvision", "==0.24.1+cu129", "windows", "x86_64", ["package-removed"]),
        ("torchvision", "==0.24.1+cu129", "linux", "x86_64", []),
        ("torchvision", "==0.24.1+cu130", "linux", "aarch64", ["no-gpu-build-for-platform"]),
        ("torchvision", "==0.25.0+cu130", "linux", "aarch64", []),
        ("torchaudio", "==2.11.0+cu130", "linux", "aarch64", []),
        ("torchaudio", "==2.10.0+cu130", "linux", "aarch64", []),  # of Arm single builds are listed from here on
        ("torchaudio", "==2.9.1+cu130", "windows", "x86_64", []),
        ("torchvision", "==0.24.0+cu129", "windows", "x86_64", []),  # nobody says
        ("torch", "==2.9.0+cu129", "linux", "aarch64", []),  # nor here
        ("torch", "==2.9.0+cu129", "windows", "x86_64", []),
        ("torch", "==2.9.0+cu118", "windows", "x86_64", ["package-removed"]),
        ("jaxlib", "==0.4.7+cuda11.cudnn86", "linux", "x86_64", []),
        ("jaxlib", "==0.4.7+cuda11.cudnn86", "linux", "aarch64", ["no-gpu-build-for-platform"]),
        ("jaxlib", "==0.4.7+cuda11.cudnn86", "windows", "x86_64", ["no-gpu-build-for-platform"]),
    ],
)
def test_a_build_of_other_platforms_only_is_none_here(
    package: str, wanted: str, system: str, arch: str, rules: list[str]
) -> None:
    """pip finds no matching distribution, be there other builds of the release for the platform or none with CUDA."""
    python = "3.10" if package != "jaxlib" and not wanted.startswith("==1.") else "3.9"
    machine = {"os": system, "arch": arch, "python": python, "request": {package: wanted}}
    assert errors(judge(f"install:{package}", machine)) == rules


def test_what_the_platform_has_instead_is_named() -> None:
    machine = {"os": "windows", "arch": "x86_64", "python": "3.10", "request": {"torch": "==2.9.1+cu129"}}
    found = judge("install:torch", machine).findings[0]
    assert found.message.endswith("that has +cpu, +cu126, +cu128, +cu130.")
    assert {"os = windows", "arch = x86_64", "request.torch = ==2.9.1+cu129"} <= {one.fact for one in found.evidence}
    assert found.remedies[0].text.endswith("torch==2.9.1+cu130")


@pytest.mark.parametrize(
    ("platform", "rules"),
    [({"os": "windows"}, ["package-removed"]), ({"arch": "x86_64"}, []), ({}, []), ({"os": "linux"}, [])],
)
def test_on_a_platform_that_is_not_told_it_may_be_there(platform: dict[str, str], rules: list[str]) -> None:
    machine = {**platform, "python": "3.10", "request": {"torch": "==2.9.1+cu129"}}
    assert errors(judge("install:torch", machine)) == rules


@pytest.mark.parametrize(("source", "rules"), [("pytorch", ["package-removed"]), ("jetson", [])])
def test_another_index_may_have_what_pytorchs_has_not(source: str, rules: list[str]) -> None:
    machine = {"os": "windows", "arch": "x86_64", "python": "3.10", "request": {"torch": "==2.9.1+cu129"}}
    assert errors(judge("install:torch", {**machine, "builds": {"torch": {"source": source}}})) == rules
