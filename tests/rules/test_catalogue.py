"""Every rule of the catalogue: it holds, it is violated, it cannot be told; alone, and before and behind others."""

from typing import Any, NamedTuple

import pytest

from compat import description, goals
from compat.check import Report, check
from compat.matrix import Matrix
from compat.rules import CATALOGUE, FAMILIES, every_rule, family_of

MATRIX = Matrix.load()
Facts = dict[str, Any]


class Tried(NamedTuple):
    """One rule on three small machines; None where the rule has no such answer."""

    rule: str
    goal: str
    violated: Facts
    holds: Facts | None
    unknown: Facts


T4 = {"gpus": [{"name": "Tesla T4"}]}
H100 = {"gpus": [{"name": "NVIDIA H100 PCIe"}]}
LINUX = {"os": "linux", "arch": "x86_64"}
PLUGIN = {"jax": "0.4.35", "jaxlib": "0.4.35", "jax-cuda12-plugin": "0.4.35", "jax-cuda12-pjrt": "0.4.35"}
ORIN = {
    "os": "linux",
    "arch": "aarch64",
    "environment": ["jetson"],
    "jetson": {"module": "AGX Orin", "jetpack": "5.1.2"},
}


def _lib(name: str, version: str, origin: str = "system", **more: Any) -> Facts:
    return {"name": name, "version": version, "origin": origin, **more}


def _torch(version: str | None = None, **build: Any) -> Facts:
    return {"packages": {"torch": version}, **({"builds": {"torch": build}} if build else {})}


