"""Packages that go together: what metadata pins, what vendors pair, what is compiled against another."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.rules.base import OF_BUILD, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, Severity, Untold, rule
from compat.rules.candidates import matching
from compat.rules.case import Case
from compat.rules.packages.companions import built_beside_torch
from compat.rules.packages.extensions import built_for_torch
from compat.rules.runtimes import gpu_parts
from compat.rules.subject import Possible, Subject
from compat.rules.tensorrt.release import used

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


@rule(
    "package-versions-mismatch",
    reads=("builds.tensorrt", *OF_SYSTEM, *OF_BUILD),
    masks=("mixed-cuda-majors",),
)
def package_versions_mismatch(case: Case) -> Iterator[Outcome]:
    """Two packages that go in fixed pairs do not match.

    torchvision, torchaudio and torch-tensorrt are compiled against one torch release; JAX, jaxlib and its CUDA plugin
    move together; TF-TRT opens the very TensorRT that TensorFlow was built with. Their metadata pins say so where it
    exists; for older releases the vendor's table does. Extensions of torch name their torch in the version itself
    (``+pt28cu128``, ``+cu12torch2.6``). Installing one of a pair alone breaks it. No resolver installs a
    request of two releases of which one requires another release of the other.

    Remedy: install both of one row, in one command.
    """
    if case.goal.verb == "install":
        from compat.rules.packages.together import asked_together

        yield from asked_together(case)
        return
    pinned = list(_pins(case))
    yield from pinned
    # What a table says in the words of the metadata is one thing, said once.
    said = {_claim(one) for one in pinned if isinstance(one, Finding)}
    yield from (one for one in _pairs(case) if not isinstance(one, Finding) or _claim(one) not in said)
    yield from _among_parts(case)
    yield from _linked_tensorrt(case)
    yield from _bindings(case)
    yield from built_for_torch(case)
    yield from built_beside_torch(case)


def _claim(found: Finding) -> tuple[str, str]:
    """What goes with what: the component, and the demand that both findings on it give as their remedy."""
    return found.component, found.remedies[0].text.replace(" ", "")


def _linked_tensorrt(case: Case) -> Iterator[Outcome]:
    """TF-TRT opens TensorRT at run time and refuses another major or minor than it was compiled with."""
    if str(case.goal) != "use:tf-trt" or case.main is None:
        return
    built = _tensorrt_of(case, case.main)
    have, path = _version(case, "tensorrt")
    without = case.matrix.traits.claim("tensorflow", "without-tensorrt", case.main.version)
    if not built.values and without is not None:
        yield Finding(
            "package-versions-mismatch",
            "tensorflow",
            f"{case.main.label} is built without TensorRT: TensorFlow 2.17 is the last release with it.",
            (
                *case.package(case.main),
                case.cite(f"the builds of TensorFlow {without['range']} are without TensorRT", without),
            ),
            (Remedy("install TensorFlow 2.17 with TensorRT 8.6"),),
        )
        return
    if not built.values or have is None:
        yield Untold("package-versions-mismatch", "tensorflow", (path,))
        return
    same = built.decide(lambda need: is_linked_to(need, have))
    known = " or ".join(dict.fromkeys(str(value) for value, _ in built.values))
    built_with = Evidence(f"{case.main.label} is built with TensorRT {known}", built.source)
    linux = [case.assume("os", "Linux, where alone TensorFlow has TensorRT")] if case.machine.os is None else []
    facts = (*used(case, have, path), built_with, *linux)
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


def is_linked_to(need: str, have: str) -> bool | None:
    """Does TF-TRT that was compiled with one release of TensorRT open this one?"""
    return versions.same_line(have, need, 2)


def _bindings(case: Case) -> Iterator[Outcome]:
    """TensorRT's Python package is linked to the libraries of its own major, whose sonames carry it."""
    subject = case.subject("tensorrt")
    loads = [(path, copy) for path, copy in case.usable("tensorrt") if copy.loaded and copy.version]
    if case.goal.object != "tensorrt" or subject.state != "installed" or subject.version is None or len(loads) != 1:
        return
    path, copy = loads[0]
    major = versions.parse(subject.version).major
    row = case.matrix.libraries.of_soname(f"libnvinfer.so.{major}")
    if copy.version is None or row is None or versions.same_line(copy.version, str(major), 1) is not False:
        return
    yield Finding(
        "package-versions-mismatch",
        "tensorrt",
        f"{subject.label} goes with the libraries of TensorRT {major}; those of {copy.version} are what loads.",
        (
            case.read(subject.path, subject.version),
            case.read(f"{path}.version", copy.version),
            case.cite(f"the libraries of TensorRT {major} are called {row['soname']}", row),
        ),
        (
            Remedy(f"put the libraries of TensorRT {major} in front", "setting"),
            Remedy(f"install {subject.distribution} {copy.version}"),
        ),
    )


