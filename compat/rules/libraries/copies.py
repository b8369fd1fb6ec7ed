"""Which copy of a library a process gets, where there are several, and whether it serves."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Library
from compat.rules.base import OF_BUILD, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.libraries.found import wants
from compat.rules.subject import Possible, Subject

if TYPE_CHECKING:
    from compat.matrix import Row

Copy = tuple[str, Library]  # field path, copy


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
    for name in sorted({library.name for library in case.machine.libraries or ()}):
        loaded = _in_front(case, name)
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
    wanting = [one for one in wants(case) if name != "cudnn" or _runs_on_cudnn(case, one)]
    answers = [fits(case, subject, name, have) for subject in wanting]
    facts = (case.read(f"{path}.version", have), case.read(f"{other_path}.version", other.version))
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
        for every in dict.fromkeys((*case.usable(name), meant)):
            taken += case.of_whom(*every)
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


def fits(case: Case, subject: Subject, name: str, have: str) -> bool | None:
    """Does a release of the library serve the package, by what it was built with or pins? None: unknown."""
    if name == "cudnn":
        built = subject.field("cudnn")
        return _decided(built, have, _asks(case, subject)) if built.values else None
    if name in _HALVES and (whole := _own(case, _HALVES[name])) is not None and versions.same_line(have, whole, 1):
        # cuBLAS comes in two files of one release, and cuSPARSE and cuSOLVER call the nvJitLink of theirs: by symbols
        # that an older one does not have.
        return False if versions.at_least(have, versions.major_minor(whole)) is False else None
    if name == "nccl":
        return _has_symbols(case, subject, have)
    lines = {str(row.get("requires")) for row in subject.candidates}
    if len(lines) != 1:
        return None
    for pinned, spec, _ in case.matrix.packages.pins(subject.candidates[0]):
        if pinned.startswith(f"nvidia-{name}") and ">=" in spec:
            return versions.parse_range(spec).admits(have)
    return None


_HALVES = {"cublasLt": "cublas", "nvjitlink": "nvjitlink"}


def _own(case: Case, name: str) -> str | None:
    """The release of the environment's own copy of a CUDA library."""
    for package in (f"nvidia-{name}-cu11", f"nvidia-{name}-cu12", f"nvidia-{name}"):
        version = case.version_of(package)
        if version is not None:
            return version
    found = [one.version for _, one in case.libraries(name) if one.origin in ("pip", "conda") and one.version]
    return found[0] if len(found) == 1 else None


def _has_symbols(case: Case, subject: Subject, have: str) -> bool | None:
    """Has this NCCL every symbol that the package's libraries call? None where it is not known which those are."""
    release = case.matrix.packages.release(subject.component, subject.version) if subject.version else None
    if release is None or "nccl_minimum" not in release:
        return None
    return versions.at_least(have, release["nccl_minimum"])


def _in_front(case: Case, name: str) -> Copy | None:
    """The copy that loads: as it was seen, else the one whose folder LD_LIBRARY_PATH names."""
    copies = case.usable(name)
    seen = case.seen(name, case.main.component if case.main is not None else "")
    if seen or any(copy.loaded_by is not None for _, copy in copies):
        return seen[0] if len(seen) == 1 else None  # of two that are said to load, it is not known which serves whom
    copies = tuple(one for one in copies if not _of_another_soname(case, name, one[1]))
    for folder in (case.machine.variables or {}).get("LD_LIBRARY_PATH", "").split(":"):
        for one in copies:
            if folder and one[1].path is not None and one[1].path.rstrip("/") == folder.rstrip("/"):
                return one
    return None


def _of_another_soname(case: Case, name: str, copy: Library) -> bool:
    """Is it of another major than each that the goal's packages brought? Its soname carries it: nobody gets it."""
    if name not in ("cudnn", "cublas", "cublasLt", "cudart", "nvrtc", "nvjitlink") or copy.version is None:
        return False
    brought = [one.version for _, one in case.libraries(name) if one.origin in ("pip", "bundled") and one.version]
    if name == "cudnn" and case.main is not None:
        itself = case.matrix.packages.about(case.main.component).get("cuda_from") == "itself"
        brought += [str(built) for built, _ in case.main.field("cudnn").values] if itself else []
    return bool(brought) and not any(versions.same_line(one, copy.version, 1) for one in brought)


def _of_another(case: Case, copy: Library) -> bool:
    """Does the copy lie inside another package, which alone loads it?"""
    main = case.main.component if case.main is not None else ""
    return copy.origin == "bundled" and bool(copy.loaded_by) and main not in (copy.loaded_by or ())


def _is_loaded(case: Case, copy: Library) -> bool:
    if copy.loaded_by is not None:
        return case.main is not None and case.main.component in copy.loaded_by
    return copy.loaded is True


