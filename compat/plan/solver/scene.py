"""Scenes: the machine with what is allowed to move already moved, in the documented order of preference."""

from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.model import Step
from compat.records import dataclass, replace

SEALED = "externally-managed"  # PEP 668: pip and uv install nothing into the system's own Python
UNMADE = "python-to-be-made"  # the Python is what files ask for: there is no environment of it yet
OF_DRIVER = ("libcuda.so.1",)  # no package brings it: it is missing in a new environment as well
# Kinds of the machine description that say who keeps the Python environment that is there; of a new one they are not.
OF_PYTHON = ("uv", "pixi", "pipx", "poetry", SEALED, UNMADE)


@dataclass(frozen=True)
class Scene:
    """A machine to install on, and the steps that lead to it."""

    machine: Machine
    steps: tuple[Step, ...] = ()
    moves: tuple[str, ...] = ()
    folder: str = ""  # of a new environment, in which nothing that is installed has to be kept


def emptied(machine: Machine) -> Machine:
    """The machine as a new environment sees it: no packages, and of the libraries, and what is known of their builds,
    only the system's."""
    libraries = (
        None
        if machine.libraries is None
        else tuple(
            replace(one, loaded=None, loaded_by=None)
            for one in machine.libraries
            if one.origin in ("system", "container")
        )
    )
    kinds = machine.environment
    outside = {one.name for one in libraries or ()} - {normal(name) for name in machine.packages or ()}
    return replace(
        machine,
        packages={},
        builds={name: build for name, build in machine.builds.items() if name in outside},
        libraries=libraries,
        duplicates=(),
        damaged=(),
        missing_libraries=OF_DRIVER if OF_DRIVER[0] in (machine.missing_libraries or ()) else None,
        interpreter=None,
        environment=kinds and tuple(one for one in kinds if one not in OF_PYTHON),
    )
