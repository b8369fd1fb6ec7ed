"""Shared libraries: found, whole, real, of the release that the package needs, and the copy that was meant."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import normal
from compat.names import OF_TORCH
from compat.records import replace
from compat.rules.base import OF_BUILD, OF_GPUS, Evidence, Finding, Holds, Outcome, Remedy, rule
from compat.rules.case import Case
from compat.rules.libraries.beside import (
    OF_TENSORRT,
    library_for_cuda,
    nothing_brings_cuda,
    opened_by_tensorrt,
    parts_unseen,
)
from compat.rules.runtimes import gpu_parts
from compat.rules.subject import Subject, is_half_of_torch

if TYPE_CHECKING:
    from compat.matrix import Row

_THROUGH_TENSORRT = ("use:onnxruntime-tensorrt", "use:tf-trt")


def wants(case: Case) -> Iterator[Subject]:
    """The packages whose libraries the goal loads: its subjects and the parts that carry their GPU code."""
    for subject in case.subjects:
        yield subject
        yield from gpu_parts(case, subject)


def opening(case: Case) -> Iterator[Subject]:
    """Those of them that open their CUDA libraries for the goal: an import alone opens none of some packages'."""
    return (subject for subject in wants(case) if not _opens_none(case, subject))


def _opens_none(case: Case, subject: Subject) -> bool | None:
    """Is an import asked for that opens none of its CUDA libraries, or a conversion which does no more with it? None
    where its release does not tell, or those differ that are asked for."""
    imported = case.goal.verb == "import" or (case.goal.verb == "convert" and not case.goal.needs_gpu)
    if not imported or case.matrix.traits.row(subject.component, "imports-without-cuda") is None:
        return False
    asked = {row["version"] for row in subject.candidates} if subject.state == "requested" else set()
    told = {
        case.matrix.traits.holds(subject.component, "imports-without-cuda", one) for one in asked or {subject.version}
    }
    return told.pop() if len(told) == 1 else None


def opens_early(case: Case, subject: Subject) -> tuple[Evidence, ...]:
    """That an import of it opens them, where its release does not tell."""
    unsaid = _opens_none(case, subject) is None
    return (case.assume(subject.path, "of a release whose import opens them"),) if unsaid else ()


def _concerns(case: Case, soname: str) -> bool:
    """TensorRT's libraries are opened only where the goal runs through TensorRT."""
    row = case.matrix.libraries.of_soname(soname)
    if row is None or row["library"] not in OF_TENSORRT:
        return True
    return "tensorrt" in case.goal.subjects or "trt" in case.goal.object


_CUDNN = re.compile(r"(?:libcudnn(?:_\w+)?\.so\.|cudnn(?:_\w+)?64_)(\d{1,9})(?:\D|$)")


def opens(subject: Subject, soname: str) -> bool | None:
    """Does the build open this soname (or DLL), itself or through another library that it opens? None where its list is
    unknown or the candidates differ."""
    known = _row(subject, soname)
    if known is None or "opened_by" not in known:
        return _opens_itself(subject, soname)
    through = _ships_with(subject, known) and opens(subject, known["opened_by"])
    if through or "packages" not in known:
        return through
    itself = _opens_itself(subject, soname)
    return None if itself is False and through is None else itself


def _row(subject: Subject, soname: str) -> "Row | None":
    return subject.matrix.libraries.of_soname(soname.lower() if soname.lower().endswith(".dll") else soname)


def _ships_with(subject: Subject, row: "Row") -> bool | None:
    """Is the library one of the CUDA that the build is for? Any that is of no CUDA."""
    if "cuda" not in row:
        return True
    ships = versions.parse_range(row["cuda"])
    return subject.field("cuda").decide(lambda cuda: bool(cuda) and ships.admits(_first_of(str(cuda))))


def _opens_itself(subject: Subject, soname: str) -> bool | None:
    cudnn = _CUDNN.match(soname)
    if cudnn is not None and subject.field("cudnn").values:
        # Pins and builds tell the major of cuDNN where a list of sonames does not.
        return subject.field("cudnn").decide(lambda built: versions.parse(built).major == int(cudnn[1]))
    pinning = _by_pin(subject, soname)
    if _by_name(subject, soname) or (pinning and len(pinning) == len(subject.candidates)):
        return True
    if not subject.candidates or any("needs" not in row for row in subject.candidates):
        return None
    return subject.every(lambda row: _is_among(soname, row["needs"]))


