"""The kernel's side: which module, whether it may load, and what NVSwitch needs."""

from collections.abc import Iterator
from functools import partial

from compat import versions
from compat.rules.base import OF_DRIVER, OF_GPUS, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.gpus import GpuFact, each_chip

_OTHERS = {
    "nouveau": "the free nouveau driver",
    "nova_core": "the kernel's nova_core driver",
    "nvidiafb": "the framebuffer driver nvidiafb",
    "vfio_pci": "vfio-pci (the GPU is reserved for a virtual machine)",
}
_SPELLINGS = {"novacore": "nova_core", "nova": "nova_core"}  # as kernel logs and lsmod have it


@rule(
    "other-driver-bound",
    reads=("driver.kernel_module", "packages", "request"),
    masks=("driver-missing", "device-node-missing", "kernel-module-rejected"),
    of="platform",
    says="gpu",
)
def other_driver_bound(case: Case) -> Iterator[Outcome]:
    """nouveau, nova_core or another driver holds the GPU.

    A PCI device belongs to one kernel driver at a time. Where nouveau, nova_core (in kernels from 2026 on, for Turing
    and newer) or vfio-pci has bound the GPU, nvidia.ko cannot. Blacklisting nouveau alone leaves nova_core.

    Shows as: `nvidia-smi` "couldn't communicate with the NVIDIA driver",
    "NVRM: The NVIDIA probe routine was not called".

    Remedy: blacklist the module that `lspci -k` shows as "Kernel driver in use", rebuild the initramfs, reboot.
    """
    if not case.goal.needs_gpu:
        return
    module = case.machine.driver.kernel_module
    if module is None:
        return
    plain = module.lower().replace("-", "_")
    plain = _SPELLINGS.get(plain, plain)
    if plain in _OTHERS:
        yield Finding(
            "other-driver-bound",
            "kernel",
            f"{_OTHERS[plain][0].upper()}{_OTHERS[plain][1:]} holds the GPU, so the NVIDIA driver cannot.",
            (case.read("driver.kernel_module", module),),
            (
                Remedy(
                    f"blacklist {plain} (modprobe.d: `blacklist {plain}`), rebuild the initramfs and reboot", "system"
                ),
            ),
        )
    else:
        yield Holds(
            "other-driver-bound",
            "kernel",
            "the nvidia module holds the GPU",
            (case.read("driver.kernel_module", module),),
        )


@rule(
    "kernel-module-flavor",
    reads=("driver.kernel_module", *OF_DRIVER, *OF_SYSTEM, *OF_GPUS),
    masks=("driver-missing", "device-node-missing"),
    of="platform",
)
def kernel_module_flavor(case: Case) -> Iterator[Outcome]:
    """The open kernel module on a GPU that needs the proprietary one, or the reverse.

    NVIDIA's open kernel modules need the GPU's own system processor (GSP), which Turing brought: Maxwell, Pascal and
    Volta cannot use them. From Blackwell on there are only the open ones. The module of the wrong flavour loads and
    then refuses the GPU.

    Shows as: "RmInitAdapter failed", "requires use of the NVIDIA open kernel modules", "No devices were found".

    The open ones of the first branches take a GPU that is no data center's only where a parameter of the module asks
    for it ("Open nvidia.ko is only ready for use on Data Center GPUs"). Distributions set it; nothing here tells
    whether it is set, so that is a warning.

    Remedy: install the other flavour of the same driver (nvidia-driver-NNN against nvidia-driver-NNN-open).
    """
    if not case.goal.needs_gpu:
        return
    flavor = case.machine.driver.kernel_module
    if flavor not in ("open", "proprietary"):
        return
    for gpu in case.gpus:
        yield from each_chip(gpu, partial(_takes_flavor, case, flavor))


def _takes_flavor(case: Case, flavor: str, gpu: GpuFact) -> Outcome:
    row = case.matrix.gpus.architecture(gpu.capability) if gpu.capability else None
    row = gpu.row if gpu.row is not None and "open_module" in gpu.row else row  # GH200 differs from other Hopper
    need = row.get("open_module") if row else None
    if row is None or need is None:
        return Untold("kernel-module-flavor", gpu.path, (f"{gpu.path}.name",))
    loaded = case.read("driver.kernel_module", flavor)
    if (flavor, need) not in (("open", "unsupported"), ("proprietary", "required")):
        if flavor == "open" and (asked := _asked_for(case, gpu)) is not None:
            return asked
        return Holds("kernel-module-flavor", gpu.path, f"the {flavor} kernel module serves {gpu.name}", (loaded,))
    other = "proprietary" if flavor == "open" else "open"
    return Finding(
        "kernel-module-flavor",
        "kernel",
        f"The {flavor} kernel module is loaded; {gpu.name} ({row['name']}) needs the {other} one.",
        (loaded, *gpu.evidence, case.cite(f"open kernel modules on {row['name']}: {need}", row, "open_module")),
        (Remedy(f"install the {other} kernel module of the same driver release and reboot", "driver"),),
    )


