"""Libraries that a package looks for by itself: CUDA's parts beside it, and those of its own that fit one CUDA each."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Untold
from compat.rules.libraries.copies import gets

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.case import Case
    from compat.rules.subject import Subject


def parts_unseen(case: "Case", subject: "Subject") -> Iterator[Outcome]:
    """A release that looks for the CUDA parts which its own extra installs, and does not find them.

    TensorFlow 2.16 composes the path of pip's folders wrongly: without LD_LIBRARY_PATH it sees no GPU.
    """
    affected = case.matrix.traits.claim(subject.component, "parts-unseen", subject.version)
    if affected is None or subject.state != "installed" or subject.conda or case.machine.os == "windows":
        return
    cudnn, cuda = subject.field("cudnn").known, subject.field("cuda").known
    name = f"nvidia-cudnn-cu{versions.parse(cuda).major}" if cuda else ""
    have = case.version_of(name) if name else None
    if not cudnn or have is None or _finds_another(case):
        return
    places = [place for place in ("variables", "toolkits", "libraries") if getattr(case.machine, place) is None]
    yield Finding(
        "library-not-found",
        subject.component,
        f"{subject.label} does not find the CUDA libraries that pip installed beside it: it sees no GPU.",
        (
            case.read(subject.path, subject.version),
            case.read(f"packages.{name}", have),
            case.cite(f"{subject.component} {affected['range']} does not find them", affected),
            *(case.assume(place, "nothing there that brings CUDA's libraries to the loader") for place in places),
        ),
        (
            Remedy("put the folders site-packages/nvidia/*/lib on LD_LIBRARY_PATH", "setting"),
            Remedy(f"or install another release of {subject.distribution}"),
        ),
    )


def _finds_another(case: "Case") -> bool:
    """Is there anything else that can give it CUDA's libraries: a search path, a toolkit, a copy that loads?"""
    searched = (case.machine.variables or {}).get("LD_LIBRARY_PATH", "").strip(":")
    copies = [one for one in case.machine.libraries or () if case.may_load(one)]
    loads = any(one.origin != "pip" or one.loaded or one.loaded_by for one in copies)
    conda = any(name in case.packages for name in ("cudatoolkit", "cuda-cudart", "cuda-toolkit", "cuda-version"))
    return bool(searched) or bool(case.machine.toolkits) or loads or conda


OF_TENSORRT = ("nvinfer", "nvonnxparser", "nvinfer_plugin", "nvdla_compiler")  # its own; on a Jetson linked to the last
_UNDER_TENSORRT = ("cublas", "cublasLt", "nvrtc")


def opened_by_tensorrt(case: "Case", soname: str) -> bool | None:
    """Does TensorRT open this: a library of its own by its major, or the cuDNN, cuBLAS and NVRTC that it ran on? Of
    what it did not run on any more, that which a build of the release is linked to nonetheless (8.6 to cuBLAS).

    trtexec and the Python bindings are linked to libnvinfer. None where it is not told.
    """
    from compat.rules.tensorrt.release import installed

    row, have = case.matrix.libraries.of_soname(soname), installed(case)
    if have is not None and have[1] == "jetson":
        have = None  # that it has its JetPack's is a default, and what is missed says something else
    if row is None or case.subject("tensorrt").state == "installed":
        return None
    if row["library"] in OF_TENSORRT:
        if _of_pip(case):
            return None  # the bindings of pip's packages look beside themselves
        releases = [have[0]] if have is not None else [copy.version for _, copy in case.usable("tensorrt")]
        if not releases or None in releases:
            return True
        answers = {versions.parse_range(row.get("versions", "*")).admits(one) for one in releases if one is not None}
        return answers.pop() if len(answers) == 1 else None
    release = case.matrix.packages.release("tensorrt", versions.parse(have[0]).public) if have is not None else None
    if release is None:
        return None
    if not case.matrix.traits.holds("tensorrt", "runs-on-cudnn", release["version"]):
        builds = case.matrix.packages.builds("tensorrt").get(release["version"], ())
        lists = [one["needs"] for one in builds if "needs" in one]
        if lists:
            return any(soname in needs for needs in lists) or None
        if not case.matrix.traits.holds("tensorrt", "linked-to-cudnn", release["version"]):
            return None
    if row["library"] == "cudnn":
        built = release.get("cudnn")
        return versions.parse_range(row["versions"]).admits(built) if built and "versions" in row else None
    ships = versions.parse_range(row["cuda"]) if row["library"] in _UNDER_TENSORRT and "cuda" in row else None
    return True if ships is not None and any(ships.admits(cuda) for cuda in release.get("cuda", ())) else None


