"""The driver: is there one, is it new enough, does it serve the GPU."""

from collections.abc import Iterator
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from compat import versions
from compat.records import replace
from compat.rules.base import (
    OF_DRIVER,
    OF_GPUS,
    OF_RUNTIME,
    OF_SYSTEM,
    Evidence,
    Finding,
    Holds,
    Outcome,
    Remedy,
    Untold,
    rule,
)
from compat.rules.case import Case
from compat.rules.cuda.forward import lifted_by_image
from compat.rules.gpus import GpuFact, each_chip
from compat.rules.macos import no_driver_for_macos
from compat.rules.runtimes import Runtime

if TYPE_CHECKING:
    from compat.matrix.claim import Claim

UPGRADE = Remedy("install a newer NVIDIA driver and reboot", "driver")


@rule(
    "driver-missing",
    reads=(
        *OF_DRIVER,
        "driver.kernel_module_loaded",
        "missing_libraries",
        "arch",
        "distribution_version",
        *OF_SYSTEM,
        *OF_GPUS,
    ),
    masks=("driver-too-old", "device-node-missing", "library-not-found"),
    of="platform",
    says="gpu",
)
def driver_missing(case: Case) -> Iterator[Outcome]:
    """No NVIDIA driver answers.

    CUDA programs talk to the GPU through the kernel module (nvidia.ko) and the user-mode library libcuda.so.1, which
    come together as the driver. Without them every CUDA call fails ("no CUDA-capable device is detected",
    "Found no NVIDIA driver on your system", "libcuda.so.1: cannot open shared object file") and frameworks fall
    back to the CPU, most of them silently.

    macOS has none on Apple's own processors, nor after the last macOS that CUDA was made for.

    Tell apart: if another kernel driver holds the GPU it is `other-driver-bound`; if the module is refused by Secure
    Boot, `kernel-module-rejected`; inside a container, `container-without-gpu`.

    Remedy: install the driver of the distribution or NVIDIA's, of a branch that serves this GPU.
    """
    if not case.goal.needs_gpu:
        return
    driver = case.machine.driver
    known = driver.version or driver.kernel_module_version or driver.cuda
    if soname := _absent_library(case):
        yield _no_library(case, soname, known)
    elif driver.kernel_module_loaded is False:
        installed = f", though {known} is installed" if known else ""
        yield Finding(
            "driver-missing",
            "driver",
            f"No NVIDIA driver answers: the nvidia kernel module is not loaded{installed}.",
            (case.read("driver.kernel_module_loaded", False), *case.driver_evidence),
            (Remedy("load it (modprobe nvidia) and see in the kernel log why it was not", "system"),) * bool(known)
            + (Remedy("install the NVIDIA driver (a branch that serves this GPU) and reboot", "driver"),),
        )
    elif known is None and (nowhere := no_driver_for_macos(case)):
        yield nowhere
    elif known is not None:
        yield Holds("driver-missing", "driver", f"driver {known} is there", case.driver_evidence)
    elif case.is_jetson and (release := _jetson_release(case)):
        yield Holds("driver-missing", "driver", "the driver is a part of the Jetson's Linux", (release,))
    else:
        yield Untold("driver-missing", "driver", ("driver.version",))


def _jetson_release(case: Case) -> Evidence | None:
    """The release of JetPack or of Jetson Linux: each has its driver in it."""
    jetson = case.machine.jetson
    for field, release in (("l4t", jetson.l4t), ("jetpack", jetson.jetpack)):
        if release is not None:
            return case.read(f"jetson.{field}", release)
    return None


def _absent_library(case: Case) -> str | None:
    """A user-mode library of the driver that is not there and without which the goal cannot begin.

    Every CUDA program opens libcuda.so.1. What starts a container opens libnvidia-ml.so.1 of the host before that
    ("nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1").
    """
    needed = ("libcuda.so.1", "libnvidia-ml.so.1") if str(case.goal) == "start:container" else ("libcuda.so.1",)
    return next((soname for soname in needed if soname in (case.machine.missing_libraries or ())), None)


