"""The build of the framework: has it code for the GPU, is it for this platform, this Python, this Jetson."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.capability import Capability, architecture_lists, ptx_runs, sass_runs
from compat.capability import parse as parse_capability
from compat.matrix.packages import fits_platform
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case, GpuFact
from compat.rules.runtimes import gpu_parts
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row

Code = tuple[tuple[Capability, ...] | None, tuple[Capability, ...] | None, str]


def code_for(subject: Subject) -> list[Code]:
    """(machine code, PTX, source) of each build that the installed one can be; None for a list that is unknown."""
    stated = subject.facts.architectures
    if stated is not None:
        sass, ptx = architecture_lists(stated)
        return [(sass, ptx, f"builds.{subject.distribution}.architectures")]
    found = []
    for row in subject.candidates:
        if row.get("cuda") is False:
            continue
        row = row if "sass" in row or "ptx" in row else _patch_of_same_build(subject, row)
        sass_row, ptx_row = row.get("sass"), row.get("ptx")
        found.append(
            (
                tuple(parse_capability(text) for text in sass_row) if sass_row is not None else None,
                tuple(parse_capability(text) for text in ptx_row) if ptx_row is not None else None,
                str(subject.matrix.source(row, "sass")),
            )
        )
    return found


def _patch_of_same_build(subject: Subject, row: "Row") -> "Row":
    """A patch release of the same line, platform and CUDA whose code is listed: lists change with the minor only."""
    line = versions.parse(row["version"]).release[:2]
    for version, rows in subject.matrix.packages.builds(row["package"]).items():
        if versions.parse(version).release[:2] != line:
            continue
        for other in rows:
            if "sass" in other and all(
                other.get(name) == row.get(name) for name in ("os", "arch", "index", "variant", "cuda")
            ):
                return other
    return row


def runs(code: Code, gpu: Capability) -> bool | None:
    """Has the build code that this GPU runs? None where its lists do not tell."""
    sass, ptx, _ = code
    if sass is not None and any(sass_runs(target, gpu) for target in sass):
        return True
    if ptx is not None and any(ptx_runs(target, gpu) for target in ptx):
        return True
    return None if sass is None or ptx is None else False


def _carriers(case: Case) -> Iterator[Subject]:
    """The packages of the goal that carry GPU code."""
    for subject in case.subjects:
        if subject.component == "tensorrt" or (str(case.goal) == "use:onnxruntime-tensorrt"):
            # TensorRT has a support range of its own (gpu-unsupported-by-tensorrt), its provider compiles for the GPU.
            continue
        yield from gpu_parts(case, subject) or (subject,)


@rule("gpu-not-in-build", masks=("cuda-older-than-gpu",))
def gpu_not_in_build(case: Case) -> Iterator[Outcome]:
    """The package's build has neither machine code nor usable PTX for the GPU.

    A build carries machine code (SASS) for some compute capabilities and PTX for others. Machine code runs on the same
    major with an equal or higher minor (8.0 on 8.6, 12.0 on 12.1), never across majors. Plain PTX is compiled for any
    newer
    GPU; PTX of an `a` target (90a) is not. The list belongs to the build, not to the release: torch 2.11 for CUDA 12.6
    keeps Volta, for CUDA 12.8 it does not.

    Shows as: "no kernel image is available for execution on the device" (209), "is not compatible with the current
    PyTorch installation".

    Remedy: a build whose list has the GPU (often another CUDA variant of the same release), or an older or newer
    release.
    """
    if not case.goal.runs_on_gpu or not case.gpus:
        return
    for subject in _carriers(case):
        code = code_for(subject)
        for gpu in case.gpus:
            if gpu.capability is None:
                yield Untold("gpu-not-in-build", subject.component, (f"{gpu.path}.name",))
            elif code:
                yield _kernel_image(case, subject, code, gpu, gpu.capability)
            elif subject.version or subject.state == "installed":
                yield Untold("gpu-not-in-build", subject.component, (f"builds.{subject.distribution}.architectures",))


def _kernel_image(case: Case, subject: Subject, code: list[Code], gpu: GpuFact, capability: Capability) -> Outcome:
    answers = {runs(one, capability) for one in code}
    if None in answers and _below_minimum(case, subject, capability):
        answers = {False}
    if answers == {True}:
        return Holds(
            "gpu-not-in-build",
            subject.component,
            f"{subject.label} has code for {gpu.name} ({capability})",
            (*gpu.evidence, Evidence(_listed(code[0]), code[0][2])),
        )
    if answers == {False}:
        return Finding(
            "gpu-not-in-build",
            subject.component,
            f"{subject.label} has no code for {gpu.name} ({capability.sm}): it is built for {_listed(code[0])}.",
            (*gpu.evidence, Evidence(f"{subject.label} is built for {_listed(code[0])}", code[0][2])),
            (Remedy(_with_code(case, subject, capability)),),
        )
    return Untold("gpu-not-in-build", subject.component, (f"builds.{subject.distribution}.architectures",))


def _with_code(case: Case, subject: Subject, gpu: Capability) -> str:
    """Which published builds for this platform have machine code for the GPU: the same version, else the releases."""
    fitting: dict[str, list[str]] = {}
    for version, rows in case.matrix.packages.builds(subject.distribution).items():
        parsed = versions.try_parse(version)
        for row in rows if parsed is not None and not parsed.is_prerelease else ():
            # Machine code only: PTX of a release that predates the GPU is no way out.
            native = any(sass_runs(parse_capability(target), gpu) for target in row.get("sass", ()))
            if native and fits_platform(row, case.machine.os, case.machine.arch):
                fitting.setdefault(version, []).append(row["variant"])
    own = versions.parse(subject.version).public if subject.version else ""
    if own in fitting and any(fitting[own]):
        names = ", ".join(sorted({variant for variant in fitting[own] if variant}))
        return f"install {subject.distribution} {own} for {names}, which has {gpu.sm}"
    if not fitting:
        return f"no published build of {subject.distribution} for this platform has {gpu.sm}"
    known = sorted(fitting, key=lambda text: versions.parse(text).key())
    return f"install a build that has {gpu.sm}: {subject.distribution} {known[0]} to {known[-1]} have one"


def _below_minimum(case: Case, subject: Subject, gpu: Capability) -> bool:
    """Is the GPU below the minimum that the vendor states, for every release that the installed one can be?"""
    if subject.facts.architectures is not None:
        return False
    lines = {
        ".".join(str(number) for number in versions.parse(row["version"]).release[:2]) for row in subject.candidates
    }
    stated = [
        row.get("capability_minimum")
        for line in lines
        for row in case.matrix.packages.of_line(subject.component, line) or [{}]
    ]
    return bool(stated) and all(least is not None and gpu < parse_capability(least) for least in stated)


def _listed(code: Code) -> str:
    sass, ptx, _ = code
    names = [target.sm for target in sass or ()]
    names += [target.sm.replace("sm_", "compute_") for target in ptx or ()]
    return ", ".join(names) or "no GPU at all"


@rule("cpu-only-build")
def cpu_only_build(case: Case) -> Iterator[Outcome]:
    """The installed build has no CUDA.

    Many packages publish builds without CUDA under the same name: torch for Windows and macOS on the public index,
    torch
    `+cpu`, conda's `cpu_` build strings, onnxruntime beside onnxruntime-gpu, jaxlib without its CUDA plugin. They
    install and import without a word and compute on the CPU.

    Shows as: "Torch not compiled with CUDA enabled", an empty device list, a provider list without CUDA.

    Remedy: install the GPU build for this platform.
    """
    if not case.goal.needs_gpu:
        return
    main = case.main
    if main is None or main.state in ("absent", "unknown"):
        return
    for subject in (main, *(other for other in case.subjects[1:] if other.component == "jaxlib")):
        if gpu_parts(case, subject):
            yield Holds("cpu-only-build", subject.component, f"{subject.label} has its CUDA plugin")
            return
        if subject.facts.cuda is None and _parts_unspoken_of(case, subject):
            continue
        verdict = subject.field("cuda")
        answer = verdict.decide(lambda cuda: cuda is False)
        if answer is True:
            yield Finding(
                "cpu-only-build",
                subject.component,
                f"{subject.label} is a build without CUDA.",
                (Evidence(f"{subject.label} is built without CUDA", verdict.source),),
                (Remedy(f"install the GPU build: {gpu_name(case, subject)}"),),
            )
            return
        if answer is False:
            yield Holds(
                "cpu-only-build",
                subject.component,
                f"{subject.label} is built with CUDA {verdict.known or ''}".rstrip(),
                (Evidence(f"{subject.label} has CUDA", verdict.source),),
            )
            return
    yield Untold("cpu-only-build", main.component, (f"builds.{main.distribution}.cuda",))


def _plugins(case: Case, subject: Subject) -> list[str]:
    """Distributions that carry the GPU code of this release apart from it."""
    if subject.version is None:
        return []
    return [
        part
        for part in case.matrix.packages.about(subject.component).get("parts", ())
        if versions.parse(subject.version) >= versions.parse(next(iter(case.matrix.packages.versions(part)), "9999"))
    ]


def _parts_unspoken_of(case: Case, subject: Subject) -> bool:
    """Can the GPU code lie in a part of which nothing is said? (One that is said to be absent was looked for.)"""
    plugins = _plugins(case, subject)
    return bool(plugins) and subject.local_cuda is None and not any(case.has(part) is False for part in plugins)


def gpu_name(case: Case, subject: Subject) -> str:
    """The distribution to ask for to get CUDA."""
    names = case.matrix.packages.distributions(subject.component)
    return next((name for name in names if "gpu" in name), subject.distribution)


@rule(
    "no-gpu-build-for-platform", masks=("cpu-only-build", "library-not-found", "cuda-major-mismatch", "cudnn-mismatch")
)
def no_gpu_build_for_platform(case: Case) -> Iterator[Outcome]:
    """The package publishes no GPU build for this OS or architecture.

    TensorFlow's last native Windows build with CUDA is 2.10; JAX never had one; macOS has none of any. For such a
    platform no version number and no CUDA installation helps.

    Remedy: WSL 2 on Windows, Linux, or an older release that still had the build.
    """
    main = case.main
    system, arch = case.machine.os, case.machine.arch
    if not case.goal.runs_on_gpu or main is None or system is None or main.facts.cuda:
        return
    subject = (
        next((one for one in case.subjects if one.component == "jaxlib"), main) if main.component == "jax" else main
    )
    parts = [case.subject(name) for name in case.matrix.packages.about(main.component).get("parts", ())]
    found = _publishes(case, main if main.version else subject, parts, system, arch)
    if found is None:
        return
    ok, evidence = found
    if ok:
        yield Holds("no-gpu-build-for-platform", main.component, f"{main.label} has a GPU build for {system}", evidence)
    else:
        where = f"{system} on {arch}" if arch else system
        yield Finding(
            "no-gpu-build-for-platform",
            main.component,
            f"{main.label} has no GPU build for {where}.",
            (case.read("os", system), *evidence),
            (
                Remedy("use WSL 2 or Linux", "environment")
                if system == "windows"
                else Remedy("use a platform that has a GPU build", "environment"),
                Remedy("or a release that still had a GPU build for this platform"),
            ),
        )


def _publishes(
    case: Case, subject: Subject, parts: list[Subject], system: str, arch: str | None
) -> tuple[bool, tuple[Evidence, ...]] | None:
    """Does any index have a CUDA build of this version for the platform? None where the matrix has no such release."""
    from compat.rules.subject import matching

    if subject.local_cuda:
        return None
    wanted = (case.machine.request or {}).get(subject.distribution, "")
    # The GPU build may be published under a name of its own (onnxruntime-gpu).
    names = [name for name in case.matrix.packages.distributions(subject.component) if "gpu" in name]
    rows = [
        row
        for name in dict.fromkeys([subject.distribution, *names])
        for row in matching(case.matrix, name, subject.version, wanted)
    ]
    if subject.facts.source is not None:
        rows = [row for row in rows if row["index"] == subject.facts.source] or rows
    # What has parts keeps its code there (jaxlib, the plugins): its own pure Python says nothing.
    rows = [row for row in rows if not (parts and row["os"] == "any")]
    always = case.matrix.packages.about(subject.component).get("accelerator") == "always"

    def published() -> "Iterator[Row]":  # a part's rows are many: they are read only as far as it takes
        yield from rows
        yield from _of_parts(case, parts, subject.version, wanted)

    cuda_rows = (row for row in published() if row.get("cuda") or (always and row.get("cuda") is None))
    here = next((row for row in cuda_rows if fits_platform(row, system, arch)), None)
    if here is not None:
        return True, (case.cite(f"{here['package']} {here['version']} for {system} has CUDA", here, "cuda"),)
    code_rows = list(published())
    local = [row for row in code_rows if fits_platform(row, system, arch)]
    elsewhere = [row for row in code_rows if row.get("cuda") or always]
    if any(row.get("cuda") is None for row in local) or not (local or elsewhere):
        return None
    row = (local or elsewhere)[0]
    return False, (case.cite(f"published builds of {subject.label}: none with CUDA for this platform", row, "cuda"),)


def _of_parts(case: Case, parts: list[Subject], version: str | None, wanted: str) -> "list[Row]":
    """Builds of the parts at their owner's version; all of them where they count their own."""
    from compat.rules.subject import matching

    same = [row for part in parts for row in matching(case.matrix, part.distribution, version, wanted)]
    return same or [
        row for part in parts for rows in case.matrix.packages.builds(part.distribution).values() for row in rows
    ]


