"""Wheels for a Jetson: from NVIDIA's folder of the JetPack, or from the jetson-ai-lab index; never a desktop wheel."""

from compat.machine import Machine
from compat.plan.commands import interpreter, requirement
from compat.plan.model import Choice, Command

REDIST = "https://developer.download.nvidia.com/compute/redist/jp"
AI_LAB = "https://pypi.jetson-ai-lab.io"  # its bare folders are pages for people; +simple is the index
THREAD = "https://forums.developer.nvidia.com/t/pytorch-for-jetson-version-1-9-0-now-available/72048"
ZOO = "https://elinux.org/Jetson_Zoo#ONNX_Runtime"
_FOLDERS = {"torch": "pytorch", "tensorflow": "tensorflow"}


def install(machine: Machine, folder: str, choice: Choice) -> tuple[Command, ...]:
    """Commands for a wheel; none where NVIDIA hands it out through a file share only (variant ``box``)."""
    python = interpreter(machine, folder)
    wanted: tuple[str, ...]
    if choice.index == "jetson-ai-lab":
        wanted = (
            requirement(choice.distribution, f"=={choice.public}"),
            "--index-url",
            f"{AI_LAB}/{choice.variant}/+simple/",
        )
    elif choice.variant != "box" and choice.row.get("file") and choice.component in _FOLDERS:
        wanted = (f"{REDIST}/{choice.variant}/{_FOLDERS[choice.component]}/{choice.row['file']}",)
    else:
        return ()
    return (
        Command("pip", (python, "-m", "pip", "install", *wanted)),
        Command("uv", ("uv", "pip", "install", "--python", python, *wanted)),
    )
