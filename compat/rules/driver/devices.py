"""Which GPUs a process may use: those with nodes that it may open, that no variable hides, in one MIG instance."""

from collections.abc import Iterator

from compat.rules.base import OF_GPUS, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, rule
from compat.rules.case import Case
from compat.rules.gpus import of_other_makers


def _names_a_gpu(entry: str) -> bool:
    """Can the entry mean a GPU: a number, or a name that begins as those of GPUs and MIG instances do?"""
    return entry[:1].isdecimal() or entry.startswith(("GPU-", "MIG-"))


@rule(
    "gpu-missing",
    reads=OF_GPUS,
    masks=("driver-missing", "device-node-missing", "gpus-hidden", "driver-library-mismatch"),
    of="platform",
    says="nothing",
)
def gpu_missing(case: Case) -> Iterator[Outcome]:
    """There is no NVIDIA GPU.

    No PCI device of NVIDIA's is on the bus, no integrated one is in the device tree, and NVML knows none. A GPU of
    another maker (AMD, Intel, Apple) runs no CUDA. Where a GPU is expected: a virtual machine needs it passed through,
    WSL 2 shows it as /dev/dxg, a container needs GPU access.

    Remedy: another machine; or describe the one that is meant (`compatcheck check --machine FILE`).
    """
    if not case.goal.needs_gpu or case.machine.gpus is None or case.machine.jetson.module is not None:
        return
    others = of_other_makers(case)
    if case.machine.gpus and len(others) < len(case.machine.gpus):
        facts = case.gpus[0].evidence if case.gpus else ()
        yield Holds("gpu-missing", "gpu", f"{len(case.machine.gpus)} GPU(s)", facts)
    else:
        yield Finding(
            "gpu-missing",
            "gpu",
            "There is no NVIDIA GPU in this machine.",
            tuple(fact for facts in others.values() for fact in facts) or (case.read("gpus", "none"),),
            (Remedy("use a machine with an NVIDIA GPU, or describe one with --machine FILE", "hardware"),),
        )


@rule("device-node-missing", reads=(*OF_SYSTEM, *OF_GPUS), of="platform")
def device_node_missing(case: Case) -> Iterator[Outcome]:
    """A node under /dev that CUDA opens is absent or closed to this user.

    CUDA opens /dev/nvidiactl, /dev/nvidia-uvm and /dev/nvidiaN for each GPU. nvidia-uvm belongs to a module of its own,
    which nvidia-smi does not need: so nvidia-smi works while every CUDA program fails.

    Measured on an H200 with driver 580: without /dev/nvidia-uvm cuInit gives 999 and NVML works; without /dev/nvidia0
    cuInit gives 100 and nvidia-smi says "No devices found".

    Remedy: `nvidia-modprobe -u -c 0` (or `modprobe nvidia-uvm`); in a container pass the node; check the node's mode.
    """
    nodes = case.machine.device_nodes
    if not case.goal.needs_gpu or nodes is None or case.is_windows is True:
        return
    if case.environment("wsl2") or "/dev/dxg" in nodes or case.is_jetson:
        return  # their drivers have other nodes
    told = case.machine.gpus is None and case.machine.environment is not None and case.is_windows is False
    if not case.machine.gpus and not nodes and not told:
        return  # no GPU is another finding, and Windows, WSL and Jetson have no such nodes
    needed = ["/dev/nvidiactl", "/dev/nvidia-uvm"]
    absent = [node for node in needed if node not in nodes]
    if not any(_is_gpu_node(node) for node in nodes):
        absent.append("/dev/nvidia0")
    taken = "neither WSL nor a Jetson, which have other nodes"
    of_gpus: tuple[Evidence, ...] = ()
    if not nodes:
        one = (case.assume("gpus", "there is one"), *case.of_linux)
        of_gpus = (case.read("gpus", len(case.machine.gpus)),) if case.machine.gpus else one
    where = ", ".join(case.machine.environment or ()) or "none"
    unsaid = case.machine.environment is None
    fields = ", ".join(("environment", *case.unnamed_gpus))
    elsewhere = case.assume(fields, taken) if unsaid else case.read("environment", where)
    if absent:
        yield Finding(
            "device-node-missing",
            "kernel",
            f"{', '.join(absent)} cannot be opened; CUDA needs it.",
            tuple(dict.fromkeys((case.read("device_nodes", ", ".join(nodes) or "none"), *of_gpus, elsewhere))),
            (
                Remedy("load the module and make the node: nvidia-modprobe -u -c 0", "system"),
                Remedy("in a container: pass the node, or use the NVIDIA container toolkit", "container"),
            ),
        )
    else:
        yield Holds(
            "device-node-missing",
            "kernel",
            "every device node that CUDA opens is there",
            (case.read("device_nodes", ", ".join(nodes)),),
        )


