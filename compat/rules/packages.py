"""Packages among themselves: dead names, fixed pairs, doubles, and the breaks of NumPy and protobuf."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import normal
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Severity, Untold, rule
from compat.rules.case import Case
from compat.rules.extensions import built_for_torch
from compat.rules.subject import CUDA_TAG, Possible, Subject, matching, same_local

if TYPE_CHECKING:
    from compat.matrix import Row


@rule("package-missing", says="nothing")
def package_missing(case: Case) -> Iterator[Outcome]:
    """The package that the goal is named for is not installed.

    Reported only where the description says so (`"tensorflow": false`, as the probe writes it of frameworks that the
    inspected environment does not have); a package that is not mentioned is unknown.

    Remedy: `compatcheck plan` for it.
    """
    main = case.main
    if case.goal.verb not in ("use", "import") or main is None:
        return
    library = next(iter(case.usable("tensorrt")), None) if main.component == "tensorrt" else None
    if main.state == "installed":
        named = main.path if case.has(main.distribution) else f"builds.{main.distribution}"
        yield Holds("package-missing", main.component, f"{main.label} is installed", (case.read(named, main.label),))
    elif library is not None:
        fact = case.read(library[0], f"tensorrt {library[1].version or ''}".strip())
        yield Holds("package-missing", main.component, "TensorRT's library is there", (fact,))
    elif main.state == "absent":
        others = [name for name in case.matrix.packages.distributions(main.component) if case.has(name) is None]
        places = "packages, libraries" if main.component == "tensorrt" else "packages"
        taken = [case.assume(places, f"nothing else that brings it is there: {', '.join(others)}")]
        yield Finding(
            "package-missing",
            main.component,
            f"{main.distribution} is not installed in this environment.",
            (case.read(f"packages.{main.distribution}", False), *(taken if others else ())),
            (Remedy(f"install it; `compatcheck plan --{main.component}` says which release fits"),),
        )
    elif main.state == "unknown":
        yield Untold("package-missing", main.component, (f"packages.{main.distribution}",))


@rule("package-unknown", says="nothing", leaves="cuda")
def package_unknown(case: Case) -> Iterator[Outcome]:
    """The matrix knows nothing of the package that the goal is named for.

    Only what does not depend on the package is judged: the GPU, the driver, the container. A verdict about the package
    itself is not to be had.

    Remedy: `compatcheck matrix list` shows what the matrix knows; a new package is one file in `matrix/`.
    """
    main = case.main
    if main is None:
        return
    rows = case.matrix.packages
    if (
        rows.about(main.component)
        or rows.builds(main.distribution)
        or rows.component(main.distribution) is not None
        or main.component in case.matrix.components("release")
    ):
        fact = Evidence(f"rows about {main.component}", f"matrix, {case.matrix.date}")
        yield Holds("package-unknown", main.component, f"the matrix has rows about {main.component}", (fact,))
    else:
        yield Finding(
            "package-unknown",
            main.component,
            f"The matrix knows nothing of {main.distribution}: only what it does not depend on is judged.",
            (Evidence("no rows about it", f"matrix, {case.matrix.date}"),),
            (Remedy("see `compatcheck matrix list` for what is known"),),
            "note",
        )


@rule("package-removed", masks=("python-unsupported", "no-gpu-build-for-platform"))
def package_removed(case: Case) -> Iterator[Outcome]:
    """The name is dead, or the version was never published.

    Some distributions were replaced and left as an empty file that fails on purpose (tensorflow-gpu from 2.12), renamed
    (nvidia-tensorrt), or are only a script that fetches the real one from another index.

    Remedy: the name that took its place.
    """
    if case.goal.verb != "install":
        return
    for asked, spec in (case.machine.request or {}).items():
        yield from _dead(case, normal(asked), spec)


def _dead(case: Case, name: str, spec: str) -> Iterator[Outcome]:
    wanted = versions.parse_range(spec)
    files = [row for rows in case.matrix.packages.builds(name).values() for row in rows]
    if files and case.machine.os == "macos" and not any(row["os"] in ("macos", "any") for row in files):
        return  # no release of any age runs there
    local = _local(wanted)
    published = [
        version
        for version in case.matrix.packages.versions(name)
        if (_has(case, name, version, wanted, local) if local else wanted.admits(version))
        and not versions.parse(version).is_prerelease
    ]
    newest = published[-1] if published else None
    fact = case.read(f"request.{name}", spec)
    for row in case.matrix.every("name"):
        if normal(row["distribution"]) != name or row["state"] not in ("removed", "stub", "renamed", "never-published"):
            continue
        dead = versions.parse_range(row["range"])
        # What the installer would take: the newest that the request admits, of the live releases and the dead ones.
        choice = [
            *([newest] if newest else []),
            *(bound.text for _, bound, _ in dead.clauses if wanted.admits(bound.text)),
        ]
        target = max(choice, key=lambda text: versions.parse(text).key(), default=_exact(wanted))
        inside = dead.admits(target) if target else row["range"] == "*" or spec == "*"
        if inside:
            instead = row.get("instead")
            yield Finding(
                "package-removed",
                name,
                f"{name}{'' if spec == '*' else ' ' + spec} is {row['state']}: "
                + (f"{instead} took its place." if instead else "it holds nothing that works."),
                (fact, case.cite(f"{name} {row['range']} is {row['state']}", row)),
                (Remedy(f"ask for {instead}" if instead else f"leave {name} out"),),
            )
            return
    known = case.matrix.packages.versions(name)
    exact = _exact(wanted)
    listed = len(known) >= 5 and _lists_such(case, name, wanted)
    if newest is None and listed and exact is not None and versions.at_least(known[-1], exact):
        yield Finding(
            "package-removed",
            name,
            f"{name} {spec} is not on the index: never published, or removed.",
            (fact, Evidence(f"{len(known)} releases from {known[0]} to {known[-1]}", f"matrix, {case.matrix.date}")),
            (Remedy(f"ask for a release that exists, such as {known[-1]}"),),
        )
    elif newest is not None:
        yield Holds("package-removed", name, f"{name} {newest} is published", (fact,))


def _local(wanted: versions.Range) -> str:
    """What follows the ``+`` of the version that is asked for: such a build is of its vendor's index."""
    return next((bound.text.partition("+")[2] for operator, bound, _ in wanted.clauses if operator == "=="), "")