TRIED = [
    Tried(
        "wsl-setup",
        "use:gpu",
        {"environment": ["wsl1"]},
        {"environment": ["wsl2"], "libcuda": {"path": "/usr/lib/wsl/lib/libcuda.so.1"}},
        {"environment": ["wsl2"]},
    ),
    Tried(
        "container-without-gpu",
        "use:gpu",
        {"container": {"gpu_access": False}},
        {"container": {"gpu_access": True}},
        {},
    ),
    Tried("gpu-missing", "use:gpu", {"gpus": []}, T4, {}),
    Tried(
        "container-needs-newer-driver",
        "start:container",
        {"driver": {"version": "535.54.03", "cuda": "12.2"}, "container": {"requires": "cuda>=12.4"}},
        {"driver": {"version": "550.54.15", "cuda": "12.4"}, "container": {"requires": "cuda>=12.4"}},
        {"container": {"requires": "cuda>=12.4"}},
    ),
    Tried(
        "other-driver-bound",
        "use:gpu",
        {"driver": {"kernel_module": "nouveau"}},
        {"driver": {"kernel_module": "open"}},
        {},
    ),
    Tried(
        "kernel-module-rejected",
        "use:gpu",
        {"secure_boot": True, "driver": {"kernel_module_signed": False}},
        {"secure_boot": True, "driver": {"kernel_module_loaded": True}},
        {"secure_boot": True},
    ),
    Tried(
        "kernel-module-flavor",
        "use:gpu",
        {"gpus": [{"name": "Tesla P4"}], "driver": {"kernel_module": "open"}},
        {**T4, "driver": {"kernel_module": "open"}},
        {"gpus": [{"name": "Unheard Of 1"}], "driver": {"kernel_module": "open"}},
    ),
    Tried(
        "driver-missing",
        "use:gpu",
        {"driver": {"kernel_module_loaded": False}},
        {"driver": {"version": "550.54.15"}},
        {},
    ),
    Tried(
        "stub-library",
        "use:gpu",
        {"libcuda": {"stub": True}},
        {"libcuda": {"stub": False}},
        {"libcuda": {"path": "/x"}},
    ),
    Tried(
        "compat-library-older-than-driver",
        "use:gpu",
        {"libcuda": {"compat": True, "version": "535.104.05"}, "driver": {"version": "550.54.15"}},
        {"libcuda": {"compat": True, "version": "560.28.03"}, "driver": {"version": "550.54.15"}, **H100},
        {"libcuda": {"compat": True}, "driver": {"version": "550.54.15"}},
    ),
    Tried(
        "forward-compat-unsupported",
        "use:gpu",
        {"libcuda": {"compat": True}, "gpus": [{"name": "NVIDIA GeForce RTX 3090"}]},
        {
            "libcuda": {"compat": True, "version": "550.54.15", "compat_drivers": ["535"]},
            "driver": {"version": "535.54.03"},
            **H100,
        },
        {"libcuda": {"compat": True}},
    ),
    Tried(
        "driver-library-mismatch",
        "use:gpu",
        {"driver": {"version": "535.54.03", "kernel_module_version": "535.104.05"}},
        {"driver": {"version": "535.54.03", "kernel_module_version": "535.54.03"}},
        {"driver": {"version": "535.54.03"}},
    ),
    Tried(
        "driver-dropped-gpu",
        "use:gpu",
        {"gpus": [{"name": "Tesla K80"}], "driver": {"version": "515.43.04"}},
        {"gpus": [{"name": "Tesla K80"}], "driver": {"version": "470.57.02"}},
        {"gpus": [{"name": "Tesla K80"}]},
    ),
    Tried(
        "device-node-missing",
        "use:gpu",
        {**T4, **LINUX, "device_nodes": ["/dev/nvidia0", "/dev/nvidiactl"]},
        {**T4, **LINUX, "device_nodes": ["/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm"]},
        {**T4, **LINUX},
    ),
    Tried(
        "fabric-manager",
        "use:gpu",
        {"nvswitch": True, "fabric_manager": {"running": False}},
        {"nvswitch": True, "fabric_manager": {"running": True}},
        {"nvswitch": True},
    ),
    Tried(
        "gpus-hidden",
        "use:gpu",
        {"variables": {"CUDA_VISIBLE_DEVICES": ""}},
        {"variables": {"CUDA_VISIBLE_DEVICES": "0"}},
        {},
    ),
    Tried(
        "mig-single-instance",
        "use:gpu",
        {"gpus": [{"mig": "1g.10gb"}, {"mig": "1g.10gb"}]},
        {"gpus": [{"mig": "1g.10gb"}]},
        {"gpus": [{"name": "Tesla T4"}, {"name": "Tesla T4"}]},
    ),
    Tried("package-missing", "use:torch", {"packages": {"torch": False}}, None, {"packages": {}}),
    Tried(
        "package-removed",
        "install:tensorflow",
        {"request": {"tensorflow-gpu": "==2.12.0"}},
        {"request": {"tensorflow-gpu": "==2.9.1"}},
        {},
    ),
    Tried(
        "no-gpu-build-for-platform",
        "use:tensorflow",
        {"os": "windows", "packages": {"tensorflow": "2.14.0"}},
        {"os": "linux", "arch": "x86_64", "packages": {"tensorflow": "2.14.0"}},
        {"packages": {"tensorflow": "2.14.0"}},
    ),
    Tried(
        "jetson-build-mismatch",
        "use:torch",
        {**ORIN, **_torch("2.1.0", cuda="12.2")},
        None,
        {**ORIN, "jetson": {"module": "AGX Orin"}, **_torch("2.1.0", cuda="12.2")},
    ),
    Tried(
        "python-unsupported",
        "import:torch",
        {**LINUX, "python": "3.13.0", **_torch("2.0.1", source="pypi")},
        {**LINUX, "python": "3.10.12", **_torch("2.0.1", source="pypi")},
        {**LINUX, **_torch("2.0.1")},
    ),
    Tried(
        "duplicate-install",
        "use:torch",
        {**_torch("2.0.1"), "duplicates": [{"name": "torch", "version": "1.2.0"}]},
        None,
        _torch("2.0.1"),
    ),
    Tried("cpu-only-build", "use:torch", _torch("2.1.0+cpu"), _torch("2.1.0+cu121"), {**LINUX, **_torch("2.1.0")}),
    Tried(
        "driver-too-old",
        "use:torch",
        {**LINUX, "driver": {"version": "470.57.02"}, **_torch("2.1.0+cu121")},
        {**LINUX, "driver": {"version": "525.60.13"}, **_torch("2.1.0+cu121")},
        {**LINUX, **_torch("2.1.0+cu121")},
    ),
    Tried(
        "gpu-not-in-build",
        "use:torch",
        {"gpus": [{"compute_capability": "9.0"}], **_torch(None, architectures=["sm_80"])},
        {"gpus": [{"compute_capability": "8.6"}], **_torch(None, architectures=["sm_80"])},
        {"gpus": [{"name": "Unheard Of 1"}], **_torch(None, architectures=["sm_80"])},
    ),
    Tried(
        "cuda-older-than-gpu",
        "use:torch",
        {"gpus": [{"compute_capability": "7.5"}], **_torch(None, cuda="9.0")},
        {"gpus": [{"compute_capability": "7.5"}], **_torch(None, cuda="10.0")},
        {"gpus": [{"compute_capability": "8.9"}], **_torch(None, cuda="11")},
    ),
    Tried(
        "ptx-newer-than-driver",
        "run:cuda-binary",
        {"driver": {"cuda": "12.2"}, "toolkits": [{"version": "12.4"}]},
        {"driver": {"cuda": "12.4"}, "toolkits": [{"version": "12.2"}]},
        {"toolkits": [{"version": "12.4"}]},
    ),
    Tried(
        "ptxas-too-old",
        "use:triton",
        {"model": {"target": "sm_90"}, "libraries": [_lib("ptxas", "11.4.48")], "packages": {"triton": None}},
        {"model": {"target": "sm_90"}, "libraries": [_lib("ptxas", "12.4.131")], "packages": {"triton": None}},
        {"model": {"target": "sm_90"}, "packages": {"triton": None}},
    ),
    Tried(
        "gpu-unsupported-by-tensorrt",
        "use:tensorrt",
        {"gpus": [{"name": "Tesla V100-PCIE-16GB"}], "libraries": [_lib("tensorrt", "10.7.0")]},
        {**T4, "libraries": [_lib("tensorrt", "10.7.0")]},
        T4,
    ),
    Tried(
        "library-damaged",
        "use:torch",
        {
            **_torch("2.7.1"),
            "damaged": [{"package": "torch", "path": "torch/lib/libtorch_cuda.so", "problem": "truncated"}],
        },
        {**_torch("2.7.1"), "damaged": []},
        _torch("2.7.1"),
    ),
    Tried(
        "library-shadowed",
        "use:torch",
        {
            **_torch("2.7.1", cudnn="9.5"),
            "libraries": [_lib("cudnn", "9.1.0", loaded=True), _lib("cudnn", "9.5.1", "pip")],
        },
        {
            **_torch("2.7.1", cudnn="9.5"),
            "libraries": [_lib("cudnn", "9.8.0", loaded=True), _lib("cudnn", "9.5.1", "pip")],
        },
        {**_torch("2.7.1", cudnn="9.5"), "libraries": [_lib("cudnn", "9.1.0"), _lib("cudnn", "9.5.1", "pip")]},
    ),
    Tried(
        "cudnn-mismatch",
        "use:torch",
        {**_torch(None, cudnn="8.9"), "libraries": [_lib("cudnn", "8.4.1", loaded=True)]},
        {**_torch(None, cudnn="8.4"), "libraries": [_lib("cudnn", "8.9.7", loaded=True)]},
        _torch(None, cudnn="8.9"),
    ),
    Tried(
        "cuda-library-too-old",
        "use:jax",
        {**LINUX, "packages": {**PLUGIN}, "libraries": [_lib("cublas", "12.0.1", loaded=True)]},
        {**LINUX, "packages": {**PLUGIN}, "libraries": [_lib("cublas", "12.6.4", loaded=True)]},
        {**LINUX, "packages": {**PLUGIN}},
    ),
    Tried(
        "cuda-major-mismatch",
        "use:onnxruntime-cuda",
        {
            "packages": {"onnxruntime-gpu": None},
            "builds": {"onnxruntime-gpu": {"cuda": "11.8"}},
            "toolkits": [{"version": "12.4"}],
        },
        {
            "packages": {"onnxruntime-gpu": None},
            "builds": {"onnxruntime-gpu": {"cuda": "12.4"}},
            "toolkits": [{"version": "12.1"}],
        },
        {
            "packages": {"onnxruntime-gpu": None},
            "builds": {"onnxruntime-gpu": {"cuda": "11.8"}},
            "toolkits": [{"origin": "system"}],
        },
    ),
    Tried(
        "mixed-cuda-majors",
        "use:torchvision",
        {
            "packages": {"torchvision": None, "torch": None},
            "builds": {"torchvision": {"cuda": "13.0"}, "torch": {"cuda": "12.8"}},
        },
        {
            "packages": {"torchvision": None, "torch": None},
            "builds": {"torchvision": {"cuda": "12.6"}, "torch": {"cuda": "12.8"}},
        },
        {"packages": {"torchvision": None, "torch": None}, "builds": {"torchvision": {"cuda": "13.0"}}},
    ),
    Tried(
        "library-not-found",
        "use:onnxruntime-cuda",
        {"packages": {"onnxruntime-gpu": "1.22.0"}, **LINUX, "missing_libraries": ["libcudnn.so.9"]},
        {"packages": {"onnxruntime-gpu": "1.22.0"}, **LINUX, "missing_libraries": ["libcudnn.so.8"]},
        {"packages": {"onnxruntime-gpu": "1.22.0"}, **LINUX},
    ),
    Tried(
        "glibc-too-old",
        "import:torch",
        {**LINUX, "glibc": "2.17", **_torch("2.7.0+cu126")},
        {**LINUX, "glibc": "2.31", **_torch("2.7.0+cu126")},
        {**LINUX, **_torch("2.7.0+cu126")},
    ),
    Tried(
        "libstdcxx-too-old",
        "import:onnxruntime",
        {**LINUX, "glibcxx": "3.4.21", "packages": {"onnxruntime-gpu": "1.31.1"}},
        {**LINUX, "glibcxx": "3.4.32", "packages": {"onnxruntime-gpu": "1.31.1"}},
        {**LINUX, "packages": {"onnxruntime-gpu": "1.31.1"}},
    ),
    Tried(
        "package-versions-mismatch",
        "import:torchvision",
        {"packages": {"torchvision": "0.18.0", "torch": "2.1.0"}},
        {"packages": {"torchvision": "0.18.0", "torch": "2.3.0"}},
        {"packages": {"torchvision": "0.18.0"}},
    ),
    Tried(
        "numpy-abi",
        "import:torch",
        {"packages": {"torch": "2.1.0", "numpy": "2.0.0"}},
        {"packages": {"torch": "2.1.0", "numpy": "1.26.4"}},
        {"packages": {"torch": "2.1.0"}},
    ),
    Tried(
        "protobuf-conflict",
        "import:tensorflow",
        {"packages": {"tensorflow": "2.8.0", "protobuf": "4.21.0"}},
        {"packages": {"tensorflow": "2.8.0", "protobuf": "3.20.3"}},
        {"packages": {"tensorflow": "2.8.0"}},
    ),
    Tried(
        "toolkit-mismatch-for-build",
        "build:cuda-extension",
        {**_torch("2.1.0+cu118"), "toolkits": [{"version": "12.4"}]},
        {**_torch("2.1.0+cu121"), "toolkits": [{"version": "12.4"}]},
        _torch("2.1.0+cu118"),
    ),
    Tried(
        "onnx-version-unsupported",
        "run:onnx",
        {"packages": {"onnxruntime": "1.16.0"}, "model": {"format": "onnx", "opset": "21"}},
        {"packages": {"onnxruntime": "1.16.0"}, "model": {"format": "onnx", "opset": "17"}},
        {"model": {"format": "onnx", "opset": "21"}},
    ),
    Tried(
        "precision-unsupported",
        "use:torch",
        {**T4, **_torch(), "model": {"precision": "fp8"}},
        {**H100, **_torch(), "model": {"precision": "fp8"}},
        {"gpus": [{"name": "Unheard Of 1"}], **_torch(), "model": {"precision": "fp8"}},
    ),
    Tried(
        "engine-unreadable",
        "run:engine",
        {"engine": {"file": "a.engine", "damaged": "cut short"}},
        {"engine": {"file": "a.engine", "tensorrt": "10.3.0"}},
        {"engine": {"tensorrt": "10.3.0"}},
    ),
    Tried(
        "engine-from-other-gpu",
        "run:engine",
        {**T4, "engine": {"compute_capability": "8.0"}},
        {**T4, "engine": {"compute_capability": "7.5"}},
        {"gpus": [{"name": "Unheard Of 1"}], "engine": {"compute_capability": "8.0"}},
    ),
    Tried(
        "engine-from-other-tensorrt",
        "run:engine",
        {"libraries": [_lib("tensorrt", "8.5.3")], "engine": {"tensorrt": "8.4.1"}},
        {"libraries": [_lib("tensorrt", "8.5.3")], "engine": {"tensorrt": "8.5.3"}},
        {"engine": {"tensorrt": "8.4.1"}},
    ),
    Tried(
        "engine-from-other-os",
        "run:engine",
        {"os": "linux", "engine": {"os": "windows"}},
        {"os": "linux", "engine": {"os": "linux"}},
        {"engine": {"os": "windows"}},
    ),
]
IDS = [one.rule for one in TRIED]