def _is_gpu_node(node: str) -> bool:
    tail = node.removeprefix("/dev/nvidia")
    return tail != node and tail.isdigit()


@rule("gpus-hidden", reads=("variables", "gpus.name"), of="platform", says="gpu")
def gpus_hidden(case: Case) -> Iterator[Outcome]:
    """CUDA_VISIBLE_DEVICES (or its like) leaves no GPU.

    CUDA counts only the devices that CUDA_VISIBLE_DEVICES lists, up to the first entry that it cannot use: an empty
    value, -1, and any word that names no GPU (none, all, "0" with its quotes) hide all. nvidia-smi does not read it and
    keeps showing every GPU. JAX_PLATFORMS=cpu hides them from JAX alone.

    Shows as: error 100 "no CUDA-capable device is detected", device_count() 0.

    Remedy: unset the variable, or list the GPUs that are meant.
    """
    if not case.goal.needs_gpu or case.machine.variables is None:
        return
    variables = case.machine.variables
    value = variables.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        yield from _platform(case)
        return
    first = value.split(",")[0].strip()
    count = len(case.machine.gpus) if case.machine.gpus is not None else None
    number = int(first) if first.isdecimal() and len(first) < 10 else None
    beyond = number is not None and count is not None and 0 < count <= number
    if not _names_a_gpu(first) or beyond:
        why = f"this machine has {count} GPU(s)" if beyond else "that hides every GPU"
        yield Finding(
            "gpus-hidden",
            "environment",
            f"CUDA_VISIBLE_DEVICES is {value!r}: {why}.",
            (
                case.read("variables.CUDA_VISIBLE_DEVICES", repr(value)),
                *((case.read("gpus", count),) if beyond else ()),
            ),
            (Remedy("unset CUDA_VISIBLE_DEVICES, or list the GPUs that are meant", "setting"),),
        )
    else:
        yield Holds(
            "gpus-hidden",
            "environment",
            f"CUDA_VISIBLE_DEVICES={value} leaves a GPU",
            (case.read("variables.CUDA_VISIBLE_DEVICES", value),),
        )
        yield from _platform(case)


def _platform(case: Case) -> Iterator[Outcome]:
    variables = case.machine.variables or {}
    name = "JAX_PLATFORMS" if "JAX_PLATFORMS" in variables else "JAX_PLATFORM_NAME"
    wanted = [part.strip().lower() for part in variables.get(name, "").split(",") if part.strip()]
    if case.goal.object == "jax" and wanted and not {"cuda", "gpu"} & set(wanted):
        yield Finding(
            "gpus-hidden",
            "environment",
            f"{name} is {variables[name]!r}: JAX will not use the GPU.",
            (case.read(f"variables.{name}", variables[name]),),
            (Remedy(f"unset {name}, or set it to cuda", "setting"),),
        )


@rule("mig-single-instance", reads=("gpus.mig", "gpus.visible", "variables"), of="platform")
def mig_single_instance(case: Case) -> Iterator[Outcome]:
    """The goal needs more than the one MIG instance that a process can use.

    A GPU in MIG mode is cut into instances. A CUDA process enumerates one instance only, of one GPU, however many there
    are: device_count() is 1. That is right and no fault, unless the goal asks for several.

    Remedy: one process for each instance (CUDA_VISIBLE_DEVICES=MIG-...), or switch MIG off.
    """
    if not case.goal.needs_gpu:
        return
    used = [(f"gpus[{index}]", gpu) for index, gpu in enumerate(case.machine.gpus or ()) if gpu.visible is not False]
    instances = [case.read(f"{path}.mig", gpu.mig) for path, gpu in used if isinstance(gpu.mig, str)]
    unsaid = [f"{path}.visible" for path, gpu in used if isinstance(gpu.mig, str) and gpu.visible is None]
    unsaid += ["variables.CUDA_VISIBLE_DEVICES"] if case.machine.variables is None else []
    chosen = (case.machine.variables or {}).get("CUDA_VISIBLE_DEVICES", "")
    if chosen.startswith("MIG-") and "," not in chosen and len(instances) > 1:
        instances = [case.read("variables.CUDA_VISIBLE_DEVICES", chosen)]
    if len(instances) > 1:
        yield Finding(
            "mig-single-instance",
            "gpu",
            f"{len(instances)} MIG instances are asked for; a process can use one.",
            (
                *instances,
                *(case.assume(place, "every instance that is listed is one that is used") for place in unsaid),
            ),
            (Remedy("run one process for each MIG instance, or switch MIG mode off", "setting"),),
        )
    elif instances:
        yield Holds("mig-single-instance", "gpu", "one MIG instance is used", tuple(instances))
