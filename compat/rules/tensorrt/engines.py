"""Serialized engines: on which GPU, with which TensorRT, on which system one may run."""

from collections.abc import Iterator

from compat import versions
from compat.capability import Capability
from compat.machine import Engine
from compat.matrix.gpus import read_capability
from compat.rules.base import OF_GPUS, OF_RUNTIME, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.gpus import GpuFact
from compat.rules.tensorrt.release import installed, used

GPU = "engine-from-other-gpu"
RELEASE = "engine-from-other-tensorrt"
SYSTEM = "engine-from-other-os"
REBUILD = Remedy("build the engine again on this machine, from the ONNX model")


def _run_engine(case: Case) -> bool:
    return str(case.goal) == "run:engine"


_FOR_RTX = "of TensorRT for RTX"
_OTHER_LIBRARY = Remedy("load it with TensorRT for RTX (package tensorrt-rtx) in the release that built it")


@rule("engine-unreadable", reads=("engine",), of="platform")
def engine_unreadable(case: Case) -> Iterator[Outcome]:
    """The file is cut short, or it is no engine at all.

    Repositories hold a Git-LFS pointer of some hundred bytes where the engine should be, downloads end early, and
    timing caches, pickles and plans of other tools bear an engine's name. A whole engine ends with a closing mark,
    and its header states its size.

    Shows as: "Magic tag does not match", "plan->header.size == blobSize failed", "Size specified in header does not
    match archive size".

    Remedy: fetch the file again (git lfs pull), or build the engine anew.
    """
    engine = case.machine.engine
    if not _run_engine(case) or engine.file is None:
        return
    if engine.damaged is not None:
        yield Finding(
            "engine-unreadable",
            "engine",
            f"{engine.file} cannot be loaded: {engine.damaged}.",
            (_of_engine(case, "damaged", engine.damaged),),
            (_OTHER_LIBRARY if _FOR_RTX in engine.damaged else Remedy("fetch the file again"), REBUILD),
        )
    elif engine.tensorrt is not None:
        yield Holds(
            "engine-unreadable",
            "engine",
            f"{engine.file} is whole as far as its header and end tell",
            (_of_engine(case, "tensorrt", engine.tensorrt),),
        )


@rule("engine-from-other-gpu", reads=("engine", *OF_GPUS), of="platform")
def engine_from_other_gpu(case: Case) -> Iterator[Outcome]:
    """The engine was built on another GPU and is not portable to this one.

    An engine holds machine code that was chosen and timed on the GPU that built it. It loads on GPUs of the same
    compute capability only, unless it was built hardware-compatible (from 8.6 on: any GPU of 8.0 or newer). The option
    is off unless asked for; from a file of 8.6 the level is read, where a file does not tell it the answer is a
    warning.

    Shows as: "The engine plan file is generated on an incompatible device, expecting compute 7.5 got compute 8.6".

    Remedy: build it again on this GPU.
    """
    engine = case.machine.engine
    built = read_capability(engine.compute_capability)
    if not _run_engine(case):
        return
    named = case.matrix.gpus.find(engine.gpu) if built is None and engine.gpu else None
    built = built or (read_capability(named["capability"]) if named else None)
    if built is None or not case.gpus:
        if engine.compute_capability is None and engine != Engine():
            yield Untold(GPU, "engine", ("engine.compute_capability",))
        return
    stated = engine.compute_capability
    fact = _of_engine(case, "compute_capability", stated) if stated else _of_engine(case, "gpu", str(engine.gpu))
    for gpu in case.gpus:
        if gpu.capability is None:
            yield Untold(GPU, "engine", (f"{gpu.path}.name",))
        elif gpu.capability.plain == built.plain:
            yield Holds(GPU, "engine", f"the engine is of {built}, as {gpu.name} is", (fact, *gpu.evidence))
            yield from _other_model(case, gpu, fact)
        else:
            yield from _other_gpu(case, gpu, gpu.capability, built, fact)


def _other_model(case: Case, gpu: GpuFact, fact: Evidence) -> Iterator[Outcome]:
    """The same capability on another product: TensorRT loads the engine with a warning."""
    engine = case.machine.engine
    built = case.matrix.gpus.find(engine.gpu) if engine.gpu else None
    if built is None or gpu.row is None or built["name"] == gpu.row["name"]:
        return
    facts = (fact, _of_engine(case, "gpu", str(engine.gpu)), *gpu.evidence, Evidence(_WARNS, _WARNED_IN))
    yield Finding(
        GPU,
        "engine",
        f"The engine was built on {built['name']}, this is {gpu.name}: both have {gpu.capability}, so it loads, but "
        "its kernels were chosen for the other one, and TensorRT warns.",
        facts,
        (Remedy("build the engine on this very product, for its speed"),),
        "note",
    )


_WARNS = "a plan used across different models of devices may affect performance or cause errors, says TensorRT"
_WARNED_IN = "https://github.com/NVIDIA/TensorRT/issues/3829"