def judge(goal: str, facts: Facts) -> Report:
    return check(description.from_dict(facts), goals.parse(goal), MATRIX)


def errors(report: Report) -> list[str]:
    return list(dict.fromkeys(found.rule for found in report.errors))


NOTES = ("package-unknown", "newer-than-known")  # findings that are never errors


def test_every_rule_is_tried() -> None:
    assert [name for name in CATALOGUE if name not in NOTES] == IDS


def test_a_package_without_rows_is_said_to_be_unknown() -> None:
    report = judge("use:flash-attn", {"driver": {"version": "550.54.14"}, "packages": {"flash-attn": "2.5.0"}})
    assert [(found.rule, found.severity) for found in report.findings] == [("package-unknown", "note")]
    assert report.verdict == "unknown"
    assert "package-unknown" not in [
        found.rule for found in judge("use:torch", {"packages": {"torch": "2.6.0"}}).findings
    ]


def _newer(report: Report) -> list[tuple[str, str, str]]:
    return [(one.component, one.severity, one.message) for one in report.findings if one.rule == "newer-than-known"]


@pytest.mark.parametrize(
    ("goal", "newer", "component", "known"),
    [
        ("use:gpu", {"driver": {"version": "999.10.01"}}, "driver", {"driver": {"version": "550.54.15"}}),
        ("use:gpu", {"driver": {"kernel_module_version": "999.10.01"}}, "driver", {"driver": {"version": "620"}}),
        (
            "run:cuda-binary",
            {"toolkits": [{"version": "99.1"}], "driver": {"cuda": "99.1"}},
            "cuda",
            {"toolkits": [{"version": "12.4"}]},
        ),
        ("use:torch", _torch("99.0.1"), "torch", _torch("2.7.1")),
        ("use:torch", {**LINUX, **_torch("99.0.1+cu128")}, "torch", _torch("2")),
    ],
)
def test_what_is_newer_than_the_matrix_is_said(goal: str, newer: Facts, component: str, known: Facts) -> None:
    report = judge(goal, newer)
    ((about, severity, message),) = _newer(report)
    assert (about, severity) == (component, "note")
    assert MATRIX.date in message
    assert report.verdict != "incompatible"
    assert _newer(judge(goal, known)) == []
    assert _newer(judge("use:jax", {})) == []  # nothing is known of it
    broken = judge("use:gpu" if goal == "use:gpu" else goal, {**newer, "gpus": [], **_FIRST})
    if component != "torch":
        assert errors(broken)[0] == "gpu-missing"
        assert broken.findings[-1].rule == "newer-than-known"


