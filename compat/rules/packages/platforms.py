"""For which operating system and architecture a package is published with GPU code at all."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import fits_platform, fits_python
from compat.names import of_gpu_build
from compat.rules.base import OF_BUILD, OF_GPUS, Evidence, Finding, Holds, Outcome, Remedy, rule
from compat.rules.candidates import JETSON, for_others_only, is_from, listed_for_others, matching, same_local
from compat.rules.case import Case
from compat.rules.macos import without_cuda
from compat.rules.origin import no_condas
from compat.rules.packages.extensions import needs_none
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


@rule(
    "no-gpu-build-for-platform",
    reads=("distribution_version", *OF_BUILD, *OF_GPUS),
    masks=("cpu-only-build", "gpu-not-in-build", "library-not-found", "cuda-major-mismatch", "cudnn-mismatch"),
)
def no_gpu_build_for_platform(case: Case) -> Iterator[Outcome]:
    """The package publishes no GPU build for this OS or architecture.

    TensorFlow's last native Windows build with CUDA is 2.10; JAX never had one; macOS has none of any. For such a
    platform no version number and no CUDA installation helps.

    Remedy: WSL 2 on Windows, Linux, or an older release that still had the build.
    """
    main = case.main
    system, arch = case.machine.os, case.machine.arch
    if main is None or system is None:
        return
    refused = _refused_on_jetson(case, main)
    if refused is not None:
        yield refused
        return
    without_code = case.matrix.packages.about(main.component).get("accelerator") == "none"
    if without_code and main.state == "requested":
        yield from _of_none(case, main, system, arch)
    nowhere = without_cuda(case)
    if not case.goal.runs_on_gpu or ((main.facts.cuda or main.facts.architectures) and not nowhere):
        return
    if without_code or main.for_cpu or needs_none(case, main):
        return  # what it runs on is another package's matter (Keras)
    subject = _core(case, main)
    own = subject is not main and (subject.facts.cuda or subject.facts.architectures or subject.local_cuda)
    if own and not nowhere:
        return  # a build of one's own, which a system for which CUDA was never made cannot run
    parts = [case.subject(name) for name in case.matrix.packages.about(main.component).get("parts", ())]
    found = _publishes(case, main if main.version else subject, parts, system, arch)
    if found is not None and not found[0] and main.version is None and main.state != "requested":
        found = found if _no_release_has(case, main, parts, system, arch) else None
    if nowhere and (found is None or own or main.facts.cuda or main.facts.architectures):
        found = False, nowhere
    if found is None or (not found[0] and _is_own(main)):
        return
    ok, evidence = found
    untold = main.state == "installed" and main.version is None
    if ok and (untold or (main.state == "unknown" and not case.usable(main.component))):
        return  # that one is published says nothing of what is installed
    if ok:
        yield Holds("no-gpu-build-for-platform", main.component, f"{main.label} has a GPU build for {system}", evidence)
    else:
        where = f"{system} on {arch}" if arch else system
        yield Finding(
            "no-gpu-build-for-platform",
            main.component,
            f"{main.label} has no GPU build for {where}.",
            (
                case.read("os", system),
                *case.of_jetsons,
                *evidence,
                *_published_core(case, main, subject),
                *no_condas(case, main),
            ),
            (
                Remedy("use WSL 2 or Linux", "environment")
                if system == "windows"
                else Remedy("use a platform that has a GPU build", "environment"),
                Remedy("or a release that still had a GPU build for this platform"),
            ),
        )


def _refused_on_jetson(case: Case, main: Subject) -> Finding | None:
    """A release whose archive stops when it is installed on a Jetson, although builds for Arm servers are beside it:
    pip takes the newest that is asked for, and looks no further back (tensorrt)."""
    if main.state != "requested" or not case.is_jetson or not main.candidates:
        return None
    newest = max((str(row["version"]) for row in main.candidates), key=lambda text: versions.parse(text).key())
    row = case.matrix.traits.claim(main.component, "refuses-jetson", newest, main.distribution)
    if row is None:
        return None
    label = f"{main.distribution} {newest}"
    return Finding(
        "no-gpu-build-for-platform",
        main.component,
        f"{label} is not made for Jetsons, and stops when it is installed on one: JetPack brings its own.",
        (
            *case.of_jetsons,
            case.read(f"request.{main.distribution}", (case.machine.request or {})[main.distribution]),
            case.cite(f"{main.distribution} {row['range']} stops on a Jetson", row),
        ),
        (Remedy("use JetPack's own, in an environment that sees the system's packages", "environment"),),
    )


def _of_none(case: Case, main: Subject, system: str, arch: str | None) -> Iterator[Finding]:
    """What has no GPU code, and of which nothing that is asked for is made for the platform: tensorflow-text from 2.11
    on for Windows. Which builds a Jetson's publishers have is in no list."""
    wanted = (case.machine.request or {}).get(main.distribution, "")
    rows = matching(case.matrix, main.distribution, main.version, wanted)
    every = [row for row in rows if row["index"] not in JETSON]
    here = any(fits_platform(row, system, arch) for row in every)
    # No Jetson has a GPU on a card; Arm servers and workstations do.
    of_others = bool(case.gpus) and all(gpu.kind not in (None, "jetson") for gpu in case.gpus)
    may_be_jetson = system == "linux" and arch != "x86_64" and case.environment("jetson") is not False
    if here or not every or (may_be_jetson and (not of_others or case.machine.is_jetson)):
        return
    no_jetson = [fact for gpu in case.gpus for fact in gpu.evidence] if may_be_jetson else []
    where = f"{system} on {arch}" if arch else system
    platforms = sorted({f"{row['os']} on {row['arch']}" for row in every})
    known = case.cite(f"published builds of {main.label}: {', '.join(platforms)}", every[0], "os")
    yield Finding(
        "no-gpu-build-for-platform",
        main.component,
        f"{main.label} has no build for {where}.",
        (case.read("os", system), case.read(f"request.{main.distribution}", wanted), known, *no_jetson),
        (
            Remedy("use a platform that has a build (for Windows: WSL 2)", "environment"),
            Remedy("or a release that still had a build for this platform"),
        ),
    )