def _other_gpu(case: Case, gpu: GpuFact, here: Capability, built: Capability, fact: Evidence) -> Iterator[Outcome]:
    """The capabilities differ: a hardware-compatible engine runs if both sides are Ampere or newer."""
    engine = case.machine.engine
    can_be = min(here.major, built.major) >= 8 and _has_option(case, engine.tensorrt, "hardware-compatible")
    message = f"The engine was built on compute capability {built}; {gpu.name} has {here}."
    if engine.hardware_compatible and can_be:
        yield Holds(GPU, "engine", "the engine was built hardware-compatible", (fact, *gpu.evidence))
    elif engine.hardware_compatible is None and can_be and engine.file is not None:
        yield Finding(
            GPU,
            "engine",
            f"{message} It loads only if it was built hardware-compatible, which "
            "its header does not tell for certain; that option is off unless asked for.",
            (fact, *gpu.evidence),
            (REBUILD,),
            "warning",
        )
        yield Untold(GPU, "engine", ("engine.hardware_compatible",))
    else:
        off = (_is_off(case, "hardware_compatible"),) if can_be else ()
        yield Finding(GPU, "engine", message, (fact, *gpu.evidence, *off, *_of_no_option(case, can_be)), (REBUILD,))


def _is_off(case: Case, option: str) -> Evidence:
    """That the option without which the engine stays where it was built is off, as it is said or by default."""
    if getattr(case.machine.engine, option) is False:
        return case.read(f"engine.{option}", False)
    return case.assume(f"engine.{option}", "the builder's option is off unless it is asked for")


def _of_no_option(case: Case, can_be: bool) -> Iterator[Evidence]:
    """The release that could not build hardware-compatible yet, and that the engine is said to be so all the same."""
    engine = case.machine.engine
    if not can_be and engine.tensorrt is not None and not _has_option(case, engine.tensorrt, "hardware-compatible"):
        yield _of_engine(case, "tensorrt", engine.tensorrt)
    if engine.hardware_compatible:
        yield case.read("engine.hardware_compatible", True)


def _has_option(case: Case, release: str | None, option: str) -> bool:
    """Can an engine of the release be built so at all? One of an unknown release can."""
    return case.matrix.traits.holds("tensorrt", "trtexec-flag", release, option) is not False


def _of_engine(case: Case, name: str, value: str) -> Evidence:
    """A fact of the engine, with the file that it was read from."""
    file = case.machine.engine.file
    return Evidence(f"engine.{name} = {value}", f"header of {file}") if file else case.read(f"engine.{name}", value)


@rule("engine-from-other-tensorrt", reads=("engine", "container.image", *OF_GPUS, *OF_RUNTIME))
def engine_from_other_tensorrt(case: Case) -> Iterator[Outcome]:
    """The engine was built with another TensorRT release.

    A runtime compares all four numbers of the version and loads engines of its own release only, unless the engine was
    built version-compatible (from 8.6 on: it carries a lean runtime in a section of its own; then newer runtimes of
    the same major take it, and 10 takes those of 8, 11 those of 10).

    Shows as: "Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed", "The engine plan file is not
    compatible with this version of TensorRT, expecting library version 8.6.1.6 got 8.5.3.1".

    Remedy: the TensorRT that built it, or build it again with this one.
    """
    engine = case.machine.engine
    if not _run_engine(case) or (engine.tensorrt is None and engine.serialization is None):
        return
    found = installed(case)
    if found is None:
        yield Untold(RELEASE, "tensorrt", ("libraries",))
        return
    version, path = found
    if engine.tensorrt is None:
        yield from _by_tag(case, version, path)
        return
    facts = (_of_engine(case, "tensorrt", engine.tensorrt), *used(case, version, path))
    ways = (REBUILD,) if _is_of_other_gpu(case) else (Remedy(f"install TensorRT {engine.tensorrt}"), REBUILD)
    takes, unproven = _takes(case, engine.tensorrt, version), _is_unproven(case, engine.tensorrt, version)
    message = f"The engine is of TensorRT {engine.tensorrt}, the runtime is {version}."
    if _same_release(engine.tensorrt, version):
        yield Holds(RELEASE, "engine", f"engine and runtime are TensorRT {version}", facts)
    elif engine.version_compatible and takes:
        yield Holds(RELEASE, "engine", "the engine was built version-compatible", facts)
    elif engine.file is not None and engine.version_compatible and unproven:
        yield Untold(RELEASE, "engine", ("engine.tensorrt",))  # whether so new a runtime takes it
    elif engine.file is not None and engine.version_compatible is None and (takes or unproven):
        yield Finding(
            RELEASE,
            "engine",
            f"{message} It loads only if it was built version-compatible, "
            "which its header does not tell for certain; that option is off unless asked for.",
            facts,
            ways,
            "warning",
        )
        yield Untold(RELEASE, "engine", ("engine.version_compatible",))
    else:
        off = (_is_off(case, "version_compatible"),) if takes or engine.version_compatible is False else ()
        yield Finding(RELEASE, "engine", message, (*facts, *off), ways)


