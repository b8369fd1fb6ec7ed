"""The driver: apt and dnf where a distribution packages branches; text where a person has to do it."""

from compat.capability import Capability
from compat.machine import Machine
from compat.plan.model import Command

OPEN_ONLY = Capability(10, 0)  # Blackwell and newer run with the open kernel module only


def install(machine: Machine, branch: str, newest_gpu: Capability | None) -> tuple[Command, ...]:
    """Commands that install a driver branch; none where no package manager does it (Windows, WSL, other systems)."""
    if machine.os != "linux" or machine.in_environment("wsl2", "docker", "kubernetes", "jetson"):
        return ()
    flavour = "-open" if newest_gpu is not None and newest_gpu >= OPEN_ONLY else ""
    if machine.distribution == "ubuntu":
        return (Command("apt", ("sudo", "apt-get", "install", "--yes", f"nvidia-driver-{branch}{flavour}")),)
    if machine.distribution in ("rhel", "rocky", "almalinux", "centos", "fedora"):
        stream = f"nvidia-driver:{branch}{'-open' if flavour else '-dkms'}"
        return (Command("dnf", ("sudo", "dnf", "module", "install", "--assumeyes", stream)),)
    if machine.distribution == "debian":
        return (Command("apt", ("sudo", "apt-get", "install", "--yes", f"cuda-drivers-{branch}")),)
    return ()
