"""cuda-compat, the forward compatibility package: does it serve this driver and GPU, or shadow a newer one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import OF_DRIVER, OF_GPUS, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.gpus import GpuFact
from compat.rules.runtimes import Runtime, is_for_jetson, is_nvidias, of_folder

if TYPE_CHECKING:
    from compat.matrix import Row

NEVER_SERVED = ("geforce", "titan", "mining")  # kinds of GPUs that forward compatibility is not for

WITHOUT_COMPAT = Remedy(
    "take the cuda-compat folder off the loader's path (LD_LIBRARY_PATH, ld.so.conf.d), or remove the "
    "cuda-compat package: the driver's own libcuda then loads",
    "setting",
)


@rule(
    "compat-library-older-than-driver",
    reads=(
        *OF_DRIVER,
        "libcuda.compat",
        "libcuda.version",
        "libcuda.path",
        "loader_configuration",
        "toolkits",
        "packages",
        "request",
        "arch",
        *OF_SYSTEM,
        *OF_GPUS,
    ),
    masks=("driver-library-mismatch", "driver-too-old", "forward-compat-unsupported", "ptx-newer-than-driver"),
    of="platform",
)
def compat_library_older_than_driver(case: Case) -> Iterator[Outcome]:
    """A cuda-compat libcuda shadows a newer driver.

    The cuda-compat package brings the user-mode driver of a newer CUDA to an older kernel driver. On a machine whose
    driver is newer than the package, it does the reverse: the old library comes first on the loader's path and no
    longer fits the kernel module. Images of CUDA carry it, and some loader configurations put it first always.

    Measured on an H200: cuda-compat of 580.95.05 on a 580.159.04 driver: cuInit 803, NVML fine.

    Remedy: take cuda-compat off the loader's path.
    """
    if not case.goal.needs_gpu:
        return
    libcuda, driver = case.machine.libcuda, case.kernel_driver
    if libcuda.compat is False:
        yield Holds(
            "compat-library-older-than-driver",
            "libcuda",
            "the driver's own libcuda loads",
            (case.read("libcuda.compat", False),),
        )
        return
    if libcuda.compat is None:
        yield from _by_configuration(case)
        return
    if libcuda.version is None:
        yield _of_image(case, case.read("libcuda.compat", True), "cuda-compat is taken to be that of the image's CUDA")
        return
    if driver is None:
        yield Untold("compat-library-older-than-driver", "libcuda", ("libcuda.version", "driver.version"))
        return
    facts = (
        case.read("libcuda.compat", True),
        case.read("libcuda.version", libcuda.version),
        *case.driver_evidence,
    )
    if versions.at_least(libcuda.version, driver) is False:
        yield Finding(
            "compat-library-older-than-driver",
            "libcuda",
            f"The cuda-compat libcuda {libcuda.version} loads in front of the newer driver {driver}.",
            facts,
            (WITHOUT_COMPAT,),
        )
    else:
        yield Holds(
            "compat-library-older-than-driver",
            "libcuda",
            f"cuda-compat {libcuda.version} is not older than driver {driver}",
            facts,
        )


def _by_configuration(case: Case) -> Iterator[Outcome]:
    """A loader configuration for cuda-compat makes the image's own compat library load, always."""
    configuration = case.machine.loader_configuration or ""
    path = (case.machine.variables or {}).get("LD_LIBRARY_PATH", "").split(":")[0]
    if "compat" not in configuration and not path.rstrip("/").endswith("/compat"):
        return
    where = (
        ("loader_configuration", configuration) if "compat" in configuration else ("variables.LD_LIBRARY_PATH", path)
    )
    yield _of_image(case, case.read(*where), "what the configuration names is taken to load")


def _of_image(case: Case, said: Evidence, assumed: str) -> Outcome:
    """A cuda-compat of unknown release: its folder names its CUDA, and an image carries that of its own."""
    kits, offered = _packaged(case), case.driver_cuda
    taken: tuple[Evidence, ...] = ()
    if offered is None and case.is_jetson:
        from compat.rules.packages.jetson import own_cuda

        offered, taken = own_cuda(case), (case.assume("driver.cuda", "that of its JetPack"),)
    fitting = {_fits(case, kit, offered[0]) if offered else None for _, kit in kits}
    if offered is None or fitting != {False}:
        return Untold("compat-library-older-than-driver", "libcuda", ("libcuda.version", "driver.version"))
    cuda, folder = kits[0][1], _folder(case)
    told = (case.read(field, folder.get(field, one)) for field, one in kits)
    return Finding(
        "compat-library-older-than-driver",
        "libcuda",
        f"The loader is set to take cuda-compat's libcuda of CUDA {cuda}; the driver offers {offered[0]} itself.",
        (
            *dict.fromkeys((said, *told, *offered[1], *case.driver_evidence, *case.board)),
            case.assume("libcuda.compat, libcuda.version", assumed),
            *taken,
        ),
        (WITHOUT_COMPAT,),
    )