def _lists_such(case: Case, name: str, wanted: versions.Range) -> bool:
    """Are the builds of the index that would have it listed? The vendor's own has more than the public one."""
    exact = next((bound for operator, bound, _ in wanted.clauses if operator in ("==", "===")), None)
    if exact is None:
        return False
    builds = case.matrix.packages.builds(name)
    if exact.post >= CUDA_TAG:  # paddlepaddle-gpu 2.6.1.post120
        return any(versions.parse(known).post >= CUDA_TAG and _alike(known, exact) for known in builds)
    kind = _KIND.match(exact.text.partition("+")[2])
    if not kind or exact.public not in builds:
        return True
    there = (row for rows in builds.values() for row in rows if row["index"] in _WHOLE)
    found = (_KIND.match(str(row.get("local", row["variant"]))) for row in there)
    return any(one[0] == kind[0] for one in found if one)


_WHOLE = ("pytorch", "jax")  # indexes of which every file is known; of others single ones
_KIND = re.compile(r"[A-Za-z]+")  # of a local part: cu, cpu, rocm


def _alike(known: str, exact: versions.Version) -> bool:
    return versions.parse(known).release == exact.release


def _has(case: Case, name: str, version: str, wanted: versions.Range, local: str) -> bool:
    """Is this version published as the build that is asked for, for any platform?"""
    if _exact(wanted) != version:
        return False
    return any(same_local(row, local) for row in case.matrix.packages.builds(name)[version])


