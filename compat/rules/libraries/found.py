"""Shared libraries: does the loader find what the goal opens, and is it the real one?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.records import replace
from compat.rules.base import OF_BUILD, OF_GPUS, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.libraries.beside import (
    OF_TENSORRT,
    library_for_cuda,
    nothing_brings_cuda,
    of_its_bindings,
    opened_by_tensorrt,
    parts_unseen,
)
from compat.rules.libraries.opened import (
    asked_later,
    because,
    is_own,
    links_torch,
    lists_leave_out,
    of_conda,
    on_demand,
    opening,
    opens,
    opens_early,
    wants,
)
from compat.rules.libraries.owners import belongs
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row

_THROUGH_TENSORRT = ("use:onnxruntime-tensorrt", "use:tf-trt")


def _concerns(case: Case, soname: str) -> bool:
    """TensorRT's libraries are opened only where the goal runs through TensorRT."""
    row = case.matrix.libraries.of_soname(soname)
    if row is None or row["library"] not in OF_TENSORRT:
        return True
    return "tensorrt" in case.goal.subjects or "trt" in case.goal.object


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
    yield from _missed_by_program(case)
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
        own = tuple((soname, f"builds.{subject.distribution}.missing") for soname in subject.facts.missing or ())
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


def _missed_by_program(case: Case) -> Iterator[Finding]:
    """What the process of a program does not find that is in no package: its own code opens it."""
    if str(case.goal) != "run:cuda-binary":
        return
    for soname in case.machine.missing_libraries or ():
        if soname != "libcuda.so.1":  # the driver's, of ``driver-missing``
            yield Finding(
                "library-not-found",
                "program",
                f"The program opens {soname}, which the loader does not find.",
                (case.read("missing_libraries", soname),),
                tuple(_bring(case, None, soname)),
            )


def _missed(case: Case, subject: Subject, soname: str, path: str, own_lists: bool) -> Iterator[Outcome]:
    """One soname that is not found: is it this package's to open, and when?"""
    if path == "missing_libraries" and on_demand(subject, soname):
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
    later = asked_later(subject, soname) if path == "missing_libraries" else None
    if later is not None and later[1] is not False:
        yield _missed_later(case, subject, soname, *later)
        return
    opened, guessed = _opened(case, subject, soname, path, own_lists)
    if opened:
        if path == "missing_libraries" and not guessed:
            guessed = (*because(case, subject, soname), *case.which_build(subject))
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


def _missed_later(case: Case, subject: Subject, soname: str, row: "Row", holds: bool | None) -> Finding | Untold:
    """One that this release opens only for what needs it; of an unknown one nothing is told."""
    if holds is None:
        return Untold("library-not-found", subject.component, (subject.path,), decides=True)
    return Finding(
        "library-not-found",
        subject.component,
        f"{subject.label} opens {soname} only for what needs it, and the loader does not find it: {row['value']}.",
        (case.read("missing_libraries", soname), case.cite(f"{subject.label} opens it when it is asked for", row)),
        tuple(_bring(case, subject, soname)),
        "warning",
    )


def _opened(
    case: Case, subject: Subject, soname: str, path: str, own_lists: bool
) -> tuple[bool | None, tuple[Evidence, ...]]:
    """Does the package open it, and what is taken for granted to say so?"""
    opened = True if path != "missing_libraries" else opens(subject, soname)
    condas = of_conda(case, subject, soname) if opened is False else ()
    if condas:
        return True, condas
    if path == "missing_libraries" and subject.state == "installed" and is_own(subject, soname):
        return of_its_bindings(case, subject, soname, opened)
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
    unlisted = subject.state == "installed" and not own_lists and not lists_leave_out(subject, soname)
    if opened is None and subject is case.main and unlisted:
        # The description names it as missed by the goal's process, and nothing says otherwise.
        text = f"what is not found is taken to be opened by {subject.label}"
        places = [f"builds.{one.distribution}.missing" for one in wants(case)]
        places.append(f"packages.{subject.distribution}")
        unsaid = [place for place in ("os", "arch") if getattr(case.machine, place) is None]
        places += [*unsaid, "jetson", "environment"] if unsaid else []  # a Jetson tells both
        return True, tuple(case.assume(place, text) for place in places)
    return opened, ()


def _bring(case: Case, subject: Subject | None, soname: str) -> Iterator[Remedy]:
    if subject is not None and links_torch(subject, soname):
        yield Remedy(f"install the {subject.distribution} that is made for the torch beside it, from torch's index")
        return
    row = case.matrix.libraries.of_soname(soname)
    packages = list(row.get("packages", ())) if row is not None else []
    cuda = subject.field("cuda").known if subject is not None else None
    if cuda:  # of the packages that carry it, the one for the CUDA that the subject is built with
        packages.sort(key=lambda package: f"-cu{versions.parse(cuda).major}" not in package)
    if packages:
        yield Remedy(f"install {packages[0]}, which carries {soname}")
    yield Remedy(f"put the folder that holds {soname} on the loader's path", "setting")


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