def _by_name(subject: Subject, soname: str) -> bool:
    """Is it of a CUDA library that the package opens when it wants it, whatever its files are linked to?"""
    row = subject.matrix.libraries.of_soname(soname)
    if row is None or row["library"] not in subject.matrix.packages.about(subject.component).get("opens", ()):
        return False
    ships = versions.parse_range(row["cuda"])
    return subject.field("cuda").decide(lambda cuda: bool(cuda) and ships.admits(_first_of(str(cuda)))) is True


def _by_pin(subject: Subject, soname: str) -> "list[Row]":
    """The builds that require the package of NVIDIA's that carries it: what is pinned is opened."""
    row = subject.matrix.libraries.of_soname(soname)
    carriers = row.get("packages", ()) if row is not None else ()
    ships = versions.parse_range(row.get("cuda", "*") if row is not None else "*")
    return [
        one
        for one in (subject.candidates if carriers else ())
        if any(name in carriers for name, _, _ in subject.matrix.packages.pins(one))
        and (not one.get("cuda") or ships.admits(_first_of(str(one["cuda"]))) is not False)
    ]


def _on_demand(subject: Subject, soname: str) -> bool:
    """Does every build that it can be open this one only when an operator first asks for it?"""
    return subject.every(lambda row: _is_among(soname, row.get("on_demand", []))) is True


def _first_of(cuda: str) -> str:
    return cuda if "." in cuda else f"{cuda}.0"


def _is_among(soname: str, needs: list[str]) -> bool:
    return soname in needs or shim(soname) in needs


def shim(soname: str) -> str:
    """cuDNN's parts are opened by its shim: who opens libcudnn.so.9 opens libcudnn_ops.so.9."""
    part = _CUDNN.match(soname)
    if part is None or not soname.startswith(("libcudnn_", "cudnn_")):
        return soname
    return f"libcudnn.so.{part[1]}" if soname.startswith("lib") else f"cudnn64_{part[1]}.dll"


@rule(
    "library-not-found",
    reads=(
        "missing_libraries",
        "damaged",
        "builds.missing",
        "builds.cudnn",
        "toolkits",
        "glibc",
        "device_nodes",
        "container.image",
        *OF_BUILD,
        *OF_GPUS,
    ),
)
def library_not_found(case: Case) -> Iterator[Outcome]:
    """A soname that the goal opens is nowhere on the loader's path.

    A package opens its CUDA libraries by soname, which carries the major: libcudnn.so.8 is not found where only
    libcudnn.so.9 is. The loader looks at RPATH, LD_LIBRARY_PATH, RUNPATH, its cache and the default folders; folders of
    other pip packages (site-packages/tensorrt_libs, site-packages/nvidia/*/lib) are not among them unless the package
    itself looks there. What a package opens only when an operator first asks for it (cuDNN by ONNX Runtime from 1.28)
    makes a warning: other operators work without.

    Shows as: "libcudnn.so.8: cannot open shared object file", "Could not load dynamic library", "Failed to create
    CUDAExecutionProvider".

    Remedy: install the library of that major (pip, apt or conda), or a build for the major that is there.
    """
    listed = tuple((soname, "missing_libraries") for soname in case.machine.missing_libraries or ())
    # What is there and not whole is ``library-damaged``'s.
    damaged = {one.path.rpartition("/")[2] for one in case.machine.damaged or () if belongs(case, one.package)}
    own_lists = any(subject.facts.missing is not None for subject in wants(case))  # they say what is whose
    opened = {subject.component for subject in opening(case)}
    for subject in wants(case):
        if subject.component not in opened:
            row = case.matrix.traits.claim(subject.component, "imports-without-cuda", subject.version)
            text = f"the import of {subject.label} opens no CUDA library"
            yield Holds("library-not-found", subject.component, text, (case.cite(text, row),) if row else ())
            continue
        early = opens_early(case, subject)
        build = subject.distribution.partition("[")[0]  # of what is asked for with an extra, the build is without
        own = tuple((soname, f"builds.{build}.missing") for soname in subject.facts.missing or ())
        further = [entry for entry in listed if entry[0] not in (subject.facts.missing or ())]
        for soname, path in (*own, *further):
            if _concerns(case, soname) and soname != "libcuda.so.1":
                for outcome in _missed(case, subject, soname, path, own_lists):
                    if isinstance(outcome, Finding):
                        cause = "library-damaged" if soname in damaged else ""
                        outcome = replace(outcome, evidence=(*outcome.evidence, *early), cause=cause)
                    yield outcome
        if str(case.goal) in _THROUGH_TENSORRT:
            from compat.rules.tensorrt.provider import tensorrt_missed

            yield from tensorrt_missed(case, subject)
        yield from parts_unseen(case, subject)
        yield from library_for_cuda(case, subject)
        yield from nothing_brings_cuda(case, subject)
        if subject.facts.missing == ():
            yield Holds("library-not-found", subject.component, f"every library that {subject.label} opens is found")


