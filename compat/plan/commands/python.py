"""pip and uv: packages, environments, interpreters."""

from compat import versions
from compat.machine import Machine
from compat.plan.commands import conda, interpreter
from compat.plan.model import Command

PYTORCH = "https://download.pytorch.org/whl/"
NVIDIA = "https://pypi.nvidia.com"
JAX = "https://storage.googleapis.com/jax-releases/jax_cuda_releases.html"  # a page of links, not an index


def install(
    machine: Machine,
    folder: str,
    requirements: tuple[str, ...],
    index: str | None = None,
    extra: str | None = None,
    done: tuple[str, ...] = (),
) -> tuple[Command, ...]:
    """Install packages with pip and with uv; in a workspace of pixi's with that too.

    ``index`` takes the place of the configured index (torch's own, which mirrors what torch needs), ``extra`` is asked
    beside it, a page of links too. uv stops at the first index that has a package at all, pip compares all of them: uv
    is told to do as pip. pixi's manifest keeps what earlier commands declared (``done``), each with its index; it has
    no index beside another.
    """
    python = interpreter(machine, folder)
    own = tuple(one for one in requirements if one not in done)
    of_pixi = conda.declare(own, index) if own and not extra and not folder and machine.in_environment("pixi") else ()
    return (
        Command("pip", (python, "-m", "pip", "install", *requirements, *places(index, extra))),
        Command("uv", ("uv", "pip", "install", "--python", python, *requirements, *places(index, extra, uv=True))),
        *of_pixi,
    )


def places(index: str | None, extra: str | None, uv: bool = False) -> tuple[str, ...]:
    """The options that say where to look: in place of the configured index, and beside it."""
    alone = ("--index-url", index) if index else ()
    if extra is None:
        return alone
    if extra.endswith(".html"):
        return (*alone, "--find-links", extra)
    return (*alone, "--extra-index-url", extra, *(("--index-strategy", "unsafe-best-match") if uv else ()))


def fetch(machine: Machine, folder: str, address: str) -> tuple[Command, ...]:
    """Install one wheel by its address."""
    python = interpreter(machine, folder)
    return (
        Command("pip", (python, "-m", "pip", "install", address)),
        Command("uv", ("uv", "pip", "install", "--python", python, address)),
    )


def uninstall(machine: Machine, folder: str, names: tuple[str, ...]) -> tuple[Command, ...]:
    """Remove packages."""
    python = interpreter(machine, folder)
    return (
        Command("pip", (python, "-m", "pip", "uninstall", "--yes", *names)),
        Command("uv", ("uv", "pip", "uninstall", "--python", python, *names)),
        *(conda.withdraw(names) if machine.in_environment("pixi") and not folder else ()),
    )


def environment(machine: Machine, python: str | None, folder: str) -> tuple[Command, ...]:
    """A new environment; with ``python`` (3.11) of that interpreter, which uv and conda fetch if it is not there.

    On Windows conda puts its interpreter elsewhere than the others do, so it is left out there.
    """
    line = versions.major_minor(python) if python else None
    if line is None:
        return (
            Command("pip", (interpreter(machine, ""), "-m", "venv", folder)),
            Command("uv", ("uv", "venv", folder)),
        )
    own = ("py", f"-{line}") if machine.os == "windows" else (f"python{line}",)
    return (
        Command("pip", (*own, "-m", "venv", folder)),
        Command("uv", ("uv", "venv", "--python", line, "--seed", folder)),
        *(conda.create(line, folder) if machine.os != "windows" else ()),
    )