@rule("python-unsupported")
def python_unsupported(case: Case) -> Iterator[Outcome]:
    """No build for this Python.

    A compiled package has one file for each Python release that it supports. For any other, the installer finds nothing
    ("No matching distribution found"), or takes an older release without a word.

    Remedy: a Python that the release has builds for, or a release that has builds for this Python.
    """
    python = case.machine.python
    if case.goal.verb != "install" and case.goal.verb != "import":
        return
    main = case.main
    if main is None or main.state in ("absent", "unknown"):
        return
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
    for subject in (main, *_pulled_in(case, main)):
        rows = [row for row in subject.candidates if "python" in row and not row.get("stub")]
        if not rows:
            continue
        fits = any(line in row["python"] for row in rows)
        evidence = case.cite(
            f"{subject.distribution} {rows[0]['version']}: Python {', '.join(rows[0]['python'])}", rows[0], "python"
        )
        yield _python(
            subject,
            line,
            fits,
            (case.read("python", python), evidence),
            sorted(
                {one for row in rows for one in row["python"]}, key=lambda text: versions.parse(text.rstrip("t")).key()
            ),
        )


def _python(subject: Subject, line: str, fits: bool, evidence: tuple[Evidence, ...], offered: list[str]) -> Outcome:
    if fits:
        return Holds(
            "python-unsupported", subject.component, f"{subject.label} has a build for Python {line}", evidence
        )
    choice = f" It has builds for Python {', '.join(offered)}." if offered else ""
    return Finding(
        "python-unsupported",
        "python",
        f"{subject.label} has no build for Python {line}.{choice}",
        evidence,
        (
            Remedy(f"use Python {offered[-1]}" if offered else "use the Python that the build was made for", "python"),
            Remedy(f"choose a release of {subject.distribution} with a build for Python {line}"),
        ),
    )


