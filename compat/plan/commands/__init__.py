"""Commands as argument lists, one closed template each: no name or version goes in that is not one."""

import re

from compat import versions
from compat.machine import Machine

ENVIRONMENT = ".venv"
_NAME = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9,._-]+\])?$")


class UnsafeArgument(ValueError):
    """A name or a version that would not be one on a command line."""


def requirement(name: str, spec: str, extras: tuple[str, ...] = ()) -> str:
    """``tensorflow[and-cuda]==2.15.1``. Raises UnsafeArgument."""
    text = f"{name}[{','.join(extras)}]" if extras else name
    if not _NAME.match(text):
        raise UnsafeArgument(text)
    if spec != "*":
        try:
            versions.parse_range(spec)
        except versions.BadVersion:
            raise UnsafeArgument(spec) from None
    return text if spec == "*" else f"{text}{spec.replace(' ', '')}"


def interpreter(machine: Machine, folder: str) -> str:
    """The Python that the commands are for: of the new environment, else the inspected one."""
    if folder:
        return rf"{folder}\Scripts\python.exe" if machine.os == "windows" else f"{folder}/bin/python"
    if machine.interpreter:
        return machine.interpreter
    # Images of Debian and Ubuntu, CUDA's among them, have no ``python`` (Debian Python policy, 4.1); all have python3.
    return "python3" if machine.os == "linux" and machine.in_environment("docker") else "python"
