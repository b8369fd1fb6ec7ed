"""Packages among themselves: doubles, and the breaks of NumPy and protobuf."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import fits_platform, has_cuda, normal
from compat.names import of_gpu_build
from compat.rules.base import OF_BUILD, Finding, Holds, Outcome, Remedy, rule
from compat.rules.candidates import matching
from compat.rules.case import Case
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


@rule("duplicate-install", reads=("duplicates", *OF_BUILD), masks=("cpu-only-build",), says="nothing")
def duplicate_install(case: Case) -> Iterator[Outcome]:
    """Two distributions provide one module.

    Python imports the first copy on its path: a pip package under a conda one, the user's site before the
    environment's. And distributions such as onnxruntime and onnxruntime-gpu write the same folder: the last one
    installed is what runs, whatever the metadata of the other says.

    Remedy: uninstall all of them, then install the one that is meant.
    """
    names = {name for subject in case.subjects for name in case.matrix.packages.distributions(subject.component)}
    mine = [(index, copy) for index, copy in enumerate(case.machine.duplicates or ()) if normal(copy.name) in names]
    for index, copy in mine:
        have, path = _other_copy(case, copy.name)
        if copy.version is not None and have is not None and versions.parse(copy.version).same_as(versions.parse(have)):
            continue
        known = copy.version is not None and have is not None  # else they can be of one release
        yield Finding(
            "duplicate-install",
            copy.name,
            f"{copy.name} is installed twice: {have or 'one copy'} and {copy.version or 'another'}.",
            (
                case.read(f"duplicates[{index}]", f"{copy.name} {copy.version} ({copy.origin})"),
                *((case.read(path, have),) if have is not None else ()),
            ),
            (Remedy(f"uninstall {copy.name} until none is left, then install the one that is meant"),),
            "error" if known else "warning",
        )
    for subject in case.subjects:
        yield from _one_module(case, subject)
        yield from _without_gpu_code(case, subject)
        if case.machine.duplicates is not None and subject.state == "installed":
            yield from _once(case, subject, [copy.name for _, copy in mine])


def _once(case: Case, subject: Subject, doubled: list[str]) -> Iterator[Outcome]:
    """That nobody else provides the module, where it was looked for."""
    names = case.matrix.packages.distributions(subject.component)
    gpu, cpu = written_twice(case, subject)
    if not (gpu and cpu) and not any(normal(name) in names for name in doubled):
        yield Holds(
            "duplicate-install",
            subject.component,
            f"no second copy of {subject.distribution} is on its path",
            (case.read("duplicates", f"none of {subject.distribution}"),),
        )


def _other_copy(case: Case, name: str) -> tuple[str | None, str]:
    """Version and field of the copy that is listed as installed, under whichever name (conda's pytorch is torch)."""
    component = case.matrix.packages.component(name) or name
    for alias in dict.fromkeys((name, *case.matrix.packages.distributions(component))):
        version = case.version_of(alias)
        if version is not None:
            return version, f"packages.{alias}"
    return None, f"packages.{name}"


def _one_module(case: Case, subject: Subject) -> Iterator[Outcome]:
    gpu, cpu = written_twice(case, subject)
    if not gpu or not (cpu or _differ(case, gpu)):
        return
    here = [*cpu, *gpu]
    facts = tuple(case.read(f"packages.{name}", (case.machine.packages or {}).get(name)) for name in here)
    yield Finding(
        "duplicate-install",
        subject.component,
        f"{' and '.join(here)} write the same module; one has overwritten the other.",
        facts,
        (Remedy(f"pip uninstall {' '.join(here)}, then install {gpu[0]} alone"),),
    )


def _without_gpu_code(case: Case, subject: Subject) -> Iterator[Finding]:
    """Distributions of one module, none of which has GPU code: the last one installed is what runs (OpenCV)."""
    about = case.matrix.packages.about(subject.component)
    if about.get("accelerator") != "none" or subject.conda or case.goal.verb == "install":
        return
    here = [name for name in about.get("distributions", {}).get("pypi", ()) if case.has(name)]
    row = case.matrix.traits.row(subject.component, "one-module") if len(here) > 1 else None
    if row is None:
        return  # tf-keras is no second keras
    yield Finding(
        "duplicate-install",
        subject.component,
        f"{' and '.join(here)} write the same module ({about['module']}): the one installed last is what runs, and to "
        "uninstall one takes files of the other.",
        (
            *(case.read(f"packages.{name}", (case.machine.packages or {}).get(name)) for name in here),
            case.cite(f"all of them write {about['module']}", row),
        ),
        (Remedy(f"pip uninstall {' '.join(here)}, then install the one that is meant"),),
        "warning",
    )


def _differ(case: Case, names: list[str]) -> bool:
    """Are these builds of one module, all with GPU code, for several CUDAs (cupy-cuda11x, cupy-cuda12x) or of several
    releases?

    tensorflow and tensorflow-gpu of one release are the same thing twice.
    """
    told = [versions.parse(one) for name in names if (one := case.version_of(name)) is not None]
    apart = any(not one.covers(other) and not other.covers(one) for one in told for other in told)
    return len(names) > 1 and (apart or all("-cu" in name for name in names))


def written_twice(case: Case, subject: Subject) -> tuple[list[str], list[str]]:
    """The installed distributions that write the component's module: those with GPU code, and those without."""
    about = case.matrix.packages.about(subject.component)
    if about.get("accelerator", "none") == "none" or not case.goal.runs_on_gpu or subject.conda:
        return [], []  # conda's tensorflow-gpu only draws the build of tensorflow that is meant
    here = [normal(name) for name in about.get("distributions", {}).get("pypi", ()) if case.has(name)]
    if len(here) < 2:
        return [], []
    drawn = {other for name in here for other in here if other != name and _draws(case, name, other)}
    gpu = [name for name in here if _has_gpu_code(case, name, here)]
    own = [name for name in here if not any(_draws(case, name, other) for other in here if other != name)]
    return [name for name in gpu if name in own], [name for name in own if name not in gpu and name not in drawn]


def _builds_of(case: Case, name: str, beside: str | None = None) -> "list[Row]":
    """The published builds that it can be: of its release or line, of ``beside`` or any where that is not told."""
    version = case.version_of(name) or beside
    rows = matching(case.matrix, name, versions.parse(version).public if version is not None else None)
    return [row for row in rows if fits_platform(row, case.machine.os, case.machine.arch)]


def _draws(case: Case, name: str, other: str) -> bool:
    """Is it only the name for another distribution that has the files (tensorflow of Windows for tensorflow-intel)?"""
    rows = _builds_of(case, name)
    if any(other == pinned for row in rows for pinned, _, _ in case.matrix.packages.pins(row)):
        return True
    return not rows and other.startswith(f"{name}-cu") and other.removeprefix(f"{name}-cu").isdecimal()


def _has_gpu_code(case: Case, name: str, here: list[str]) -> bool:
    """By the published builds of its release; where there are none, by the name.

    One of a release that is not told is of that of the others, or it is of another and a double all the more.
    """
    others = {version for one in here if one != name and (version := case.version_of(one)) is not None}
    told = has_cuda(_builds_of(case, name, others.pop() if len(others) == 1 else None))
    return told if told is not None else of_gpu_build(name) or "-cu" in name


@rule("numpy-abi", reads=OF_BUILD, masks=("package-versions-mismatch",))
def numpy_abi(case: Case) -> Iterator[Outcome]:
    """Binary break of NumPy 2.

    An extension that was compiled against NumPy 1 does not run with NumPy 2 (the reverse does). The break depends on
    the release and on the platform: torch's Linux wheels take NumPy 2 from 2.3 on, its Windows wheels later.

    Shows as: "A module that was compiled using NumPy 1.x cannot be run in NumPy 2".

    Remedy: numpy<2, or a newer release.
    """
    return iter(())  # all of it is advisories


@rule("protobuf-conflict", reads=OF_BUILD, masks=("package-versions-mismatch",))
def protobuf_conflict(case: Case) -> Iterator[Outcome]:
    """API break of protobuf.

    Code that protoc generated for protobuf 3 does not load with protobuf 4 ("Descriptors cannot be created
    directly"), and gencode newer than the runtime is refused from protobuf 5 on.

    Remedy: the protobuf that the package's metadata names, or a newer release of the package.
    """
    return iter(())
