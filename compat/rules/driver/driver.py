"""The driver: is there one, and is it new enough?"""

from collections.abc import Iterator
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
from compat.rules.driver.any_release import oldest_runtimes
from compat.rules.driver.refused import refused_branches
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
    elif nowhere := no_driver_for_macos(case):  # whatever is taken for one
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
    reads=(*OF_DRIVER, "libcuda.compat", "libcuda.version", "builds.python_tag", *OF_SYSTEM, *OF_GPUS, *OF_RUNTIME),
    says="cuda",
)
def driver_too_old(case: Case) -> Iterator[Outcome]:
    """A CUDA runtime in use needs a newer driver.

    Each CUDA release needs a minimum driver (CUDA release notes, toolkit and driver table). Within a CUDA major the
    minimum is that of the whole major, by minor-version compatibility: 11.x starts on 450.80.02, 12.x on 525.60.13,
    13.x on 580.65.06 (Linux). CUDA 10 and older have no such rule: each release needs its own driver. So a driver
    that offers CUDA 12.2 runs a wheel of CUDA 12.9, but not code that must be compiled from PTX
    (`ptx-newer-than-driver`). A release may fail on a branch all the same: what is reported so is in the matrix.

    Shows as: "CUDA driver version is insufficient for CUDA runtime version" (35), "The NVIDIA driver on your system is
    too old".

    Remedy: a newer driver; or a build of the framework for the older CUDA major; on data center GPUs the cuda-compat
    package (forward compatibility).
    """
    if not case.goal.runs_on_gpu:
        return
    driver = case.machine.driver
    if not case.runtimes:
        yield from _for_any_release(case)
        return
    if driver.version is None and driver.cuda is None and not case.is_jetson:  # whose driver comes with its L4T
        yield Untold("driver-too-old", "driver", ("driver.version",))
        return
    for runtime in case.runtimes:
        yield _driver_for(case, runtime)
    yield from refused_branches(case)


def _for_any_release(case: Case) -> Iterator[Finding]:
    """Of a package whose release is not told: is the driver too old for every build that it can be?"""
    for runtime, told in oldest_runtimes(case) if case.machine.driver.version is not None else ():
        outcome = _driver_for(case, runtime)
        if isinstance(outcome, Finding):
            yield replace(outcome, evidence=tuple(dict.fromkeys((*outcome.evidence, *told))))


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