def _exact(wanted: versions.Range) -> str | None:
    return next((bound.public for operator, bound, _ in wanted.clauses if operator in ("==", "===")), None)


@rule("package-versions-mismatch", masks=("mixed-cuda-majors",))
def package_versions_mismatch(case: Case) -> Iterator[Outcome]:
    """Two packages that go in fixed pairs do not match.

    torchvision, torchaudio and torch-tensorrt are compiled against one torch release; JAX, jaxlib and its CUDA plugin
    move together; TF-TRT opens the very TensorRT that TensorFlow was built with. Their metadata pins say so where it
    exists; for older releases the vendor's table does. Extensions of torch name their torch in the version itself
    (``+pt28cu128``, ``+cu12torch2.6``). Installing one of a pair alone breaks it.

    Remedy: install both of one row, in one command.
    """
    if case.goal.verb == "install":
        return
    yield from _pins(case)
    yield from _pairs(case)
    yield from _linked_tensorrt(case)
    yield from built_for_torch(case)
    yield from _of_the_other_kind(case)


_WITHOUT_TENSORRT = "2.18"
_RELEASE_NOTES = "https://github.com/tensorflow/tensorflow/releases/tag/v2.18.0 (2024-10-24)"


def _linked_tensorrt(case: Case) -> Iterator[Outcome]:
    """TF-TRT opens TensorRT at run time and refuses another major or minor than it was compiled with."""
    if str(case.goal) != "use:tf-trt" or case.main is None:
        return
    built = _tensorrt_of(case, case.main)
    have, path = _version(case, "tensorrt")
    version = versions.try_parse(case.main.version)
    if not built.values and version is not None and version >= versions.parse(_WITHOUT_TENSORRT):
        yield Finding(
            "package-versions-mismatch",
            "tensorflow",
            f"{case.main.label} is built without TensorRT: TensorFlow 2.17 is the last release with it.",
            (Evidence("TensorRT is disabled in the builds from 2.18 on", _RELEASE_NOTES),),
            (Remedy("install TensorFlow 2.17 with TensorRT 8.6"),),
        )
        return
    if not built.values or have is None:
        yield Untold("package-versions-mismatch", "tensorflow", (path,))
        return
    same = built.decide(lambda need: versions.same_line(have, need, 2))
    known = " or ".join(dict.fromkeys(str(value) for value, _ in built.values))
    facts = (case.read(path, have), Evidence(f"{case.main.label} is built with TensorRT {known}", built.source))
    if same is False:
        yield Finding(
            "package-versions-mismatch",
            "tensorflow",
            f"{case.main.label} is built with TensorRT {known}; this machine has {have}.",
            facts,
            (Remedy(f"install TensorRT {known}"),),
        )
    elif same:
        yield Holds(
            "package-versions-mismatch",
            "tensorflow",
            f"TensorRT {have} is what {case.main.label} was built with",
            facts,
        )
    else:
        yield Untold("package-versions-mismatch", "tensorflow", (path,))


def _tensorrt_of(case: Case, tensorflow: Subject) -> Possible:
    """The TensorRT of the build; of a release whose GPU build had a name of its own (tensorflow-gpu), that one's."""
    told = tensorflow.field("tensorrt")
    if told.values or tensorflow.version is None:
        return told
    rows = [
        row
        for name in case.matrix.packages.distributions("tensorflow")
        for row in matching(case.matrix, name, tensorflow.version)
        if "tensorrt" in row
    ]
    return Possible(tuple((row["tensorrt"], str(case.matrix.source(row, "tensorrt"))) for row in rows), bool(rows))