def _core(case: Case, main: Subject) -> Subject:
    """The package that carries the main one's code: jaxlib of JAX. Of an installed one a request says nothing."""
    core = case.subject("jaxlib") if main.component == "jax" else main
    return main if main.state == "requested" and core.state == "installed" else core


def _published_core(case: Case, main: Subject, core: Subject) -> tuple[Evidence, ...]:
    """That the package with the code is none of one's own, whose local part or CUDA would say so."""
    if core is main:
        return ()
    field = f"packages.{core.distribution}" if core.version is None else f"builds.{core.distribution}.cuda"
    return (case.assume(field, f"the {core.distribution} is one of the published builds"),)


def _publishes(
    case: Case, subject: Subject, parts: list[Subject], system: str, arch: str | None
) -> tuple[bool, tuple[Evidence, ...]] | None:
    """Does any index have a CUDA build of this version for the platform? None where the matrix has no such release."""
    if subject.local_cuda and subject.state != "requested":
        return None
    wanted = (case.machine.request or {}).get(subject.distribution, "")
    names = _gpu_names(case, subject)
    rows = [
        row
        for name in dict.fromkeys([subject.distribution, *names])
        for row in matching(case.matrix, name, subject.version, wanted)
    ]
    if not rows and subject.version is None and wanted:
        # Of withdrawn releases no file is known; where no release of any age was made for this system, none was then.
        every = [row for name in names for found in case.matrix.packages.builds(name).values() for row in found]
        rows = [] if any(fits_platform(row, system, None) for row in every) else every
    kinds = {row["variant"] for row in rows}  # of tensorrt-cu12's parts those for CUDA 12
    if subject.state == "requested" and subject.version is not None:
        others = for_others_only(case.matrix, subject.distribution, subject.version, system, arch)
        rows, parts = (others, []) if others else (rows, parts)  # such a build has its code itself
    rows = _installable(case, subject, _with_code(case, subject, parts, rows, arch), system, arch)
    always = case.matrix.packages.about(subject.component).get("accelerator") == "always"

    def published() -> "Iterator[Row]":  # a part's rows are many: they are read only as far as it takes
        yield from rows
        every = _of_parts(case, parts, subject.version, wanted)
        if not every and not rows:  # what is published of it is not known: any release's parts stand for its own
            every = _of_parts(case, parts, None, "")
        every = [row for row in every if not kinds or "" in kinds or row["variant"] in kinds]
        yield from (row for row in every if not row.get("stub"))  # which fetches what there may not be

    cuda_rows = (row for row in published() if row.get("cuda") or (always and row.get("cuda") is None))
    here = next((row for row in cuda_rows if fits_platform(row, system, arch)), None)
    if here is not None:
        return True, (case.cite(f"{here['package']} {here['version']} for {system} has CUDA", here, "cuda"),)
    if subject.state == "requested" and listed_for_others(case.matrix, subject.distribution, subject.version, arch):
        return None
    code_rows = list(published())
    local = [row for row in code_rows if fits_platform(row, system, arch)]
    elsewhere = [row for row in code_rows if row.get("cuda") or always or _named_for_gpus(row)]
    if any(row.get("cuda") is None for row in local) or not (local or elsewhere):
        return None
    if local and not elsewhere and set(names) - {subject.distribution}:
        return None  # that for GPUs has a name of its own, and this release of it is withdrawn (onnxruntime-gpu)
    if local and subject.state == "requested" and _in_an_archive(case, subject, system, arch):
        return None  # the platform has one: what the installer takes instead is the build's matter
    if not local and all(row["index"] == "archive" for row in elsewhere):
        return None  # of a publisher's own archive single files are known, not the whole list
    if not local and subject.state == "installed" and _in_its_archive(case, subject, system, arch):
        return None  # not all its files for this platform are known (TensorRT's zips for Windows have wheels)
    if not local and subject.conda and subject.state == "installed":
        return None  # anyone has a channel there: Windows had PyTorch from one before PyTorch's own (peterjc123)
    row = (local or elsewhere)[0]
    taken: tuple[Evidence, ...] = ()
    if case.machine.python is not None and subject.state == "requested" and subject.version is None:
        taken = (case.read("python", case.machine.python),)
    none = case.cite(f"published builds of {subject.label}: none with CUDA for this platform", row, "cuda")
    return False, (none, *taken)


