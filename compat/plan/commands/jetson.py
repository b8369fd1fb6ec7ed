"""Wheels for a Jetson: from NVIDIA's folder of the JetPack, or from the jetson-ai-lab index; never a desktop wheel."""

from compat.machine import Machine
from compat.plan.commands import python as installers
from compat.plan.commands import requirement
from compat.plan.model import Choice, Command

REDIST = "https://developer.download.nvidia.com/compute/redist/jp"
AI_LAB = "https://pypi.jetson-ai-lab.io"  # its bare folders are pages for people; +simple is the index
THREAD = "https://forums.developer.nvidia.com/t/pytorch-for-jetson-version-1-9-0-now-available/72048"
ZOO = "https://elinux.org/Jetson_Zoo#ONNX_Runtime"
JETPACK = "https://docs.nvidia.com/jetson/agx-orin-devkit/user-guide/setup_jetpack.html"
_FOLDERS = {"torch": "pytorch", "tensorflow": "tensorflow"}


def install(machine: Machine, folder: str, choice: Choice) -> tuple[Command, ...]:
    """Commands for a wheel, for TensorRT the JetPack's; none where NVIDIA has it on a file share only (``box``)."""
    if choice.component == "tensorrt":
        return (jetpack(),)
    if choice.index == "jetson-ai-lab":
        wanted = requirement(choice.distribution, f"=={choice.public}")
        return installers.install(machine, folder, (wanted,), f"{AI_LAB}/{choice.variant}/+simple/")
    if choice.variant != "box" and choice.row.get("file") and choice.component in _FOLDERS:
        address = f"{REDIST}/{choice.variant}/{_FOLDERS[choice.component]}/{choice.row['file']}"
        return installers.fetch(machine, folder, address)
    return ()


def jetpack() -> Command:
    """The parts of the JetPack that an image of the bare system lacks: CUDA, cuDNN, TensorRT."""
    return Command("apt", ("sudo", "apt-get", "install", "--yes", "nvidia-jetpack"))