def _pins(case: Case) -> Iterator[Outcome]:
    for subject in case.subjects:
        lines = {tuple(row.get("requires", ())) for row in subject.candidates}
        for name, spec, _ in case.matrix.packages.pins(subject.candidates[0]) if len(lines) == 1 else ():
            component = case.matrix.packages.component(name)
            if component is None or not _in_lockstep(case, subject, component, spec):
                continue
            have = case.version_of(name)
            if have is None:
                continue
            inside = versions.parse_range(spec).admits(versions.parse(have).public)
            facts = (
                case.read(f"packages.{name}", have),
                case.cite(f"{subject.label} requires {name}{spec}", subject.candidates[0], "requires"),
            )
            if inside is False and _before_releases(subject.version, have):
                yield Untold("package-versions-mismatch", subject.component, (f"packages.{name}",))
            elif inside is False:
                yield Finding(
                    "package-versions-mismatch",
                    subject.component,
                    f"{subject.label} goes with {name}{spec}; {name} {have} is installed.",
                    facts,
                    (Remedy(f"install {name}{spec}"), Remedy(f"install the {subject.distribution} for {name} {have}")),
                    _severity(component, spec, have),
                )
            elif inside:
                yield Holds(
                    "package-versions-mismatch",
                    subject.component,
                    f"{subject.label} and {name} {have} are a pair",
                    facts,
                )


def _of_the_other_kind(case: Case) -> Iterator[Outcome]:
    """What is linked to torch links the CUDA half of it, or not: a CUDA build does not load beside a CPU torch."""
    torch = case.subject("torch")
    if torch.field("cuda").known is not False or torch.state != "installed":
        return
    for subject in case.subjects:
        cuda = subject.field("cuda").known
        if subject.component not in ("torchvision", "torchaudio") or not cuda or subject.state != "installed":
            continue
        yield Finding(
            "package-versions-mismatch",
            subject.component,
            f"{subject.label} is the build for CUDA {cuda}; {torch.label} has no CUDA: its operators do not load.",
            (
                Evidence(f"{subject.label}: CUDA {cuda}", subject.field("cuda").source),
                Evidence(f"{torch.label}: no CUDA", torch.field("cuda").source),
            ),
            (Remedy(f"install {subject.distribution} from the index that torch is from"),),
        )


def _severity(component: str, spec: str, have: str) -> Severity:
    """torch keeps its binary interface within a minor release: another patch of it than the one pinned does no harm."""
    pinned = _exact(versions.parse_range(spec))
    return "warning" if component == "torch" and pinned and versions.same_line(have, pinned, 2) else "error"


def _in_lockstep(case: Case, subject: Subject, component: str, spec: str) -> bool:
    """Is this requirement a matter of binary compatibility, not of an installer's taste?

    A framework compiled against another pins it exactly; ranges between the parts of one family count as well. CUDA's
    libraries are pinned by installers' taste (cuDNN and the like have rules of their own), and triton is called, not
    linked.
    """
    about = case.matrix.packages.about(component)
    if about.get("accelerator") in (None, "none") or about.get("linked") is False:
        return False
    family = about.get("family")
    same_family = family is not None and family == case.matrix.packages.about(subject.component).get("family")
    return same_family or "==" in spec


def _pairs(case: Case) -> Iterator[Outcome]:
    for subject in case.subjects:
        for row in _pairs_of(case, subject):
            have, path = _version(case, row["other"])
            fits = versions.parse_range(row["fits"])
            inside = any(fits.admits(release) for release in _releases(have)) if have else None
            if inside is None or have is None:
                if have is None:
                    yield Untold("package-versions-mismatch", subject.component, (path,))
                continue
            facts = (case.read(path, have), case.cite(f"{subject.label} goes with {row['other']} {row['fits']}", row))
            if not inside and _before_releases(subject.version, have):
                yield Untold("package-versions-mismatch", subject.component, (path,))
            elif inside:
                yield Holds(
                    "package-versions-mismatch",
                    subject.component,
                    f"{subject.label} and {row['other']} {have} are a pair",
                    facts,
                )
            else:
                yield Finding(
                    "package-versions-mismatch",
                    subject.component,
                    f"{subject.label} goes with {row['other']} {row['fits']}; this machine has {have}.",
                    facts,
                    (Remedy(f"install {row['other']} {row['fits']}"),),
                    _severity(row["other"], row["fits"], have),
                )


