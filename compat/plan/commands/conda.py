"""conda-forge's packages with conda, mamba and pixi: environments of a folder, and what goes into them.

micromamba takes mamba's words. pixi keeps a workspace in the folder; its solver takes for granted what the workspace
says of the platform and not what the machine has, so CUDA is declared there (``__cuda``, as conda reads it off the
driver): https://github.com/prefix-dev/pixi, docs/workspace/system_requirements.md and docs/reference/cli of 0.77
(2026-08-18). mamba: https://github.com/mamba-org/mamba, docs/source/user_guide (2026-07-24).
"""

from compat.machine import Machine
from compat.plan.commands import UnsafeArgument
from compat.plan.model import Command

CHANNEL = "conda-forge"
PROGRAMS = ("conda", "mamba")  # of one command line
INSTALLERS = (*PROGRAMS, "pixi")
PLATFORMS = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("windows", "x86_64"): "win-64",
}


def create(python: str, folder: str) -> tuple[Command, ...]:
    """An environment in a folder with a Python (3.12) and pip, by conda and mamba."""
    return tuple(
        Command(
            program, (program, "create", "--yes", "--prefix", f"./{folder}", *_channel(), f"python={python}", "pip")
        )
        for program in PROGRAMS
    )


def workspace(machine: Machine, folder: str, cuda: str) -> tuple[Command, ...]:
    """The same by pixi, for packages of conda-forge only: two commands, the second declares the driver's CUDA major.

    Raises UnsafeArgument where conda-forge has no such platform.
    """
    platform = PLATFORMS.get((machine.os or "linux", machine.arch or "x86_64"))
    if platform is None:
        raise UnsafeArgument(f"{machine.os} {machine.arch}")
    edit = ("platform", "edit", platform, "--cuda", cuda, "--no-install")
    return (
        Command("pixi", ("pixi", "init", *_channel(), "--platform", platform, folder)),
        Command("pixi", ("pixi", "workspace", "--manifest-path", folder, *edit)),
    )


def install(parts: tuple[tuple[str, str], ...], folder: str = "") -> tuple[Command, ...]:
    """Packages of conda-forge by conda and mamba, into the environment of a folder or the active one."""
    where = ("--prefix", f"./{folder}") if folder else ()
    return tuple(
        Command(program, (program, "install", "--yes", *where, *_channel(), *_specs(parts))) for program in PROGRAMS
    )


def remove(names: tuple[str, ...]) -> tuple[Command, ...]:
    """Packages out of the active environment, by conda and mamba, and out of pixi's workspace of the present folder."""
    return (
        *(Command(program, (program, "remove", "--yes", *names)) for program in PROGRAMS),
        Command("pixi", ("pixi", "remove", *names)),
    )


def declare(requirements: tuple[str, ...], index: str | None) -> tuple[Command, ...]:
    """Packages of pip's indexes, with the one that they come from, in pixi's workspace of the present folder."""
    return (Command("pixi", ("pixi", "add", "--pypi", *requirements, *(("--index", index) if index else ()))),)


def withdraw(names: tuple[str, ...]) -> tuple[Command, ...]:
    """The same packages out of it."""
    return (Command("pixi", ("pixi", "remove", "--pypi", *names)),)


def add(parts: tuple[tuple[str, str], ...], folder: str) -> tuple[Command, ...]:
    """The same by pixi, into the workspace of a folder."""
    return (Command("pixi", ("pixi", "add", "--manifest-path", folder, *_specs(parts))),)


def _channel() -> tuple[str, str]:
    return "--channel", CHANNEL


def _specs(parts: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """``pytorch=2.6.0=cuda126*``, as conda's match specifications go on a command line."""
    return tuple(f"{name}={text}" for name, text in parts)
