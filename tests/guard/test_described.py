"""The machine that a file describes, and the verdicts on it."""

from pathlib import Path

import pytest
from environments import MACHINES

from compat.cli.app import run
from compat.description import load
from compat.guard.constraints import lines, subjects
from compat.guard.described import described, target
from compat.guard.files import Image, read
from compat.guard.images import inside
from compat.guard.judge import judge
from compat.machine import Build, Machine
from compat.matrix import Matrix

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


def _found(path: str, machine: Machine | None, matrix: Matrix) -> set[tuple[str, str]]:
    return {
        (str(report.goal), found.rule)
        for report in judge(path, machine, (), matrix)
        for found in report.findings
        if found.severity == "error"
    }


def test_pins_are_installed_and_ranges_are_asked_for(folder: Path, matrix: Matrix) -> None:
    (folder / "requirements.txt").write_text("torch==2.6.0\nonnx>=1.16\n")
    machine = described(read("requirements.txt"), MACHINES["h100"], matrix)
    assert machine.packages == {"torch": "2.6.0"}
    assert machine.request == {"onnx": ">=1.16"}
    assert machine.sources["packages.torch"] == "requirements.txt:1"
    assert machine.builds["torch"] == Build(source="pypi")
    assert machine.driver == MACHINES["h100"].driver


def test_the_index_tells_the_build(folder: Path, matrix: Matrix) -> None:
    (folder / "requirements.txt").write_text("--index-url https://download.pytorch.org/whl/cpu\ntorch==2.6.0\n")
    assert _found("requirements.txt", MACHINES["h100"], matrix) == {("use:torch", "cpu-only-build")}


def test_the_index_of_one_command_is_not_that_of_another(folder: Path, matrix: Matrix) -> None:
    (folder / "requirements.txt").write_text("torch\ntorchaudio>=2\n")
    (folder / "Dockerfile").write_text(
        "FROM ubuntu:22.04\n"
        "RUN pip install torchvision==0.16.0 --index-url https://download.pytorch.org/whl/cu118\n"
        "RUN PIP_EXTRA_INDEX_URL=https://pypi.nvidia.com pip install tensorrt\n"
        "RUN uv pip install torchaudio==2.6.0 --torch-backend cu124\n"
        "RUN pip install torch==2.6.0\n"
        "ENV PIP_INDEX_URL=https://download.pytorch.org/whl/cpu\n"
        "COPY requirements.txt .\n"
        "RUN pip install -r requirements.txt\n"
        "RUN pip install functorch==2.0.0 torch\n"
    )
    machine = described(read("Dockerfile"), MACHINES["h100"], matrix)
    assert machine.builds["torchvision"] == Build(cuda="11.8", source="pytorch")
    assert machine.builds["torchaudio"] == Build(cuda="12.4", source="pytorch")
    assert machine.builds["torch"] == Build(source="pypi")
    assert machine.packages is not None
    assert machine.packages["torch"] == "2.6.0"  # a name alone changes nothing
    asked = {one.name: one.indexes for one in read("Dockerfile").requirements}
    assert asked["tensorrt"] == ("https://pypi.nvidia.com",)
    assert asked["functorch"] == ("https://download.pytorch.org/whl/cpu",)


def test_what_is_there_already_is_left_where_it_suits(folder: Path, matrix: Matrix) -> None:
    (folder / "requirements.txt").write_text("torch>=2.0\nnumpy<2\n")
    (folder / "Dockerfile").write_text(
        "FROM ubuntu:22.04\nRUN pip install torch==2.1.0 numpy==2.0.1 -f https://download.pytorch.org/whl/cu118\n"
        "COPY . .\nRUN pip install -r requirements.txt\n"
    )
    machine = described(read("Dockerfile"), MACHINES["h100"], matrix)
    assert machine.packages == {"torch": "2.1.0"}
    assert machine.builds["torch"] == Build(cuda="11.8", source="pytorch")
    assert machine.request == {"numpy": "<2"}


