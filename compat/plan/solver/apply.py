"""The machine as it is after the steps of a plan: packages, builds and libraries of the choices that were made."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.machine import Build, Library, Machine, Model
from compat.matrix.packages import normal
from compat.plan.model import Choice
from compat.plan.offers.places import ARCHIVE
from compat.plan.offers.published import JETSON
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix


def applied(machine: Machine, choices: Iterable[Choice], shared: Mapping[str, str | None], matrix: "Matrix") -> Machine:
    """The machine with the choices installed and the packages that they share in the given releases."""
    made = [choice for choice in choices if not choice.installed]
    packages: dict[str, Any] = dict(machine.packages or {})
    builds: dict[str, Build] = dict(machine.builds)
    replaced: set[str] = set()
    for choice in made:
        replaced |= {normal(name) for name in _displaced(choice, matrix)}
        replaced |= {choice.distribution, *(name for name, _ in choice.brings)}
    replaced |= set(shared)
    replaced |= _stale(machine, made, shared, matrix)
    packages = {name: version for name, version in packages.items() if normal(name) not in replaced}
    builds = {
        name: _found(build, made, shared, matrix) for name, build in builds.items() if normal(name) not in replaced
    }
    for choice in made:
        packages |= {choice.distribution: choice.version, **dict(choice.brings), **dict(choice.conda)}
        builds[choice.distribution] = choice.build
    packages |= dict(shared)
    packages |= {
        pin.name: _line_below(pin.range)
        for choice in choices
        if choice.mended
        for pin in choice.pins
        if pin.name in shared and shared[pin.name] is None
    }
    gone = replaced & {normal(name) for name in machine.packages or {}} | {choice.distribution for choice in made}
    return replace(
        machine,
        packages=packages,
        builds=builds,
        libraries=_libraries(machine, made, shared, staying(machine, made, matrix)),
        duplicates=_without(machine.duplicates, "name", gone),
        damaged=_without(machine.damaged, "package", gone),
        missing_libraries=_missing(machine, made, shared, matrix),
        request=None,
        model=_model(machine, packages),
    )


def _line_below(text: str) -> str | None:
    """The release line that a bound leaves: NumPy <2 is 1."""
    whole = text[1:].strip()
    return str(int(whole) - 1) if text.startswith("<") and whole.isdigit() and int(whole) > 0 else None


def _displaced(choice: Choice, matrix: "Matrix") -> list[str]:
    """Names of the same module: they cannot be installed beside the choice."""
    return (
        [name for name in matrix.packages.distributions(choice.component) if normal(name) != choice.distribution]
        if choice.component != "tensorrt"
        else [
            name
            for name in (
                *matrix.packages.distributions("tensorrt"),
                *matrix.packages.about("tensorrt").get("parts", ()),
            )
            if name.startswith("tensorrt")
        ]
    )


def parts_of(packages: Mapping[str, Any], matrix: "Matrix") -> dict[str, set[str]]:
    """Of these distributions the CUDA parts whose files another CUDA major's would overwrite, with those files."""
    named = {normal(name): version for name, version in packages.items() if "-cu" in name and version is not False}
    files = {name: {row["file"] for row in matrix.libraries.written(name, have)} for name, have in named.items()}
    return {name: written for name, written in files.items() if written}


def _stale(machine: Machine, made: list[Choice], shared: Mapping[str, str | None], matrix: "Matrix") -> set[str]:
    """Parts of another CUDA major that nothing uses any more: they go before the new ones overwrite their files."""
    if not machine.packages or staying(machine, made, matrix):
        return set()
    new = parts_of(shared, matrix)
    coming = {file for files in new.values() for file in files}
    return {
        name for name, files in parts_of(machine.packages or {}, matrix).items() if name not in new and files & coming
    }


def staying(machine: Machine, made: list[Choice], matrix: "Matrix") -> tuple[str, ...]:
    """Installed components that carry GPU code and are not replaced."""
    if not machine.packages:
        return ()
    here = {
        matrix.packages.component(name) for name, version in (machine.packages or {}).items() if version is not False
    }
    moved = {choice.component for choice in made}
    families = {matrix.packages.about(name).get("family", name) for name in moved}
    return tuple(sorted(name for name in here if name is not None and _is_framework(name, families, matrix)))


def _is_framework(name: str, families: set[str], matrix: "Matrix") -> bool:
    """Is it imported, does it carry GPU code, and is it of no family that is replaced?"""
    about = matrix.packages.about(name)
    return (
        "module" in about
        and about.get("accelerator") in ("optional", "always")
        and about.get("family", name) not in families
    )


def _without(entries: Any, field: str, gone: set[str]) -> Any:
    return None if entries is None else tuple(one for one in entries if normal(getattr(one, field)) not in gone)


