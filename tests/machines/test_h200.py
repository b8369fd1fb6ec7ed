"""The H200 machine, replayed: right as it is, and each fault by its own rule with no second alarm."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from compat.description import to_dict
from compat.matrix import Matrix
from scripts.honesty import relations, search
from tests.machines.replay import CAPTURES, Replay, errors, library
from tests.probe.software import library as elf

GOALS = ("use:gpu", "use:torch", "use:jax")
DRIVER_LIBRARIES = "/usr/local/nvidia/lib64"
SYSTEM = "/usr/lib/x86_64-linux-gnu"
CUDNN_PARTS = ("graph", "ops", "cnn", "adv", "engines_precompiled", "engines_runtime_compiled", "heuristic")


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    return Replay.of("h200", tmp_path_factory.mktemp("h200"))


@pytest.fixture
def h200(capture: Replay, tmp_path: Path) -> Replay:
    return capture.copy(tmp_path / "root")


def test_facts(capture: Replay) -> None:
    machine = capture.machine()
    assert [(gpu.name, gpu.pci_id) for gpu in machine.gpus or ()] == [("NVIDIA H200", "10de:2335")]
    assert (machine.driver.version, machine.driver.kernel_module_version) == ("580.159.04", "580.159.04")
    assert (machine.driver.kernel_module, machine.libcuda.compat, machine.libcuda.stub) == ("open", False, False)
    assert machine.libcuda.path == f"{DRIVER_LIBRARIES}/libcuda.so.1"
    packages = machine.packages or {}
    assert packages["torch"] == "2.11.0"
    assert machine.builds["torch"].cuda == "13.0"
    assert machine.builds["onnxruntime"].cuda is False
    assert machine.builds["jax-cuda13-plugin"].cuda == "13"
    assert {"torchmetrics", "torchdiffeq"} <= packages.keys()
    assert not {"torchmetrics", "torchdiffeq"} & machine.builds.keys()
    cudnn = {(one.version, one.loaded) for one in machine.libraries or () if one.name == "cudnn"}
    assert cudnn == {("9.19.0.56", True), ("9.14.0", False)}
    assert machine.missing_libraries == machine.damaged == machine.duplicates == ()


def test_each_goal_as_it_is(capture: Replay) -> None:
    reports = capture.reports(*GOALS, "use:torchvision", "import:onnxruntime", "run:onnx")
    said = {
        goal: (report.verdict, {found.severity for found in report.findings} - {"note"})
        for goal, report in reports.items()
    }
    assert said == {goal: ("compatible", set()) for goal in reports}


def test_the_plugin_for_another_cuda_is_not_asked_for(capture: Replay) -> None:
    asked = {fact for one in capture.reports("use:jax")["use:jax"].untold for fact in one.needs}
    assert asked == {"builds.jax-cuda13-pjrt.architectures"}


def test_the_onnxruntime_there_is_for_the_cpu(capture: Replay) -> None:
    report = capture.reports("use:onnxruntime-cuda")["use:onnxruntime-cuda"]
    assert [(found.rule, found.severity) for found in report.findings] == [("cpu-only-build", "error")]


def test_nothing_in_it_names_a_device_or_a_person(capture: Replay) -> None:
    with lzma.open(CAPTURES / "h200.json.xz", "rt", encoding="utf-8") as file:
        text = file.read()
    described = json.dumps(to_dict(capture.machine(redact=True)))
    uuid = re.compile(r"(?i)[0-9a-f]{8}-(?!0000)[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
    assert not uuid.search(described)
    assert not re.search(r'"(?:HOSTNAME|USER|LOGNAME|HOME|\w*(?:TOKEN|SECRET|PASSWORD|API_KEY)\w*)"', text)


def _stub(replay: Replay) -> None:
    folder = "/usr/local/cuda-13.0/lib64/stubs"
    replay.place(folder).unlink()
    replay.write(f"{folder}/libcuda.so.1", elf(soname="libcuda.so.1"))
    replay.first("LD_LIBRARY_PATH", folder)


def _compat(replay: Replay) -> None:
    folder = "/usr/local/cuda-13.0/compat"
    replay.write(f"{folder}/libcuda.so.580.95.05", elf(soname="libcuda.so.1", pad=3 << 20))
    (replay.place(folder) / "libcuda.so.1").symlink_to("libcuda.so.580.95.05")
    replay.first("LD_LIBRARY_PATH", folder)


def _other_release(replay: Replay) -> None:
    for name in ("cuda", "nvidia-ml"):
        replay.write(f"/opt/driver550/lib{name}.so.550.54.15", elf(soname=f"lib{name}.so.1", pad=3 << 20))
        (replay.place("/opt/driver550") / f"lib{name}.so.1").symlink_to(f"lib{name}.so.550.54.15")
    replay.first("LD_LIBRARY_PATH", "/opt/driver550")


def _no_libcuda(replay: Replay) -> None:
    for path in replay.place(DRIVER_LIBRARIES).glob("libcuda.so*"):
        path.unlink()


def _system_cudnn(replay: Replay) -> None:
    """The capture has only names of the system's cuDNN, which no process loads there."""
    for part in CUDNN_PARTS:
        for link in (f"libcudnn_{part}.so.9", f"libcudnn_{part}.so"):  # the second: of the development package
            (replay.place(SYSTEM) / link).unlink(missing_ok=True)
            (replay.place(SYSTEM) / link).symlink_to(f"libcudnn_{part}.so.9.14.0")
        replay.write(f"{SYSTEM}/libcudnn_{part}.so.9.14.0", elf(soname=f"libcudnn_{part}.so.9"))