@pytest.mark.parametrize("tried", TRIED, ids=IDS)
def test_violated_as_the_only_finding(tried: Tried) -> None:
    report = judge(tried.goal, tried.violated)
    assert errors(report) == [tried.rule]
    assert report.verdict == "incompatible"
    assert report.primary is not None
    assert report.primary.evidence
    assert report.primary.remedies


@pytest.mark.parametrize(
    "tried", [one for one in TRIED if one.holds is not None], ids=[one.rule for one in TRIED if one.holds is not None]
)
def test_holds(tried: Tried) -> None:
    assert tried.holds is not None
    report = judge(tried.goal, tried.holds)
    assert errors(report) == []
    assert tried.rule in {one.rule for one in report.holds}
    assert report.verdict == ("unknown" if tried.rule in ("gpu-missing", "library-damaged") else "compatible")


def test_presence_alone_is_no_verdict_about_a_package() -> None:
    there = {
        "gpus": [{"name": "Tesla T4"}],
        "variables": {"CUDA_VISIBLE_DEVICES": "0"},
        "libcuda": {"version": "550.54.15"},
    }
    assert judge("use:torch", there).verdict == "unknown"
    assert (
        judge("use:torch", {**there, "driver": {"version": "550.54.15"}, **_torch("2.4.0+cu124")}).verdict
        == "compatible"
    )


