"""Faults of the machine that no package mends: what a setting, a service or a reboot brings back.

Each entry is for one rule: the machine as it is when the remedy of that rule was applied, and the step that does it.
They are looked for where the goals are blocked whatever is installed, and each at most once.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.check import check
from compat.goals import Goal
from compat.machine import Container, Libcuda, Machine
from compat.plan.model import Command, Kind, Reason, Step
from compat.plan.solver.apply import on_library_path
from compat.plan.solver.judge import may_say, reason
from compat.plan.solver.scene import Scene
from compat.records import dataclass, replace
from compat.rules.wsl import is_driver

if TYPE_CHECKING:
    from compat.matrix import Matrix

TENSORRT_FOLDER = "site-packages/tensorrt_libs"  # where the TensorRT packages since 8.6 put their libraries


@dataclass(frozen=True)
class Repair:
    """What mends a rule."""

    kind: Kind
    component: str
    after: str
    mend: Callable[[Machine], Machine]
    command: tuple[str, ...] = ()
    needs_root: bool = False


def repaired(scene: Scene, goals: tuple[Goal, ...], matrix: "Matrix", allow: frozenset[str]) -> Scene:
    """The scene with such faults mended, one step each; a container is started anew only where that is allowed."""
    for _ in REPAIRS:
        found = next(_mendable(scene, goals, matrix, allow), None)
        if found is None:
            return scene
        repair, why = found
        command = (Command("system", repair.command),) if repair.command else ()
        step = Step(repair.kind, repair.component, None, repair.after, (why,), command, repair.needs_root)
        scene = replace(scene, machine=repair.mend(scene.machine), steps=(*scene.steps, step))
    return scene


def _mendable(
    scene: Scene, goals: tuple[Goal, ...], matrix: "Matrix", allow: frozenset[str]
) -> Iterator[tuple[Repair, Reason]]:
    for goal in goals:
        if not may_say(scene.machine, goal, REPAIRS, matrix):
            continue
        for found in check(scene.machine, goal, matrix).errors:
            repair = REPAIRS.get(found.rule)
            if repair is None or (repair.kind == "container" and "container" not in allow):
                continue
            if repair.mend(scene.machine) != scene.machine:
                yield repair, reason(found)


def _shown_gpus(machine: Machine) -> Machine:
    hiding = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "JAX_PLATFORMS", "JAX_PLATFORM_NAME")
    return replace(
        machine, variables={name: text for name, text in (machine.variables or {}).items() if name not in hiding}
    )


def _own_libcuda(machine: Machine) -> Machine:
    """The driver's own libcuda loads: no compat folder and no stubs on the loader's path."""
    version = machine.driver.kernel_module_version or machine.driver.version
    variables = machine.variables
    if variables and "LD_LIBRARY_PATH" in variables:
        kept = [one for one in variables["LD_LIBRARY_PATH"].split(":") if "compat" not in one and "stubs" not in one]
        variables = {**variables, "LD_LIBRARY_PATH": ":".join(kept)}
    return replace(
        machine,
        libcuda=Libcuda(version=version, compat=False, stub=False),
        loader_configuration=None,
        variables=variables,
    )


def _windows_libcuda(machine: Machine) -> Machine:
    """In WSL 2 the libcuda that Windows mounts loads, without a Linux driver beside it."""
    if not machine.in_environment("wsl2"):
        return machine
    path = machine.libcuda.path
    foreign = path is not None and "/wsl/" not in path
    packages = {name: have for name, have in (machine.packages or {}).items() if not is_driver(name)}
    return replace(
        machine,
        libcuda=Libcuda(path=_OF_WINDOWS) if foreign else machine.libcuda,
        packages=packages if machine.packages is not None else None,
    )


def _one_instance(machine: Machine) -> Machine:
    """A process that is given one MIG instance."""
    cut = [gpu for gpu in machine.gpus or () if isinstance(gpu.mig, str)]
    return replace(machine, gpus=tuple(cut[:1])) if len(cut) > 1 else machine


def _one_release(machine: Machine) -> Machine:
    """After a restart the module is that of the installed driver."""
    version = machine.driver.version
    libcuda = machine.libcuda if machine.libcuda.version is None else replace(machine.libcuda, version=version)
    return replace(machine, driver=replace(machine.driver, kernel_module_version=version), libcuda=libcuda)


def _nodes(machine: Machine) -> Machine:
    count = len(machine.gpus or ()) or 1
    wanted = (*(f"/dev/nvidia{number}" for number in range(count)), "/dev/nvidiactl", "/dev/nvidia-uvm")
    return replace(machine, device_nodes=tuple(dict.fromkeys((*(machine.device_nodes or ()), *wanted))))


def _fabric(machine: Machine) -> Machine:
    manager = replace(machine.fabric_manager, installed=True, running=True, version=machine.driver.version)
    return replace(machine, fabric_manager=manager)


def _restarted(machine: Machine) -> Machine:
    """The container with the GPUs inside: what was read of the driver without them is not known any more."""
    inside = Container(machine.container.image, True, True, "compute,utility", machine.container.requires)
    missing = tuple(name for name in machine.missing_libraries or () if name != "libcuda.so.1")
    return replace(
        machine,
        container=inside,
        device_nodes=None,
        gpus=machine.gpus or None,
        missing_libraries=missing if machine.missing_libraries is not None else None,
    )


def _meant_copies(machine: Machine) -> Machine:
    """Off the loader's path with the folders that shadow the environment's own libraries."""
    kept = tuple(
        one if one.origin in ("pip", "bundled") else replace(one, loaded=None, loaded_by=())
        for one in machine.libraries or ()
    )
    variables = {name: text for name, text in (machine.variables or {}).items() if name != "LD_LIBRARY_PATH"}
    return replace(machine, libraries=kept, variables=variables if machine.variables is not None else None)


def _toolkits_ptxas(machine: Machine) -> Machine:
    """Triton compiles with the ptxas of the newest toolkit that is there, in place of its own."""
    kits = [kit for kit in machine.toolkits or () if kit.version]
    newest = max(kits, key=lambda kit: versions.parse(kit.version or "0").key(), default=None)
    if newest is None or newest.version is None:
        return machine
    folder = newest.path or f"/usr/local/cuda-{versions.major_minor(newest.version)}"
    named = dict.fromkeys(_PTXAS, f"{folder}/bin/ptxas")
    return replace(machine, variables={**(machine.variables or {}), **named})


def _found_tensorrt(machine: Machine) -> Machine:
    """With the folder of the TensorRT package on the loader's path: the other packages do not look there."""
    named = [version for name, version in (machine.packages or {}).items() if name.startswith("tensorrt") and version]
    brought = [one.version for one in machine.libraries or () if one.name == "tensorrt" and one.origin == "pip"]
    majors = {str(versions.parse(version).major) for version in brought if version}
    if not brought and (machine.libraries is not None or not named):
        return machine
    missing = tuple(
        name
        for name in machine.missing_libraries or ()
        if not (name.startswith("libnvinfer") and name.rpartition(".")[2] in majors)
    )
    before = (machine.variables or {}).get("LD_LIBRARY_PATH", "")
    path = before if TENSORRT_FOLDER in before else ":".join(part for part in (TENSORRT_FOLDER, before) if part)
    return replace(
        machine,
        missing_libraries=missing if machine.missing_libraries else machine.missing_libraries,
        variables={**(machine.variables or {}), "LD_LIBRARY_PATH": path},
    )