def test_a_machine_without_a_gpu_is_not_the_target(folder: Path, matrix: Matrix) -> None:
    (folder / "requirements.txt").write_text("torch==2.11.0\ntorchvision==0.21.0\ntensorflow-gpu==2.12.0\n")
    reader = Machine(os="linux", arch="x86_64", gpus=(), interpreter="/usr/bin/python3", python="3.12.1")
    assert target(reader) == Machine(os="linux", arch="x86_64")
    found = _found("requirements.txt", reader, matrix)
    assert ("use:torchvision", "package-versions-mismatch") in found
    assert ("install:tensorflow-gpu", "package-removed") in found
    assert not {rule for _, rule in found} & {"gpu-missing", "driver-missing", "driver-too-old"}


def test_constraints_narrow_what_is_asked_for(folder: Path, matrix: Matrix) -> None:
    (folder / "c.txt").write_text("torch==2.6.0\nnumpy<2\n")
    (folder / "requirements.txt").write_text("-c c.txt\ntorch\n")
    machine = described(read("requirements.txt"), MACHINES["h100"], matrix)
    assert machine.packages == {"torch": "2.6.0"}
    assert machine.request is None


def test_markers_that_do_not_hold_are_left_out(folder: Path, matrix: Matrix) -> None:
    (folder / "requirements.txt").write_text(
        "torch==2.6.0; sys_platform == 'win32'\ntorch==2.7.1; sys_platform == 'linux'\n"
    )
    assert described(read("requirements.txt"), MACHINES["h100"], matrix).packages == {"torch": "2.7.1"}


def test_a_dockerfile_on_a_driver_that_is_too_old(folder: Path, matrix: Matrix) -> None:
    (folder / "Dockerfile").write_text("FROM nvidia/cuda:13.0.2-runtime-ubuntu22.04\nRUN pip install torch==2.11.0\n")
    old = next(load(str(DESCRIBED / "rtx3090-driver470.toml")))
    found = _found("Dockerfile", old, matrix)
    assert ("start:container", "container-needs-newer-driver") in found
    assert ("use:torch", "container-needs-newer-driver") in found  # the nearer cause of the same old driver


@pytest.mark.parametrize(
    ("name", "tag", "fields"),
    [
        ("nvidia/cuda", "12.4.1-cudnn-devel-ubuntu22.04", {"distribution": "ubuntu", "distribution_version": "22.04"}),
        ("pytorch/pytorch", "2.5.1-cuda12.4-cudnn9-runtime", {"packages": {"torch": "2.5.1"}}),
        ("tensorflow/tensorflow", "2.15.0-gpu", {"packages": {"tensorflow": "2.15.0"}}),
        ("python", "3.11-slim", {"python": "3.11"}),
        ("nvcr.io/nvidia/pytorch", "25.12-py3", {"python": "3.12"}),
        ("nvidia/cuda", "latest", {"toolkits": None}),
        ("example.org/own", "1.0", {"packages": None}),
    ],
)
def test_images(matrix: Matrix, name: str, tag: str, fields: dict[str, object]) -> None:
    machine = inside(Machine(os="linux"), Image(name, tag, "Dockerfile", 3), matrix)
    assert {key: getattr(machine, key) for key in fields} == fields


def test_conda_environment(folder: Path, matrix: Matrix) -> None:
    (folder / "environment.yml").write_text(
        "dependencies:\n  - python=3.10\n  - pytorch=2.1.0=py3.10_cpu_0\n  - cudatoolkit=11.8\n"
    )
    machine = described(read("environment.yml"), MACHINES["h100"], matrix)
    assert machine.python == "3.10"
    assert machine.builds["torch"].cuda is False
    assert machine.packages == {"torch": "2.1.0"}
    assert machine.request is None


def test_names_of_conda_are_not_those_of_the_index(folder: Path, matrix: Matrix) -> None:
    """``pytorch`` and ``cudatoolkit`` are dead names on the index and the usual ones in conda's channels."""
    (folder / "environment.yml").write_text(
        "dependencies:\n  - python=3.8.5\n  - pytorch=1.12.1\n  - torchvision=0.13.1\n  - cudatoolkit=11.3\n  - numpy\n"
    )
    assert not any(report.errors for report in judge("environment.yml", None, (), matrix))
    (folder / "environment.yml").write_text("dependencies:\n  - pip:\n      - pytorch==1.0.2\n")
    found = [finding for report in judge("environment.yml", None, (), matrix) for finding in report.errors]
    assert [(one.rule, one.component) for one in found] == [("package-removed", "pytorch")]
    (folder / "environment.yml").write_text("dependencies:\n  - pytorch=1.12.1\n  - torchvision=0.9.1\n")
    found = [finding for report in judge("environment.yml", None, (), matrix) for finding in report.errors]
    assert "package-versions-mismatch" in {one.rule for one in found}