@pytest.mark.parametrize("tried", TRIED, ids=IDS)
def test_unknown_is_no_finding_and_does_not_hold(tried: Tried) -> None:
    report = judge(tried.goal, tried.unknown)
    assert tried.rule not in {found.rule for found in report.findings if found.severity == "error"}
    assert tried.rule not in {one.rule for one in report.holds}
    assert report.verdict != "incompatible"


# Faults of other parts of the machine, by where they stand in the catalogue.
_FIRST = {"nvswitch": True, "fabric_manager": {"installed": False}}
_LAST = {"model": {"precision": "fp32", "device": "dla"}}
_DOUBLE = {
    "duplicates": [
        {"name": "torch", "version": "0.0.1"},
        {"name": "tensorflow", "version": "0.0.1"},
        {"name": "torchvision", "version": "0.0.1"},
        {"name": "onnxruntime", "version": "0.0.1"},
    ]
}
_INSTALLED = {"packages": {"torch": "2.7.1", "tensorflow": "2.9.1", "onnxruntime": "1.20.0"}}


def _beside(tried: Tried) -> list[tuple[str, Facts]]:
    """(rule, facts) of faults that can stand beside this one."""
    found = (
        [("fabric-manager", _FIRST), ("precision-unsupported", _LAST)]
        if goals.parse(tried.goal).needs_gpu
        else [("duplicate-install", _DOUBLE if "packages" in tried.violated else {**_DOUBLE, **_INSTALLED})]
    )
    return [(rule, facts) for rule, facts in found if rule != tried.rule and not set(facts) & set(tried.violated)]