def _asks(case: Case, subject: Subject) -> str:
    """What it asks of cuDNN: the ``major`` that it was built with, that ``minor`` or newer, the ``same`` minor."""
    if case.matrix.traits.holds(subject.component, "cudnn-same-minor", subject.version):
        return "same"
    return str(case.matrix.packages.about(subject.component).get("cudnn_check", "minor"))


@rule("cudnn-mismatch", reads=("variables", "toolkits", "builds.cudnn", *OF_BUILD))
def cudnn_mismatch(case: Case) -> Iterator[Outcome]:
    """The cuDNN that loads is of another major, or older than the build needs.

    cuDNN keeps its interface within a major, forward only: a program runs with the cuDNN minor that it was compiled
    with or a newer one of the same major. TensorFlow, JAX and torch check it when they start; others fail at the first
    missing symbol. TensorRT and ONNX Runtime need the same major; a lower minor is a warning there. torch before 1.0
    asked for the very minor that it was compiled with, and refused newer ones too.

    Shows as: "Loaded runtime CuDNN library: 8.0.5 but source was compiled with: 8.1.0",
    "cuDNN version incompatibility", CUDNN_STATUS_NOT_INITIALIZED.

    Remedy: the cuDNN that the package asks for (its nvidia-cudnn-cuNN pin), and no other one in front of it.
    """
    yield from _below_minimum(case)
    for subject in wants(case):
        built = subject.field("cudnn")
        if not built.values or not _runs_on_cudnn(case, subject):
            continue
        found = gets(case, subject) or _of_torch(case, subject)
        if found is None or found[1].version is None:
            yield Untold("cudnn-mismatch", "cudnn", ("libraries",))
            continue
        path, copy = found
        asks = _asks(case, subject)
        fits = _decided(built, copy.version or "0", asks)
        facts = (
            _read(case, path, copy),
            Evidence(f"{subject.label} is built with cuDNN {_shown(built)}", built.source),
            *_no_other(case, path),
        )
        if fits:
            yield Holds("cudnn-mismatch", "cudnn", f"cuDNN {copy.version} serves {subject.label}", facts)
        elif fits is False:
            yield Finding(
                "cudnn-mismatch",
                "cudnn",
                f"cuDNN {copy.version} is what loads; {subject.label} is built with {_shown(built)} and needs "
                f"{_WANTED[asks]}.",
                (*facts, *_gets(case, path, copy)),
                (Remedy(f"install cuDNN {_shown(built)} or a newer one of its major"),),
            )
        else:
            yield Untold("cudnn-mismatch", "cudnn", (f"{path}.version", f"builds.{subject.distribution}.cudnn"))


def _runs_on_cudnn(case: Case, subject: Subject) -> bool:
    """Does it open cuDNN at all? TensorRT of today is built with it for plugins that are compiled by oneself."""
    if case.matrix.traits.row(subject.component, "runs-on-cudnn") is None:
        return True
    return case.matrix.traits.holds(subject.component, "runs-on-cudnn", subject.version) is True


def _read(case: Case, path: str, copy: Library) -> Evidence:
    return case.read(path if path.startswith(("packages.", "builds.")) else f"{path}.version", copy.version)


def _gets(case: Case, path: str, copy: Library) -> tuple[Evidence, ...]:
    """That it is the package's own process that loads the copy, where nothing is said of that."""
    return case.of_whom(path, copy) if path.startswith("libraries[") else ()


def _no_other(case: Case, path: str) -> tuple[Evidence, ...]:
    """That the copy which a package brought is the only one, where that is what is judged."""
    if path == case.subject("torch").path:
        return tuple(case.assume(place, "no cuDNN there but torch's own") for place in ("libraries", "toolkits"))
    if path.startswith("packages.") and case.machine.libraries is None:
        return (case.assume("libraries", "no cuDNN there but pip's own"),)
    return ()


def _below_minimum(case: Case) -> Iterator[Outcome]:
    """What a release refuses by itself, whatever its build was made with: JAX asks for a least cuDNN when it starts."""
    for subject in case.subjects:
        found = None if subject.field("cudnn").values else gets(case, subject)
        if found is None or found[1].version is None:
            continue
        path, copy = found
        rows, told = _releases(case, subject)
        if not rows or not all("cudnn_minimum" in row for row in rows):
            continue
        row = min(rows, key=lambda one: versions.parse(one["cudnn_minimum"]).key())
        least, label = row["cudnn_minimum"], f"{subject.component} {row['version']}"
        takes = case.cite(f"{label} takes cuDNN from {least} on", row)
        facts = (_read(case, path, copy), *told, takes, *_no_other(case, path))
        if versions.at_least(found[1].version, least) is False:
            yield Finding(
                "cudnn-mismatch",
                "cudnn",
                f"cuDNN {copy.version} is what loads; {label} refuses releases before {least}.",
                (*facts, *_gets(case, path, copy)),
                (Remedy(f"install cuDNN {least} or a newer one of its major"),),
            )
        elif all(serves(found[1].version, one["cudnn_minimum"], "minor") for one in rows):
            yield Holds("cudnn-mismatch", "cudnn", f"cuDNN {copy.version} serves {label}", facts)