def _no_library(case: Case, soname: str, known: str | None) -> Finding:
    """The kernel module may well be there: without this library no program reaches it."""
    absent = (case.read("missing_libraries", soname),)
    if known is None:
        return Finding(
            "driver-missing",
            "driver",
            f"No NVIDIA driver answers: {soname} is nowhere on the loader's path.",
            absent,
            (Remedy("install the NVIDIA driver (a branch that serves this GPU) and reboot", "driver"),),
        )
    in_container = Remedy(
        "in a container: start it with the driver capability `compute`; the container toolkit mounts libcuda",
        "container",
    )
    return Finding(
        "driver-missing",
        "driver",
        f"Driver {known} is there, but its user-mode library {soname} is nowhere on the loader's path.",
        (*absent, *case.driver_evidence),
        (
            Remedy(f"install the user-mode libraries of driver {known} (such as libnvidia-compute)", "driver"),
            *(in_container,) * (soname == "libcuda.so.1"),
            Remedy(f"put the folder that has {soname} on the loader's path (ldconfig, LD_LIBRARY_PATH)", "setting"),
        ),
    )


@rule(
    "driver-too-old",
    reads=(*OF_DRIVER, "libcuda.compat", "libcuda.version", *OF_SYSTEM, *OF_GPUS, *OF_RUNTIME),
    says="cuda",
)
def driver_too_old(case: Case) -> Iterator[Outcome]:
    """A CUDA runtime in use needs a newer driver.

    Each CUDA release needs a minimum driver (CUDA release notes, toolkit and driver table). Within a CUDA major the
    minimum is that of the whole major, by minor-version compatibility: 11.x starts on 450.80.02, 12.x on 525.60.13,
    13.x on 580.65.06 (Linux). CUDA 10 and older have no such rule: each release needs its own driver. So a driver
    that offers CUDA 12.2 runs a wheel of CUDA 12.9, but not code that must be compiled from PTX
    (`ptx-newer-than-driver`).

    Shows as: "CUDA driver version is insufficient for CUDA runtime version" (35), "The NVIDIA driver on your system is
    too old".

    Remedy: a newer driver; or a build of the framework for the older CUDA major; on data center GPUs the cuda-compat
    package (forward compatibility).
    """
    if not case.goal.runs_on_gpu:
        return
    driver = case.machine.driver
    if not case.runtimes:
        return
    if driver.version is None and driver.cuda is None and not case.is_jetson:  # whose driver comes with its L4T
        yield Untold("driver-too-old", "driver", ("driver.version",))
        return
    for runtime in case.runtimes:
        yield _driver_for(case, runtime)


def _driver_for(case: Case, runtime: Runtime) -> Outcome:
    forward = _lifted_by_compat(case, runtime)
    if forward is True:
        version = case.machine.libcuda.version
        because = f"cuda-compat {version} is loaded in the driver's place"
        return Holds("driver-too-old", runtime.component, because, (case.read("libcuda.version", version),))
    outcome = _own_driver_for(case, runtime)
    if not isinstance(outcome, Finding):
        return outcome
    if forward is None:
        return Untold("driver-too-old", runtime.component, ("libcuda.version", "driver.version"))
    lifted = lifted_by_image(case, runtime)
    if isinstance(lifted, (Holds, Untold)):
        return lifted
    taken = (*case.own_libcuda, *case.no_jetsons_driver, *((lifted,) if lifted is not None else ()))
    if case.machine.libcuda.compat:  # which is no newer than that
        taken = (case.read("libcuda.compat", True), case.read("libcuda.version", case.machine.libcuda.version), *taken)
    return replace(outcome, evidence=tuple(dict.fromkeys((*outcome.evidence, *taken))))


def _own_driver_for(case: Case, runtime: Runtime) -> Outcome:
    driver = case.machine.driver
    if driver.version is None or case.is_jetson:
        return _by_offered_cuda(case, runtime)
    answers = {system: _is_new_enough(case, runtime, system) for system in case.driver_systems}
    verdicts = {answer for _, answer in answers.values()}
    if verdicts == {True}:
        claim = next(iter(answers.values()))[0]
        assert claim is not None
        return Holds(
            "driver-too-old",
            runtime.component,
            f"driver {driver.version} serves {runtime.of} (CUDA {runtime.cuda}): {claim.value} or newer is needed",
            (*case.driver_evidence, case.claim(f"CUDA {runtime.cuda} starts on driver >= {claim.value}", claim)),
        )
    claim = next((claim for claim, _ in answers.values() if claim is not None), None)
    if verdicts == {False} and claim is not None:
        return Finding(
            "driver-too-old",
            "driver",
            f"{runtime.of} uses CUDA {runtime.cuda}, which needs driver {claim.value} or newer; "
            f"this machine has {driver.version}.",
            (
                *case.driver_evidence,
                *case.started(runtime),
                *case.of_system(lambda system: _is_new_enough(case, runtime, system)[1]),
                case.claim(f"CUDA {runtime.cuda} starts on driver >= {claim.value}", claim),
            ),
            (
                Remedy(f"install driver {claim.value} or newer", "driver"),
                Remedy("install a build for an older CUDA that this driver serves"),
            ),
        )
    return _by_offered_cuda(case, runtime)