def _in_its_archive(case: Case, subject: Subject, system: str, arch: str | None) -> bool:
    """Has its publisher an archive with files of any release of it for the platform, of which single ones are known?"""
    releases = case.matrix.packages.builds(subject.distribution).values()
    return any(row["index"] == "archive" and fits_platform(row, system, arch) for rows in releases for row in rows)


def _in_an_archive(case: Case, subject: Subject, system: str, arch: str | None) -> bool:
    """Has a publisher's own archive a build with CUDA of what is asked for, which no installer finds by itself?"""
    wanted = (case.machine.request or {}).get(subject.distribution, "")
    rows = matching(case.matrix, subject.distribution, subject.version, wanted)
    return any(row["index"] == "archive" and row.get("cuda") and fits_platform(row, system, arch) for row in rows)


def _installable(case: Case, subject: Subject, rows: "list[Row]", system: str, arch: str | None) -> "list[Row]":
    """Of the builds that an open request admits, of several releases, those for this Python.

    All where none of this platform is: that is the Python's matter, not the platform's (torch 1.13 for Python 3.11).
    """
    if subject.state != "requested" or subject.version is not None or case.machine.python is None:
        return rows
    fitting = [row for row in rows if fits_python(row, case.machine.python)]
    return fitting if any(fits_platform(row, system, arch) for row in fitting) else rows