def test_a_cpu_build_is_meant_where_no_machine_is_described(folder: Path, matrix: Matrix) -> None:
    (folder / "requirements.txt").write_text("torch==2.6.0+cpu\n")
    assert not any(report.errors for report in judge("requirements.txt", None, (), matrix))
    assert any(report.errors for report in judge("requirements.txt", MACHINES["h100"], (), matrix))


def test_constraints_hold_what_the_machine_rules_out(matrix: Matrix) -> None:
    machine = next(load(str(DESCRIBED / "rtx5090-driver570.toml")))
    text = list(lines(machine, matrix))
    rules = {line.partition(">")[0].partition("<")[0]: line for line in text if line and not line.startswith("#")}
    assert rules["torch"] == "torch>=2.8.0,<2.11.0"
    assert rules["jax-cuda13-plugin"] == "jax-cuda13-plugin<0"
    from packaging.requirements import Requirement

    assert all(str(Requirement(line)) for line in rules.values())
    explained = [line for line in text if line.startswith("#   source: ")]
    assert len(explained) >= len(rules)


def test_constraints_are_of_what_has_gpu_builds_on_the_public_index(matrix: Matrix) -> None:
    every = subjects(matrix)
    assert {"torch", "onnxruntime-gpu", "xformers", "jax-cuda12-plugin", "cupy-cuda12x"} <= set(every)
    # neither JAX's own name, which has no GPU build, nor what is held by torch's line, nor parts of what is named
    assert not {"jax", "torchvision", "onnxruntime", "tensorrt-cu12-bindings"} & set(every)
    assert (every["jax-cuda12-plugin"], every["onnxruntime-gpu"]) == ("use:jax", "use:onnxruntime-cuda")


def test_builds_of_other_indexes_are_not_excluded_without_a_word(matrix: Matrix) -> None:
    old = "\n".join(lines(next(load(str(DESCRIBED / "rtx3090-driver470.toml"))), matrix))
    assert "leave this line out to take 2.7.1+cu118 (pytorch cu118)" in old
    assert "take 1.21.0 (onnxruntime cu11)" in old
    new = list(lines(next(load(str(DESCRIBED / "rtx5090-driver570.toml"))), matrix))
    assert not any(line.startswith("paddlepaddle-gpu") for line in new)  # its own index has builds for the GPU
    robot = list(lines(next(load(str(DESCRIBED / "xavier-nx-jetpack5.toml"))), matrix))
    assert "torch<0" not in robot
    assert any("no line, as it would exclude builds that work" in line for line in robot)


def test_a_machine_of_which_nothing_is_known_has_no_constraints(matrix: Matrix) -> None:
    of_nothing = list(lines(Machine(), matrix))
    assert [line for line in of_nothing if line and not line.startswith("#")] == []
    assert "this machine: GPU unknown, driver unknown, Python unknown" in of_nothing[0]


def test_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = str(DESCRIBED / "rtx5090-driver570.toml")
    assert run(["guard", "constraints", "--machine", machine, "-o", "c.txt"]) == 0
    assert "torch>=2.8.0,<2.11.0\n" in (folder / "c.txt").read_text()
    assert run(["guard", "constraints", "--machine", machine, "-o", "no/c.txt"]) == 2
    assert run(["guard", "pip", "--dry-run", "install", "tensorflow-gpu"]) == 1
    said = capsys.readouterr().err
    assert "package-removed" in said
    assert "tensorflow[and-cuda]" in said
    assert run(["guard", "apt", "install", "--root", str(folder), "--program", "/x y"]) == 2
    assert run(["guard", "apt", "install", "--root", str(folder), "--program", "/usr/bin/compatcheck"]) == 0
    assert '::/usr/bin/compatcheck::Version "3"' in (folder / "etc/apt/apt.conf.d/80compatcheck").read_text()
    assert run(["guard", "apt", "remove", "--root", str(folder)]) == 0
    assert not (folder / "etc/apt/apt.conf.d/80compatcheck").exists()
