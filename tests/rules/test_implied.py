"""What follows from little: of a Jetson, of a driver's age, of a package without GPU code; and what does not."""

import pytest
from tried import Facts, errors, judge


@pytest.mark.parametrize(
    "facts",
    [
        {"jetson": {"module": "AGX Xavier"}},
        {"jetson": {"l4t": "35.4.1"}},
        {"environment": ["jetson"]},
        {"gpus": [{"name": "Jetson AGX Xavier"}]},
    ],
)
def test_a_jetson_is_linux_on_aarch64(facts: Facts) -> None:
    """A wheel that is published for x86_64 alone is not taken for the one that is installed."""
    machine = {"python": "3.13.1", "packages": {"tensorflow": "2.10.1"}}
    assert errors(judge("import:tensorflow", machine)) == ["python-unsupported"]
    assert errors(judge("import:tensorflow", {**machine, **facts})) == []


def test_what_is_stated_of_a_jetson_stands() -> None:
    machine = {"arch": "x86_64", "environment": ["jetson"], "python": "3.13.1", "packages": {"tensorflow": "2.10.1"}}
    assert errors(judge("import:tensorflow", machine)) == ["python-unsupported"]


@pytest.mark.parametrize("driver", ["367.48", "390.157", "418.197.02"])
def test_a_driver_older_than_the_majors_before_takes_no_newer_cuda(driver: str) -> None:
    """Whatever the system is: not for each is a minimum of CUDA 13 known."""
    machine = {"driver": {"version": driver}, "packages": {"vllm": "0.25.1"}}
    assert errors(judge("use:vllm", machine)) == ["driver-too-old"]


def test_a_package_without_gpu_code_is_not_asked_for_it() -> None:
    machine = {"os": "linux", "packages": {"keras": "3.4.0", "onnx": "1.16.0"}}
    assert errors(judge("use:keras", machine)) == []
    assert errors(judge("use:onnx", machine)) == []


def test_that_a_build_is_published_says_nothing_of_what_is_installed() -> None:
    assert judge("use:torch", {"os": "linux"}).verdict == "unknown"
    assert judge("use:torch", {"os": "linux", "packages": {"torch": "2.7.1"}}).verdict == "compatible"


def test_nothing_stated_of_wsl_is_named_where_windows_would_answer_otherwise() -> None:
    def taken(machine: Facts) -> list[str]:
        found = judge("use:torch", machine).errors
        return [one.fact for error in found for one in error.evidence if one.source == "default"]

    machine: Facts = {"os": "linux", "driver": {"version": "527.00"}, "packages": {"torch": "1.7.1"}}
    new = {**machine, "driver": {"version": "581.42"}, "gpus": [{"name": "NVIDIA GeForce GTX 1080 Ti"}]}
    assert any("not stated, environment" in fact for fact in taken(new))
    assert not any("not stated, environment" in fact for fact in taken({**new, "environment": []}))


@pytest.mark.parametrize("version", ["2.1.2+cu121", "v2.1.2+cu121", "2.1.2+CU121"])
def test_a_version_may_be_written_as_a_tag(version: str) -> None:
    """A finding shows what is known of it by its plain name, and how it was written."""
    report = judge("use:torchvision", {"packages": {"torch": version, "torchvision": "0.20.0+cu121"}})
    assert errors(report) == ["package-versions-mismatch"]
    (shown,) = (one for one in report.errors[0].evidence if one.fact == "packages.torch = 2.1.2+cu121")
    spelled = version != "2.1.2+cu121"
    assert shown.source == ("machine description" + f": {version}" * spelled)


@pytest.mark.parametrize(
    ("packages", "rules"),
    [({}, ["precision-unsupported"]), ({"tensorrt": "8.6.1"}, ["precision-unsupported"]), ({"tensorrt": "10.9"}, [])],
)
def test_a_precision_that_the_release_has_not_is_a_fault_whatever_the_gpu(packages: Facts, rules: list[str]) -> None:
    """And element types that the GPU has not are one whatever the release: BF16 begins with 8.0 and TensorRT 9.0."""
    gpus = [] if packages else [{"name": "Tesla V100-SXM2-16GB"}]
    model = {"precision": "bf16"} if packages else {"types": ["bfloat16"]}
    machine = {**({"gpus": gpus} if gpus else {}), "packages": packages, "model": model}
    assert errors(judge("convert:onnx-tensorrt", machine)) == rules
