"""What runs through TensorRT inside another package: is there a TensorRT that its loader finds, of the right major?"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Evidence, Finding, Remedy
from compat.rules.case import Case
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.machine import Library
    from compat.matrix import Row

RULE = "library-not-found"
_SONAME = re.compile(r"libnvinfer\.so\.(\d{1,9})$|nvinfer(?:_(\d{1,9}))?\.dll$")


def tensorrt_missed(case: Case, subject: Subject) -> Iterator[Finding]:
    """TensorRT's library as such a package opens it is not there, of another major, or where it does not look."""
    if subject is not case.main:
        return
    copies = case.usable("tensorrt")
    if case.subject("tensorrt").state == "absent" and not copies and case.machine.container.image is None:
        yield _none_there(case, subject)
    yield from _compiler_missed(case, subject)
    if str(case.goal) == "use:onnxruntime-tensorrt":
        yield from _other_major(case, subject, copies)
        yield from _pips_alone(case, subject, copies)


def _none_there(case: Case, subject: Subject) -> Finding:
    unsaid = [*(["libraries"] if case.machine.libraries is None else []), "container.image"]
    return Finding(
        RULE,
        subject.component,
        f"{subject.label} opens TensorRT's libnvinfer for this goal, and no TensorRT is here.",
        (
            case.read(f"packages.{case.subject('tensorrt').distribution}", False),
            *(case.assume(place, "no TensorRT of the system either") for place in unsaid),
            case.assume("packages", "nor one under another package's name"),
        ),
        (Remedy("install the TensorRT that the build opens"),),
    )


def _compiler_missed(case: Case, subject: Subject) -> Iterator[Finding]:
    """A libnvinfer that is linked to the NVRTC of its own CUDA, whose name carries CUDA's minor release: it does not
    load where another minor release is."""
    for soname in case.machine.missing_libraries or ():
        row = case.matrix.libraries.of_soname(soname)
        ships = versions.parse_range(row["cuda"]) if row and row["library"] == "nvrtc" and "cuda" in row else None
        if ships is None:
            continue
        linked = [_linked(case, line, ships) for line in _lines(case, subject)]
        found = next((one for one in linked if one is not None), None)
        if found is None:
            continue
        release, claim = found
        taken = (case.assume(subject.path, "a release that opens this TensorRT"),)
        yield Finding(
            RULE,
            subject.component,
            f"The TensorRT {versions.parse(release['version']).major} that {subject.label} opens is linked to "
            f"{soname}, which the loader does not find.",
            (
                case.read("missing_libraries", soname),
                *(case.package(subject) or taken),
                *(taken if None in linked else ()),
                case.cite(f"TensorRT {claim['range']} is linked to NVRTC", claim),
                case.cite(
                    f"TensorRT {release['version']} is made for CUDA {', '.join(release['cuda'])}", release, "cuda"
                ),
                *_whose_it_is(case, soname),
            ),
            (Remedy(f"install the NVRTC that {soname} is of", "system"), *_on_path(soname)),
        )


def _lines(case: Case, subject: Subject) -> list[str]:
    """The TensorRT that the process gets: the release of the copy that is here, else the majors that the builds of the
    package are linked to."""
    told = {copy.version for _, copy in case.usable("tensorrt")} - {None}
    built = told or {row["tensorrt"].partition(".")[0] for row in subject.candidates if row.get("tensorrt")}
    return sorted(filter(None, built))


def _linked(case: Case, line: str, ships: versions.Range) -> "tuple[Row, Row] | None":
    """A release of the line that is made for a CUDA of these, and what says that it is linked to NVRTC."""
    for release in case.matrix.packages.of_line("tensorrt", line):
        claim = case.matrix.traits.claim("tensorrt", "linked-to-nvrtc", release["version"])
        if claim is not None and any(map(ships.admits, release.get("cuda", ()))):
            return release, claim
    return None


def _whose_it_is(case: Case, soname: str) -> Iterator[Evidence]:
    """What tells the TensorRT, or what is taken to be so where nothing does: that it is one which opens this name."""
    copies = case.usable("tensorrt")
    told = [(path, copy.version) for path, copy in copies if copy.version is not None]
    yield from (case.read(f"{path}.version", version) for path, version in told)
    if not told:
        for place in [f"{path}.version" for path, _ in copies] or ["libraries"]:
            yield case.assume(place, f"the TensorRT that opens {soname}")