_PTXAS = ("TRITON_PTXAS_PATH", "TRITON_PTXAS_BLACKWELL_PATH")  # the second one is Triton's for Blackwell and newer
_OF_WINDOWS = "/usr/lib/wsl/lib/libcuda.so.1"
_COMPAT = Repair("setting", "libcuda", "cuda-compat off the loader's path", _own_libcuda)
REPAIRS: dict[str, Repair] = {
    "gpus-hidden": Repair("setting", "environment", "CUDA_VISIBLE_DEVICES and its like unset", _shown_gpus),
    "compat-library-older-than-driver": _COMPAT,
    "forward-compat-unsupported": _COMPAT,
    "stub-library": Repair("setting", "libcuda", "the toolkit's stubs off the loader's path", _own_libcuda),
    "library-shadowed": Repair(
        "setting", "libraries", "LD_LIBRARY_PATH without the folder that shadows the environment", _meant_copies
    ),
    "library-not-found": Repair(
        "setting", "libraries", f"LD_LIBRARY_PATH holds the environment's {TENSORRT_FOLDER}", _found_tensorrt
    ),
    "ptxas-too-old": Repair(
        "setting", "environment", f"{' and '.join(_PTXAS)} name ptxas of the installed CUDA toolkit", _toolkits_ptxas
    ),
    "wsl-setup": Repair(
        "system",
        "libcuda",
        "the Linux driver's packages removed from WSL 2; the libcuda that Windows mounts loads",
        _windows_libcuda,
        needs_root=True,
    ),
    "mig-single-instance": Repair(
        "setting", "environment", "CUDA_VISIBLE_DEVICES names one MIG instance for each process", _one_instance
    ),
    "driver-library-mismatch": Repair(
        "system", "driver", "restarted, so that the installed module is loaded", _one_release, ("sudo", "reboot"), True
    ),
    "device-node-missing": Repair(
        "system", "driver", "the device nodes made", _nodes, ("sudo", "nvidia-modprobe", "-u", "-c=0"), True
    ),
    "fabric-manager": Repair(
        "system",
        "fabric-manager",
        "nvidia-fabricmanager of the driver's release running",
        _fabric,
        ("sudo", "systemctl", "enable", "--now", "nvidia-fabricmanager"),
        True,
    ),
    "container-without-gpu": Repair(
        "container", "container", "started with --gpus all (podman: --device nvidia.com/gpu=all)", _restarted
    ),
}


def unshadowed(scene: Scene) -> Scene | None:
    """The scene without the folders of the system's libraries on LD_LIBRARY_PATH; None where there are none."""
    ahead = [one for one in scene.machine.libraries or () if on_library_path(scene.machine, one)]
    if not ahead:
        return None
    repair = REPAIRS["library-shadowed"]
    why = Reason(
        "library-shadowed",
        f"{ahead[0].name} {ahead[0].version or ''} ({ahead[0].path}) would load in front of what the "
        "environment brings.",
        scene.machine.sources.get("variables.LD_LIBRARY_PATH", "machine description"),
    )
    step = Step(repair.kind, repair.component, None, repair.after, (why,))
    return replace(scene, machine=repair.mend(scene.machine), steps=(*scene.steps, step))