def _asked_for(case: Case, gpu: GpuFact) -> Finding | None:
    """Open modules of a branch that leaves this GPU alone unless a parameter asks for it."""
    driver = case.kernel_driver
    row = case.matrix.traits.claim("driver", "open-module-by-parameter", driver)
    if row is None or gpu.kind in (None, "datacenter"):
        return None
    return Finding(
        "kernel-module-flavor",
        "kernel",
        f"The open kernel modules of driver {driver} take {gpu.name}, which is no data center GPU, only with the "
        f"parameter {row['value']}.",
        (
            case.read("driver.kernel_module", "open"),
            *case.driver_evidence,
            *gpu.evidence,
            case.cite(f"open kernel modules {row['range']}: {row['value']} beyond data center GPUs", row),
        ),
        (
            Remedy(f"set it: options nvidia {row['value']} in /etc/modprobe.d, and reboot", "setting"),
            Remedy("or install the proprietary kernel module of the same driver release", "driver"),
        ),
        "warning",
    )


@rule(
    "kernel-module-rejected",
    reads=(
        "secure_boot",
        "driver.version",
        "driver.kernel_module_version",
        "driver.kernel_module",
        "driver.kernel_module_loaded",
        "driver.kernel_module_signed",
        "driver.signer_enrolled",
    ),
    masks=("driver-missing", "device-node-missing"),
    of="platform",
)
def kernel_module_rejected(case: Case) -> Iterator[Outcome]:
    """Secure Boot refuses the kernel module.

    With Secure Boot the kernel loads only modules that are signed with a key it trusts. Three cases with three
    remedies: the module is unsigned (sign it, or take the distribution's signed one); it is signed with a machine owner
    key that was never enrolled (`mokutil --import`, then confirm at the next boot); it is signed and enrolled and this
    kernel still does not trust the key (it was built without the machine keyring: take the distribution's module).

    Shows as: "modprobe: ERROR: could not insert 'nvidia': Key was rejected by service", "Required key not available".

    Remedy: sign the module with an enrolled key, enroll the key that signed it, or take the distribution's signed one.
    """
    if not case.goal.needs_gpu:
        return
    machine, driver = case.machine, case.machine.driver
    if machine.secure_boot is None or machine.secure_boot is False:
        return
    facts = [case.read("secure_boot", True)]
    if driver.kernel_module_loaded is None:
        facts.append(case.assume("driver.kernel_module_loaded", "what Secure Boot does not trust is refused"))
    if driver.kernel_module_loaded is True:
        yield Holds("kernel-module-rejected", "kernel", "Secure Boot is on and the module is loaded", tuple(facts))
        return
    refused = _refused(case)
    if refused is not None:
        message, told, remedy = refused
        yield Finding("kernel-module-rejected", "kernel", message, (*facts, *told), (Remedy(remedy, "system"),))
    elif driver.kernel_module_signed and driver.signer_enrolled:
        yield Holds(
            "kernel-module-rejected",
            "kernel",
            "the module is signed with an enrolled key, which Secure Boot takes",
            (
                case.read("secure_boot", True),
                case.read("driver.signer_enrolled", True),
                case.assume("driver.kernel_module_loaded", "what is signed with an enrolled key loads"),
            ),
        )
    else:
        yield Untold("kernel-module-rejected", "kernel", ("driver.kernel_module_signed", "driver.signer_enrolled"))


def _refused(case: Case) -> tuple[str, tuple[Evidence, ...], str] | None:
    """Why Secure Boot keeps the module out, as far as that is told: the message, what tells it, the remedy."""
    driver = case.machine.driver
    if driver.kernel_module_signed is False:
        return (
            "Secure Boot is on and the nvidia module is not signed.",
            (case.read("driver.kernel_module_signed", False),),
            "sign the module with an enrolled machine owner key, or install the distribution's signed one",
        )
    if driver.signer_enrolled is False:
        return (
            "Secure Boot is on and the key that signed the nvidia module is not enrolled.",
            (case.read("driver.signer_enrolled", False),),
            "enroll the key: mokutil --import KEY.der, reboot, confirm in MokManager",
        )
    if driver.kernel_module_loaded is not False:
        return None
    out = case.read("driver.kernel_module_loaded", False)
    if driver.kernel_module_signed and driver.signer_enrolled:
        return (
            "Secure Boot is on; the nvidia module is signed with an enrolled key and this kernel still refuses it.",
            (*(case.read(f"driver.{name}", True) for name in ("kernel_module_signed", "signer_enrolled")), out),
            "install the module that the distribution signed for this kernel",
        )
    installed = _installed(case)
    if installed is None:
        return None
    whose = f"that of driver {case.kernel_driver}" if case.kernel_driver else "the nvidia module"
    taken = case.assume("driver.kernel_module_signed, driver.signer_enrolled", "it is what keeps the module out")
    return (
        f"Secure Boot is on, which takes signed modules, and {whose} is not loaded.",
        (out, installed, taken),
        "see `mokutil --sb-state`, `modinfo -F signer nvidia`; sign it with an enrolled key",
    )