def _emptied_part(replay: Replay) -> None:
    """Measured: torch and JAX then get the system's 9.14, which torch refuses and JAX takes."""
    _system_cudnn(replay)
    replay.write(f"{replay.site}/nvidia/cudnn/lib/libcudnn_graph.so.9")


def _missing_part(replay: Replay) -> None:
    _system_cudnn(replay)
    replay.remove(f"{replay.site}/nvidia/cudnn/lib/libcudnn_graph.so.9")


def _missing_library(replay: Replay) -> None:
    """torch needs it, JAX does not open it."""
    replay.remove(f"{replay.site}/nvidia/cusparselt/lib/libcusparseLt.so.0")


def _cut_library(replay: Replay) -> None:
    path = f"{replay.site}/nvidia/cu13/lib/libcublasLt.so.13"
    replay.write(path, replay.place(path).read_bytes()[: 1 << 20])


def _system_cudnn_first(replay: Replay) -> None:
    _system_cudnn(replay)
    replay.first("LD_LIBRARY_PATH", SYSTEM)


def _hidden_gpus(replay: Replay) -> None:
    replay.environ["CUDA_VISIBLE_DEVICES"] = "-1"


FAULTS: dict[str, tuple[Callable[[Replay], None], str, tuple[str, ...]]] = {
    "no uvm node": (lambda r: r.remove("/dev/nvidia-uvm"), "device-node-missing", GOALS),
    "no control node": (lambda r: r.remove("/dev/nvidiactl"), "device-node-missing", GOALS),
    "GPUs hidden": (_hidden_gpus, "gpus-hidden", GOALS),
    "stub first": (_stub, "stub-library", GOALS),
    "older compat first": (_compat, "compat-library-older-than-driver", GOALS),
    "libraries of another release first": (_other_release, "driver-library-mismatch", GOALS),
    "no libcuda": (_no_libcuda, "driver-missing", GOALS),
    "system's older cuDNN first": (_system_cudnn_first, "library-shadowed", ("use:torch",)),
    "a part of cuDNN empty": (_emptied_part, "library-damaged", ("use:torch",)),
    "a part of cuDNN missing": (_missing_part, "library-damaged", ("use:torch",)),
    "cuSPARSELt missing": (_missing_library, "library-damaged", ("use:torch",)),
    "cuBLASLt cut short": (_cut_library, "library-damaged", ("use:torch", "use:jax")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_by_its_own_rule_and_no_other(h200: Replay, name: str) -> None:
    make, rule, concerned = FAULTS[name]
    make(h200)
    found = {goal: errors(report) for goal, report in h200.reports(*GOALS).items()}
    assert found == {goal: [rule] if goal in concerned else [] for goal in GOALS}


def test_a_cudnn_shim_alone_changes_nothing(h200: Replay) -> None:
    """Measured there: the wheel's RPATH wins, and the parts come from beside the shim."""
    library(h200, "/opt/shim", ["libcudnn.so.9"], SYSTEM)
    h200.first("LD_LIBRARY_PATH", "/opt/shim")
    assert {goal: errors(report) for goal, report in h200.reports(*GOALS).items()} == {goal: [] for goal in GOALS}


@pytest.mark.parametrize("folder", ["/usr/local/cuda-13.0/lib64", "/nowhere", ""])
def test_a_path_that_changes_nothing_is_no_alarm(h200: Replay, folder: str) -> None:
    h200.first("LD_LIBRARY_PATH", folder)
    assert {goal: errors(report) for goal, report in h200.reports(*GOALS).items()} == {goal: [] for goal in GOALS}


def test_an_unused_compat_package_is_no_alarm(h200: Replay) -> None:
    h200.write("/usr/local/cuda-13.0/compat/libcuda.so.580.95.05", elf(soname="libcuda.so.1", pad=3 << 20))
    assert {goal: errors(report) for goal, report in h200.reports(*GOALS).items()} == {goal: [] for goal in GOALS}


def test_a_missing_library_whose_other_copy_loads_is_no_error(h200: Replay) -> None:
    """Measured there: without pip's nvJitLink both get the toolkit's, by the loader's cache, and work."""
    h200.write("/usr/local/cuda-13.0/lib64/libnvJitLink.so.13", elf(soname="libnvJitLink.so.13"))
    h200.remove(f"{h200.site}/nvidia/cu13/lib/libnvJitLink.so.13")
    for goal, report in h200.reports("use:torch", "use:jax").items():
        found = [(one.rule, one.severity) for one in report.findings if one.severity != "note"]
        assert found == [("library-damaged", "warning")], goal


def test_another_cudnn_installed_over_the_first(h200: Replay) -> None:
    """Two RECORDs claim the paths; the sizes on disk are those of the later one."""
    lines = []
    for part in ("", *(f"_{name}" for name in CUDNN_PARTS)):
        path = f"nvidia/cudnn/lib/libcudnn{part}.so.9"
        content = elf(soname=f"libcudnn{part}.so.9", runpath="$ORIGIN")
        h200.write(f"{h200.site}/{path}", content)
        lines.append(f"{path},,{len(content)}")
    info = f"{h200.site}/nvidia_cudnn_cu12-9.14.0.64.dist-info"
    h200.write(f"{info}/METADATA", "Metadata-Version: 2.1\nName: nvidia-cudnn-cu12\nVersion: 9.14.0.64\n")
    h200.write(f"{info}/RECORD", "\n".join([*lines, ""]))
    machine = h200.machine()
    overwritten = {(one.package, one.problem, one.by) for one in machine.damaged or ()}
    assert overwritten == {("nvidia-cudnn-cu13", "overwritten", "nvidia-cudnn-cu12")}
    found = {goal: errors(report) for goal, report in h200.reports("use:torch", "use:jax").items()}
    assert found == {"use:torch": ["library-damaged"], "use:jax": []}


def test_unknown_is_said_as_unknown(capture: Replay) -> None:
    """The relations of docs/machine.md (Less is never worse), on what the probe says of a real machine."""
    judge = relations.Judge(Matrix.load())
    for found in search.violations(judge, "use:torch", to_dict(capture.machine()), Random(1)):
        pytest.fail(f"{found.relation}: {found.what}")
