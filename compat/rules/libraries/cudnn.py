"""The cuDNN that a process gets, beside the one that its packages were built with and the least that they take."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Library
from compat.rules.base import OF_BUILD, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.libraries.copies import Copy, gets, named_by, of_untold_plugin, rests_on_toolkits
from compat.rules.libraries.opened import opening, opens_early
from compat.rules.libraries.serving import asks_of_cudnn, decided, runs_on_cudnn, serves
from compat.rules.runtimes import publishers_row
from compat.rules.subject import Possible, Subject

if TYPE_CHECKING:
    from compat.matrix import Row


@rule("cudnn-mismatch", reads=("variables", "toolkits", "container.image", "builds.cudnn", *OF_BUILD, *OF_SYSTEM))
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
    for subject in opening(case):
        built = subject.field("cudnn")
        if subject.state == "unknown":
            yield from _of_its_library(case, subject)
        if not built.values or not runs_on_cudnn(case, subject):
            continue
        found = loading(case, subject) or _of_pip(case, subject, built) or _of_image(case, subject)
        if found is None or found[1].version is None:
            yield Untold("cudnn-mismatch", "cudnn", ("libraries",))
            continue
        path, copy = found
        asks = asks_of_cudnn(case, subject)
        fits = decided(built, copy.version or "0", asks)
        facts = (
            _read(case, path, copy),
            Evidence(f"{subject.label} is built with cuDNN {_shown(built)}", built.source),
            *_no_other(case, subject, path, copy),
        )
        if fits:
            yield Holds("cudnn-mismatch", "cudnn", f"cuDNN {copy.version} serves {subject.label}", facts)
        elif fits is False and opens_early(case, subject):
            yield Untold("cudnn-mismatch", "cudnn", (subject.path,))
        elif fits is False:
            yield Finding(
                "cudnn-mismatch",
                "cudnn",
                f"cuDNN {copy.version} is what loads; {subject.label} is built with {_shown(built)} and needs "
                f"{_WANTED[asks]}.",
                (*facts, *_gets(case, path, copy), *case.which_build(subject)),
                (Remedy(f"install cuDNN {_shown(built)} or a newer one of its major"),),
            )
        else:
            yield Untold("cudnn-mismatch", "cudnn", (f"{path}.version", f"builds.{subject.distribution}.cudnn"))


def _of_its_library(case: Case, subject: Subject) -> Iterator[Outcome]:
    """What no package tells of, but its library does (TensorRT of an archive or of apt): by its release's cuDNN."""
    own, found = case.loaded(subject.component), loading(case, subject)
    release = case.matrix.packages.release(subject.component, own[1].version) if own and own[1].version else None
    if own is None or release is None or "cudnn" not in release or found is None or found[1].version is None:
        return
    (place, library), (path, copy) = own, found
    needs = case.matrix.traits.claim(subject.component, "runs-on-cudnn", library.version)
    theirs = copy.origin in ("pip", "conda", "bundled") and not copy.loaded  # laid beside another package
    if needs is None or theirs:
        return
    built = release["cudnn"]
    facts = (
        _read(case, path, copy),
        case.read(f"{place}.version", library.version),
        case.cite(f"{subject.component} {release['version']} is built with cuDNN {built}", release, "cudnn"),
        case.cite(f"{subject.component} {needs['range']} runs on cuDNN", needs),
        *_no_other(case, subject, path, copy),
        *case.of_whom(subject.component),
        *((case.assume(f"{path}.origin", "the loader finds it"),) if copy.origin is None else ()),
    )
    named = f"{subject.component} {library.version}"
    if serves(str(copy.version), built, "major"):
        yield Holds("cudnn-mismatch", "cudnn", f"cuDNN {copy.version} serves {named}", facts)
    else:
        message = f"cuDNN {copy.version} is what loads; {named} is built with {built} and needs {_WANTED['major']}."
        remedy = Remedy(f"install cuDNN {built} or a newer one of its major")
        yield Finding("cudnn-mismatch", "cudnn", message, (*facts, *_gets(case, path, copy)), (remedy,))


def loading(case: Case, subject: Subject) -> Copy | None:
    """The copy that the package's process gets; torch's own, for what brings none where no other is spoken of."""
    return gets(case, subject) or _of_torch(case, subject)


def evidence_of(case: Case, subject: Subject, found: Copy) -> tuple[Evidence, ...]:
    """Which copy it is, and what is taken to be so for it to be the one that loads."""
    path, copy = found
    return (_read(case, path, copy), *_no_other(case, subject, path, copy), *_gets(case, path, copy))


_WANTED = {
    "major": "that major",
    "minor": "that minor or a newer one of the same major",
    "same": "that very minor",
}


def _shown(built: Possible) -> str:
    return " or ".join(dict.fromkeys(str(value) for value, _ in built.values))