def _missed(case: Case, subject: Subject, soname: str, path: str, own_lists: bool) -> Iterator[Outcome]:
    """One soname that is not found: is it this package's to open, and when?"""
    if path == "missing_libraries" and _on_demand(subject, soname):
        yield Finding(
            "library-not-found",
            subject.component,
            f"{subject.label} opens {soname} when an operator first asks for it, and the loader does not find "
            "it: operators that have no other kernel, convolutions among them, fail.",
            (case.read(path, soname),),
            tuple(_bring(case, subject, soname)),
            "warning",
        )
        return
    opened, guessed = _opened(case, subject, soname, path, own_lists)
    if opened:
        if path == "missing_libraries" and not guessed:
            guessed = (*_because(case, subject, soname), *case.which_build(subject))
        yield Finding(
            "library-not-found",
            subject.component,
            f"{subject.label} opens {soname}, which the loader does not find.",
            (case.read(path, soname), *guessed),
            tuple(_bring(case, subject, soname)),
        )
    elif opened is False:
        yield Holds(
            "library-not-found",
            subject.component,
            f"{subject.label} does not open {soname}",
            (case.read(path, soname),),
        )


def _because(case: Case, subject: Subject, soname: str) -> tuple[Evidence, ...]:
    """What tells that the package opens it: `opens`, with its source."""
    known = _row(subject, soname)
    if known is not None and "opened_by" in known and not _opens_itself(subject, soname):
        through = case.cite(f"{known['opened_by']} opens {soname}", known, "opened_by")
        return (*_because(case, subject, known["opened_by"]), through)
    cudnn, built = _CUDNN.match(soname), subject.field("cudnn")
    if cudnn is not None and built.values:
        return (Evidence(f"{subject.label} is built with cuDNN {cudnn[1]}", built.source),)
    for row in _by_pin(subject, soname):
        return (case.cite(f"{subject.label} requires the package that carries {soname}", row, "requires"),)
    if _by_name(subject, soname):
        cuda = subject.field("cuda")
        return (Evidence(f"{subject.label} is built for CUDA {cuda.values[0][0]}", cuda.source),)
    return (case.cite(f"{subject.label} opens {shim(soname)}", subject.candidates[0], "needs"),)


def _opened(
    case: Case, subject: Subject, soname: str, path: str, own_lists: bool
) -> tuple[bool | None, tuple[Evidence, ...]]:
    """Does the package open it, and what is taken for granted to say so?"""
    opened = True if path != "missing_libraries" else opens(subject, soname)
    if opened is None and subject.component == "tensorrt" and opened_by_tensorrt(case, soname):
        unsaid = ["libraries"] if case.machine.libraries is None else []
        unsaid += ["packages"] if case.subject("tensorrt").state != "installed" else []  # under any of its names
        copies = case.usable("tensorrt")
        unsaid += [f"{place}.origin" for place, copy in copies if copy.origin is None]
        seen = (case.read(f"{place}.version", copy.version) for place, copy in copies if copy.version is not None)
        taken = [*seen, *(case.assume(place, "no TensorRT of pip's, which finds its own") for place in unsaid)]
        several = [place for place, _ in copies] if len(copies) > 1 else []
        several += [f"{place}.version" for place, copy in copies if copy.version is None]
        mine = [case.assume(place, f"the TensorRT that opens {soname}") for place in several]
        if case.machine.container.image is None and not any(copy.version for _, copy in copies):
            mine.append(case.assume("container.image", f"no image whose TensorRT opens another name than {soname}"))
        return True, (*taken, *mine, *case.of_whom("tensorrt"))
    unlisted = subject.state == "installed" and not own_lists and not _told(subject, soname)
    if opened is None and subject is case.main and unlisted:
        # The description names it as missed by the goal's process, and nothing says otherwise.
        text = f"what is not found is taken to be opened by {subject.label}"
        places = [f"builds.{subject.distribution}.missing", f"packages.{subject.distribution}"]
        unsaid = [place for place in ("os", "arch") if getattr(case.machine, place) is None]
        places += [*unsaid, "jetson", "environment"] if unsaid else []  # a Jetson tells both
        return True, tuple(case.assume(place, text) for place in places)
    return opened, ()