def of_its_bindings(
    case: "Case", subject: "Subject", soname: str, opened: bool | None
) -> tuple[bool | None, tuple[Evidence, ...]]:
    """Do the installed bindings of TensorRT miss a library of its own: those of its archives, which carry none? The
    packages of the index find each other; `opened` is what the release tells, None where it is not told.
    """
    row = case.matrix.libraries.of_soname(soname)
    if opened is False or row is None:
        return opened, ()
    parts = [name for name in row.get("packages", ()) if name != subject.distribution]
    if _of_pip(case) or any(case.has(name) for name in parts):
        return None, ()
    places = [f"builds.{subject.distribution}.source", *(f"packages.{name}" for name in parts)]
    places += ["libraries"] if case.machine.libraries is None else []
    places += [f"{place}.origin" for place, copy in case.usable("tensorrt") if copy.origin is None]
    facts = [case.assume(place, "bindings of an archive, whose library is apart") for place in places]
    if opened is None:
        facts.append(case.assume(subject.path, f"of a release that opens {soname}"))
    return True, (*facts, case.cite(f"{soname} is of TensorRT {row.get('versions', '')}", row))


def _of_pip(case: "Case") -> bool:
    return any(copy.origin == "pip" for _, copy in case.usable("tensorrt"))


def library_for_cuda(case: "Case", subject: "Subject") -> Iterator[Outcome]:
    """A package whose wheel carries one library for each CUDA release, and opens the one for torch's."""
    about = case.matrix.packages.about(subject.component)
    stem = about.get("library_by_cuda")
    torch = case.subject("torch")
    cuda = torch.field("cuda").known
    if stem is None or subject.version is None or not cuda or "." not in str(cuda):
        return
    carried = _served(subject, stem)
    traits = case.matrix.traits
    by = ("minor", "major", "found")  # torch's CUDA, its major, that of the libcudart that is found first
    ways = [way for way in by if traits.holds(subject.component, "library-by-cuda", subject.version, way) is True]
    if not ways:
        return
    wanted = versions.major_minor(str(cuda))
    parts = 1 if ways == ["major"] else 2
    answers = {any(versions.same_line(one, wanted, parts) for one in served) for _, served in carried}
    if len(answers) != 1:
        if answers:
            yield Untold("library-not-found", subject.component, ("os", "arch"), decides=True)
        return
    open_ = [name for name in ("os", "arch") if len(carried) > 1 and getattr(case.machine, name) is None]
    (row, served), fits = carried[0], True in answers
    if not fits and ways == ["found"]:  # another libcudart than torch's may be there
        yield Untold("library-not-found", subject.component, ("libraries",), decides=True)
        return
    facts = (
        case.read(subject.path, subject.version),
        Evidence(f"{torch.label} is of CUDA {cuda}", torch.field("cuda").source),
        case.cite(f"{subject.label} carries libraries for CUDA {', '.join(served)}", row, "brings"),
        *(case.assume(name, "any that it is published for with CUDA") for name in open_),
    )
    if fits:
        yield Holds("library-not-found", subject.component, f"{subject.label} has a library for CUDA {wanted}", facts)
        return
    yield Finding(
        "library-not-found",
        subject.component,
        f"{subject.label} opens its library for CUDA {wanted}, that of {torch.label}, and carries none.",
        facts,
        (
            Remedy(f"install a {subject.distribution} that has one for CUDA {wanted}"),
            Remedy(f"or torch for CUDA {served[-1]}"),
        ),
    )


def _served(subject: "Subject", stem: str) -> "list[tuple[Row, list[str]]]":
    """Of each build that it can be, the CUDA releases that it has libraries for; of those that have any."""
    found = []
    for row in subject.candidates:
        numbers = [match[1] for name in row.get("brings", ()) if (match := re.match(rf"{stem}(\d+)\.", name))]
        if numbers:
            found.append((row, [f"{digits[:-1]}.{digits[-1]}" for digits in sorted(numbers)]))
    return found


# NVIDIA's own image with nothing of CUDA but the runtime. A text: it is compiled where it is asked for.
_BARE_IMAGE = r"(?:^|/)cuda:\S*-base\b"
_OF_IMAGES = ("docker", "kubernetes", "colab", "conda", "jetson")  # which have a CUDA of their own