def _tag_admits(tag: str, line: str) -> bool:
    return tag.startswith("py") or tag == "cp" + line.replace(".", "")


def _pulled_in(case: Case, main: Subject) -> Iterator[Subject]:
    """GPU packages that the requested extra pins, such as tensorrt of tensorflow[and-cuda]."""
    from compat.rules.subject import matching

    asked = next(iter(case.machine.request or {}), "")
    extras = [extra.strip() for extra in asked.partition("[")[2].rstrip("]").split(",") if extra.strip()]
    for row in main.candidates[:1]:
        lines = [line for extra in extras for line in row.get("extras", {}).get(extra, ())]
        for name, spec, _ in case.matrix.packages.pins({"requires": lines}):
            found = tuple(
                one
                for one in matching(case.matrix, name, None, spec)
                if one["index"] in ("pypi", "nvidia") and fits_platform(one, case.machine.os, case.machine.arch)
            )
            if found and spec != "*":
                yield Subject(
                    name,
                    name,
                    spec.lstrip("=") if spec.startswith("==") else None,
                    "requested",
                    main.facts,
                    found,
                    case.matrix,
                )


@rule("jetson-build-mismatch")
def jetson_build_mismatch(case: Case) -> Iterator[Outcome]:
    """The wheel is not made for this JetPack or module.

    Jetson's GPU is integrated and its driver comes with L4T, so frameworks need builds of their own, made for one
    JetPack:
    its CUDA, its cuDNN, its Python (JetPack 4: 3.6, JetPack 5: 3.8, JetPack 6: 3.10). A generic aarch64 wheel of the
    public
    index is CPU-only or made for servers (sm_90), and lacks the module's sm_53, sm_62, sm_72 or sm_87.

    Remedy: the wheel that NVIDIA (or jetson-ai-lab) made for this JetPack, with JetPack's own Python, or its container.
    """
    if not case.is_jetson or case.goal.verb not in ("use", "import", "install"):
        return
    main = case.main
    if main is None or main.state in ("absent", "unknown"):
        return
    jetpack = _jetpack(case)
    if jetpack is None:
        yield Untold("jetson-build-mismatch", main.component, ("jetson.jetpack", "jetson.l4t"))
        return
    row, facts = jetpack
    wanted = row.get("python")
    python = case.machine.python
    tag = main.facts.python_tag
    for told, path in ((_tag_line(tag), f"builds.{main.distribution}.python_tag"),):
        if told is not None and python is not None and told != versions.major_minor(python):
            yield Finding(
                "jetson-build-mismatch",
                main.component,
                f"The wheel is made for Python {told} of JetPack {row['jetpack']}, not for Python {python}.",
                (*facts, case.read(path, tag), case.read("python", python)),
                (Remedy(f"use Python {told}, which JetPack {row['jetpack']} has", "python"),),
            )
            return
    if main.facts.cuda is False and wanted is not None:
        yield Finding(
            "jetson-build-mismatch",
            main.component,
            f"{main.label} is a generic build without CUDA; JetPack {row['jetpack']} needs NVIDIA's wheel "
            f"(Python {wanted}).",
            (*facts, case.read(f"builds.{main.distribution}.cuda", False)),
            (Remedy(f"install the {main.distribution} wheel that NVIDIA made for JetPack {row['jetpack']}"),),
        )
        return
    cuda = main.field("cuda").known
    if cuda and row.get("cuda") and versions.same_line(cuda, row["cuda"], 1) is False:
        yield Finding(
            "jetson-build-mismatch",
            main.component,
            f"{main.label} is built for CUDA {cuda}; JetPack {row['jetpack']} has CUDA {row['cuda']}.",
            (*facts, Evidence(f"{main.label} has CUDA {cuda}", main.field("cuda").source)),
            (Remedy(f"install the {main.distribution} wheel that NVIDIA made for JetPack {row['jetpack']}"),),
        )