def _releases(case: Case, subject: Subject) -> "tuple[list[Row], tuple[Evidence, ...]]":
    """The release that it is; where that is not told, those that take the part which is: jax by its jaxlib."""
    packages = case.matrix.packages
    if subject.version is not None:
        release = packages.release(subject.component, subject.version)
        return ([release] if release is not None else []), ()
    pairs = case.matrix.rows("pair", subject.component) if case.has(subject.component) is not False else []
    part = next((one["other"] for one in pairs if case.version_of(one["other"]) is not None), "")
    have = case.version_of(part) or "0"
    bounded = [one for one in pairs if one["other"] == part and "<" in one["fits"]]  # those before say no upper bound
    taking = {one["range"]: one for one in bounded if _admits(one["fits"], have)}
    rows = [row for row in packages.releases(subject.component) if f"=={row['version']}" in taking]
    if not rows:
        return [], ()
    first = case.cite(
        f"{subject.component} {rows[0]['version']} is the first that takes it", taking[f"=={rows[0]['version']}"]
    )
    meant = case.assume(f"packages.{subject.distribution}", f"it is of a release that takes this {part}")
    return rows, (case.read(f"packages.{part}", have), first, meant)


def _admits(spec: str, version: str) -> bool | None:
    return versions.parse_range(spec).admits(versions.parse(version).public)


def _of_torch(case: Case, subject: Subject) -> Copy | None:
    """The cuDNN that torch brought, for a package that brings none, where nothing is said of any other."""
    about = case.matrix.packages.about(subject.component)
    if about.get("cuda_from") != "system" or case.usable("cudnn") or case.machine.toolkits is not None:
        return None
    torch = case.subject("torch")
    cudnn = torch.field("cudnn")
    if torch.state != "installed" or cudnn.known is None:
        return None
    return torch.path, Library(name="cudnn", version=str(cudnn.known), origin="pip")


_WANTED = {
    "major": "that major",
    "minor": "that minor or a newer one of the same major",
    "same": "that very minor",
}


def _decided(built: Possible, have: str, asks: str) -> bool | None:
    return built.decide(lambda need: serves(have, need, asks))


def _shown(built: Possible) -> str:
    return " or ".join(dict.fromkeys(str(value) for value, _ in built.values))


def serves(have: str, need: str, asks: str) -> bool | None:
    """Does a cuDNN release serve a build that ``asks`` for the major, the minor or newer, or the same minor?"""
    same = versions.same_line(have, need, 1)
    if not same or asks == "major":
        return same
    if asks == "same":
        return versions.same_line(have, need, 2)
    return versions.at_least(have, versions.major_minor(need))


def gets(case: Case, subject: Subject, name: str = "cudnn") -> tuple[str, Library] | None:
    """The copy of a library that this package's process gets, where it can be told."""
    seen, copies = case.seen(name, subject.component), case.usable(name)
    if seen or any(copy.loaded_by is not None for _, copy in copies):
        return seen[0] if len(seen) == 1 else None
    front = _in_front(case, name)
    if front is not None:
        return front
    if case.matrix.packages.about(subject.component).get("cuda_from") == "itself":
        # One of unknown origin may be the environment's own as well.
        brought = tuple(one for one in copies if one[1].origin in ("pip", "conda", "bundled", "container"))
        copies = copies if brought and not all(copy.origin for _, copy in copies) else brought
    if not copies and not case.usable(name):
        return _of_package(case, subject) if name == "cudnn" else None
    return copies[0] if len(copies) == 1 else None


def _of_package(case: Case, subject: Subject) -> tuple[str, Library] | None:
    """pip's cuDNN, where only its package is told: what pins it, and JAX's plugins, look in its folder (on Linux)."""
    pins = {name for row in subject.candidates[:8] for name, _, _ in case.matrix.packages.pins(row)}
    for name in ("nvidia-cudnn-cu11", "nvidia-cudnn-cu12", "nvidia-cudnn-cu13"):
        own = name in pins or subject.distribution.startswith(f"jax-cuda{name[-2:]}-plugin")
        version = case.version_of(name) if own and case.machine.os != "windows" else None
        if version is not None:
            return f"packages.{name}", Library(name="cudnn", version=version, origin="pip")
    return None