def _read(case: Case, path: str, copy: Library) -> Evidence:
    if path == _IMAGE:
        return case.read(path, case.machine.container.image)
    return case.read(path if path.startswith(("packages.", "builds.")) else f"{path}.version", copy.version)


def _gets(case: Case, path: str, copy: Library) -> tuple[Evidence, ...]:
    """That it is the package's own process that loads the copy, where nothing is said of that; what puts it first."""
    if not path.startswith("libraries["):
        return ()
    folder = "" if copy.loaded or copy.loaded_by else named_by(case, copy)
    return (*((case.read("variables.LD_LIBRARY_PATH", folder),) if folder else ()), *case.of_whom("cudnn"))


def _no_other(case: Case, subject: Subject, path: str, copy: Library) -> tuple[Evidence, ...]:
    """That the copy which a package brought is the only one, where that is what is judged."""
    torch, takes_any = case.subject("torch"), _has_the_systems(case, subject)
    system: tuple[Evidence, ...] = ()
    if path == _IMAGE and (row := publishers_row(case, "cudnn")) is not None:
        inside = case.cite(f"the image {row['image']}:{row['tag']} has cuDNN {copy.version}", row, "cudnn")
        return inside, case.assume("libraries, packages", "no other cuDNN was brought into it")
    if path in (torch.path, f"builds.{torch.distribution}.cudnn"):
        owner, unsaid = "torch's", ["libraries", "toolkits"]
    elif path.startswith("packages."):
        owner, unsaid = "pip's", ["libraries"] if case.machine.libraries is None else []
        unsaid += ["toolkits"] if takes_any or rests_on_toolkits(case, subject, path, copy.version or "") else []
        system = () if takes_any else case.taken_for_linux
        if path.removeprefix("packages.") == of_untold_plugin(case, subject):
            part = f"packages.jax-cuda{path[-2:]}-plugin"
            system += (case.assume(part, "jax's CUDA comes with it, of jax's release"),)
    else:
        return ()
    unsaid += ["packages.torch, builds.torch.cudnn"] if takes_any and torch.facts.cudnn is None else []
    return (*system, *(case.assume(place, f"no cuDNN there but {owner} own") for place in unsaid))


def _below_minimum(case: Case) -> Iterator[Outcome]:
    """What a release refuses by itself, whatever its build was made with: JAX asks for a least cuDNN when it starts."""
    for subject in case.subjects:
        found = gets(case, subject)
        if found is None or found[1].version is None:
            continue
        path, copy = found
        rows, told = _releases(case, subject)
        if not rows or not all("cudnn_minimum" in row for row in rows):
            continue
        row = min(rows, key=lambda one: versions.parse(one["cudnn_minimum"]).key())
        least, label = row["cudnn_minimum"], f"{subject.component} {row['version']}"
        built = [value for value, _ in subject.field("cudnn").values]
        if built and all(versions.at_least(value, least) for value in built):
            continue  # which asks for more
        takes = case.cite(f"{label} takes cuDNN from {least} on", row)
        facts = (_read(case, path, copy), *told, takes, *_no_other(case, subject, path, copy))
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
    if not _has_the_systems(case, subject):
        return None
    torch = case.subject("torch")
    cudnn = torch.field("cudnn")
    if torch.state != "installed" or cudnn.known is None:
        return None
    path = torch.path if torch.facts.cudnn is None else f"builds.{torch.distribution}.cudnn"
    return path, Library(name="cudnn", version=str(cudnn.known), origin="pip")


def _of_pip(case: Case, subject: Subject, built: Possible) -> Copy | None:
    """pip's cuDNN, for a package that brings none, where it is of another major than the build opens.

    Whether such a package finds one of its own major there is open; another major's has no file that it asks for.
    """
    if not _has_the_systems(case, subject) or case.machine.libraries is not None:
        return None
    there = {name: have for name, have in case.packages.items() if name.startswith(_PACKAGES) and have is not False}
    if not there or not all(have and decided(built, have, "major") is False for have in there.values()):
        return None
    name, version = min(there.items())
    return f"packages.{name}", Library(name="cudnn", version=version, origin="pip")


_PACKAGES = ("nvidia-cudnn-cu", "cudnn")  # pip's and conda's


def _of_image(case: Case, subject: Subject) -> Copy | None:
    """The cuDNN of the publisher's image that the goal runs in, where nothing is said of any other."""
    row = publishers_row(case, "cudnn")
    if row is None or subject.state != "installed" or subject.conda or case.machine.libraries is not None:
        return None
    if any(name.startswith(_PACKAGES) and have is not False for name, have in case.packages.items()):
        return None
    return _IMAGE, Library(name="cudnn", version=row["cudnn"], origin="container")


_IMAGE = "container.image"


def _has_the_systems(case: Case, subject: Subject) -> bool:
    """Does it load the system's cuDNN, of which nothing is said?"""
    about = case.matrix.packages.about(subject.component)
    return about.get("cuda_from") == "system" and not case.usable("cudnn") and case.machine.toolkits is None