def _told(subject: Subject, soname: str) -> bool:
    """Do the lists of the builds that it can be leave it out? One that has it or its opener fits what was missed.

    They are of NVIDIA's libraries: of what torch has for other GPUs, and its companions link, they tell nothing.
    """
    if subject.component in OF_TORCH and is_half_of_torch(subject.matrix.traits, soname):
        return False
    lists = [row["needs"] for row in subject.candidates if "needs" in row]
    opener = (_row(subject, soname) or {}).get("opened_by", soname)
    found = any(_is_among(one, needs) for needs in lists for one in (soname, opener))
    return bool(lists) and not found and not _by_pin(subject, soname)


def _bring(case: Case, subject: Subject, soname: str) -> Iterator[Remedy]:
    row = case.matrix.libraries.of_soname(soname)
    packages = list(row.get("packages", ())) if row is not None else []
    cuda = subject.field("cuda").known
    if cuda:  # of the packages that carry it, the one for the CUDA that the subject is built with
        packages.sort(key=lambda package: f"-cu{versions.parse(cuda).major}" not in package)
    if packages:
        yield Remedy(f"install {packages[0]}, which carries {soname}")
    yield Remedy(f"put the folder that holds {soname} on the loader's path", "setting")


def belongs(case: Case, package: str) -> bool:
    """Is it a package of the goal, or a CUDA part that one of them pins?"""
    return owner(case, package) is not None


def owner(case: Case, package: str) -> Subject | None:
    """The package of the goal that it is, or that pins it."""
    name = normal(package)
    for subject in wants(case):
        if name == normal(subject.distribution) or case.matrix.packages.component(name) == subject.component:
            return subject
        pinning = (any(name == pinned for pinned, _, _ in case.matrix.packages.pins(row)) for row in subject.candidates)
        # A release has few builds; of an unknown release it has to be so whichever it is.
        if any(pinning) if subject.version is not None else bool(subject.candidates) and all(pinning):
            return subject
        if _is_part_of(case, name, subject):
            return subject
    return None


def owned(case: Case, package: str) -> tuple[Evidence, ...]:
    """The package of the goal that it belongs to, as it is described, and which build of it that is."""
    subject = owner(case, package)
    return (*case.package(subject), *case.which_build(subject)) if subject is not None else ()


def _is_part_of(case: Case, name: str, subject: Subject) -> bool:
    """Is it one of NVIDIA's CUDA parts, of the major that the package is built for?"""
    cuda = subject.field("cuda").known
    if not cuda or not name.startswith("nvidia-"):
        return False
    return case.matrix.libraries.is_of_cuda(name, versions.parse(cuda).major)


@rule(
    "stub-library",
    reads=("libcuda.stub", "libcuda.path"),
    masks=(
        "driver-missing",
        "driver-library-mismatch",
        "driver-too-old",
        "forward-compat-unsupported",
        "compat-library-older-than-driver",
    ),
    of="platform",
)
def stub_library(case: Case) -> Iterator[Outcome]:
    """The toolkit's link-time stub of libcuda or NVML is what would load.

    The toolkit ships an empty libcuda.so (lib64/stubs) for linking on machines without a driver. On the loader's path
    of a running program it shadows the driver's library: error 34 (cudaErrorStubLibrary), while nvidia-smi works.

    Remedy: take the stubs folder off LD_LIBRARY_PATH (or ld.so.conf).
    """
    libcuda = case.machine.libcuda
    lies_there = "stubs" in (libcuda.path or "").split("/")
    if not case.goal.needs_gpu or (libcuda.stub is None and not lies_there):
        return
    where = f" ({libcuda.path})" if libcuda.path else ""
    if libcuda.stub is not False:
        yield Finding(
            "stub-library",
            "libcuda",
            f"The libcuda.so.1 that loads is the toolkit's link-time stub{where}.",
            (case.read("libcuda.stub", True),)
            if libcuda.stub
            else (
                case.read("libcuda.path", libcuda.path),
                case.assume("libcuda.stub", "what lies in a folder of stubs is one"),
            ),
            (Remedy("take the toolkit's stubs folder off the loader's path", "setting"),),
        )
    else:
        yield Holds(
            "stub-library", "libcuda", f"libcuda is the driver's own{where}", (case.read("libcuda.stub", False),)
        )
