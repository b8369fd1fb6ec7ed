"""The two halves of the driver, the kernel's module and the user's libraries: are they of one release."""

from collections.abc import Iterator

from compat import versions
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case


@rule(
    "driver-library-mismatch",
    reads=(
        "driver.version",
        "driver.kernel_module_version",
        "libcuda.version",
        "libcuda.path",
        "libcuda.compat",
        "libcuda.stub",
        "environment",
        "os",
    ),
    masks=("driver-too-old", "ptx-newer-than-driver", "forward-compat-unsupported"),
    of="platform",
)
def driver_library_mismatch(case: Case) -> Iterator[Outcome]:
    """Kernel module and user-mode libraries of the driver are of different releases.

    The two halves of the driver speak a private protocol, so they have to be of the very same release, to the last
    number. They drift apart when the packages were upgraded and the old module is still loaded (until a reboot), when
    two installers were mixed, or when another release's libraries come first on the loader's path. The cuda-compat
    package is the only libcuda that may differ; it has rules of its own.

    Shows as: "Failed to initialize NVML: Driver/library version mismatch" (NVML 18), cuInit 803, and torch's "driver
    too old".

    Remedy: reboot if the packages are newer than the loaded module; else install both halves from one source, and
    take foreign libraries off the loader's path.
    """
    if not case.goal.needs_gpu:
        return
    driver, libcuda = case.machine.driver, case.machine.libcuda
    module = driver.kernel_module_version
    pairs = [("driver.version", driver.version)]
    if libcuda.compat is not True and libcuda.stub is not True:
        pairs.append(("libcuda.version", libcuda.version))
    told = [
        (path, user)
        for path, user in pairs
        if module is not None and user is not None and not _may_be_one(user, module)
    ]
    apart = next((one for one in told if not versions.parse(one[1]).same_as(versions.parse(module or "0"))), None)
    if apart is not None:
        yield _apart(case, *apart)
    elif told:
        yield Holds(
            "driver-library-mismatch",
            "driver",
            f"kernel module and libraries are both {module}",
            (case.read("driver.kernel_module_version", module),),
        )
    elif module is None and _older_libcuda(case):
        yield _behind(case)
    elif not case.environment("wsl2"):  # where Windows has the kernel's half
        yield Untold("driver-library-mismatch", "driver", ("driver.kernel_module_version", "driver.version"))


def _apart(case: Case, path: str, user: str) -> Finding:
    """The module is of another release than the libraries whose version stands at ``path``."""
    module, libcuda = case.machine.driver.kernel_module_version, case.machine.libcuda
    of_libcuda = path == "libcuda.version"
    loaded = f" ({libcuda.path})" if of_libcuda and libcuda.path else ""
    own = _a_drivers(case) if of_libcuda else ()
    return Finding(
        "driver-library-mismatch",
        "driver",
        f"The kernel module is of driver {module}, the user-mode library that loads{loaded} of {user}: "
        "both must be of one release.",
        (case.read("driver.kernel_module_version", module), case.read(path, user), *own),
        (
            Remedy("reboot, so that the installed module is loaded", "system"),
            Remedy("install kernel module and libraries of one release from one source", "driver"),
            Remedy("take the folder with the other release off the loader's path", "setting"),
        ),
    )


def _behind(case: Case) -> Finding:
    """The libcuda is of an older release than the driver, whose module is taken to be of the driver's."""
    driver, libcuda = case.machine.driver.version, case.machine.libcuda.version
    return Finding(
        "driver-library-mismatch",
        "driver",
        f"The libcuda that loads is of driver {libcuda}, older than the driver {driver} here: "
        "both must be of one release.",
        (
            case.read("driver.version", driver),
            case.read("libcuda.version", libcuda),
            case.assume("driver.kernel_module_version", "the kernel module is of the driver's release"),
            *_a_drivers(case),
            *case.outside_wsl(str),
        ),
        (Remedy("take the folder with the other release off the loader's path", "setting"),),
    )


def _may_be_one(user: str, module: str) -> bool:
    """Is one of the two a branch or a line only, of which the other may be a release?"""
    mine, its = versions.parse(user), versions.parse(module)
    whole = len(mine.release) == len(its.release) > 1
    return not whole and (mine.covers(its) or its.covers(mine))


def _older_libcuda(case: Case) -> bool:
    """Does a libcuda load that is of an older driver than the one that is there? A newer one may be a cuda-compat."""
    libcuda, driver = case.machine.libcuda, case.machine.driver.version
    if driver is None or libcuda.version is None or libcuda.compat or libcuda.stub:
        return False
    if case.environment("wsl2") or len(versions.parse(driver).release) < 2:
        return False
    return versions.at_least(libcuda.version, driver) is False


def _a_drivers(case: Case) -> tuple[Evidence, ...]:
    """That the libcuda of another release is a driver's, where nothing is said of it."""
    if case.machine.libcuda.stub is not None:
        return case.own_libcuda
    return (*case.own_libcuda, case.assume("libcuda.stub", "it is no stub, which is of no driver"))