def _jetpack(case: Case) -> "tuple[dict[str, Any], tuple[Evidence, ...]] | None":
    """The JetPack of this module: by its own number, else the newest that is not newer than the L4T release."""
    jetson = case.machine.jetson
    rows = case.matrix.rows("jetpack", "jetpack")
    if jetson.jetpack is not None:
        stated = versions.parse(jetson.jetpack)
        for row in rows:
            if stated.covers(versions.parse(row["jetpack"])) or versions.parse(row["jetpack"]).same_as(stated):
                return row, (
                    case.read("jetson.jetpack", jetson.jetpack),
                    case.cite(f"JetPack {row['jetpack']}: CUDA {row.get('cuda')}, Python {row.get('python')}", row),
                )
    if jetson.l4t is not None:
        l4t = versions.parse(jetson.l4t)
        fitting = [
            row for row in rows if versions.parse(row["l4t"]).major == l4t.major and versions.parse(row["l4t"]) <= l4t
        ]
        if fitting:
            row = max(fitting, key=lambda row: versions.parse(row["l4t"]).key())
            return row, (
                case.read("jetson.l4t", jetson.l4t),
                case.cite(f"L4T {row['l4t']} is JetPack {row['jetpack']}", row),
            )
    return None


def _tag_line(tag: str | None) -> str | None:
    return f"{tag[2]}.{tag[3:]}" if tag is not None and tag.startswith("cp") and tag[2:].isdigit() else None