def _tensorrt_of(case: Case, tensorflow: Subject) -> Possible:
    """The TensorRT of the build; of a release whose GPU build had a name of its own (tensorflow-gpu), that one's."""
    told = tensorflow.field("tensorrt")
    # Where no system is told it is Linux: for Windows no build of TensorFlow has TensorRT.
    open_system = case.machine.os is None and tensorflow.facts.tensorrt is None
    if (told.values and not open_system) or tensorflow.version is None:
        return told
    found = tensorrt_of(case.matrix, tensorflow.version)
    return Possible(found, bool(found))


def tensorrt_of(matrix: "Matrix", version: str) -> tuple[tuple[str, str], ...]:
    """(TensorRT, source) of the builds of a TensorFlow release that tell it, whatever their name."""
    return tuple(
        (row["tensorrt"], str(matrix.source(row, "tensorrt")))
        for name in matrix.packages.distributions("tensorflow")
        for row in matching(matrix, name, version)
        if "tensorrt" in row
    )


def _pins(case: Case) -> Iterator[Outcome]:
    for subject in case.subjects:
        lines = {tuple(row.get("requires", ())) for row in subject.candidates}
        for name, spec, marker in case.matrix.packages.pins(subject.candidates[0]) if len(lines) == 1 else ():
            own_parts = case.matrix.packages.about(subject.component).get("parts", ())
            component = subject.component if name in own_parts else case.matrix.packages.component(name)
            if component is None or not _in_lockstep(case, subject, component, spec):
                continue
            have = case.version_of(name)
            counts = _counts(case, subject, marker) if have is not None else False
            if have is None or counts is False:
                continue
            inside = versions.parse_range(spec).admits(versions.parse(have).public)
            facts = (
                case.read(f"packages.{name}", have),
                case.cite(f"{subject.label} requires {name}{spec}", subject.candidates[0], "requires"),
            )
            if inside is False and _before_releases(subject.version, have):
                yield Untold("package-versions-mismatch", subject.component, (f"packages.{name}",))
            elif inside is False and counts is None:
                yield Untold("package-versions-mismatch", subject.component, ("python",))
            elif inside is False and _fits_its_line(case, subject, name, have):
                yield Untold("package-versions-mismatch", subject.component, (f"packages.{subject.distribution}",))
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


def _fits_its_line(case: Case, subject: Subject, name: str, have: str) -> bool:
    """Does a release of the line that is told (10.14 for 10.14.1.48) ask for this very one?"""
    public = versions.parse(have).public
    return any(
        versions.parse_range(spec).admits(public)
        for row in matching(case.matrix, subject.distribution, subject.version)
        for other, spec, _ in case.matrix.packages.pins(row)
        if other == name
    )


def _among_parts(case: Case) -> Iterator[Outcome]:
    """What one part of a package pins of another one: JAX's plugin is compiled with the PJRT of its very release."""
    packages = case.matrix.packages
    parts = dict.fromkeys(
        part for subject in case.subjects for part in packages.about(subject.component).get("parts", ())
    )
    for part in parts:
        version = case.version_of(part)
        rows = packages.builds(part).get(versions.parse(version).public, []) if version is not None else []
        for other, spec, _ in packages.pins(rows[0]) if rows else ():
            have = case.version_of(other) if other in parts else None
            if have is None or versions.parse_range(spec).admits(versions.parse(have).public) is not False:
                continue
            yield Finding(
                "package-versions-mismatch",
                part,
                f"{part} {version} goes with {other}{spec}; {other} {have} is installed.",
                (
                    case.read(f"packages.{part}", version),
                    case.read(f"packages.{other}", have),
                    case.cite(f"{part} {version} requires {other}{spec}", rows[0], "requires"),
                ),
                (Remedy(f"install {other}{spec}"),),
            )