def _is_new_enough(case: Case, runtime: Runtime, system: str) -> "tuple[Claim | None, bool | None]":
    """The least driver for the runtime on a system, and whether this one is as new."""
    claim = case.matrix.cuda.minimum(runtime.cuda, system)
    if claim is None:  # no CUDA takes an older driver than the majors before it did
        majors = range(9, versions.parse(runtime.cuda).major)
        before = (case.matrix.cuda.minimum(str(major), system) for major in majors)
        older = (versions.at_least(case.machine.driver.version or "0", one.value) is False for one in before if one)
        return None, False if any(older) else None
    return claim, versions.at_least(case.machine.driver.version or "0", claim.value)


def _by_offered_cuda(case: Case, runtime: Runtime) -> Outcome:
    """Where the release does not decide, the CUDA that the driver says it offers may."""
    offered = case.driver_cuda
    if offered is None and case.is_jetson:
        from compat.rules.packages.jetson import stated_cuda

        offered = stated_cuda(case)
        if offered is None:
            return Untold("driver-too-old", runtime.component, ("driver.cuda", "jetson.l4t"))
    if offered is None:
        return _by_least_cuda(case, runtime)
    cuda, evidence = offered
    needed, has = versions.parse(runtime.cuda), versions.parse(cuda)
    if has.major > needed.major or versions.at_least(cuda, versions.major_minor(runtime.cuda)):
        return Holds("driver-too-old", runtime.component, f"the driver offers CUDA {cuda}", evidence)
    if has.major < needed.major:
        return _offers_less(case, runtime, cuda, evidence)
    compatible = any(
        row["major"] == str(has.major) and row["minor_compatible"] for row in case.matrix.rows("major", "cuda")
    )
    if compatible:
        return Holds(
            "driver-too-old",
            runtime.component,
            f"the driver's CUDA {cuda} serves all of CUDA {has.major} (minor-version compatibility)",
            evidence,
        )
    if needed.minor is None:
        return Untold("driver-too-old", runtime.component, ("driver.version",))
    return _offers_less(case, runtime, cuda, evidence)


def _by_least_cuda(case: Case, runtime: Runtime) -> Outcome:
    """Of a driver newer than the matrix knows it is certain what it offers at least."""
    least = case.least_cuda
    if least is None:
        return Untold("driver-too-old", runtime.component, ("driver.version",))
    needed, has = versions.parse(runtime.cuda), versions.parse(least[0])
    if needed.major <= has.major:
        return Holds("driver-too-old", runtime.component, f"the driver offers CUDA {least[0]} or newer", least[1])
    return Untold("driver-too-old", runtime.component, ("driver.cuda",))


def _offers_less(case: Case, runtime: Runtime, cuda: str, evidence: tuple[Evidence, ...]) -> Finding:
    untold = case.is_jetson and case.machine.driver.cuda is None
    own = (case.assume("driver.cuda", "that of its JetPack"),) if untold else ()
    return Finding(
        "driver-too-old",
        "driver",
        f"{runtime.of} uses CUDA {runtime.cuda}; the driver offers CUDA {cuda} only.",
        tuple(dict.fromkeys((*evidence, *case.board, *own, *case.started(runtime)))),
        (UPGRADE,),
    )


def _lifted_by_compat(case: Case, runtime: Runtime) -> bool | None:
    """Does a cuda-compat libcuda that serves this driver lift it to its own CUDA? None where it cannot be told."""
    libcuda = case.machine.libcuda
    if not libcuda.compat:
        return False
    claim = case.matrix.cuda.minimum(runtime.cuda, "linux")
    if libcuda.version is None or claim is None:
        return None
    lifts = versions.at_least(libcuda.version, claim.value)
    return None if lifts and case.kernel_driver is None else lifts


