"""Steps that need an administrator: shown; run only with --system, one at a time, each checked by a fresh reading."""

import os
import shlex
import subprocess
from collections.abc import Callable

from compat import versions
from compat.install.errors import InstallError, StepFailed
from compat.install.planfile import PlannedStep
from compat.install.templates import System
from compat.machine import Machine

Confirm = Callable[[str], bool]


def command(step: PlannedStep, program: Callable[[str], str | None]) -> tuple[str, ...]:
    """The command with its program's full path; without sudo where this is the administrator. Raises InstallError."""
    if not isinstance(step.action, System):
        raise InstallError(f"{step.component}: no system step")
    words = step.action.argv
    if words[0] == "sudo" and hasattr(os, "geteuid") and os.geteuid() == 0:
        words = words[1:]
    found = program(words[0])
    if found is None:
        raise InstallError(f"{words[0]}: is not in the system's program folders")
    return (found, *words[1:])


def run(step: PlannedStep, confirm: Confirm, told: Callable[[str], None]) -> bool:
    """Ask once more, run one system step, read the machine anew. False if it was declined. Raises InstallError."""
    from compat.probe.assemble import read_machine
    from compat.probe.host import Host

    argv = command(step, Host().exists_program)
    if not confirm(f"run as administrator: {shlex.join(argv)}?"):
        return False
    # It talks to the terminal itself: sudo asks for a password, and a package manager may ask too.
    status = subprocess.run(argv, check=False).returncode
    if status != 0:
        raise StepFailed(
            f"{shlex.join(argv)} failed with exit status {status}",
            "what it did is the package manager's to undo",
            status,
        )
    told(outcome(step, read_machine(Host())))
    return True


def outcome(step: PlannedStep, machine: Machine) -> str:
    """What a fresh reading says after a driver step: there, there after a restart, or not there."""
    if step.kind != "driver":
        return f"{step.component}: done"
    wanted = versions.parse(step.after).major
    there = {"installed": machine.driver.version, "loaded": machine.driver.kernel_module_version}
    found = {name: versions.parse(text).major for name, text in there.items() if text and versions.try_parse(text)}
    if found.get("loaded") == wanted:
        return f"driver {there['loaded']} is loaded"
    if found.get("installed") == wanted or "installed" not in found:
        return f"driver {step.after}: restart the machine, then check again"
    return f"driver {there['installed']} is still what answers: restart the machine, then check again"
