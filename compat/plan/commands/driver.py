"""The driver: apt and dnf where a distribution packages branches; text where a person has to do it.

- Ubuntu's own archive has a metapackage a branch, with ``-open`` for the open kernel modules. Which branches a release
  has is in the matrix (packaged): asking for one that ended there installs the one that followed it, or nothing.
- Debian's own archive has one branch a release as ``nvidia-driver``, in non-free, and older ones of data center GPUs as
  ``nvidia-tesla-NNN-driver`` (packaged). Other branches come from NVIDIA's repository, ``cuda-drivers-NNN`` as long as
  its packages had the branch in their names (trait named-by-branch); later ones are held by a pinning package instead,
  which is more than one command.
- RHEL 8 and 9, their kin and Amazon Linux 2023 have module streams, ``NNN-dkms`` and ``NNN-open``; RHEL 10 and Fedora
  have none, there a version lock holds the branch (driver installation guide 620, kernel modules, table 5).
- In WSL 2 the driver is that of Windows, and none may be installed inside (CUDA on WSL user guide).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from compat.capability import Capability
from compat.machine import Machine
from compat.plan.commands.container import TOOLKIT
from compat.plan.model import Command

if TYPE_CHECKING:
    from compat.matrix import Matrix

OPEN_ONLY = Capability(10, 0)  # Blackwell and newer run with the open kernel module only
RHEL = ("rhel", "rocky", "almalinux", "centos", "ol")
_STREAMED = {**dict.fromkeys(RHEL, ("8", "9")), "amzn": ("2023",)}
GUIDE = "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/620/kernel-modules.html"
LOCKING = "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/version-locking.html"
OPEN_MODULE = Command("dnf", ("sudo", "dnf", "install", "--assumeyes", "nvidia-open"))
SOURCES = {
    "ubuntu": "https://packages.ubuntu.com/resolute/nvidia-driver-595",
    "debian": "https://packages.debian.org/nvidia-kernel-dkms",
    "windows": "https://docs.nvidia.com/cuda/wsl-user-guide",
}


def install(
    machine: Machine, branch: str, newest_gpu: Capability | None, matrix: "Matrix | None", is_open: bool = False
) -> tuple[Command, ...]:
    """The commands that install a driver branch; none where no package manager does it (see above). ``is_open``: the
    open kernel module is known to serve every GPU. Without a matrix every command that it could be: a plan file is read
    back against them."""
    if machine.os != "linux" or machine.in_environment("wsl2", "docker", "kubernetes", "jetson"):
        return ()
    open_only = newest_gpu is not None and newest_gpu >= OPEN_ONLY
    if machine.distribution == "ubuntu":
        own = archived(machine, open_only, matrix) if matrix is not None else None
        if own is not None:
            return (_apt(own[branch]),) if branch in own else ()
        return (_apt(f"nvidia-driver-{branch}{'-open' if open_only else ''}"),)
    if _is_streamed(machine):
        stream = f"nvidia-driver:{branch}{'-open' if open_only else '-dkms'}"
        return (Command("dnf", ("sudo", "dnf", "module", "install", "--assumeyes", stream)),)
    if machine.distribution == "debian" and not open_only:
        return _debian(machine, branch, matrix)
    if machine.distribution in (*RHEL, "fedora") and is_open:
        return Command("dnf", ("sudo", "dnf", "versionlock", "add", f"*nvidia*{branch}*")), OPEN_MODULE
    return ()


def _is_streamed(machine: Machine) -> bool:
    releases = _STREAMED.get(machine.distribution or "", ())
    return bool(releases) and (machine.distribution_version or releases[-1]).partition(".")[0] in releases


def _apt(package: str) -> Command:
    return Command("apt", ("sudo", "apt-get", "install", "--yes", package))


def _debian(machine: Machine, branch: str, matrix: "Matrix | None") -> tuple[Command, ...]:
    named = _apt(f"cuda-drivers-{branch}")
    if matrix is None:
        return _apt(f"nvidia-driver={branch}.*"), _apt(f"nvidia-tesla-{branch}-driver"), named
    own = archived(machine, False, matrix) or {}
    if branch in own:
        return (_apt(own[branch]),)
    if _is_older(branch, own):
        return ()
    return (named,) if matrix.traits.holds("driver", "named-by-branch", branch) else ()


def _is_older(branch: str, own: Mapping[str, str]) -> bool:
    """Is the branch older than each in the archive of the release? NVIDIA's repository for it began later still."""
    return bool(own) and all(int(branch) < int(one) for one in own)


