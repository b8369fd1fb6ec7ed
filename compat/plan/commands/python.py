"""Packages of pip's indexes, environments and interpreters, by each manager that has them."""

from collections.abc import Iterator, Mapping

from compat import versions
from compat.machine import Machine
from compat.plan.commands import interpreter
from compat.plan.commands.managers import MANAGERS, PIP_PLACES, UV_PLACES, Manager
from compat.plan.commands.template import Value, fill
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
    """Install packages. ``index`` takes the place of the configured index (torch's own, which mirrors what torch
    needs), ``extra`` is asked beside it, a page of links too. A workspace's manifest keeps what earlier commands
    declared (``done``), each with its index."""
    where = {"python": interpreter(machine, folder), **_where(index, extra)}
    found: list[Command] = []
    for manager in _serving(machine, folder):
        own = tuple(one for one in requirements if not (manager.workspace and one in done))
        found += manager.commands("install", {**where, "requirements": own})
    return tuple(found)


def places(index: str | None, extra: str | None, uv: bool = False) -> tuple[str, ...]:
    """The options that say where to look: in place of the configured index, and beside it."""
    return fill(UV_PLACES if uv else PIP_PLACES, _where(index, extra)) or ()


def fetch(machine: Machine, folder: str, address: str) -> tuple[Command, ...]:
    """Install one wheel by its address."""
    return _each("fetch", machine, folder, {"address": address})


def compile_here(machine: Machine, folder: str, wanted: str) -> tuple[Command, ...]:
    """Install a package whose archive is compiled beside the torch of the environment, not in a build of its own."""
    return _each("compile", machine, folder, {"requirements": (wanted,)})


def uninstall(machine: Machine, folder: str, names: tuple[str, ...]) -> tuple[Command, ...]:
    """Remove packages."""
    return _each("uninstall", machine, folder, {"names": names})


def environment(machine: Machine, python: str | None, folder: str) -> tuple[Command, ...]:
    """A new environment; with ``python`` (3.11) of that interpreter, which uv and conda fetch if it is not there.

    On Windows conda puts its interpreter elsewhere than the others do, so it is left out there.
    """
    line = versions.major_minor(python) if python else None
    windows = machine.os == "windows"
    values = {"python": interpreter(machine, ""), "folder": folder, "line": line or "", "py": line or ""}
    if not windows:
        del values["py"]
    makers = (one for one in MANAGERS if not (windows and one.forge_install))
    return tuple(command for one in makers for command in one.commands("create", values))


def _where(index: str | None, extra: str | None) -> dict[str, str]:
    beside = {"page" if extra.endswith(".html") else "extra": extra} if extra else {}
    return {"index": index, **beside} if index else beside


def _serving(machine: Machine, folder: str) -> Iterator[Manager]:
    """The managers for a machine's environment, or for a new one of this folder."""
    return (one for one in MANAGERS if not one.workspace or (machine.in_environment(one.name) and not folder))


def _each(kind: str, machine: Machine, folder: str, values: Mapping[str, Value]) -> tuple[Command, ...]:
    whole = {"python": interpreter(machine, folder), **values}
    return tuple(command for one in _serving(machine, folder) for command in one.commands(kind, whole))
