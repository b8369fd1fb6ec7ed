"""A CUDA image of NVIDIA's registry with packages of pip's indexes inside, where no image has what is asked for.

The image's system and its Python are Ubuntu's; CUDA comes with the packages, so of the images on one release of Ubuntu
the newest is taken that the driver may start. The same rules and the same search judge it.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import parse
from compat.machine import Container, Driver, Libcuda, Machine
from compat.plan.commands import container as commands
from compat.plan.model import Reason, Step
from compat.plan.offers.jetson import takes_servers
from compat.plan.solver.judge import Trial
from compat.plan.solver.scene import Scene, emptied
from compat.plan.ways.images import left
from compat.plan.ways.moves import newest_driver
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

START = parse("start:container")


def bases(machine: Machine, matrix: "Matrix") -> Iterator[Scene]:
    """The machine inside the base image of each release of Ubuntu, the newest first."""
    if machine.os != "linux" or machine.in_environment("kubernetes", "wsl1"):
        return
    if machine.is_jetson and not takes_servers(machine, matrix):
        return
    rows = [row for row in matrix.rows("container", "container") if row.get("systems")]
    rows = [row for row in rows if (machine.arch or "x86_64") in row.get("arch", ("x86_64",))]
    # Of an unknown driver it is known that it serves the GPUs: none that it may be is newer than the last that does.
    driver = machine.driver if machine.driver != Driver() else Driver(version=newest_driver(machine, matrix))
    offered = matrix.cuda.offered_by(driver.version, "linux") if driver.version else None
    most = versions.parse(offered.value).major if offered else None
    # Those that the driver serves by itself come first; the others lean on the cuda-compat inside.
    rows.sort(
        key=lambda row: (
            most is not None and versions.parse(row["cuda"]).major <= most,
            versions.parse(row["cuda"]).key(),
        ),
        reverse=True,
    )
    trial = Trial((START,), matrix)
    for system in sorted({text for row in rows for text in row["systems"]}, reverse=True):
        python = python_of(system, matrix)
        for row in rows if python else ():
            inside = _inside(machine, row, system, python, matrix)
            if system in row["systems"] and trial.passes(replace(inside, driver=driver)):
                yield Scene(inside, (_step(machine, row, system, python, matrix),), ("container",), commands.VENV)
                break


def inside(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps with their commands run in the container: pip's, which is the one that is there."""
    for step in steps:
        pip = tuple(commands.execute(one.argv) for one in step.commands if one.installer == "pip")
        yield replace(step, commands=pip) if pip else step


def python_of(system: str, matrix: "Matrix") -> str | None:
    """The Python of a release of Ubuntu, as NVIDIA's own images on it have it."""
    rows = matrix.rows("container", "container")
    return next((row["python"] for row in rows if row.get("ubuntu") == system and "python" in row), None)


def _reference(row: "Row", system: str) -> str:
    return f"{commands.REGISTRY}/cuda:{row['cuda']}-base-ubuntu{system}"


def _inside(machine: Machine, row: "Row", system: str, python: str | None, matrix: "Matrix") -> Machine:
    known = matrix.rows("distribution", "distribution")
    glibc = next((one["glibc"] for one in known if (one["name"], one["version"]) == ("ubuntu", system)), None)
    reference = _reference(row, system)
    return replace(
        emptied(machine),
        distribution="ubuntu",
        distribution_version=system,
        glibc=glibc,
        glibcxx=None,
        environment=("wsl2", "docker") if machine.in_environment("wsl2") else ("docker",),
        libcuda=Libcuda(),
        device_nodes=None,
        toolkits=(),
        libraries=(),
        python=python,
        variables=None,
        loader_configuration=None,
        container=Container(reference, True, True, "compute,utility", row.get("requires")),
        request=None,
    )


def _step(machine: Machine, row: "Row", system: str, python: str | None, matrix: "Matrix") -> Step:
    reference = _reference(row, system)
    said = f"An image of Ubuntu {system} with Python {python}, which the driver starts; CUDA comes with the packages."
    why = [Reason("request", said, str(matrix.source(row, "systems")))]
    if machine.container.toolkit_installed is not True:
        said = "The host needs docker and nvidia-container-toolkit."
        why.append(Reason("container-without-gpu", said, commands.TOOLKIT))
    why += left(machine)
    return Step("container", "container", None, reference, tuple(why), commands.start(reference))
