"""From what was found to ordered steps: what changes, why, and the commands."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from compat import versions
from compat.check import check
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.commands import jetson, requirement
from compat.plan.commands import python as installers
from compat.plan.model import Choice, Reason, Step
from compat.plan.pins import admits
from compat.plan.published import JETSON
from compat.plan.search import Found

if TYPE_CHECKING:
    from compat.goals import Goal
    from compat.matrix import Matrix


def package_steps(
    before: Machine, found: Found, goals: "Iterable[Goal]", passed_over: dict[str, list[Reason]], matrix: "Matrix"
) -> tuple[Step, ...]:
    """Removals, then one step for each component that changes. Each command repeats what the earlier ones installed,
    so that the installer keeps it."""
    made = [choice for choice in found.choices if not choice.installed]
    made.sort(key=lambda choice: choice.index != "pytorch")  # what has an index of its own goes first
    steps = [*_removals(before, found, made)]
    why = _reasons(found, goals, matrix)
    done: tuple[str, ...] = ()
    for number, choice in enumerate(made):
        if choice.conda:
            steps.append(_conda(choice))
        last = number == len(made) - 1
        own = _requirements(choice, found)
        dragged = _dragged(found, made, matrix) if last else ()
        steps.append(_step(before, found, choice, (*done, *own, *dragged), why.get(choice.component, ()), passed_over))
        done += own
    return (*steps, *_library_path(before, found, made))


def _conda(choice: Choice) -> Step:
    said = Reason(
        "library-not-found",
        f"{choice.label} takes CUDA and cuDNN from outside; no package of the index carries them.",
        "TensorFlow installation pages",
    )
    return Step(
        "package",
        "cuda",
        None,
        ", ".join(f"{name} {text}" for name, text in choice.conda),
        (said,),
        installers.conda_install(choice.conda),
    )


def _step(
    before: Machine,
    found: Found,
    choice: Choice,
    requirements: tuple[str, ...],
    why: tuple[Reason, ...],
    passed_over: dict[str, list[Reason]],
) -> Step:
    if choice.index in JETSON:
        commands = jetson.install(found.scene.machine, found.scene.folder, choice)
        if not commands:
            said = f"NVIDIA offers {choice.row.get('file', choice.label)} for download by hand only: install that file."
            why = (*why, Reason("jetson-build-mismatch", said, str(choice.row.get("index", ""))))
        return Step(
            "package", choice.component, _version_of(before, choice.distribution), choice.version, why, commands
        )
    index = f"{installers.PYTORCH}{choice.variant}" if choice.index == "pytorch" else None
    extra = choice.extra_index
    others = [
        reason
        for reasons in passed_over.values()
        for reason in reasons
        if reason.message.startswith(choice.distribution + " ")
    ]
    return Step(
        "package",
        choice.component,
        _version_of(before, choice.distribution),
        choice.version,
        (*why, *others[:2]),
        installers.install(found.scene.machine, found.scene.folder, tuple(dict.fromkeys(requirements)), index, extra),
    )


def _requirements(choice: Choice, found: Found) -> tuple[str, ...]:
    """The choice itself, the CUDA parts that are named beside it, and its cuDNN where the metadata leaves it open."""
    own = [requirement(choice.distribution, f"=={choice.version}", choice.extras)]
    named = [pin.name for pin in choice.pins if pin.name.startswith("nvidia-cudnn-") and not pin.range.startswith("==")]
    for name in dict.fromkeys((*choice.parts, *named)):
        version = found.shared.get(name)
        if version or name in choice.parts:
            own.append(requirement(name, f"=={version}" if version else "*"))
    if choice.component == "jax":
        own += [
            requirement(name, f"=={version}") for name, version in choice.brings if name != f"jax-{choice.variant}-pjrt"
        ]
    return tuple(own)


def _dragged(found: Found, made: list[Choice], matrix: "Matrix") -> tuple[str, ...]:
    """Packages that have to move with the choices although no metadata says so."""
    from compat.plan.companions import companion_pins

    extra = []
    for pin in companion_pins(tuple(made), found.scene.machine, matrix):
        version = found.shared.get(pin.name)
        extra.append(requirement(pin.name, f"=={version}" if version and admits(pin, version) else pin.range))
    return tuple(dict.fromkeys(extra))


def _removals(before: Machine, found: Found, made: list[Choice]) -> Iterable[Step]:
    """Installed distributions that have to go first: those of the same module, and other builds of the same release,
    which an installer would take for what is asked for."""
    if found.scene.folder:
        return
    after = {normal(name) for name in found.result.packages or {}}
    chosen = {choice.distribution: choice.public for choice in made}
    here = [(name, version) for name, version in (before.packages or {}).items() if version is not False]
    gone = tuple(name for name, _ in here if normal(name) not in after)
    same = tuple(
        name
        for name, version in here
        if version and chosen.get(normal(name)) == versions.parse(version).public and name not in gone
    )
    if gone or same:
        said = [Reason("duplicate-install", f"{', '.join(gone)} would lie under the same module.")] if gone else []
        said += (
            [Reason("library-damaged", f"{', '.join(same)} is there in the same release but another build.")]
            if same
            else []
        )
        yield Step(
            "package",
            made[0].component,
            ", ".join((*gone, *same)),
            "removed",
            tuple(said),
            installers.uninstall(found.scene.machine, "", (*gone, *same)),
        )


def _library_path(before: Machine, found: Found, made: list[Choice]) -> Iterable[Step]:
    for choice in made:
        if choice.library_path:
            line = f"python{versions.major_minor(found.result.python)}" if found.result.python else "python3"
            folder = f"lib/{line}/site-packages/nvidia/*/lib of the environment"
            yield Step(
                "setting",
                choice.component,
                None,
                f"LD_LIBRARY_PATH holds {folder}",
                (
                    Reason(
                        "library-not-found",
                        f"{choice.label} looks for CUDA on the loader's path only, and packages lie beside it.",
                    ),
                ),
            )


def _reasons(found: Found, goals: "Iterable[Goal]", matrix: "Matrix") -> dict[str, tuple[Reason, ...]]:
    """Component -> the mechanisms that hold for the build that was chosen."""
    said: dict[str, dict[Reason, None]] = {}
    for goal in goals:
        for held in check(found.result, goal, matrix).holds:
            if held.rule in ("driver-too-old", "gpu-not-in-build", "gpu-unsupported-by-tensorrt", "cudnn-mismatch"):
                component = goal.subjects[0] if goal.subjects else held.component
                source = held.evidence[-1].source if held.evidence else ""
                said.setdefault(component, {})[Reason(held.rule, held.because + ".", source)] = None
    return {component: tuple(reasons) for component, reasons in said.items()}


def _version_of(machine: Machine, distribution: str) -> str | None:
    for name, version in (machine.packages or {}).items():
        if normal(name) == distribution:
            return version or None
    return None