def archived(machine: Machine, open_only: bool, matrix: "Matrix") -> dict[str, str] | None:
    """The branches in the archive of the machine's own release, with the package of each; of those that have both
    kernel modules the proprietary one's, unless a GPU runs with the open one only. None where it was not read."""
    row = matrix.drivers.packaged(machine.distribution, machine.distribution_version)
    if row is None:
        return None
    usual = () if open_only else row["branches"]
    if machine.distribution == "debian":
        tesla = () if open_only else row.get("tesla", ())
        return {branch: f"nvidia-tesla-{branch}-driver" for branch in tesla} | {
            branch: f"nvidia-driver={branch}.*" for branch in usual
        }
    return {branch: f"nvidia-driver-{branch}-open" for branch in row.get("open", ())} | {
        branch: f"nvidia-driver-{branch}" for branch in usual
    }


def releases(machine: Machine, matrix: "Matrix") -> dict[str, str]:
    """Of each branch in that archive the newest release there; none where a machine takes no driver from it."""
    if machine.os != "linux" or machine.in_environment("wsl2"):
        return {}
    row = matrix.drivers.packaged(machine.distribution, machine.distribution_version) or {}
    return {release.partition(".")[0]: release for release in row.get("releases", ())}


def cuda_compat(machine: Machine, package: str) -> tuple[Command, ...]:
    """From NVIDIA's repository of the distribution; its packages have the same name in all of them."""
    if machine.distribution in ("ubuntu", "debian"):
        return (_apt(package),)
    if machine.distribution in (*RHEL, "fedora", "amzn"):
        return (Command("dnf", ("sudo", "dnf", "install", "--assumeyes", package)),)
    return ()


def by_hand(machine: Machine, branch: str, matrix: "Matrix") -> tuple[str, str]:
    """What to do where there is no command, and its source."""
    if machine.os == "windows" or machine.in_environment("wsl2"):
        inside = " Install none inside WSL 2." if machine.in_environment("wsl2") else ""
        said = f"Install the driver of branch {branch} on Windows, from NVIDIA's download page.{inside}"
        return said, SOURCES["windows"]
    if machine.in_environment("docker", "kubernetes"):
        return f"Install the driver of branch {branch} on the host: a container is given the host's.", TOOLKIT
    which = "nvidia-open (cuda-drivers for GPUs before Turing)"
    unnamed = matrix.traits.holds("driver", "named-by-branch", branch) is False
    if machine.distribution == "debian" and _is_older(branch, archived(machine, False, matrix) or {}):
        said = f"Install the driver of branch {branch} from NVIDIA's download page: Debian packages none so old for"
        return f"{said} this release. Whether it compiles for its kernel is not known.", GUIDE
    if machine.distribution == "debian" or (machine.distribution == "ubuntu" and unnamed):
        return (
            f"Pin NVIDIA's repository with nvidia-driver-pinning-{branch}, then install {which}.",
            GUIDE,
        )
    if machine.distribution in (*RHEL, "fedora"):
        return f"Lock the branch with `dnf versionlock add '*nvidia*{branch}*'`, then install {which}.", GUIDE
    return f"Install the driver of branch {branch} from NVIDIA's download page.", GUIDE


def packaged(machine: Machine, branch: str, command: Command) -> tuple[str, str]:
    """What the command's package is and whose archive has it, and the source."""
    if "versionlock" in command.argv:
        said = f"The version lock keeps nvidia-open at branch {branch} of NVIDIA's repository, which has to be set up."
        dnf4 = machine.distribution != "fedora"
        return said + (" The lock is of python3-dnf-plugin-versionlock." if dnf4 else ""), LOCKING
    package = command.argv[-1].partition("=")[0]
    if package.startswith("cuda-drivers"):
        return f"{package} is branch {branch} in NVIDIA's repository for Debian, which has to be set up.", GUIDE
    if machine.distribution in SOURCES:
        owner = str(machine.distribution).capitalize()
        said = f"{package} is {owner}'s own package of driver branch {branch}"
        said += ", in non-free, which has to be among apt's sources." if owner == "Debian" else "."
        return said, SOURCES[str(machine.distribution)]
    return f"{package} is the module stream of branch {branch} in NVIDIA's repository, which has to be set up.", GUIDE