def _counts(case: Case, subject: Subject, marker: str) -> bool | None:
    """Does the requirement count here? None where that is a matter of a Python that is not told.

    Of a system that is not told, its builds tell where they are all for one.
    """
    if not marker:
        return True
    from compat.markers import applies

    platforms = {(row["os"], row["arch"]) for row in subject.candidates}
    system, arch = platforms.pop() if len(platforms) == 1 else (None, None)
    machine = Machine(os=case.machine.os or system, arch=case.machine.arch or arch, python=case.machine.python)
    return None if machine.python is None and "python" in marker else applies(marker, machine)


def _severity(component: str, spec: str, have: str) -> Severity:
    """torch keeps its binary interface within a minor release: another patch of it than the one pinned does no harm."""
    pinned = versions.parse_range(spec).pinned
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
            have, path = _version(case, row["other"], subject.component)
            fits = versions.parse_range(row["fits"])
            inside = _any_of([fits.admits(release) for release in _releases(have, fits)]) if have else None
            if inside is None or have is None:
                if have is None and not _another_part(case, row["other"]):
                    yield Untold("package-versions-mismatch", subject.component, (path,))
                continue
            goes = case.cite(f"{subject.label} goes with {row['other']} {row['fits']}", row)
            facts = (*used(case, have, path), goes)
            if not inside and _before_releases(subject.version, have):
                yield Untold("package-versions-mismatch", subject.component, (path,))
            elif not inside and _another_of_its_line(case, subject, row["other"], have):
                yield Untold("package-versions-mismatch", subject.component, (subject.path,))
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


def _another_of_its_line(case: Case, subject: Subject, other: str, have: str) -> bool:
    """Is the version a line (0.4), of which a release may go with it?"""
    rows = case.matrix.packages.pairs.get(normal(subject.distribution), [])
    part = [row for row in rows if versions.parse_range(row["range"]).admits(subject.version or "") is None]
    return any(row["other"] == other and versions.parse_range(row["fits"]).admits(have) is not False for row in part)


def _any_of(answers: list[bool | None]) -> bool | None:
    """Is one of them so? None where that is open: of a line (0.4) only a part may be inside."""
    return True if True in answers else None if None in answers else False


def _another_part(case: Case, name: str) -> bool:
    """Is it one of several parts of which another is installed? JAX takes its plugin for CUDA 12 or the one for 13."""
    if case.main is None:
        return False
    return name in case.matrix.packages.about(case.main.component).get("parts", ()) and bool(gpu_parts(case, case.main))


def _before_releases(one: str | None, other: str) -> bool:
    """Are both builds of a night, or of a vendor's image? They were made for each other's day, not for a release: the
    nightly of torchaudio 2.5 goes with that of torch 2.6."""
    parsed = [versions.parse(text) for text in (one or "0", other)]
    return all(version.is_prerelease and "rc" not in version.public for version in parsed)


def _pairs_of(case: Case, subject: Subject) -> "list[Row]":
    """The rows of its very version; where there are none, of the release that it is a rebuild of."""
    for release in (subject.version, *_releases(subject.version)) if subject.version else ():
        same = case.matrix.packages.paired(subject.distribution, release)
        if same:
            return [row for row in same if "+" in row["range"]] or same  # a rebuild's own row before its release's
    return []


def _releases(version: str, fits: versions.Range | None = None) -> tuple[str, ...]:
    """What it counts as. Vendors' containers carry pre-releases (1.1.0a0), which go with what the release goes with; a
    row that tells pre-releases apart (from 2.0.0rc0 on) is asked of the very one."""
    parsed = versions.parse(version)
    if fits is not None and fits.names_prerelease and parsed.is_prerelease:
        return (parsed.public,)
    return (parsed.base,) if parsed.is_prerelease else (parsed.public, parsed.base)


def _version(case: Case, name: str, user: str = "") -> tuple[str | None, str]:
    """Version of a package, or of the library of that name. What goes in pairs of its own with the ``user`` is another
    one (tf-keras, whose releases are TensorFlow's, is not the keras that TensorFlow asks for)."""
    for alias in case.matrix.packages.distributions(name):
        have = case.version_of(alias)
        paired = case.matrix.packages.pairs.get(alias, ()) if alias != name else ()
        if have is not None and not any(row["other"] == user for row in paired):
            return have, f"packages.{alias}"
    found = case.loaded(name)
    if found is not None and found[1].version is not None:
        return found[1].version, f"{found[0]}.version"
    return None, f"packages.{name}"