def _folder(case: Case) -> dict[str, str]:
    """Field -> the folder that libcuda loads from, as far as it is told."""
    first = (case.machine.variables or {}).get("LD_LIBRARY_PATH", "").split(":")[0]
    return {"libcuda.path": case.machine.libcuda.path or "", "variables.LD_LIBRARY_PATH": first}


def _packaged(case: Case) -> list[tuple[str, str]]:
    """(field, CUDA) of the cuda-compat: as its folder says, else of the image's toolkits, else of all.

    Empty where one of them is of unknown release.
    """
    for field, path in _folder(case).items():
        named = of_folder(path) if "/compat" in path else None
        if named is not None:
            return [(field, named)]
    every = [(f"toolkits[{index}].version", kit) for index, kit in enumerate(case.machine.toolkits or ())]
    meant = [(field, kit) for field, kit in every if kit.origin == "container"] or every
    told = [(field, kit.version) for field, kit in meant if kit.version is not None]
    return told if len(told) == len(meant) else []


def _fits(case: Case, cuda: str, offered: str) -> bool | None:
    """Does the cuda-compat of a CUDA fit a driver that offers this one?

    That of an older CUDA does not. That of the driver's own CUDA is of the driver's branch: it fits the very release
    that it was made with and no other.
    """
    newer = versions.at_least(cuda, offered)
    if not newer or versions.same_line(cuda, offered, 2) is not True:
        return newer
    if case.is_jetson:
        return False
    driver, made = case.kernel_driver, case.matrix.cuda.drivers_of(cuda)
    if driver is None or {versions.parse(one).major for one in made} != {versions.parse(driver).major}:
        return True
    return None if any(versions.parse(driver).same_as(versions.parse(one)) for one in made) else False


@rule(
    "forward-compat-unsupported",
    reads=(
        "arch",
        *OF_DRIVER,
        "libcuda.compat",
        "libcuda.version",
        "libcuda.path",
        "libcuda.compat_drivers",
        "toolkits",
        *OF_SYSTEM,
        *OF_GPUS,
    ),
    masks=("driver-too-old", "driver-library-mismatch"),
    of="platform",
)
def forward_compat_unsupported(case: Case) -> Iterator[Outcome]:
    """A cuda-compat libcuda on a GPU class or driver branch that it does not serve.

    Forward compatibility lets an older kernel driver run a newer CUDA, on data center GPUs, some workstation GPUs and
    Jetson, never on GeForce; and only on the driver branches that the package names (its libcuda carries them in the
    ELF note `.note.cuda.fwd_compatibility`). The user-mode driver in the package must also still support the GPU.

    Shows as: cuInit 804 "forward compatibility was attempted on non supported HW", 803 "unsupported display driver /
    cuda driver combination".

    Remedy: take cuda-compat off the loader's path, and upgrade the driver if its own CUDA is too old.
    """
    libcuda = case.machine.libcuda
    if not case.goal.needs_gpu or libcuda.compat is not True:
        return
    facts: tuple[Evidence, ...] = (case.read("libcuda.compat", True),)
    refused = _refused_gpu(case) or _refused_branch(case)
    if refused is not None:
        message, evidence = refused
        yield Finding(
            "forward-compat-unsupported",
            "libcuda",
            message,
            (*facts, *evidence),
            (WITHOUT_COMPAT, Remedy("upgrade the driver instead", "driver")),
        )
    elif case.gpus and all(gpu.kind is not None for gpu in case.gpus):
        yield Holds(
            "forward-compat-unsupported", "libcuda", "cuda-compat serves this GPU class and driver branch", facts
        )
    else:
        yield Untold("forward-compat-unsupported", "libcuda", ("gpus[0].name", "libcuda.compat_drivers"))


def lifted_by_image(case: Case, runtime: Runtime) -> Holds | Untold | Evidence | None:
    """That the cuda-compat which NVIDIA's own images carry lifts the driver to the image's CUDA.

    The images' start scripts put it in the driver's place where the driver is older, on data center GPUs. Where it is
    not told that it is such an image and such a GPU: what is taken to be so instead. Some workstations' GPUs are served
    as well; which is not known here.
    """
    libcuda, image = case.machine.libcuda, case.machine.container.image
    if libcuda.compat is not None or libcuda.version is not None or runtime.component != "cuda":
        return None
    if case.is_jetson:
        return _lifted_on_jetson(case, runtime)
    claim = case.matrix.drivers.forward(runtime.cuda)
    branch = _branch_among(case, claim.value) if claim is not None else None
    if claim is None or branch is None or not (image is None or is_nvidias(image)):
        return None
    if any(
        gpu.kind not in (None, "datacenter", "workstation") or _ended(case, gpu, claim.row["driver"])
        for gpu in case.gpus
    ):
        return None
    if image is None or not case.gpus or any(gpu.kind is None for gpu in case.gpus):
        return case.assume("container.image, gpus", "no image of NVIDIA's on data center GPUs: no cuda-compat serves")
    if any(gpu.kind == "workstation" for gpu in case.gpus):
        return Untold("driver-too-old", runtime.component, ("libcuda.compat",))
    if case.kernel_driver is None:
        return Untold("driver-too-old", runtime.component, ("driver.version",))
    return Holds(
        "driver-too-old",
        runtime.component,
        f"cuda-compat of CUDA {claim.row['cuda']} in NVIDIA's image serves driver branch {branch}",
        (
            case.read("container.image", image),
            *case.driver_evidence,
            case.claim("host branches of cuda-compat", claim),
            case.assume("libcuda.compat", "the image's cuda-compat loads, as its start script has it"),
        ),
    )