def _before_releases(one: str | None, other: str) -> bool:
    """Are both builds of a night, or of a vendor's image? They were made for each other's day, not for a release: the
    nightly of torchaudio 2.5 goes with that of torch 2.6."""
    parsed = [versions.parse(text) for text in (one or "0", other)]
    return all(version.is_prerelease and "rc" not in version.public for version in parsed)


def _pairs_of(case: Case, subject: Subject) -> "list[Row]":
    """The rows of its very version; where there are none, of the release that it is a rebuild of."""
    rows = case.matrix.packages.pairs.get(normal(subject.distribution), [])
    for release in (subject.version, *_releases(subject.version)) if subject.version else ():
        same = [row for row in rows if versions.parse_range(row["range"]).admits(release)]
        if same:
            return [row for row in same if "+" in row["range"]] or same  # a rebuild's own row before its release's
    return []


def _releases(version: str) -> tuple[str, ...]:
    """What it counts as. Vendors' containers carry pre-releases (1.1.0a0), which go with what the release goes with."""
    parsed = versions.parse(version)
    return (parsed.base,) if parsed.is_prerelease else (parsed.public, parsed.base)


def _version(case: Case, name: str) -> tuple[str | None, str]:
    """Version of a package, or of the library of that name."""
    for alias in case.matrix.packages.distributions(name):
        have = case.version_of(alias)
        if have is not None:
            return have, f"packages.{alias}"
    found = case.loaded(name)
    if found is not None and found[1].version is not None:
        return found[1].version, f"{found[0]}.version"
    return None, f"packages.{name}"


@rule("duplicate-install", masks=("cpu-only-build",), says="nothing")
def duplicate_install(case: Case) -> Iterator[Outcome]:
    """Two distributions provide one module.

    Python imports the first copy on its path: a pip package under a conda one, the user's site before the
    environment's.
    And distributions such as onnxruntime and onnxruntime-gpu write the same folder: the last one installed is what
    runs,
    whatever the metadata of the other says.

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
    if not gpu or not cpu:
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


def written_twice(case: Case, subject: Subject) -> tuple[list[str], list[str]]:
    """The installed distributions that write the component's module: those with GPU code, and those without."""
    about = case.matrix.packages.about(subject.component)
    if about.get("accelerator") != "optional" or not case.goal.runs_on_gpu:
        return [], []
    writes = [normal(name) for name in about.get("distributions", {}).get("pypi", ())]
    here = [name for name in writes if case.has(name)]
    return [name for name in here if "gpu" in name], [name for name in here if "gpu" not in name]


@rule("numpy-abi", masks=("package-versions-mismatch",))
def numpy_abi(case: Case) -> Iterator[Outcome]:
    """Binary break of NumPy 2.

    An extension that was compiled against NumPy 1 does not run with NumPy 2 (the reverse does). The break depends on
    the
    release and on the platform: torch's Linux wheels take NumPy 2 from 2.3 on, its Windows wheels later.

    Shows as: "A module that was compiled using NumPy 1.x cannot be run in NumPy 2".

    Remedy: numpy<2, or a newer release.
    """
    return iter(())  # all of it is advisories


@rule("protobuf-conflict", masks=("package-versions-mismatch",))
def protobuf_conflict(case: Case) -> Iterator[Outcome]:
    """API break of protobuf.

    Code that protoc generated for protobuf 3 does not load with protobuf 4 ("Descriptors cannot be created
    directly"), and gencode newer than the runtime is refused from protobuf 5 on.

    Remedy: the protobuf that the package's metadata names, or a newer release of the package.
    """
    return iter(())