def nothing_brings_cuda(case: "Case", subject: "Subject") -> Iterator[Outcome]:
    """A package that takes CUDA from the machine, which is known to have no toolkit, and nothing else with CUDA."""
    from compat.rules.libraries.majors import carried, takes_system_cuda

    machine, cuda = case.machine, subject.field("cuda")
    if subject.state != "installed" or machine.toolkits != () or subject.distribution not in case.packages:
        return  # a list of packages that leaves out the goal's own is none of what is there
    if any(case.may_load(one) for one in machine.libraries or ()):
        return
    image = machine.container.image
    bare = image is not None and re.search(_BARE_IMAGE, image) is not None
    if not case.goal.needs_gpu or (not bare and (image or case.environment(*_OF_IMAGES))):
        return
    majors = {versions.parse(value).major for value, _ in cuda.values if value}
    if len(majors) != 1 or cuda.decide(bool) is not True or not takes_system_cuda(case, subject):
        return
    major = str(majors.pop())
    if _may_require_it(case, subject) or carried(case, major) or _another_brings_cuda(case, subject):
        return
    places = [place for place in ("libraries", "environment") if getattr(machine, place) is None]
    places += [] if bare else ["container.image"]
    yield Finding(
        "library-not-found",
        subject.component,
        f"{subject.label} is built for CUDA {major} and takes its libraries from the machine, which has none.",
        (
            case.read("toolkits", "none"),
            Evidence(f"{subject.label} is built for CUDA {major}", cuda.source),
            *(case.assume(place, f"nothing there that carries CUDA {major}") for place in ("packages", *places)),
        ),
        (Remedy(f"install the CUDA {major} libraries beside it (pip's nvidia-* packages), or its toolkit"),),
    )


def _may_require_it(case: "Case", subject: "Subject") -> bool:
    """Is it a package that may bring its CUDA, and not told of the build whether it does?"""
    either = case.matrix.packages.about(subject.component).get("cuda_from") == "either"
    return either and any("requires" not in row for row in subject.candidates)


def _another_brings_cuda(case: "Case", subject: "Subject") -> bool:
    """Is there another package whose CUDA libraries its process may find: one that is not known to be without?"""
    packages = case.matrix.packages
    for name, version in case.packages.items():
        component = packages.component(name)
        if version is False or component == subject.component or not packages.may_bring_cuda(name):
            continue
        if component is None or case.subject(component).field("cuda").known is not False:
            return True
    return False


_NCCL = "nvidia-nccl-cu"


def below_symbols(case: "Case", subject: "Subject") -> Iterator[Outcome]:
    """An NCCL that does not have every symbol which the package's libraries call: they do not load."""
    release = case.matrix.packages.release(subject.component, subject.version) if subject.version else None
    if release is None or "nccl_minimum" not in release or subject.state != "installed" or subject.conda:
        return
    found, least = _nccl_of(case, subject), release["nccl_minimum"]
    if found is None or versions.at_least(found[1], least) is not False:
        return
    path, have, loaded_by = found
    package = path.partition(".")[2] if path.startswith("packages.") else ""
    if subject.component not in loaded_by and not _links_nccl(case, subject, package):
        return
    taken = [("libraries", "no NCCL there but pip's own")] if package and case.machine.libraries is None else []
    if not package and not loaded_by:
        taken.append((f"{path}.loaded_by", f"{subject.label} gets it"))
    if subject.field("cuda").decide(bool) is not True:
        taken.append((f"builds.{subject.distribution}.cuda", "a build with CUDA, which opens NCCL"))
    taken += [(place, "Linux on x86-64") for place in ("os", "arch") if getattr(case.machine, place) is None]
    yield Finding(
        "cuda-library-too-old",
        package or "nccl",
        f"NCCL {have} is what loads; {subject.label} calls what NCCL has since {least}.",
        (
            case.read(path if package else f"{path}.version", have),
            case.cite(f"{subject.component} {release['version']} takes NCCL from {least} on", release, "nccl_minimum"),
            *(case.assume(place, text) for place, text in taken),
        ),
        (Remedy(f"install NCCL {least} or newer, such as the release that {subject.distribution} pins"),),
    )


def _nccl_of(case: "Case", subject: "Subject") -> tuple[str, str, tuple[str, ...]] | None:
    """(field, release, who loads it) of the NCCL that its process gets: the copy seen, else pip's package."""
    copies = case.libraries("nccl")
    found = gets(case, subject, "nccl") if copies else None
    if found is not None:
        path, copy = found
        return (path, copy.version, tuple(copy.loaded_by or ())) if copy.version else None
    if case.usable("nccl"):
        return None
    there = [name for name, version in case.packages.items() if name.startswith(_NCCL) and version is not False]
    version = case.version_of(there[0]) if len(there) == 1 else None  # of several the last one installed is there
    return (f"packages.{there[0]}", version, ()) if version else None


def _links_nccl(case: "Case", subject: "Subject", package: str) -> bool:
    """Does a build of the release for its CUDA major require NCCL (this package of it) here? Others have it inside."""
    from compat.markers import applies
    from compat.matrix.packages import fits_platform

    cuda = subject.field("cuda").known
    told = [row for row in subject.candidates if "requires" in row]
    published = subject.published.get(versions.parse(subject.version or "0").public, [])
    rows = told or [row for row in published if fits_platform(row, case.machine.os, case.machine.arch)]
    return cuda is not False and any(
        name.startswith(package or _NCCL) and applies(marker, case.machine)
        for row in rows
        if row.get("cuda") and (cuda is None or versions.same_line(str(row["cuda"]), str(cuda), 1))
        for name, _, marker in case.matrix.packages.pins(row)
    )
