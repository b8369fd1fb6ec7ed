"""conda-forge's packages: environments of a folder, and what goes into them, by each manager that installs them."""

from compat.machine import Machine
from compat.plan.commands.managers import MANAGERS
from compat.plan.commands.template import Values
from compat.plan.model import Command

PLATFORMS = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("windows", "x86_64"): "win-64",
}


def create(python: str, folder: str) -> tuple[Command, ...]:
    """An environment in a folder with a Python (3.12) and pip, for packages of pip's indexes too."""
    values = {"line": python, "folder": folder}
    return tuple(one for manager in MANAGERS if manager.forge_install for one in manager.commands("create", values))


def environment(machine: Machine, python: str, folder: str, cuda: str) -> tuple[Command, ...]:
    """The same for packages of conda-forge only; ``cuda`` is the major that the driver offers."""
    platform = PLATFORMS.get((machine.os or "linux", machine.arch or "x86_64"), "")
    values = {"line": python, "folder": folder, "platform": platform, "cuda": cuda}
    return tuple(one for manager in MANAGERS for one in manager.commands("forge_create", values))


DEFAULTS = "defaults"  # Anaconda's own channel, which Miniforge is told to ask by its name


def install(parts: tuple[tuple[str, str], ...], folder: str = "", channel: str = "") -> tuple[Command, ...]:
    """Packages (``pytorch=2.6.0=cuda126*``, as conda's match specifications go on a command line) into the environment
    of a folder or the active one; ``channel`` is asked beside conda-forge."""
    values: Values = {"parts": tuple(f"{name}={text}" for name, text in parts), "folder": folder}
    values = {**values, "channel": channel} if channel else values
    return tuple(one for manager in MANAGERS for one in manager.commands("forge_install", values))


def remove(names: tuple[str, ...]) -> tuple[Command, ...]:
    """Packages out of the active environment, or out of the workspace of the present folder."""
    return tuple(one for manager in MANAGERS for one in manager.commands("forge_remove", {"names": names}))
