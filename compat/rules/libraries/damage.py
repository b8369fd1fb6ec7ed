"""Files that are not as their package lists them: is the damaged one what the goal's process gets?"""

from collections.abc import Iterator
from typing import Literal

from compat.machine import Damage, Library
from compat.rules.base import OF_BUILD, Evidence, Finding, Holds, Outcome, Remedy, rule
from compat.rules.case import Case
from compat.rules.libraries.opened import opens, shim, wants
from compat.rules.libraries.owners import belongs, owned
from compat.rules.libraries.serving import fits

_LEAVES = ("nccl", "cufft", "curand", "cupti", "cufile")  # no other CUDA library opens them


@rule(
    "library-damaged",
    reads=("damaged", "builds.missing", *OF_BUILD),
    masks=("library-shadowed", "cudnn-mismatch"),
    says="nothing",
)
def library_damaged(case: Case) -> Iterator[Outcome]:
    """A file that an installed package lists is missing, empty, cut short, or overwritten by another package's.

    pip and uv write files without asking whose they were: nvidia-cudnn-cu12 and nvidia-cudnn-cu13 write the same paths,
    onnxruntime and onnxruntime-gpu too. The last one wins, and removing either breaks the other. The RECORD of each
    package says what it wrote; the disk says what is there.

    What the process gets decides how bad that is: nothing, or the damaged file itself, is an error; another copy, or
    the file of the package that wrote last, is one only if its release does not serve; a library that the process does
    not load is no matter. Measured on an H200 with cuDNN 9.14 instead of 9.19: torch, built with 9.19, fails, JAX not.

    Remedy: uninstall both, install the one that is meant again (--force-reinstall).
    """
    damaged = case.machine.damaged
    if damaged is None:
        return
    told = False
    for index, one in enumerate(damaged):
        if not belongs(case, one.package):
            continue
        severity, instead = _met(case, one)
        if severity is None:
            continue
        told = True
        by = f" by {one.by}" if one.by else ""
        yield Finding(
            "library-damaged",
            one.package,
            f"{one.path} of {one.package} is {one.problem}{by}.{instead}",
            (
                case.read(f"damaged[{index}]", f"{one.path} {one.problem}{by}"),
                *owned(case, one.package),
                *_taken(case, one),
            ),
            (
                Remedy(
                    f"install {one.package} again: --force-reinstall --no-deps {one.package}"
                    + (f", after removing {one.by}" if one.by else "")
                ),
            ),
            severity,
        )
    if not told and case.subjects:
        yield Holds("library-damaged", case.subjects[0].component, "what it loads is as its package lists it")


def _taken(case: Case, damage: Damage) -> tuple[Evidence, ...]:
    """That the process gets the damaged file, where what would tell what it opens is not stated."""
    seen = [index for index, copy in enumerate(case.machine.libraries or ()) if _loads(case, copy)]
    unsaid = [] if seen else ["libraries"]
    unsaid += [f"libraries[{index}].path" for index in seen if (case.machine.libraries or ())[index].path is None]
    library = _library(case, damage.path.rpartition("/")[2])
    unsaid += [f"{path}.loaded_by" for path, copy in case.libraries(library or "") if copy.loaded_by is None]
    platform = [place for place in ("os", "arch") if getattr(case.machine, place) is None]
    unsaid += [*platform, "jetson", "environment"] if platform else []  # a Jetson tells both
    unsaid += [
        one.path for one in wants(case) if one.state == "installed" and (one.version is None or len(one.candidates) > 1)
    ]
    return tuple(case.assume(place, "the damaged file is the one that is opened") for place in unsaid)


def _met(case: Case, damage: Damage) -> tuple[Literal["error", "warning"] | None, str]:
    """How bad the damage is for the goal's process, and what the process gets instead; None where it is no matter.

    A process whose libraries are not known is taken to get the damaged file.
    """
    soname = damage.path.rpartition("/")[2]
    library = _library(case, soname)
    if library in _LEAVES and not _may_open(case, soname):
        return None, ""
    if library is None or not any(_loads(case, copy) for copy in case.machine.libraries or ()):
        return "error", ""
    if any(soname in (subject.facts.missing or ()) for subject in wants(case)):
        return "error", ""
    used = [copy for _, copy in case.libraries(library) if _loads(case, copy)]
    others = [copy for copy in used if not _is_at(copy, damage)]
    if others:
        serving = [_serves(case, library, copy.version) for copy in others]
        instead = f" The process gets another copy, {others[0].path or others[0].origin or 'from elsewhere'}"
        if False in serving:
            return "error", f"{instead}, whose release {others[0].version} does not serve."
        return "warning", f"{instead}, as long as that stays where it is."
    if damage.problem == "overwritten" and (used or _may_open(case, soname)):
        have = (used[0].version if used else None) or (case.machine.packages or {}).get(damage.by or "") or None
        return ("error", "") if _serves(case, library, have) is False else ("warning", " That file is what it gets.")
    if used or (damage.problem in ("empty", "truncated") and _may_open(case, soname)):
        return "error", ""
    if case.libraries(library) and _may_open(case, soname):  # a copy that did not load is not among the loaded either
        return "warning", " No process was seen to get another copy."
    return None, ""


def _library(case: Case, soname: str) -> str | None:
    """The library of a soname that the probe follows: one of the matrix, or one that some package here misses."""
    row = case.matrix.libraries.of_soname(shim(soname))
    if row is not None:
        return str(row["library"])
    missed = any(soname in (build.missing or ()) for build in case.machine.builds.values())
    return soname.partition(".so")[0].removeprefix("lib") if missed else None


def _loads(case: Case, copy: Library) -> bool:
    """Was the copy seen to be loaded by a package of the goal?"""
    names = {name for subject in wants(case) for name in (subject.component, subject.distribution)}
    return not names.isdisjoint(copy.loaded_by or ())


def _is_at(copy: Library, damage: Damage) -> bool:
    """Does the copy lie where the damaged file is listed? (A description may name the folder.)"""
    folder = damage.path.rpartition("/")[0]
    return copy.path is None or not folder or f"/{folder}/" in f"/{copy.path}/"


def _serves(case: Case, library: str, have: str | None) -> bool | None:
    """Does that release serve every package of the goal? None where none tells."""
    answers = [fits(case, subject, library, have) for subject in wants(case)] if have else []
    return False if False in answers else True if True in answers else None


def _may_open(case: Case, soname: str) -> bool:
    """A file that ends the load of what needs it is not among the loaded: only a list of sonames can tell."""
    return any(opens(subject, soname) is not False for subject in wants(case))