def _gpu_names(case: Case, subject: Subject) -> list[str]:
    """Names of its own under which the GPU build may be published (onnxruntime-gpu)."""
    return [name for name in case.matrix.packages.distributions(subject.component) if of_gpu_build(name)]


def _with_code(case: Case, subject: Subject, parts: list[Subject], rows: "list[Row]", arch: str | None) -> "list[Row]":
    """Of a subject's builds those that tell where its code is published."""
    if subject.facts.source not in (None, "pypi"):
        # That it is from the default index tells which build it is, not that no other index has one (torch on Windows).
        rows = [row for row in rows if is_from(row, subject.facts.source)]
    elif subject.state == "requested" or ((arch == "x86_64" or case.is_windows) and not case.machine.is_jetson):
        # Wheels for a JetPack are asked for by their own address, and say nothing of a release elsewhere: of one that
        # was withdrawn (onnxruntime-gpu 1.10) no other file may be known.
        # Nor does an installer take the archives that publishers offer beside it.
        archives = {"archive"} if subject.state in ("requested", "absent") else set()
        rows = [row for row in rows if row["index"] not in JETSON and row["index"] not in archives]
    # What has parts keeps its code there (jaxlib, the plugins): its own pure Python says nothing.
    return [row for row in rows if not (parts and row["os"] == "any")]


def _is_own(subject: Subject) -> bool:
    """Has its version a local part that no index has? Of such builds (those in NVIDIA's images) none is published."""
    local = subject.version.partition("+")[2] if subject.version else ""
    published = matching(subject.matrix, subject.distribution, subject.version) if local else ()
    return bool(local) and not any(same_local(row, local) for row in published)


def _no_release_has(case: Case, main: Subject, parts: list[Subject], system: str, arch: str | None) -> bool:
    """Is it told of every release that this one can be? As ``_publishes`` tells it of each, whose rows are read once:
    what the parts have in all their releases counts for each that they have not."""
    packages = case.matrix.packages
    always = packages.about(main.component).get("accelerator") == "always"
    gpu = _gpu_names(case, main)

    def told(rows: "list[Row]") -> set[str]:
        return {_told(row, system, arch, always) for row in rows}

    def of_parts(version: str | None) -> set[str]:
        brought = _of_parts(case, parts, version, "")
        return told([row for row in brought if not row.get("stub")]) if brought or version is None else every

    def of_release(name: str, version: str) -> set[str]:
        own = [row for one in dict.fromkeys([name, *gpu]) for row in matching(case.matrix, one, version)]
        mine = _with_code(case, main, parts, own, arch)
        if own and not mine and not parts:
            return {"none"}  # published for Jetsons alone
        return told(mine) | of_parts(version)

    every = of_parts(None)
    releases = packages.versions(main.distribution)
    if not releases or any(of_release(main.distribution, one) - {""} != {"none"} for one in releases):
        return False
    # Of one that nobody spoke of the name is open as well (mxnet-cu100, mxnet-cu117).
    others = set(packages.distributions(main.component) if main.state == "unknown" else ()) - {main.distribution}
    return not any(
        {"has", "open"} & of_release(name, version) for name in others for version in packages.versions(name)
    )


def _told(row: "Row", system: str, arch: str | None, always: bool) -> str:
    """What a build says of whether there is one with CUDA for the platform; nothing if it is another platform's."""
    cuda = row.get("cuda")
    if fits_platform(row, system, arch):
        return "has" if cuda or (always and cuda is None) else "open" if cuda is None else "none"
    # Of a publisher's own archive single files are known, not the whole list.
    return "none" if (cuda or always or _named_for_gpus(row)) and row["index"] != "archive" else ""


def _named_for_gpus(row: "Row") -> bool:
    """Does its name say that it is the build for CUDA, of which nothing else is known?"""
    return "cuda" not in row and of_gpu_build(row["package"])


def _of_parts(case: Case, parts: list[Subject], version: str | None, wanted: str) -> "list[Row]":
    """Builds of the parts at their owner's version; none where they count their own."""
    return [row for part in parts for row in matching(case.matrix, part.distribution, version, wanted)]