@rule(
    "driver-dropped-gpu",
    reads=("arch", *OF_DRIVER, *OF_SYSTEM, *OF_GPUS),
    masks=("driver-too-old", "ptx-newer-than-driver"),
    of="platform",
    says="gpu",
)
def driver_dropped_gpu(case: Case) -> Iterator[Outcome]:
    """The driver branch no longer supports this GPU, or does not support it yet.

    Each GPU generation has a first and a last driver branch: Fermi ends with 390, Kepler with 470, Maxwell, Pascal and
    Volta with 580; Blackwell begins with 570. A driver outside that range loads and ignores the GPU: "No devices were
    found", and in the kernel log "The NVIDIA GPU ... is supported through the NVIDIA 580.xx Legacy drivers".

    Remedy: a branch inside the range (the legacy branch for an old GPU).
    """
    if not case.goal.needs_gpu or case.is_jetson:
        return  # a Jetson's driver comes with its L4T and is numbered apart
    for gpu in case.gpus:
        for outcome in each_chip(gpu, partial(_served, case)):
            if isinstance(outcome, Finding):
                found = _of_a_mix(case, outcome)
                outcome = replace(found, evidence=(*found.evidence, *case.no_jetsons_driver))
            yield outcome


def _of_a_mix(case: Case, found: Finding) -> Finding:
    """Where the last branch of one GPU is older than the first of another, another driver mends nothing: which two."""
    known = [(gpu, gpu.capability) for gpu in case.gpus if gpu.capability is not None]
    eras = ((gpu, case.matrix.gpus.architecture(one)) for gpu, one in known)
    ends = [(int(row["driver_last"]), gpu, row) for gpu, row in eras if row is not None and "driver_last" in row]
    firsts = ((gpu, case.matrix.gpus.first_driver(one)) for gpu, one in known)
    starts = [(int(claim.value), gpu, claim) for gpu, claim in firsts if claim is not None]
    last, old, row = min(ends, key=itemgetter(0), default=(0, None, None))
    first, new, claim = max(starts, key=itemgetter(0), default=(0, None, None))
    if old is None or row is None or new is None or claim is None or first <= last:
        return found
    bounds = (
        *old.evidence,
        *new.evidence,
        case.cite(f"{row['name']} ends with driver branch {last}", row, "driver_last"),
        case.claim(f"{new.capability} begins with driver branch {first}", claim),
    )
    both = f"No driver serves both {old.name} (up to branch {last}) and {new.name} (from {first})."
    more = tuple(one for one in dict.fromkeys(bounds) if one not in found.evidence)
    apart = Remedy("use the two in separate machines, or one of them only with a driver that serves it", "hardware")
    return replace(found, message=f"{found.message} {both}", evidence=(*more, *found.evidence), remedies=(apart,))


def _served(case: Case, gpu: GpuFact) -> Outcome:
    release = case.kernel_driver
    if release is None or gpu.capability is None:
        return Untold("driver-dropped-gpu", gpu.path, ("driver.version",) if release is None else (f"{gpu.path}.name",))
    row = case.matrix.gpus.architecture(gpu.capability)
    if row is None:
        return Untold("driver-dropped-gpu", gpu.path, (f"{gpu.path}.name",))
    first, last = case.matrix.gpus.first_driver(gpu.capability), row.get("driver_last")

    def too_new(system: str) -> bool:
        return last is not None and case.matrix.drivers.number(release, system) > int(last)

    def too_old(system: str) -> bool:
        return first is not None and case.matrix.drivers.number(release, system) < int(first.value)

    ended, yet_to_come = case.agree(too_new), case.agree(too_old)
    if ended is None or yet_to_come is None:
        return Untold("driver-dropped-gpu", gpu.path, ("os",))
    said = case.driver_evidence
    if ended:
        return Finding(
            "driver-dropped-gpu",
            "driver",
            f"Driver {release} no longer supports {gpu.name} ({row['name']}): branch {last} is the last that does.",
            (
                *gpu.evidence,
                *said,
                *case.of_system(too_new),
                case.cite(f"{row['name']} ends with driver branch {last}", row, "driver_last"),
            ),
            (Remedy(f"install the legacy driver of branch {last}", "driver"),),
        )
    if first is not None and yet_to_come:
        return Finding(
            "driver-dropped-gpu",
            "driver",
            f"Driver {release} does not know {gpu.name} ({row['name']}) yet: branch {first.value} is the first "
            "that does.",
            (
                *gpu.evidence,
                *said,
                case.cite(f"{gpu.capability} begins with driver branch {first.value}", first.row, first.field),
            ),
            (Remedy(f"install a driver of branch {first.value} or newer", "driver"),),
        )
    if first is None and last is None:
        return Untold("driver-dropped-gpu", gpu.path, (f"{gpu.path}.name",))
    return Holds("driver-dropped-gpu", gpu.path, f"driver {release} serves {gpu.name} ({row['name']})", said)
