"""Where an interpreter is from that a new environment is made of.

uv and conda fetch it themselves; pip's ``venv`` takes one that is there. Which lines uv has, which a distribution
packages, and which the deadsnakes PPA has for a release of Ubuntu, is in the matrix (distribution); a rebuild of RHEL
has RHEL's. Elsewhere it is built by pyenv.
"""

from typing import TYPE_CHECKING

from compat.machine import Machine
from compat.plan.commands.driver import RHEL
from compat.plan.commands.template import fill
from compat.plan.model import Command, Reason, Step
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

INSTALLATION = "python-installation"  # a reason's name (docs/plan.md, reasons)
WINDOWS = "https://docs.python.org/3/using/windows.html"
PYENV = "https://github.com/pyenv/pyenv"
_APT = "sudo apt-get install --yes python{line}-venv"
_PPA = "sudo add-apt-repository --yes ppa:deadsnakes/ppa"
_DNF = "sudo dnf install --assumeyes python{line}"
_PY = "py install {line}"
_PYENV = "pyenv install {line}"


def told(step: Step, machine: Machine, matrix: "Matrix") -> Step:
    """The step, with where the interpreter is from that its command for pip takes for granted."""
    line = next((found for one in step.commands if (found := _line(one))), None)
    if line is None:
        return step
    how, source = _way(line, machine, matrix)
    by_uv = matrix.traits.holds("distribution", "fetched-by-uv", line, "python")
    fetching = {"conda", "uv"} if by_uv else {"conda"}
    fetched = sorted({one.installer for one in step.commands} & fetching, reverse=True)
    fetch = "fetches" if len(fetched) == 1 else "fetch"
    said = f"{' and '.join(fetched)} {fetch} Python {line} where it is not there; " if fetched else ""
    said += f"for pip's command {how}."
    return replace(step, why=(*step.why, Reason(INSTALLATION, said, source, "how")))


def takes_administrator(step: Step) -> bool:
    """Does the interpreter of pip's command come of the system's packages?"""
    return any(one.rule == INSTALLATION and "`sudo " in one.message for one in step.why)


def _line(command: Command) -> str | None:
    """The line of the interpreter that a command starts by its name (``python3.8 -m venv``, ``py -3.8``)."""
    if command.installer != "pip" or "venv" not in command.argv:
        return None
    if command.argv[0] == "py":
        return command.argv[1].removeprefix("-")
    line = command.argv[0].removeprefix("python")
    return line if "." in line and line[0].isdigit() else None


def _way(line: str, machine: Machine, matrix: "Matrix") -> tuple[str, str]:
    """What to type, and the source."""
    if machine.os == "windows":
        return f"`{_shown(_PY, line)}` of Python's install manager, or an installer of python.org", WINDOWS
    kin = "rhel" if machine.distribution in RHEL else machine.distribution
    row = _row(kin, machine.distribution_version, matrix)
    if row is not None and line in row["own"]:
        typed = _shown(_DNF if kin == "rhel" else _APT, line)
        return f"`{typed}`, of the system's own archive", str(matrix.source(row))
    if row is not None and line in row.get("deadsnakes", ()):
        return (
            f"`{_PPA}` and `{_shown(_APT, line)}`: {row['of'].title()}'s own archive has not that line",
            str(matrix.source(row, "deadsnakes")),
        )
    return f"`{_shown(_PYENV, line)}` builds it (pyenv)", PYENV


def _row(distribution: str | None, release: str | None, matrix: "Matrix") -> "Row | None":
    here = f"{distribution} {release}."
    found = matrix.rows("interpreters", "distribution")
    return next((row for row in found if here.startswith(f"{row['of']}.")), None)


def _shown(template: str, line: str) -> str:
    return " ".join(fill(template, {"line": line}) or ())
