"""From what was found to ordered steps: what changes, why, and the commands."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.matrix.packages import requirement as pin_of
from compat.plan.commands import conda, jetson, requirement
from compat.plan.commands import python as installers
from compat.plan.model import Choice, Kind, Reason, Step
from compat.plan.offers.places import ALONE, ARCHIVE
from compat.plan.offers.published import JETSON
from compat.plan.offers.source import SOURCE
from compat.plan.ranges import joined
from compat.plan.solver.pins import admits
from compat.plan.solver.wholes import TF_TRT, Found
from compat.plan.steps.exporter import exporter_steps

if TYPE_CHECKING:
    from compat.matrix import Matrix


def package_steps(
    before: Machine,
    found: Found,
    why: Mapping[str, tuple[Reason, ...]],
    goals: tuple[Goal, ...],
    matrix: "Matrix",
) -> tuple[Step, ...]:
    """Removals, then one step for each component that changes, with its reasons. Each command repeats what the earlier
    ones installed, so that the installer keeps it."""
    made = [choice for choice in found.choices if not choice.installed]
    made = sorted(made, key=lambda choice: (choice.index != "pytorch", _turn(choice, made)))
    steps = [*_removals(before, found, made)]
    done: tuple[str, ...] = ()
    carrier = next((number for number, choice in reversed([*enumerate(made)]) if _names_more(choice)), len(made) - 1)
    for number, choice in enumerate(made):
        if choice.conda:
            steps.append(_conda(choice))
        if choice.index == SOURCE:
            steps.append(_tools(found, choice, matrix))
        own = _requirements(choice, found)
        dragged = _dragged(found, made, matrix) if number == carrier else {}
        if dragged and (choice.index == "pytorch" or not _names_more(choice)):
            steps.insert(0, _first(before, found, dragged, choice))
            dragged = {}
        if choice.index == ALONE:
            beside = next((one.extra_index for one in reversed(made[:number]) if one.extra_index), None)
            steps.append(_around(found, choice, (*done, *own[1:]), dragged, beside, matrix))
            done, own, dragged = (), own[:1], {}
        steps.append(_step(before, found, choice, (*done, *own, *_lines(dragged)), why.get(choice.component, ()), done))
        if _names_more(choice):
            done += own
    mended = [_mended(before, found, choice) for choice in found.choices if choice.mended]
    openers = ("onnxruntime", "tensorflow") if TF_TRT in goals else ("onnxruntime",)
    exporter = exporter_steps(found, goals, matrix) if made else ()
    return (*steps, *exporter, *mended, *_library_path(before, found, made, openers, matrix))


def _names_more(choice: Choice) -> bool:
    """Does its command name requirements, so that others can stand beside it, and a later command repeat it?"""
    return choice.index not in (*JETSON, SOURCE) and not _is_file(choice)


def _is_file(choice: Choice) -> bool:
    """Is it installed by the address of its wheel?"""
    return (choice.extra_index or "").endswith(".whl")


def _turn(choice: Choice, made: list[Choice]) -> int:
    """What has an index of its own goes first; last what needs one beside the public one, so that the other commands
    resolve, unless another build draws it: then it has to be there before."""
    if choice.index in JETSON and choice.component == "tensorrt":
        return 0  # of the system, before what is installed into an environment
    if choice.index in (ALONE, SOURCE):
        return 4 if choice.index == SOURCE else 3
    if choice.extra_index is None:
        return 1
    stem = choice.distribution.partition("-cu")[0]
    others = (pin.name for one in made if one is not choice for pin in one.pins)
    return 0 if any(name.partition("-cu")[0] == stem for name in others) else 2


def _mended(before: Machine, found: Found, choice: Choice) -> Step:
    """What an installed build shares with others, put into a release that suits it; the build itself stays."""
    moved: dict[str, tuple[str, str]] = {}
    why: dict[Reason, None] = {}
    for pin in choice.pins:
        have = _version_of(before, pin.name)
        if have is not None and admits(pin, have) is False:
            release = found.shared.get(pin.name)
            moved[pin.name] = (have, f"=={release}" if release else pin.range)
            said = f"{pin.by} needs {pin.name}{pin.range}, and {have} is there."
            why[Reason("package-versions-mismatch", said, pin.source)] = None
    commands = installers.install(
        found.scene.machine, "", tuple(requirement(name, spec) for name, (_, spec) in moved.items())
    )
    return Step(
        "package",
        ", ".join(moved),
        ", ".join(have for have, _ in moved.values()),
        ", ".join(spec.removeprefix("==") for _, spec in moved.values()),
        tuple(why),
        commands,
    )


def _conda(choice: Choice) -> Step:
    said = Reason(
        "library-not-found",
        f"{choice.label} takes CUDA and cuDNN from outside; no package of the index carries them.",
        "https://www.tensorflow.org/install/pip",
    )
    return Step(
        "package",
        "cuda",
        None,
        ", ".join(f"{name} {text}" for name, text in choice.conda),
        (said,),
        conda.install(choice.conda, channel=choice.channel),
    )


def _step(
    before: Machine,
    found: Found,
    choice: Choice,
    requirements: tuple[str, ...],
    why: tuple[Reason, ...],
    done: tuple[str, ...],
) -> Step:
    if choice.index in JETSON:
        commands = jetson.install(found.scene.machine, found.scene.folder, choice)
        if not commands:
            said = f"NVIDIA offers {choice.row.get('file', choice.label)} for download by hand only: install that file."
            place = jetson.ZOO if choice.component == "onnxruntime" else jetson.THREAD
            why = (*why, Reason("jetson-build-mismatch", said, place, "how"))
        root = choice.component == "tensorrt"
        if root:
            said = "It is the JetPack's own: nvidia-jetpack brings its parts, CUDA and cuDNN among them."
            why = (*why, Reason("jetson-build-mismatch", said, jetson.JETPACK, "how"))
        kind: Kind = "system" if root else "package"
        return Step(kind, choice.component, _before(before, found, choice), choice.version, why, commands, root)
    if choice.index == ARCHIVE and not choice.extra_index:
        return _unpacked(before, found, choice, why)
    if choice.index == SOURCE:
        commands = installers.compile_here(found.scene.machine, found.scene.folder, requirements[-1])
        return Step("package", choice.component, _before(before, found, choice), choice.version, why, commands)
    if choice.extra_index and _is_file(choice):
        commands = installers.fetch(found.scene.machine, found.scene.folder, choice.extra_index)
        return Step("package", choice.component, _before(before, found, choice), choice.version, why, commands)
    index = f"{installers.PYTORCH}{choice.variant}" if choice.index == "pytorch" else None
    extra = choice.extra_index
    if choice.index == ALONE:
        index, extra = extra, None
    return Step(
        "package",
        choice.component,
        _before(before, found, choice),
        choice.version,
        why,
        installers.install(
            found.scene.machine, found.scene.folder, tuple(dict.fromkeys(requirements)), index, extra, done
        ),
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


def _dragged(found: Found, made: list[Choice], matrix: "Matrix") -> dict[str, str]:
    """Packages, with their ranges, that have to move with the choices although no metadata says so, and those that the
    request's file bounds."""
    from compat.plan.solver.companions import PYTHON, companion_pins

    limits = [one for one in found.limits if one.range != "*" and not one.by.startswith(PYTHON)]
    pins = companion_pins(tuple(made), found.scene.machine, matrix, found.limits)
    drawn = {pin.name for pin in pins} | {pin.name for choice in made for pin in choice.pins}
    ranges: dict[str, list[str]] = {}
    for pin in (*pins, *(one for one in limits if one.name in drawn)):
        version = found.shared.get(pin.name)
        ranges.setdefault(pin.name, []).append(f"=={version}" if version and admits(pin, version) else pin.range)
    return {name: _joined(texts) for name, texts in ranges.items()}