def _installed(case: Case) -> Evidence | None:
    """What says that a driver is installed: its release, or a part of it that was found."""
    driver = case.machine.driver
    told = (
        ("driver.kernel_module_version", driver.kernel_module_version),
        ("driver.version", driver.version),
        ("driver.kernel_module", driver.kernel_module if driver.kernel_module in ("open", "proprietary") else None),
    )
    return next((case.read(field, value) for field, value in told if value is not None), None)


@rule("fabric-manager", reads=(*OF_DRIVER, "nvswitch", "fabric_manager", *OF_GPUS), of="platform")
def fabric_manager(case: Case) -> Iterator[Outcome]:
    """An NVSwitch machine whose fabric manager is missing, stopped or of another release.

    On systems whose GPUs hang on NVSwitch (HGX and DGX), CUDA waits for the fabric manager to have set up the
    switches. It is a service of its own whose release must equal the driver's.

    Shows as: "system not yet initialized" (802), torch "Error 802", all_reduce hanging. PCIe cards need none.

    Remedy: install nvidia-fabricmanager of the driver's very release, enable and start the service.
    """
    if not case.goal.needs_gpu:
        return
    fabric, driver = case.machine.fabric_manager, case.kernel_driver
    said = _on_switch(case)
    if not said:
        if fabric.installed is not None or fabric.running is not None:
            yield from _without_switch(case)
        return
    if fabric.installed is False or fabric.running is False:
        state = "not installed" if fabric.installed is False else "not running"
        path = "fabric_manager.installed" if fabric.installed is False else "fabric_manager.running"
        yield Finding(
            "fabric-manager",
            "fabric-manager",
            f"The GPUs hang on NVSwitch and the fabric manager is {state}.",
            (*said, case.read(path, False)),
            (
                Remedy(
                    "install nvidia-fabricmanager of the driver's release; systemctl enable --now nvidia-fabricmanager",
                    "system",
                ),
            ),
        )
    elif fabric.version is not None and driver is not None and not _same_release(fabric.version, driver):
        yield Finding(
            "fabric-manager",
            "fabric-manager",
            f"Fabric manager {fabric.version} and driver {driver} must be of one release.",
            (*said, case.read("fabric_manager.version", fabric.version), *case.driver_evidence),
            (Remedy(f"install nvidia-fabricmanager {driver}", "system"),),
        )
    elif fabric.running:
        yield Holds("fabric-manager", "fabric-manager", "the fabric manager runs", said)
    else:
        yield Untold("fabric-manager", "fabric-manager", ("fabric_manager.running", "fabric_manager.version"))


_BOARD = 8  # GPUs of an HGX board from A100 on; boards of four have none, or none that is seen


def _on_switch(case: Case) -> tuple[Evidence, ...]:
    """That the GPUs hang on NVSwitch: as stated, or a whole board of those that are made for it, where not stated."""
    fabric = case.machine.fabric_manager
    if case.machine.nvswitch is True:
        return (case.read("nvswitch", True),)
    spoken = fabric.installed is not None or fabric.running is not None or fabric.version is not None
    rows = [gpu.row for gpu in case.gpus if gpu.row is not None and gpu.row.get("nvswitch")]
    if case.machine.nvswitch is False or not spoken or len(rows) < _BOARD or len(rows) != len(case.gpus):
        return ()
    board = case.cite(f"{rows[0]['name']} is sold on boards with NVSwitch", rows[0], "nvswitch")
    return (*case.gpus[0].evidence, board, case.assume("nvswitch", f"{len(rows)} of them are a board with NVSwitch"))


# Classes of GPUs that no NVSwitch connects.
_WITHOUT_SWITCH = ("geforce", "titan", "workstation", "mobile-workstation", "mining")


def _without_switch(case: Case) -> Iterator[Outcome]:
    """That a fabric manager has nothing to do here, where somebody looked for one."""
    facts: tuple[Evidence, ...] = ()
    if case.machine.nvswitch is False:
        facts = (case.read("nvswitch", False),)
    elif case.gpus and all(gpu.kind in _WITHOUT_SWITCH for gpu in case.gpus):
        facts = case.gpus[0].evidence
    if facts:
        yield Holds("fabric-manager", "fabric-manager", "no GPU hangs on NVSwitch: none is needed", facts)


def _same_release(one: str, other: str) -> bool:
    mine, its = versions.parse(one).release, versions.parse(other).release
    size = min(len(mine), len(its))
    return mine[:size] == its[:size]