def _is_of_other_gpu(case: Case) -> bool:
    """Is no GPU here of the engine's capability, so that its own TensorRT would not help either?"""
    built = read_capability(case.machine.engine.compute_capability)
    known = [gpu.capability.plain for gpu in case.gpus if gpu.capability is not None]
    if built is None or not known or built.plain in known:
        return False
    engine = case.machine.engine
    ampere = min(one.major for one in (built, *known)) >= 8
    can_be = ampere and _has_option(case, engine.tensorrt, "hardware-compatible")
    return not (can_be and engine.hardware_compatible is not False)


def _is_unproven(case: Case, built: str, runtime: str) -> bool:
    """No file of so new a release has been seen, so that nothing read of one may be fatal but what is true whatever
    its options are: an older runtime never takes it."""
    older = versions.parse(runtime) < versions.parse(built)
    return not older and case.matrix.traits.holds("tensorrt", "engines-seen", built) is False


def _same_release(one: str, other: str) -> bool:
    """Equal as far as both are given: 8.6.1 and 8.6.1.6 do not differ."""
    size = min(len(versions.parse(one).release), len(versions.parse(other).release), 4)
    return versions.parse(one).release[:size] == versions.parse(other).release[:size]


def _takes(case: Case, built: str, runtime: str) -> bool:
    """Does the runtime take engines of that release, where they were built version-compatible?"""
    one, other = versions.parse(built), versions.parse(runtime)
    across = case.matrix.traits.holds("tensorrt", "takes-engines", runtime, str(one.major)) is True
    return other >= one and (one.major == other.major or across)


def _by_tag(case: Case, version: str, path: str) -> Iterator[Outcome]:
    tag = case.machine.engine.serialization
    rows = [row for row in case.matrix.packages.of_line("tensorrt", version) if "serialization" in row]
    if not rows:
        yield Untold(RELEASE, "tensorrt", ("engine.tensorrt",))
        return
    facts = (
        case.read("engine.serialization", tag),
        *used(case, version, path),
        case.cite(f"TensorRT {version} writes tag {rows[0]['serialization']}", rows[0]),
    )
    if all(row["serialization"] != tag for row in rows):
        yield Finding(
            RELEASE,
            "engine",
            f"The engine has serialization tag {tag}; TensorRT {version} reads {rows[0]['serialization']}.",
            facts,
            (REBUILD,),
        )
    else:
        yield Holds(RELEASE, "engine", f"the engine's tag {tag} is of this release", facts)


@rule("engine-from-other-os", reads=("engine", "os", "arch", "environment", *OF_GPUS), of="platform")
def engine_from_other_os(case: Case) -> Iterator[Outcome]:
    """The engine was built on another operating system or platform.

    Engines are not portable between operating systems and architectures: Windows and Linux, x86-64 and Jetson each have
    their own platform tag, and from TensorRT 10 on a runtime refuses the others. Which tag Windows and ARM servers have
    is not known, so only the two that are (rtrt: Linux x86-64, utrt: Jetson) decide anything.

    Shows as: "plan->header.pad == expectedPlatformTag failed".

    Remedy: build it again on this system.
    """
    engine = case.machine.engine
    if not _run_engine(case) or (engine.os is None and engine.platform is None):
        return
    system = case.machine.os
    if system is None:
        yield Untold(SYSTEM, "engine", ("os",))
        return
    here = _platform(case)
    tag = engine.platform
    fact = _of_engine(case, "platform", tag) if tag else _of_engine(case, "os", engine.os or "")
    facts: tuple[Evidence, ...] = (fact, case.read("os", system))
    if engine.os is not None and engine.os != system:
        facts = (_of_engine(case, "os", engine.os), case.read("os", system))
        yield Finding(SYSTEM, "engine", f"The engine was built on {engine.os}; this is {system}.", facts, (REBUILD,))
    elif tag is None:
        yield Holds(SYSTEM, "engine", f"the engine was built on {system}", facts)
    elif tag not in _PLATFORMS or here is None:
        yield Untold(SYSTEM, "engine", ("engine.platform" if tag not in _PLATFORMS else "arch",))
    elif tag != here:
        message = f"The engine was built on {_PLATFORMS[tag]}; this is {_PLATFORMS[here]}."
        facts = (*facts, case.read("arch", case.machine.arch), *case.board)
        yield Finding(SYSTEM, "engine", message, facts, (REBUILD,))
    else:
        yield Holds(SYSTEM, "engine", f"the engine was built on {_PLATFORMS[tag]}", facts)


_PLATFORMS = {"rtrt": "Linux x86-64", "utrt": "Jetson"}


def _platform(case: Case) -> str | None:
    """The platform tag of plans that TensorRT 10 would build here, as far as it is known."""
    if case.machine.os != "linux":
        return None
    if case.is_jetson:
        return "utrt"
    return "rtrt" if case.machine.arch == "x86_64" else None
