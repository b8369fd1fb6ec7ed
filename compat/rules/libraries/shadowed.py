"""The copy of a library that loads in front of the one which was meant: does it serve all the same?"""

from collections.abc import Iterator

from compat import versions
from compat.machine import Library
from compat.rules.base import OF_BUILD, Evidence, Finding, Holds, Outcome, Remedy, rule
from compat.rules.case import Case
from compat.rules.libraries.copies import Copy, in_front, named_by
from compat.rules.libraries.opened import wants
from compat.rules.libraries.serving import fits, held_against, runs_on_cudnn
from compat.rules.subject import Subject


@rule(
    "library-shadowed",
    reads=("variables", "toolkits", "builds.cudnn", *OF_BUILD),
    masks=("cudnn-mismatch", "cuda-library-too-old"),
)
def library_shadowed(case: Case) -> Iterator[Outcome]:
    """The loader picks another copy than the one meant, and that copy does not fit.

    The copy that a package brought (pip, conda) is the one that it was tested with. LD_LIBRARY_PATH comes before
    RUNPATH and the cache, so a folder there can put another copy in front, of the library or of the parts that it
    opens itself (cuDNN). That is a fault only if what then loads does not serve the package: it is of another major,
    or older than the build needs. Being older than the copy that was meant is none by itself.

    Measured on an H200, with a system cuDNN 9.14 in front of pip's 9.19: torch, built with 9.19, refuses it; JAX, whose
    plugin was built with 9.12, works.

    Remedy: take that folder off LD_LIBRARY_PATH, or put the environment's own folder before it.
    """
    yield from _nothing_in_front(case)
    if case.machine.variables or case.libraries("nvjitlink"):
        from compat.rules.libraries.jitlink import another_jitlink

        yield from another_jitlink(case)
    if case.machine.variables or case.libraries("cublasLt"):
        from compat.rules.libraries.cublaslt import another_cublaslt

        yield from another_cublaslt(case)
    for name in sorted({library.name for library in case.machine.libraries or ()}):
        loaded = in_front(case, name)
        if not case.subjects or loaded is None or loaded[1].version is None or loaded[1].origin == "bundled":
            continue
        for path, other in case.libraries(name):
            if other is not loaded[1] and other.origin in ("pip", "conda", "bundled") and not _of_another(case, other):
                yield from _instead(case, name, loaded, (path, other))


def _nothing_in_front(case: Case) -> Iterator[Outcome]:
    """A package that brings its CUDA finds it first, unless a variable names a folder to search before."""
    main, variables = case.main, case.machine.variables
    if main is None or main.state != "installed" or variables is None or case.machine.os != "linux":
        return
    searched = any(variables.get(name, "").strip(":") for name in ("LD_LIBRARY_PATH", "LD_PRELOAD"))
    if not searched and case.matrix.packages.about(main.component).get("cuda_from") == "itself":
        seen = any(_is_loaded(case, one) and one.origin == "system" for one in case.machine.libraries or ())
        if not seen:
            text = f"no variable puts another library in front of those that {main.label} brings"
            yield Holds("library-shadowed", main.component, text, (case.read("variables", "no LD_LIBRARY_PATH"),))


