"""conda-forge as a way out, where no package of pip's indexes serves the machine.

Its builds are other builds: made for another CUDA, for more or older GPUs. One component is asked for at a time, as
what conda's solver makes of several cannot be told from here. A build is an answer where the matrix knows its CUDA and
its machine code, the solver takes it (the driver offers its CUDA major, which ``cuda-version`` asks for as ``__cuda``),
and the machine with it passes each goal.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.check import check
from compat.goals import Goal
from compat.machine import Build, Machine
from compat.plan.commands import ENVIRONMENT
from compat.plan.commands import python as installers
from compat.plan.model import Reason, Request, Step
from compat.plan.published import is_jetson, serves_gpus, serves_python
from compat.plan.request import COMPANION
from compat.plan.scene import Scene, emptied
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

# Component -> the package of conda-forge that holds its GPU code, and what is installed with it in the same release.
PACKAGES = {
    "torch": ("pytorch", ()),
    "tensorflow": ("tensorflow", ()),
    "jax": ("jaxlib", ("jax",)),
    "onnxruntime": ("onnxruntime", ()),
}
SOURCE = "conda-forge/cuda-version-feedstock, recipe: __cuda >= the major of the build's CUDA (2026-04-23)"


def environments(
    base: Scene, requests: tuple[Request, ...], goals: tuple[Goal, ...], matrix: "Matrix"
) -> Iterator[Scene]:
    """The machine with each build that reaches the goals in a conda environment, the newest release first."""
    requests = tuple(one for one in requests if one.where != COMPANION)
    machine = base.machine
    if len(requests) != 1 or requests[0].component not in PACKAGES or base.folder or is_jetson(machine):
        return
    if not any(goal.needs_gpu for goal in goals):
        return
    package, beside = PACKAGES[requests[0].component]
    for row in _rows(package, requests[0].text, machine, matrix):
        if not cudnn_serves(row, machine, matrix):
            continue
        scene = _installed(base, package, tuple((name, row["version"]) for name in beside), row)
        if all(check(scene.machine, goal, matrix).verdict == "compatible" for goal in goals):
            yield scene


def _rows(package: str, text: str, machine: Machine, matrix: "Matrix") -> "list[Row]":
    """Builds with known machine code that the range admits and conda's solver may take, the newest release first."""
    wanted = versions.parse_range(text)
    driver = machine.driver.version or machine.driver.kernel_module_version
    offered = matrix.cuda.offered_by(driver, machine.os or "linux") if driver else None
    most = machine.driver.cuda or (offered.value if offered else None)
    found = [
        row
        for version, builds in matrix.packages.conda_builds(package).items()
        if wanted.admits(version)
        for row in builds
        if row["index"] == "conda-forge"
        and (row["os"], row["arch"]) == (machine.os or "linux", machine.arch or "x86_64")
        and row.get("cuda")
        and ("sass" in row or "ptx" in row)
        and serves_python(row, machine)
        and (most is None or versions.parse(row["cuda"]).major <= versions.parse(most).major)
    ]
    return sorted(
        found, key=lambda row: (versions.parse(row["version"]).key(), versions.parse(row["cuda"]).key()), reverse=True
    )


def cudnn_serves(row: "Row", machine: Machine, matrix: "Matrix") -> bool:
    """Has the newest cuDNN that the build's pin admits code for every GPU? The solver takes that one."""
    pin = versions.parse(row["cudnn"]) if row.get("cudnn") else None
    known = [text for text in matrix.packages.conda_builds("cudnn") if pin is None or pin.covers(versions.parse(text))]
    newest = max(known, key=lambda text: versions.parse(text).key(), default=None)
    return newest is not None and serves_gpus(matrix, "nvidia-cudnn-", newest, machine)


def _installed(base: Scene, package: str, beside: tuple[tuple[str, str], ...], row: "Row") -> Scene:
    machine, version = base.machine, row["version"]
    marks = [f"sm_{one.replace('.', '')}" for one in row.get("sass", ())]
    marks += [f"compute_{one.replace('.', '')}" for one in row.get("ptx", ())]
    build = Build(cuda=row["cuda"], architectures=tuple(marks), source="conda-forge")
    steps = [*base.steps]
    line = versions.major_minor(machine.python) if machine.python else None
    if not machine.in_environment("conda") or machine.packages:
        create = installers.environment(machine, line or max(row.get("python", ("3.12",)), key=_minor), ENVIRONMENT)
        why = Reason("request", "conda makes it, Miniforge for example; it is activated before the next step.", SOURCE)
        made = tuple(command for command in create if command.installer == "conda")
        steps.append(Step("environment", "environment", None, ENVIRONMENT, (why,), made))
    parts = [(package, f"{version}={row['conda_build']}"), *beside]
    said = f"No build of pip's indexes serves this machine; conda-forge's is made for CUDA {row['cuda']}."
    steps.append(
        Step(
            "package",
            package,
            None,
            f"{version} of conda-forge ({row['variant']})",
            (Reason("no-gpu-build-for-platform", said, SOURCE),),
            installers.conda_install(tuple(parts)),
        )
    )
    environment = tuple(dict.fromkeys((*(machine.environment or ()), "conda")))
    inside = replace(
        emptied(machine),
        environment=environment,
        packages={package: version, **dict(beside)},
        builds={package: build},
        missing_libraries=None,
        request=None,
    )
    return Scene(inside, tuple(steps), (*base.moves, "environment"), ENVIRONMENT)


def _minor(line: str) -> int:
    return versions.parse(line).minor or 0
