"""What a description leaves no choice of: the platform of a Jetson, the driver's release by Windows' number of it."""

from collections.abc import Mapping
from typing import Any

from compat import versions
from compat.machine import Machine
from compat.names import normal
from compat.records import replace

_OF_JETSONS = "every Jetson's"


def implied(machine: Machine) -> Machine:
    """With what the rest of the description leaves no choice of: a Jetson runs Linux on aarch64.

    And the driver's release where Windows' number of it stands: 526.86 for 31.0.15.2686.
    """
    release = versions.of_device_manager(machine.driver.version or "")
    if release is not None:
        sources = {**machine.sources, "driver.version": f"Windows' number of it, {machine.driver.version}"}
        machine = replace(machine, driver=replace(machine.driver, version=release), sources=sources)
    machine = _as_written_elsewhere(machine)
    named = [index for index, gpu in enumerate(machine.gpus or ()) if _is_jetsons(gpu.name or "")]
    if not (named or machine.is_jetson):
        return machine
    missing = [name for name in ("os", "arch") if getattr(machine, name) is None]
    if not missing:
        return machine
    told = f"gpus[{named[0]}].name" if named else "environment" if machine.in_environment("jetson") else "jetson"
    sources = {**machine.sources, **dict.fromkeys(missing, f"{_OF_JETSONS} ({told})")}
    return replace(machine, os=machine.os or "linux", arch=machine.arch or "aarch64", sources=sources)


def _is_jetsons(name: str) -> bool:
    """Is it a Jetson's GPU, as it calls itself, or as people and lspci write it?"""
    return name.startswith(("Jetson ", "NVIDIA Jetson ", "jetson ", "nvidia jetson "))


def _as_written_elsewhere(machine: Machine) -> Machine:
    """With names and versions as indexes compare them (Torch is torch, v2.1.0+CU118 is 2.1.0+cu118), those of libraries
    and environments in small letters, and a module's without maker and kit."""
    changes: dict[str, Any] = {}
    for field in ("packages", "builds", "request"):
        named: Mapping[str, Any] = getattr(machine, field) or {}
        if any(_is_spelled(name) for name in named):
            told: dict[str, Any] = {}
            for name, one in named.items():
                told.setdefault(_plain(name), one)
            changes[field] = told
    packages: Mapping[str, Any] = changes.get("packages", machine.packages) or {}
    sources: dict[str, str] = {}
    spelled = {name: version for name, version in packages.items() if version and version != _release(version)}
    if spelled:
        changes["packages"] = {**packages, **{name: _release(version) for name, version in spelled.items()}}
        sources = {f"packages.{name}": version for name, version in spelled.items()}
    if any(one.name != _library(one.name) for one in machine.libraries or ()):
        changes["libraries"] = tuple(replace(one, name=_library(one.name)) for one in machine.libraries or ())
    if any(not one.islower() for one in machine.environment or ()):
        changes["environment"] = tuple(one.lower() for one in machine.environment or ())
        sources["environment"] = ", ".join(machine.environment or ())
    module = machine.jetson.module
    plain = (module or "").removeprefix("NVIDIA ").removeprefix("Jetson ").removesuffix(" Developer Kit")
    if module is not None and plain != module:
        changes["jetson"] = replace(machine.jetson, module=plain)
        sources["jetson.module"] = module
    for field, written in sources.items():
        where = machine.sources.get(field) or machine.sources.get(field.partition(".")[0]) or "machine description"
        changes["sources"] = {**changes.get("sources", machine.sources), field: f"{where}: {written}"}
    return replace(machine, **changes) if changes else machine


def _release(version: str) -> str:
    """A version without a v before it, nor a local part in capitals (PEP 440)."""
    public, plus, local = version.partition("+")
    return f"{public.lstrip('vV')}{plus}{local.lower() if local.isupper() else local}"


def _library(name: str) -> str:
    """cuDNN as cudnn; some are written with a capital where their files have one (libcublasLt)."""
    lower = name.lower()
    return _CAPITAL.get(lower, lower)


_CAPITAL = {one.lower(): one for one in ("cublasLt", "cusolverMg", "cusparseLt")}


def _is_spelled(name: str) -> bool:
    """Is it not written as indexes compare it? (What is short of lower case, or has ``_`` or ``.``.)"""
    return "_" in name or "." in name or not name.islower()


def _plain(name: str) -> str:
    """The name as indexes compare it, its extras as they are."""
    plain, bracket, extras = name.partition("[")
    return f"{normal(plain)}{bracket}{extras}"


def of_every_jetson(machine: Machine) -> list[str]:
    """The fields that nothing but its being a Jetson tells."""
    return [name for name in ("os", "arch") if machine.sources.get(name, "").startswith(_OF_JETSONS)]