def _libraries(
    machine: Machine, made: list[Choice], shared: Mapping[str, str | None], staying: tuple[str, ...]
) -> tuple[Library, ...] | None:
    """The copies, those that the new packages bring first: each says whose process gets it."""
    if not made:
        return machine.libraries
    brought: dict[tuple[str, str, str], list[str]] = {}
    for choice in made:
        for copy in _loads(choice, shared):
            brought.setdefault(copy, []).append(choice.component)
    moved = {component for users in brought.values() for component in users}
    names = {name for name, _, _ in brought}
    beside = [library for library in machine.libraries or () if library.name in names]
    followers = _followers((one for one in beside if one.origin == "pip"), moved, staying)
    for (name, _, origin), users in brought.items():
        if origin == "pip":
            users += sorted(followers.pop(name, set()) - set(users))
    ahead = {library.name for library in beside if on_library_path(machine, library)}
    new = tuple(
        Library(name, version, origin, loaded_by=() if origin == "pip" and name in ahead else tuple(users))
        for (name, version, origin), users in brought.items()
    )
    kept = (
        _beside_new(machine, library, moved, staying) if library.name in names else library
        for library in machine.libraries or ()
        if library.name not in names or not _goes(library, moved)
    )
    return (*new, *kept) if new or machine.libraries is not None else None


def _followers(replaced: Iterable[Library], moved: set[str], staying: tuple[str, ...]) -> dict[str, set[str]]:
    """By library those who took a copy whose files are replaced, and so take the new one."""
    followers: dict[str, set[str]] = {}
    for library in replaced:
        followers.setdefault(library.name, set()).update(
            staying if library.loaded_by is None else (one for one in library.loaded_by if one not in moved)
        )
    return followers


def _goes(library: Library, moved: set[str]) -> bool:
    """Are the files of this copy overwritten by the new one's, or is it inside packages that are all replaced?"""
    return library.origin == "pip" or (library.origin == "bundled" and not set(library.loaded_by or ()) - moved)


def _beside_new(machine: Machine, library: Library, moved: set[str], staying: tuple[str, ...]) -> Library:
    """A copy that stays beside a new one: left to those who stay, unless LD_LIBRARY_PATH puts it before the new."""
    if library.loaded_by is None:
        library = replace(library, loaded=None, loaded_by=staying if library.loaded else ())
    ahead = on_library_path(machine, library)
    users = sorted(moved) if ahead else (one for one in library.loaded_by or () if one not in moved)
    return replace(library, loaded_by=tuple(users))


def on_library_path(machine: Machine, library: Library) -> bool:
    """Does LD_LIBRARY_PATH name the folder of this copy of the system's? Then it comes before what packages bring."""
    folders = [one.rstrip("/") for one in (machine.variables or {}).get("LD_LIBRARY_PATH", "").split(":") if one]
    path = (library.path or "").rstrip("/")
    return library.origin == "system" and bool(path) and (path in folders or os.path.dirname(path) in folders)


def _loads(choice: Choice, shared: Mapping[str, str | None]) -> Iterable[tuple[str, str, str]]:
    """(library, version, origin) that the choice's process gets: from packages, or from inside its own."""
    mine = {pin.name for pin in choice.pins if pin.name.startswith("nvidia-cudnn-cu")}
    cudnn = next((shared[name] for name in sorted(mine) if shared.get(name)), None)
    for name, version in choice.libraries:
        if name != "cudnn":
            yield name, version, "system" if choice.index in (*JETSON, ARCHIVE) else "pip"
        elif not mine:
            yield name, version, "conda" if choice.conda else "bundled"
    if cudnn is not None:
        yield "cudnn", cudnn, "pip"


def _missing(
    machine: Machine, made: list[Choice], shared: Mapping[str, str | None], matrix: "Matrix"
) -> tuple[str, ...] | None:
    """Sonames that are still missing: those that a new package carries are not."""
    if machine.missing_libraries is None or not made:
        return machine.missing_libraries
    cudnn = {versions.parse(version).major for name, version in shared.items() if "cudnn" in name and version}
    left = []
    for soname in machine.missing_libraries:
        library = _carried(soname, made, shared, matrix)
        if library is None or (
            library.startswith("cudnn") and not any(soname.endswith(f".so.{major}") for major in cudnn)
        ):
            left.append(soname)
    return tuple(left)


def _carried(soname: str, made: list[Choice], shared: Mapping[str, str | None], matrix: "Matrix") -> str | None:
    """The library that a soname is of, where a new package carries it."""
    row = matrix.libraries.of_soname(soname)
    there = {*shared, *(name for choice in made for name, _ in choice.brings)}
    return row["library"] if row is not None and any(name in there for name in row.get("packages", ())) else None


_TENSORRT = ("nvinfer", "nvinfer_plugin", "nvonnxparser", "nvparsers")


def _found(build: Build, made: list[Choice], shared: Mapping[str, str | None], matrix: "Matrix") -> Build:
    """A build that stays, which finds TensorRT where the plan puts TensorRT's folder on the loader's path."""
    if not build.missing:
        return build
    left = (one for one in build.missing if _carried(one, made, shared, matrix) not in _TENSORRT)
    return replace(build, missing=tuple(left))


def _model(machine: Machine, packages: Mapping[str, Any]) -> Model:
    """The model that will be written: an exporter's IR version is that of the onnx beside it."""
    writer = packages.get("onnx")
    if writer and machine.model.writer is not None and machine.model.writer.startswith("onnx "):
        return replace(machine.model, writer=f"onnx {writer}")
    return machine.model


def exact(result: Machine, before: Machine) -> Machine:
    """The result with exact versions only: a package that comes along in a release that the matrix does not know is
    left out. What was there before without a version stays as it was."""
    known = before.packages or {}
    packages = {
        name: version for name, version in (result.packages or {}).items() if version is not None or name in known
    }
    return result if result.packages is None else replace(result, packages=packages)
