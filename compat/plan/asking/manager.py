"""Who keeps the environment that a plan is for: whose commands are shown where none are asked for by name.

pip's commands serve everywhere but in an environment that has no pip (uv makes such, pixi too), and in one whose
manager puts back what it does not know of: pixi's holds what its manifest says.
"""

from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.commands.managers import MANAGERS

# Kinds of environment with an installer of their own; the first that is there, a workspace before all else.
PREFERRED = tuple(one.name for one in sorted(MANAGERS, key=lambda one: not one.workspace) if one.keeps)


def installer_of(machine: Machine) -> tuple[str, str]:
    """The installer whose commands suit the machine's environment, and what tells it; pip's need no word."""
    for kind in PREFERRED:
        if machine.in_environment(kind):
            at = (machine.environment or ()).index(kind)
            return kind, f"{machine.sources.get(f'environment[{at}]', 'machine description')}: made by {kind}"
    if lacks_pip(machine):
        return "uv", f"{machine.interpreter}: its environment has no pip"
    return "pip", ""


def lacks_pip(machine: Machine) -> bool:
    """Is it known that the environment that was read has no pip? A description names few of the packages."""
    read = machine.interpreter is not None and machine.sources.get("interpreter", "") not in ("", "machine description")
    names = {normal(name) for name, version in (machine.packages or {}).items() if version is not False}
    return read and machine.packages is not None and "pip" not in names
