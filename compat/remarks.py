"""What is told of a description that is not quite right: misspelt keys, contradictions (docs/machine.md)."""

from collections.abc import Iterator
from typing import Any

from compat.machine import Machine
from compat.shapes import SHAPES


def remarks(machine: Machine) -> Iterator[str]:
    """One sentence for each; none for most descriptions."""
    if machine.unknown:
        yield f"unknown keys kept: {', '.join(_unknown_names(machine))}"
    yield from _contradictions(machine)


def _unknown_names(machine: Machine) -> list[str]:
    """The keys that no record has, as they are written, and the nearest that one has."""
    from difflib import get_close_matches

    found = []
    for path in machine.unknown:
        record: Any = machine
        for step in path[:-1]:
            record = getattr(record, str(step)) if type(record) in SHAPES else record[step]
        near = get_close_matches(str(path[-1]), SHAPES[type(record)], 1)
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]
        found.append(f"{name} (did you mean {near[0]}?)" if near else name)
    return sorted(found)


_OF_LINUX = ("wsl1", "wsl2", "jetson", "slurm")
_NOT_OF_LINUX = ("windows", "mac", "darwin")  # as distributions are called there


def _contradictions(machine: Machine) -> list[str]:
    """What nobody could say both of one machine, and which of the two is taken; empty for most descriptions."""
    found = [
        f"packages.{name} is false and builds.{name} is stated: it is taken to be installed"
        for name in machine.builds
        if (machine.packages or {}).get(name) is False
    ]
    linux = [name for name in ("glibc", "device_nodes") if getattr(machine, name)]
    linux += [f"environment {kind}" for kind in machine.environment or () if kind in _OF_LINUX]
    if not (machine.distribution or "windows").lower().startswith(_NOT_OF_LINUX):
        linux.append(f"distribution {machine.distribution}")
    if linux and machine.os in ("windows", "macos"):
        found.append(f"os is {machine.os}, and {linux[0]} is Linux's: os is taken")
    if machine.arch == "x86_64" and (machine.jetson.module or machine.jetson.l4t or machine.in_environment("jetson")):
        found.append("arch is x86_64, and every Jetson is aarch64: arch is taken")
    loaded = [one.name for one in machine.libraries or () if one.loaded and one.loaded_by is None]
    found += [
        f"two copies of {name} are said to load: neither is taken" for name in {*loaded} if loaded.count(name) > 1
    ]
    return found