def _instead(case: Case, name: str, loaded: Copy, meant: Copy) -> Iterator[Outcome]:
    """One copy loads instead of another one: does it serve every package of the goal?"""
    (path, copy), (other_path, other) = loaded, meant
    have = copy.version or "0"
    wanting = [one for one in wants(case) if name != "cudnn" or runs_on_cudnn(case, one)]
    answers = [fits(case, subject, name, have) for subject in wanting]
    brought = ("origin", other.origin) if other.version is None else ("version", other.version)
    facts = (case.read(f"{path}.version", have), case.read(f"{other_path}.{brought[0]}", brought[1]))
    remedies = (_in_its_place(case, copy, other),)
    message = (
        f"{name} {have} ({copy.path or copy.origin or 'elsewhere'}) loads in front of {name} "
        f"{other.version or 'of unknown version'}, which the environment brought"
    )
    older = other.version is not None and versions.at_least(have, versions.major_minor(other.version)) is False
    # Of a package whose own version is unknown, the copy that was installed with it is what is known of its needs.
    blind = [one for one in case.subjects if older and one.version is None and not one.field(name).values]
    # Of builds that need other ones, it is open which it is.
    told = name == "cudnn" and any(one.field("cudnn").values for one in wanting)
    if False in answers or (True not in answers and (blind or (_other_major(have, other) and not told))):
        unsaid = [one for one in case.subjects if False not in answers and not one.field(name).values]
        taken = [
            case.assume(_spoken_of(one), f"it is taken to need the {name} that was installed with it") for one in unsaid
        ]
        taken += [
            case.assume(f"{place}.loaded", f"the copy of {path} is the one that loads")
            for place, one in case.usable(name)
            if place != path and one.loaded is None
        ]
        taken += case.of_whom(name)
        about = case.matrix.packages.about
        parts = dict.fromkeys(part for one in unsaid for part in about(one.component).get("parts", ()))
        taken += [
            case.assume(f"packages.{part}", "no part that tells what it needs")
            for part in parts
            if case.has(part) is None
        ]
        taken += [fact for one in wanting for fact in (*case.package(one), *_built(case, one, name))]
        if False in answers and (whole := held_against(case, name)) is not None:
            taken.append(case.read(*whole))
        if folder := named_by(case, copy):
            taken.append(case.read("variables.LD_LIBRARY_PATH", folder))
        if copy.origin is None:
            taken.append(case.assume(f"{path}.origin", "the copy that loads is no part of the package itself"))
        yield Finding("library-shadowed", name, f"{message}.", (*facts, *taken), remedies)
    elif True in answers:
        yield Holds("library-shadowed", name, f"the {name} {have} that loads serves", facts)
    elif older:
        yield Finding(
            "library-shadowed",
            name,
            f"{message}; what the package needs at least is not known.",
            facts,
            remedies,
            "warning",
        )


def _built(case: Case, subject: Subject, name: str) -> tuple[Evidence, ...]:
    """The release of the library that its build states, where that is what the one that loads is held against."""
    stated = subject.facts.cudnn if name == "cudnn" else None
    return (case.read(f"builds.{subject.distribution}.cudnn", stated),) if stated is not None else ()


def _spoken_of(subject: Subject) -> str:
    """The field that would tell its release: its own, or where nothing is said of it any name's."""
    return "packages" if subject.state == "unknown" else f"packages.{subject.distribution}"


def _in_its_place(case: Case, copy: Library, other: Library) -> Remedy:
    """Off LD_LIBRARY_PATH where that is how it comes first; what the loader's cache gives has to be preceded."""
    path = copy.path or ""
    searched = (case.machine.variables or {}).get("LD_LIBRARY_PATH")
    if searched is None or not path or any(path.startswith(folder) for folder in searched.split(":") if folder):
        return Remedy(f"take {path or 'its folder'} off LD_LIBRARY_PATH", "setting")
    folder = other.path.rpartition("/")[0] if other.path and ".so" in other.path else other.path
    return Remedy(
        f"put {folder or 'the folder of the one that the environment brought'} first on LD_LIBRARY_PATH", "setting"
    )


def _other_major(have: str, other: Library) -> bool:
    return other.version is not None and versions.same_line(have, other.version, 1) is False


def _of_another(case: Case, copy: Library) -> bool:
    """Does the copy lie inside another package, which alone loads it?"""
    main = case.main.component if case.main is not None else ""
    return copy.origin == "bundled" and bool(copy.loaded_by) and main not in (copy.loaded_by or ())


def _is_loaded(case: Case, copy: Library) -> bool:
    if copy.loaded_by is not None:
        return case.main is not None and case.main.component in copy.loaded_by
    return copy.loaded is True