def _lines(ranges: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(requirement(name, text) for name, text in ranges.items())


def _first(before: Machine, found: Found, dragged: Mapping[str, str], choice: Choice) -> Step:
    """What goes in ahead of a build of PyTorch's own index, which mirrors only some releases of it, or of one that is
    installed by a command of its own."""
    said = f"{choice.label} comes from an index that has few releases of {', '.join(dragged)}: what is there is kept."
    if not _names_more(choice):
        said = f"{choice.label} is installed by itself: what suits it of {', '.join(dragged)} goes in before."
    here = (_version_of(before, name) for name in dragged) if not found.scene.folder else ()
    return Step(
        "package",
        ", ".join(dragged),
        ", ".join(version for version in here if version) or None,
        ", ".join(text.removeprefix("==") for text in dragged.values()),
        (Reason("package-versions-mismatch", said, "docs/plan.md, commands"),),
        installers.install(found.scene.machine, found.scene.folder, _lines(dragged)),
    )


def _unpacked(before: Machine, found: Found, choice: Choice, why: tuple[Reason, ...]) -> Step:
    """A release that its publisher hands out as an archive alone."""
    kind = "zip" if before.os == "windows" else "tar"
    path = "PATH" if before.os == "windows" else "LD_LIBRARY_PATH"
    said = (
        f"No index has it: unpack NVIDIA's {kind} archive for CUDA {choice.build.cuda}, put its lib folder on {path}, "
        "and install the wheel for this Python from its python folder."
    )
    how = Reason("request", said, "https://developer.nvidia.com/tensorrt/download", "how")
    return Step("system", choice.component, _before(before, found, choice), choice.version, (*why, how))


def _tools(found: Found, choice: Choice, matrix: "Matrix") -> Step:
    """What the build of an archive asks for: it is built in the environment, where torch is."""
    claim = matrix.traits.claim(choice.component, "compiled-by", choice.version)
    said = f"{choice.label} has no wheel that fits here: it is compiled, and these packages do it."
    why = Reason("package-versions-mismatch", said, str(matrix.source(claim)) if claim is not None else "")
    names = tuple(requirement(name, "*") for name in claim["value"].split()) if claim is not None else ()
    commands = installers.install(found.scene.machine, found.scene.folder, names)
    return Step("package", ", ".join(names), None, "any release", (why,), commands)


def _around(
    found: Found,
    choice: Choice,
    beside: tuple[str, ...],
    dragged: Mapping[str, str],
    extra: str | None,
    matrix: "Matrix",
) -> Step:
    """What goes in ahead of a build whose index is asked alone: what stands beside it, and what its metadata asks;
    ``extra`` is the index that an earlier step needed."""
    ranges = {name: [text] for name, text in dragged.items()}
    drawn = {name: spec for name, spec, _ in map(pin_of, choice.row.get("requires", ()))}
    for name, spec in drawn.items():
        ranges.setdefault(name, []).append(spec)
    whole = (*beside, *_lines({name: _joined(texts) for name, texts in ranges.items()}))
    said = f"{choice.label} for CUDA {choice.build.cuda} is on an index that has nothing else."
    claim = matrix.traits.claim(choice.component, "own-index", choice.version)
    why = Reason("package-versions-mismatch", said, str(matrix.source(claim)) if claim is not None else "")
    commands = installers.install(found.scene.machine, found.scene.folder, tuple(dict.fromkeys(whole)), extra=extra)
    return Step("package", ", ".join(drawn), None, "any release that suits", (why,), commands)


def _joined(texts: list[str]) -> str:
    """Several ranges as one; a release says it all, and any release nothing."""
    exact = next((text for text in texts if text.startswith("==") and "*" not in text and "," not in text), None)
    return exact or joined(texts)


def _removals(before: Machine, found: Found, made: list[Choice]) -> Iterable[Step]:
    """Installed distributions that have to go first: those of the same module, and other builds of the same release,
    which an installer would take for what is asked for."""
    if found.scene.folder:
        return
    after = {normal(name) for name in found.result.packages or {}}
    chosen = {choice.distribution: choice.public for choice in made}
    mended = found.scene.machine.packages or {}  # without what a repair removes: the system's own packages
    here = [(name, have) for name, have in (before.packages or {}).items() if have is not False and name in mended]
    gone = tuple(name for name, _ in here if normal(name) not in after)
    same = tuple(
        name
        for name, version in here
        if version and chosen.get(normal(name)) == versions.parse(version).public and name not in gone
    )
    if gone or same:
        said = (
            [Reason("duplicate-install", f"{', '.join(gone)} would lie under the same module.", "installed packages")]
            if gone
            else []
        )
        said += (
            [
                Reason(
                    "library-damaged",
                    f"{', '.join(same)} is there in the same release but another build.",
                    "installed packages",
                )
            ]
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


def _library_path(
    before: Machine, found: Found, made: list[Choice], openers: tuple[str, ...], matrix: "Matrix"
) -> Iterable[Step]:
    """What has to be set so that a build finds the packages beside it; ``openers``: what opens TensorRT by itself."""
    line = f"python{versions.major_minor(found.result.python)}" if found.result.python else "python3.*"
    packages = f"lib/{line}/site-packages"
    for choice in made:
        if choice.library_path:
            after = f"LD_LIBRARY_PATH holds {packages}/nvidia/*/lib of the environment"
            if before.os == "windows":
                after = r"PATH holds Lib\site-packages\nvidia\*\bin of the environment"
            if choice.preload:
                after = f"{choice.preload} is called first; or {after}"
            said = f"{choice.label} looks for CUDA on the loader's path only, and packages lie beside it."
            why = Reason("library-not-found", said, "docs/plan.md, commands")
            yield Step("setting", choice.component, None, after, (why,))
    wheels = [one for one in found.choices if one.component == "tensorrt" and one.extra_index]
    users = [one for one in found.choices if one.component in openers and _opens(one, wheels)]
    if wheels and users and before.os == "linux":
        claim = matrix.traits.claim("tensorrt", "library-folder", wheels[0].version)
        after = f"LD_LIBRARY_PATH holds {packages}/{claim['value'] if claim else 'tensorrt_libs'} of the environment"
        said = f"{users[0].label} looks for TensorRT on the loader's path only, and {wheels[0].label} lies beside it."
        yield Step("setting", "tensorrt", None, after, (Reason("library-not-found", said, "docs/plan.md, commands"),))


def _opens(one: Choice, wheels: list[Choice]) -> bool:
    """May a build open TensorRT's libraries of these wheels? Their sonames carry the major that it was made with."""
    need = str((one.row or {}).get("tensorrt", ""))
    return not need or any(versions.same_line(wheel.version, need, 1) is not False for wheel in wheels)


def _before(before: Machine, found: Found, choice: Choice) -> str | None:
    """The release that is replaced; in a new environment there is none."""
    return None if found.scene.folder else _version_of(before, choice.distribution)


def _version_of(machine: Machine, distribution: str) -> str | None:
    for name, version in (machine.packages or {}).items():
        if normal(name) == distribution:
            return version or None
    return None
