"""conda's packages beside pip's: a conda environment for both, and conda for what conda installed.

Libraries that conda installs serve a wheel only in the environment of conda's own Python, and on Linux only on the
loader's path: https://www.tensorflow.org/install/pip had both steps while TensorFlow took its CUDA from conda-forge.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.plan.commands import ENVIRONMENT, conda, interpreter
from compat.plan.commands import python as installers
from compat.plan.model import Choice, Command, Reason, Step
from compat.plan.solver.wholes import Found
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

PAGE = "https://www.tensorflow.org/install/pip"


def with_conda(steps: Iterable[Step], found: Found, matrix: "Matrix") -> Iterator[Step]:
    """The steps with what is conda's done by conda."""
    parts = next((choice for choice in found.choices if choice.conda and not choice.installed), None)
    removed = [one for step in steps for one in _removal(step, found.scene.machine, matrix)]
    yield from _connected(removed, found, parts) if parts is not None else removed


def for_system(steps: Iterable[Step], machine: Machine) -> Iterator[Step]:
    """The steps with their commands shown as the machine's system writes them."""
    for step in steps:
        shown = tuple(replace(one, windows=True) for one in step.commands)
        yield replace(step, commands=shown) if machine.os == "windows" else step


def _removal(step: Step, machine: Machine, matrix: "Matrix") -> Iterator[Step]:
    """What conda installed is removed by conda: pip knows no distribution of that name."""
    names = (step.before or "").split(", ")
    theirs = tuple(name for name in names if _of_conda(name, machine, matrix)) if step.after == "removed" else ()
    if not theirs:
        yield step
        return
    yield replace(step, before=", ".join(theirs), commands=conda.remove(theirs))
    rest = tuple(name for name in names if name not in theirs)
    if rest:
        yield replace(step, before=", ".join(rest), commands=installers.uninstall(machine, "", rest))


def _of_conda(name: str, machine: Machine, matrix: "Matrix") -> bool:
    if not machine.in_environment("conda"):
        return False
    build = machine.builds.get(name)
    return bool(build and (build.source or "").startswith("conda")) or any(
        row["name"] == name for row in matrix.rows("condapackage", "conda")
    )


def _connected(steps: list[Step], found: Found, choice: Choice) -> Iterator[Step]:
    machine = found.scene.machine
    here = bool(machine.in_environment("conda")) and not found.scene.folder
    anew = found.scene.folder or ("" if here or machine.packages else ENVIRONMENT)
    line = versions.major_minor(found.result.python) if found.result.python else None
    if anew and line:
        steps = [step for step in steps if step.kind not in ("environment", "python")]
        said = f"{choice.label} and the CUDA that conda brings belong into one environment, which conda makes."
        why = (Reason("library-not-found", said, PAGE),)
        made = conda.create(line, anew)
        makers = {one.installer for one in made}
        parts = tuple(one for one in conda.install(choice.conda, anew, choice.channel) if one.installer in makers)
        yield Step("environment", "environment", None, anew, why, made)
        steps = [_inside(step, machine, found.scene.folder, anew, parts) for step in steps]
    yield from steps
    if machine.os == "linux":
        said = f"{choice.label} looks for CUDA on the loader's path only."
        after = "LD_LIBRARY_PATH holds the lib folder of the conda environment"
        yield Step("setting", choice.component, None, after, (Reason("library-not-found", said, PAGE),))


def _inside(step: Step, machine: Machine, before: str, folder: str, parts: tuple[Command, ...]) -> Step:
    """The step's commands for the environment that conda makes, ``parts`` those of what conda installs there; on
    Windows its interpreter lies at the top."""
    old = interpreter(machine, before)
    new = rf"{folder}\python.exe" if machine.os == "windows" else f"{folder}/bin/python"
    if {one.installer for one in step.commands} & {one.installer for one in parts}:
        return replace(step, commands=parts)
    moved = (Command(one.installer, tuple(new if word == old else word for word in one.argv)) for one in step.commands)
    return replace(step, commands=tuple(moved))