def _lifted_on_jetson(case: Case, runtime: Runtime) -> Untold | None:
    """NVIDIA's images for a Jetson (-igpu) bring a CUDA newer than the board's, which JetPacks from 5.0 on take with
    Jetson's own cuda-compat: whether it is in the image is not told."""
    from compat.rules.packages.jetson import release_of

    image, jetpack = case.machine.container.image, release_of(case)
    if image is None or not is_nvidias(image) or not is_for_jetson(image) or jetpack is None:
        return None
    takes = case.matrix.traits.holds("jetpack", "cuda-upgrades", jetpack[0]["jetpack"])
    return None if takes is False else Untold("driver-too-old", runtime.component, ("libcuda.compat",))


def _branch_among(case: Case, served: list[str]) -> str | None:
    """The branch of these that the driver is of, or may be, where nothing but the CUDA that it offers is told."""
    driver, cuda = case.kernel_driver, case.machine.driver.cuda
    if driver is not None:
        branch = str(versions.parse(driver).major)
        return branch if branch in served else None
    offered = {one: case.matrix.cuda.offered_by(one, "linux") for one in served if cuda is not None}
    return next(
        (one for one, claim in offered.items() if claim and versions.same_line(claim.value, cuda or "", 2)), None
    )


def _refused_gpu(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    libcuda = case.machine.libcuda
    for gpu in case.gpus:
        if gpu.kind in NEVER_SERVED:
            return f"cuda-compat does not serve {gpu.name}: forward compatibility is not for GeForce.", gpu.evidence
        row = _ended(case, gpu, libcuda.version) if libcuda.version else None
        if row is not None:
            return (
                f"The cuda-compat libcuda {libcuda.version} no longer supports {gpu.name} ({row['name']}).",
                (
                    case.read("libcuda.version", libcuda.version),
                    *gpu.evidence,
                    case.cite(f"{row['name']} ends with driver branch {row['driver_last']}", row, "driver_last"),
                ),
            )
    return None


def _ended(case: Case, gpu: GpuFact, driver: str) -> "Row | None":
    """The GPU's generation, if its last driver branch is older than this user-mode driver."""
    row = case.matrix.gpus.architecture(gpu.capability) if gpu.capability else None
    return row if row is not None and versions.parse(driver).major > int(row.get("driver_last", 10**6)) else None


def _refused_branch(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    libcuda, driver = case.machine.libcuda, case.kernel_driver
    if driver is None:
        return None
    branch = str(versions.parse(driver).major)
    if libcuda.compat_drivers is not None:
        allowed = [str(versions.parse(text).major) for text in libcuda.compat_drivers]
        if branch not in allowed:
            return (
                f"cuda-compat serves driver branches {', '.join(libcuda.compat_drivers)}, not {branch}.",
                (case.read("libcuda.compat_drivers", ", ".join(libcuda.compat_drivers)), *case.driver_evidence),
            )
        return None
    return _refused_by_cuda(case, driver, branch)


def _refused_by_cuda(case: Case, driver: str, branch: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """The branch by the CUDA of the cuda-compat: that which its release offers, else that which it is made for."""
    version = case.machine.libcuda.version
    taken: tuple[Evidence, ...] = ()
    if version is not None:
        taken = (case.read("libcuda.version", version),)
        made = case.matrix.cuda.offered_by(version, "linux")
        cuda = made.value if made is not None and versions.at_least(driver, version) is False else None
    else:
        cudas = {versions.major_minor(cuda) for _, cuda in _packaged(case)}
        offered, cuda = case.driver_cuda, cudas.pop() if len(cudas) == 1 else None
        if cuda is None or offered is None or versions.at_least(offered[0], cuda) is not False:
            return None
        folder = _folder(case)
        taken = (
            *offered[1],
            *(case.read(field, folder.get(field, named)) for field, named in _packaged(case)),
            case.assume("libcuda.version", "cuda-compat is taken to be that of the image's CUDA"),
        )
    claim = case.matrix.drivers.forward(cuda) if cuda is not None else None
    if claim is None or branch in claim.value:
        return None
    return (
        f"cuda-compat of CUDA {claim.row['cuda']} serves driver branches {', '.join(claim.value)}, not {branch}.",
        (
            case.claim("host branches of cuda-compat", claim),
            *case.driver_evidence,
            *taken,
            case.assume("libcuda.compat_drivers", "those of its CUDA's cuda-compat"),
        ),
    )
