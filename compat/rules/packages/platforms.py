"""Where a package is published at all: the operating system and architecture, and the Python."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import fits_platform
from compat.names import of_gpu_build
from compat.rules.base import OF_BUILD, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.candidates import JETSON, matching, of_extras, same_local
from compat.rules.case import Case
from compat.rules.packages.extensions import needs_none
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


@rule(
    "no-gpu-build-for-platform",
    reads=("python", *OF_BUILD),
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
    without_code = case.matrix.packages.about(main.component).get("accelerator") == "none"
    if without_code and main.state == "requested":
        yield from _of_none(case, main, system, arch)
    if not case.goal.runs_on_gpu or main.facts.cuda or main.facts.architectures:
        return
    if without_code or main.for_cpu or needs_none(case, main):
        return  # what it runs on is another package's matter (Keras)
    subject = _core(case, main)
    if subject is not main and (subject.facts.cuda or subject.facts.architectures or subject.local_cuda):
        return  # a build of one's own
    parts = [case.subject(name) for name in case.matrix.packages.about(main.component).get("parts", ())]
    found = _publishes(case, main if main.version else subject, parts, system, arch)
    if found is not None and not found[0] and main.version is None and main.state != "requested":
        found = found if _no_release_has(case, main, parts, system, arch) else None
    if found is None or (not found[0] and _is_own(main)):
        return
    ok, evidence = found
    if ok and main.state == "unknown" and not case.usable(main.component):
        return  # that one is published says nothing of what is installed
    if ok:
        yield Holds("no-gpu-build-for-platform", main.component, f"{main.label} has a GPU build for {system}", evidence)
    else:
        where = f"{system} on {arch}" if arch else system
        yield Finding(
            "no-gpu-build-for-platform",
            main.component,
            f"{main.label} has no GPU build for {where}.",
            (case.read("os", system), *case.of_jetsons, *evidence, *_published_core(case, main, subject)),
            (
                Remedy("use WSL 2 or Linux", "environment")
                if system == "windows"
                else Remedy("use a platform that has a GPU build", "environment"),
                Remedy("or a release that still had a GPU build for this platform"),
            ),
        )


def _of_none(case: Case, main: Subject, system: str, arch: str | None) -> Iterator[Finding]:
    """What has no GPU code, and of which nothing that is asked for is made for the platform: tensorflow-text from 2.11
    on for Windows. Which builds a Jetson's publishers have is in no list."""
    wanted = (case.machine.request or {}).get(main.distribution, "")
    rows = matching(case.matrix, main.distribution, main.version, wanted)
    every = [row for row in rows if row["index"] not in JETSON]
    here = any(fits_platform(row, system, arch) for row in every)
    if here or not every or (system == "linux" and arch != "x86_64"):
        return
    where = f"{system} on {arch}" if arch else system
    platforms = sorted({f"{row['os']} on {row['arch']}" for row in every})
    known = case.cite(f"published builds of {main.label}: {', '.join(platforms)}", every[0], "os")
    yield Finding(
        "no-gpu-build-for-platform",
        main.component,
        f"{main.label} has no build for {where}.",
        (case.read("os", system), case.read(f"request.{main.distribution}", wanted), known),
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
    rows = _installable(case, subject, _with_code(case, subject, parts, rows, arch), system, arch)
    always = case.matrix.packages.about(subject.component).get("accelerator") == "always"

    def published() -> "Iterator[Row]":  # a part's rows are many: they are read only as far as it takes
        yield from rows
        every = _of_parts(case, parts, subject.version, wanted)
        if not every and not rows:  # what is published of it is not known: any release's parts stand for its own
            every = _of_parts(case, parts, None, "")
        yield from (row for row in every if not row.get("stub"))  # which fetches what there may not be

    cuda_rows = (row for row in published() if row.get("cuda") or (always and row.get("cuda") is None))
    here = next((row for row in cuda_rows if fits_platform(row, system, arch)), None)
    if here is not None:
        return True, (case.cite(f"{here['package']} {here['version']} for {system} has CUDA", here, "cuda"),)
    code_rows = list(published())
    local = [row for row in code_rows if fits_platform(row, system, arch)]
    elsewhere = [row for row in code_rows if row.get("cuda") or always]
    if any(row.get("cuda") is None for row in local) or not (local or elsewhere):
        return None
    if local and subject.state == "requested" and _in_an_archive(case, subject, system, arch):
        return None  # the platform has one: what the installer takes instead is the build's matter
    if not local and all(row["index"] == "archive" for row in elsewhere):
        return None  # of a publisher's own archive single files are known, not the whole list
    row = (local or elsewhere)[0]
    taken: tuple[Evidence, ...] = ()
    if case.machine.python is not None and subject.state == "requested" and subject.version is None:
        taken = (case.read("python", case.machine.python),)
    none = case.cite(f"published builds of {subject.label}: none with CUDA for this platform", row, "cuda")
    return False, (none, *taken)


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
    line = versions.major_minor(case.machine.python)
    fitting = [row for row in rows if line in row.get("python", (line,))]
    return fitting if any(fits_platform(row, system, arch) for row in fitting) else rows


def _gpu_names(case: Case, subject: Subject) -> list[str]:
    """Names of its own under which the GPU build may be published (onnxruntime-gpu)."""
    return [name for name in case.matrix.packages.distributions(subject.component) if of_gpu_build(name)]


def _with_code(case: Case, subject: Subject, parts: list[Subject], rows: "list[Row]", arch: str | None) -> "list[Row]":
    """Of a subject's builds those that tell where its code is published."""
    if subject.facts.source not in (None, "pypi"):
        # That it is from the default index tells which build it is, not that no other index has one (torch on Windows).
        rows = [row for row in rows if row["index"] == subject.facts.source]
    elif subject.state == "requested" or ((arch == "x86_64" or case.is_windows) and not case.machine.is_jetson):
        # Wheels for a JetPack are asked for by their own address, and say nothing of a release elsewhere: of one that
        # was withdrawn (onnxruntime-gpu 1.10) no other file may be known.
        # Nor does an installer take the archives that publishers offer beside it.
        archives = {"archive"} if subject.state == "requested" else set()
        rows = [row for row in rows if row["index"] not in JETSON and row["index"] not in archives]
    # What has parts keeps its code there (jaxlib, the plugins): its own pure Python says nothing.
    return [row for row in rows if not (parts and row["os"] == "any")]


def _is_own(subject: Subject) -> bool:
    """Has its version a local part that no index has? Of such builds (those in NVIDIA's images) none is published."""
    local = subject.version.partition("+")[2] if subject.version else ""
    published = matching(subject.matrix, subject.distribution, subject.version) if local else ()
    return bool(local) and not any(row.get("local", row["variant"]) == local for row in published)


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
    return "none" if (cuda or always) and row["index"] != "archive" else ""


def _of_parts(case: Case, parts: list[Subject], version: str | None, wanted: str) -> "list[Row]":
    """Builds of the parts at their owner's version; none where they count their own."""
    return [row for part in parts for row in matching(case.matrix, part.distribution, version, wanted)]


@rule("python-unsupported", reads=("python", "builds.python_tag", *OF_BUILD), of="files")
def python_unsupported(case: Case) -> Iterator[Outcome]:
    """No build for this Python.

    A compiled package has one file for each Python release that it supports. For any other, the installer finds nothing
    ("No matching distribution found"), or takes an older release without a word.

    Remedy: a Python that the release has builds for, or a release that has builds for this Python.
    """
    main = case.main
    if case.goal.verb not in ("install", "import", "use") or main is None or main.state in ("absent", "unknown"):
        return
    if case.goal.verb != "use":
        yield from _for_python(case, main)
        yield from _asked_beside(case)
    elif case.machine.python is not None and not _made_elsewhere(case, main):
        # That there is a build for this Python does not tell that it works; that there is none does.
        yield from (one for one in _for_python(case, main) if isinstance(one, Finding))


def _asked_beside(case: Case) -> Iterator[Finding]:
    """What is asked for beside it and has no wheels in the matrix, but the releases that each Python takes: NumPy."""
    asked = case.machine.request or {}
    if case.machine.python is None or case.goal.verb != "install" or len(asked) < 2:
        return
    line = versions.major_minor(case.machine.python)
    for name, spec in asked.items():
        known = case.matrix.packages.component(name) is not None
        row = None if known else case.matrix.traits.row(name, "takes-python", line)
        if row is None or versions.parse_range(spec).meets(versions.parse_range(row["range"])):
            continue
        yield Finding(
            "python-unsupported",
            "python",
            f"{name}{spec} has no release that is made for Python {line}: that takes {name} {row['range']}.",
            (
                case.read("python", case.machine.python),
                case.read(f"request.{name}", spec),
                case.cite(f"Python {line} takes {name} {row['range']}", row),
            ),
            (Remedy(f"ask for {name} {row['range']}"), Remedy("use a Python of its time", "python")),
        )


def _made_elsewhere(case: Case, subject: Subject) -> bool:
    """Are there files of it that no index lists in full: a Jetson's, those of a publisher's own archive?"""
    return case.is_jetson or any(row["index"] in ("archive", "apt", *JETSON) for row in subject.candidates)


def _for_python(case: Case, main: Subject) -> Iterator[Outcome]:
    """Of the package, and of what a request pulls in with it: is there a build for the goal's Python?"""
    python = case.machine.python
    if python is None:
        yield Untold("python-unsupported", "python", ("python",))
        return
    line = versions.major_minor(python)
    stated = main.facts.python_tag
    if stated is not None:
        fits = _tag_admits(stated, line)
        facts = (case.read("python", python), case.read(f"builds.{main.distribution}.python_tag", stated))
        yield _python(main, line, fits, facts, [])
        return
    if main.state == "installed" and main.version is None:
        yield Untold("python-unsupported", "python", (main.path,))
        return
    for subject in (main, *pulled_in(case, main)):
        rows = [row for row in subject.candidates if "python" in row and not row.get("stub")]
        fits = any(line in row["python"] for row in rows)
        if not rows:
            rows = _of_other_indexes(case, subject)
            if not rows or any(line in row["python"] for row in rows):
                continue  # whether that index is asked is not told
        evidence = case.cite(
            f"{subject.distribution} {rows[0]['version']}: Python {', '.join(rows[0]['python'])}", rows[0], "python"
        )
        offered = {one for row in rows for one in row["python"]}
        ordered = sorted(offered, key=lambda text: (versions.parse(text.rstrip("t")).key(), text))
        open_ = [name for name in ("os", "arch") if getattr(case.machine, name) is None]
        where = (
            [case.assume(", ".join([*open_, "jetson", "environment"]), "a platform that it is published for")]
            if open_
            else _no_jetson(case)
        )
        unlisted = any("python" not in row for row in subject.candidates)
        if subject.facts.source is None and (subject.facts.cuda is not None or unlisted):
            fields = [f"builds.{subject.distribution}.{name}" for name in ("source", "cuda")]
            told_by = ", ".join(fields if subject.facts.cuda is None else fields[:1])
            where.append(case.assume(told_by, "one of the builds whose Pythons are published"))
        wanted = "" if subject.version else (case.machine.request or {}).get(subject.distribution, "")
        told = (case.read("python", python), *where, *case.of_jetsons, evidence)
        yield _python(subject, line, fits, told, ordered, wanted)


def _no_jetson(case: Case) -> list[Evidence]:
    """That it is no Jetson, whose files no index lists in full (`_made_elsewhere`), on a processor that they have."""
    if case.goal.verb != "use" or case.machine.os != "linux" or case.machine.arch != "aarch64":
        return []
    places = ["jetson", *(["environment"] if case.machine.environment is None else [])]
    return [case.assume(", ".join(places), "no Jetson, whose builds no index lists in full")]


def _of_other_indexes(case: Case, subject: Subject) -> "list[Row]":
    """Builds for this platform of a release that is asked for and that the default index has not; none where it is
    open for which Pythons one of them is."""
    if subject.state != "requested" or subject.candidates:
        return []
    wanted = (case.machine.request or {}).get(subject.distribution, "")
    rows = [
        row
        for row in matching(case.matrix, subject.distribution, subject.version, wanted)
        if fits_platform(row, case.machine.os, case.machine.arch) and row["index"] not in JETSON
    ]
    return rows if all("python" in row for row in rows) else []


def _python(
    subject: Subject, line: str, fits: bool, evidence: tuple[Evidence, ...], offered: list[str], wanted: str = ""
) -> Outcome:
    """``wanted``: the range of a request, of which alone it is said."""
    label = f"{subject.label} {wanted.removeprefix('==')}" if wanted not in ("", "*") else subject.label
    if fits:
        return Holds("python-unsupported", subject.component, f"{label} has a build for Python {line}", evidence)
    choice = f" It has builds for Python {', '.join(offered)}." if offered else ""
    return Finding(
        "python-unsupported",
        "python",
        f"{label} has no build for Python {line}.{choice}",
        evidence,
        (
            Remedy(f"use Python {offered[-1]}" if offered else "use the Python that the build was made for", "python"),
            Remedy(f"choose a release of {subject.distribution} with a build for Python {line}"),
        ),
    )


def _tag_admits(tag: str, line: str) -> bool:
    return tag.startswith("py") or tag == "cp" + line.replace(".", "")


def pulled_in(case: Case, main: Subject) -> Iterator[Subject]:
    """GPU packages that come with what is asked for: those that its release or the requested extra pins.

    Such as tensorrt of tensorflow[and-cuda], torch of vllm. What holds on some systems only (a marker) is left out.
    """
    asked = next(iter(case.machine.request or {}), "")
    one_release = len({row["version"] for row in main.candidates}) == 1
    for row in main.candidates[:1]:
        own = row.get("requires", ()) if one_release and case.goal.verb == "install" else ()
        pins = of_extras(case.matrix, row, asked) + [
            (name, spec, marker)
            for name, spec, marker in case.matrix.packages.pins({"requires": own})
            if spec.startswith("==") and not marker and case.has(name) is not True
        ]
        for name, spec, _ in pins:
            found = tuple(
                one for one in _asked_for(case, name, spec) if fits_platform(one, case.machine.os, case.machine.arch)
            )
            if found and spec != "*":
                version = spec.lstrip("=") if spec.startswith("==") else None
                yield Subject(name, name, version, "requested", main.facts, found, case.matrix)


def _asked_for(case: Case, name: str, spec: str) -> "Iterator[Row]":
    """Builds that a requirement takes: those of the indexes that pip asks, or of any the one named (``+cuda12``)."""
    release, _, local = spec.lstrip("=").partition("+")
    if local:
        yield from (one for one in matching(case.matrix, name, release) if same_local(one, local))
        return
    yield from (one for one in matching(case.matrix, name, None, spec) if one["index"] in ("pypi", "nvidia"))