def _opened(case: Case, subject: Subject) -> set[str]:
    """The names by which its builds open TensorRT; where no system is told, those of Linux stand for both."""
    names = {name for row in subject.candidates for name in row.get("needs", ()) if _SONAME.match(name)}
    if case.machine.os is None and any(name.startswith("lib") for name in names):
        return {name for name in names if name.startswith("lib")}
    return names


def _is_of(soname: str, version: str) -> bool:
    """Can the library of a TensorRT of this release be called so? (nvinfer.dll of old carries no major.)"""
    named = _SONAME.match(soname)
    number = named[1] or named[2] if named else None
    return number is None or int(number) == versions.parse(version).major


def _other_major(case: Case, subject: Subject, copies: "tuple[tuple[str, Library], ...]") -> Iterator[Finding]:
    """TensorRT's names carry its major: who opens libnvinfer.so.10 does not find it where only TensorRT 8 is."""
    opened = _opened(case, subject)
    every = [copy.version for _, copy in copies]
    told = [version for version in every if version is not None]
    if len(opened) != 1 or not told or len(told) != len(every):
        return
    (soname,) = opened
    if not any(_is_of(soname, version) for version in told):
        majors = sorted({str(versions.parse(version).major) for version in told})
        yield Finding(
            RULE,
            subject.component,
            f"{subject.label} opens {soname}; this machine has TensorRT {', '.join(majors)}.",
            (
                *(case.read(f"{path}.version", copy.version) for path, copy in copies),
                *case.package(subject),
                *case.of_whom("tensorrt"),
                *case.taken_for_linux,
            ),
            (Remedy(f"install the TensorRT whose library is {soname}"), *_on_path(soname)),
        )


def _pips_alone(case: Case, subject: Subject, copies: "tuple[tuple[str, Library], ...]") -> Iterator[Finding]:
    """A package that does not look into the folder of pip's TensorRT does not find it there."""
    claim = case.matrix.traits.claim(subject.component, "tensorrt-parts-unseen", subject.version)
    set_ = case.machine.variables
    searched = (set_ or {}).get("LD_LIBRARY_PATH", "")
    if claim is None or case.is_windows or "tensorrt" in searched.lower():
        return
    if any(copy.origin != "pip" or copy.loaded or copy.loaded_by for _, copy in copies):
        return
    seen = [case.read(f"{path}.origin", "pip") for path, _ in copies] or _pips_packages(case)
    if not seen:
        return
    seen += [case.assume(f"{path}.loaded", "it is in pip's folder alone") for path, _ in copies]
    yield Finding(
        RULE,
        subject.component,
        f"{subject.label} does not look where pip put TensorRT: libnvinfer is not on the loader's path.",
        (
            *seen,
            *case.of_whom("tensorrt"),
            *case.package(subject),
            case.cite(f"{subject.component} {claim['range']} does not find pip's TensorRT", claim),
            *([case.assume("variables", "LD_LIBRARY_PATH does not name its folder")] if set_ is None else []),
            *case.taken_for_linux,
        ),
        (Remedy("put the folder of pip's TensorRT (site-packages/tensorrt_libs) on LD_LIBRARY_PATH", "setting"),),
    )


def _pips_packages(case: Case) -> list[Evidence]:
    """The packages of TensorRT that only pip has, where no copy of its library is told and no image brings one."""
    if case.machine.libraries is not None or case.machine.container.image is not None:
        return []
    about = case.matrix.packages.about("tensorrt")
    names = [*about.get("distributions", {}).get("pypi", ()), *about.get("parts", ())]
    names = [name for name in names if name != "tensorrt"]  # which the system's packages are called as well
    there = [case.read(f"packages.{name}", case.version_of(name)) for name in names if case.has(name)]
    return [*there, case.assume("libraries, container.image", "no TensorRT but pip's")] if there else []


def _on_path(soname: str) -> tuple[Remedy, ...]:
    return (Remedy(f"put the folder that holds {soname} on the loader's path", "setting"),)