@pytest.mark.parametrize("tried", TRIED, ids=IDS)
def test_before_and_behind_other_findings(tried: Tried) -> None:
    beside = _beside(tried)
    assert beside
    for rule, facts in beside:
        found = errors(judge(tried.goal, {**tried.violated, **facts}))
        assert found == sorted({tried.rule, rule}, key=CATALOGUE.index)
    everything = {key: value for _, facts in beside for key, value in facts.items()}
    found = errors(judge(tried.goal, {**tried.violated, **everything}))
    assert found == sorted({tried.rule, *(rule for rule, _ in beside)}, key=CATALOGUE.index)


def test_every_rule_has_a_page_and_a_family() -> None:
    for entry in every_rule():
        assert len(entry.page.splitlines()) > 3, entry.name
        assert "Remedy" in entry.page or "remed" in entry.page, entry.name
        assert family_of(entry.name) in FAMILIES
        assert set(entry.masks) <= set(CATALOGUE), entry.name


def test_damage_that_the_process_does_not_meet_is_a_warning() -> None:
    """Measured on an H200: with pip's libcudnn_graph emptied torch fails and JAX works, by the system's copy."""
    damaged = [{"package": "nvidia-cudnn-cu12", "path": "nvidia/cudnn/lib/libcudnn_graph.so.9", "problem": "empty"}]
    machine = {
        "packages": {"torch": "2.7.1+cu128", "nvidia-cudnn-cu12": "9.7.1.26", **PLUGIN},
        "damaged": damaged,
        "libraries": [
            _lib("cudnn", "9.7.1", "pip", path="/env/nvidia/cudnn/lib", loaded_by=["torch"]),
            _lib("cudnn", "9.14.0", path="/usr/lib/x86_64-linux-gnu/libcudnn.so.9", loaded_by=["jax"]),
        ],
    }
    assert errors(judge("use:torch", machine)) == ["library-damaged"]
    report = judge("use:jax", machine)
    assert errors(report) == []
    assert [(one.rule, one.severity) for one in report.findings if one.rule == "library-damaged"] == [
        ("library-damaged", "warning")
    ]


def test_a_copy_in_front_is_judged_by_what_it_serves() -> None:
    """Measured on an H200: cuDNN 9.14 in front of 9.19 stops torch, built with 9.19, not JAX, built with 9.12."""

    def machine(package: str, built: str) -> Facts:
        return {
            "packages": {package: None},
            "builds": {package: {"cudnn": built}},
            "libraries": [_lib("cudnn", "9.14.0", loaded_by=[package]), _lib("cudnn", "9.19.0", "pip")],
        }

    assert errors(judge("use:torch", machine("torch", "9.19.0"))) == ["library-shadowed"]
    assert errors(judge("use:jax", machine("jax", "9.12.0"))) == []
