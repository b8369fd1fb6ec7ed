"""Forward compatibility as a way out: a newer CUDA's user-mode driver beside an older kernel driver that may not move.

For data center GPUs only, and only on the driver branches that the package of a CUDA release serves. NVIDIA's network
repositories and local installers have it as ``cuda-compat-<major>-<minor>`` (GUIDE; public Dockerfiles have
``yum install -y cuda-compat-10-0``, and ``cuda-compat-13-0`` with yum and apt alike; read 2026-11-22). Whether it
serves this machine, the rules say; here is what installing it makes of the machine.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Libcuda, Machine
from compat.plan.commands.driver import cuda_compat
from compat.plan.model import Reason, Step
from compat.plan.offers.published import USE_GPU
from compat.plan.solver.scene import Scene
from compat.records import replace
from compat.rules.case import Case

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

MOVE = "cuda-compat"
GUIDE = "https://docs.nvidia.com/deploy/cuda-compatibility/forward-compatibility.html"


def scenes(base: Scene, matrix: "Matrix") -> Iterator[Scene]:
    """The machine with each cuda-compat that is for its driver branch and newer than its driver, the oldest first."""
    machine = base.machine
    driver = machine.driver.kernel_module_version or machine.driver.version
    if machine.os != "linux" or driver is None or machine.is_jetson or machine.in_environment("wsl1", "wsl2"):
        return
    gpus = Case(machine, USE_GPU, matrix).gpus
    branch = str(versions.parse(driver).major)
    for row in matrix.every("forward"):
        kinds = row.get("classes", ())
        if branch not in row["branches"] or not gpus or any(gpu.kind not in kinds for gpu in gpus):
            continue
        known = [one for one in matrix.drivers.branches if one["branch"] == row.get("driver")]
        release = known[0].get("latest_linux") if known else None
        if release is not None:
            folder = f"/usr/local/cuda-{row['cuda']}/compat"
            steps = (*base.steps, _package(machine, row, matrix), _path(row, folder))
            after = _with(machine, row, str(release), folder)
            yield Scene(after, steps, (*base.moves, MOVE), base.folder)


def _with(machine: Machine, row: "Row", release: str, folder: str) -> Machine:
    libcuda = Libcuda(release, f"{folder}/libcuda.so.1", True, tuple(row["branches"]), False)
    before = (machine.variables or {}).get("LD_LIBRARY_PATH", "")
    variables = {**(machine.variables or {}), "LD_LIBRARY_PATH": f"{folder}:{before}".rstrip(":")}
    return replace(machine, libcuda=libcuda, variables=variables)


def _package(machine: Machine, row: "Row", matrix: "Matrix") -> Step:
    name = f"cuda-compat-{row['cuda'].replace('.', '-')}"
    said = f"{name} serves driver branches {', '.join(row['branches'])} on data center GPUs."
    how = f"{name} is in NVIDIA's CUDA repository of the distribution, which has to be set up."
    why = (
        Reason("driver-too-old", said, str(matrix.source(row))),
        Reason("driver-installation", how, GUIDE, "how"),
    )
    return Step("system", MOVE, None, name, why, cuda_compat(machine, name), needs_root=True)


def _path(row: "Row", folder: str) -> Step:
    said = f"The loader takes the newer libcuda of CUDA {row['cuda']} where its folder comes first."
    return Step("setting", MOVE, None, f"LD_LIBRARY_PATH begins with {folder}", (Reason("driver-too-old", said),))
