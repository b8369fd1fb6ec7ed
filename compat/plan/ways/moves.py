"""What may be moved besides packages, and to what: interpreters, drivers, containers.

A scene is made for each move that is allowed. Least change first: as it is, a new environment, another Python, a
container, a newer driver, then several of them.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Driver, Libcuda, Machine
from compat.plan.commands import ENVIRONMENT
from compat.plan.commands import driver as driver_commands
from compat.plan.commands import python as python_commands
from compat.plan.model import Reason, Request, Step
from compat.plan.offers import offers
from compat.plan.offers.jetson import jetpacks, takes_servers
from compat.plan.offers.published import USE_GPU, gpus_of
from compat.plan.ranges import admits_line, joined
from compat.plan.solver.scene import SEALED, UNMADE, Scene, emptied
from compat.records import replace
from compat.rules.case import Case

if TYPE_CHECKING:
    from compat.capability import Capability
    from compat.matrix import Matrix, Row

MARK = "https://packaging.python.org/en/latest/specifications/externally-managed-environments/"
MOVES = ("environment", "python", "container", "driver")


def new_environment(base: Scene) -> Scene:
    """A new environment beside the present one, of the same Python or of the one that files ask for."""
    folder = base.folder or ENVIRONMENT
    line = base.machine.python if base.machine.in_environment(UNMADE) else None
    rule, source = "package-versions-mismatch", "docs/plan.md, preference"
    said = "What is asked for does not go together with what is installed in this environment."
    if base.folder:
        said = "What is asked for does not go into one environment."
    elif line is not None:
        rule, source = "python-unsupported", "files that were read, or --python"
        said = f"Python {line} is asked for, and another one is there."
    elif base.machine.in_environment(SEALED):
        rule, source = SEALED, MARK
        said = "The present Python is the system's own; pip and uv install nothing into it (EXTERNALLY-MANAGED)."
        if base.machine.distribution in ("debian", "ubuntu"):
            said += " Its venv is the package python3-venv."
    step = Step(
        "environment",
        "environment",
        None,
        folder,
        (Reason(rule, said, source),),
        python_commands.environment(base.machine, line, folder),
    )
    return Scene(emptied(base.machine), (*base.steps, step), (*base.moves, "environment"), folder)


def pythons(base: Scene, requests: tuple[Request, ...], matrix: "Matrix", gpu: bool) -> Iterator[Scene]:
    """A new environment with another Python, the nearest first, of those that what is asked for has builds for and its
    files admit."""
    machine, folder = base.machine, base.folder or ENVIRONMENT
    bound = machine.is_jetson and not takes_servers(machine, matrix)
    current = versions.major_minor(machine.python) if machine.python else None
    threaded = current is not None and current.endswith("t")  # free-threaded is another Python, never meant by chance
    own = {row["python"] for row in jetpacks(machine, matrix)} if bound else None
    admitted = versions.parse_range(joined(request.pythons for request in requests))
    lines: set[str] = set()
    for request in requests:
        for choice in offers(request.component, replace(machine, python=None), matrix, request.text, gpu):
            lines |= {line for line in choice.row.get("python", ()) if _is_meant(line, threaded)}
    for line in sorted(lines, key=lambda text: distance(text, current)):
        if line == current or versions.parse(line) < versions.parse("3.6"):
            continue
        if own is not None and line not in own:
            continue  # the wheels of a Jetson are made for the Python of its JetPack
        if not admits_line(admitted, line):
            continue
        step = Step("python", "python", machine.python, line, (), python_commands.environment(machine, line, folder))
        yield Scene(replace(emptied(machine), python=line), (*base.steps, step), (*base.moves, "python"), folder)


def _is_meant(line: str, threaded: bool) -> bool:
    return versions.try_parse(line) is not None and line.endswith("t") == threaded


def distance(line: str, current: str | None) -> tuple[int, int]:
    """How far a Python is from the present one; of two equally far the newer first. Newest first where unknown."""
    minor = versions.parse(line).minor or 0
    here = versions.parse(current).minor if current else None
    return (abs(minor - here), -minor) if here is not None else (-minor, 0)


def driver_floors(machine: Machine, matrix: "Matrix") -> list[str]:
    """Driver releases at which something begins to work, oldest first: of CUDA majors, toolkits and GPU generations."""
    if machine.is_jetson:
        return []  # the driver of a JetPack is part of it
    field = "driver_windows" if _windows(machine) else "driver_linux"
    found = {row[field] for row in (*matrix.rows("major", "cuda"), *matrix.cuda.toolkits) if field in row}
    for capability in _capabilities(machine, matrix):
        first = matrix.gpus.first_driver(capability)
        if first is not None:
            found.add(str(first.value))
    current = machine.driver.version or machine.driver.kernel_module_version
    newer = [text for text in found if current is None or versions.at_least(current, text) is False]
    return sorted(newer, key=lambda text: versions.parse(text).key())


def _capabilities(machine: Machine, matrix: "Matrix") -> "list[Capability]":
    """Those of the GPUs that are known; they are looked up once, unless a variable may leave some out."""
    if machine.variables:
        return [gpu.capability for gpu in Case(machine, USE_GPU, matrix).gpus if gpu.capability]
    return [one for one in gpus_of(machine, matrix) if one]


def _windows(machine: Machine) -> bool:
    # The driver of WSL 2 is that of Windows, and nvidia-smi shows its number there too.
    return machine.os == "windows" or machine.in_environment("wsl2") is True


def with_driver(machine: Machine, version: str, matrix: "Matrix") -> Machine:
    """The machine with another driver of one piece; nothing of the old one is left."""
    driver = Driver(
        version=version,
        kernel_module_version=version,
        kernel_module=_flavour(machine, matrix),
        kernel_module_loaded=True,
    )
    libcuda = machine.libcuda
    if libcuda.version is not None or libcuda.compat is not None or libcuda.stub is not None:
        libcuda = Libcuda(
            version=version, path=libcuda.path if libcuda.compat is False else None, compat=False, stub=False
        )
    missing = machine.missing_libraries
    return replace(
        machine,
        driver=driver,
        libcuda=libcuda,
        missing_libraries=missing and tuple(soname for soname in missing if soname != "libcuda.so.1"),
    )


def _flavour(machine: Machine, matrix: "Matrix") -> str | None:
    """The kernel module that serves every GPU: the open one where one needs it, else what old ones need."""
    if machine.os != "linux":
        return None
    wanted = {
        row.get("open_module")
        for capability in _capabilities(machine, matrix)
        if (row := matrix.gpus.architecture(capability)) is not None
    }
    if "required" in wanted:
        return "open"
    return "proprietary" if "unsupported" in wanted else None


def drivers(machine: Machine, matrix: "Matrix") -> Iterator[tuple[str, str]]:
    """(branch, release) of the drivers to try: for each floor above the present one the branch that lasts longest; at
    last, for a GPU that newer branches dropped, the last that serves it."""
    if machine.is_jetson:
        return
    last = _last_branch(machine, matrix)
    serving = _serving(machine, last, matrix)
    archived = _archived(machine, matrix)
    packaged = [(row, release) for row, release in serving if row["branch"] in archived]
    for least in driver_floors(machine, matrix):
        own = _longest(packaged, least, last, matrix.date)
        if own is not None:
            yield own
        branch, release = _longest(serving, least, last, matrix.date) or (str(versions.parse(least).major), least)
        if versions.at_least(release, least):
            yield branch, release
    current = machine.driver.kernel_module_version or machine.driver.version
    if current is None or versions.parse(current).major >= last or machine.driver.kernel_module:
        newest = newest_driver(machine, matrix)
        if newest is not None:
            yield str(versions.parse(newest).major), newest


def _archived(machine: Machine, matrix: "Matrix") -> Collection[str]:
    """The branches that the archive of the machine's own release has: no repository has to be added."""
    if machine.os != "linux" or machine.in_environment("wsl2"):
        return ()
    return driver_commands.archived(machine, _flavour(machine, matrix) == "open", matrix) or ()


def _serving(machine: Machine, last: int, matrix: "Matrix") -> "list[tuple[Row, str]]":
    """The branches up to the last that serves every GPU, oldest first, each with the release that is installed."""
    newest = _newest(machine, matrix)
    rows = (row for row in matrix.drivers.branches if int(row["branch"]) <= last)
    return [(row, newest[row["branch"]]) for row in rows if row["branch"] in newest]


def _longest(branches: "list[tuple[Row, str]]", least: str, last: int, today: str) -> tuple[str, str] | None:
    """(branch, release) to install: of some branches the one that is maintained longest, from a release on."""
    fitting = [(row, release) for row, release in branches if versions.at_least(release, least)]
    maintained = [
        (row, release)
        for row, release in fitting
        if row.get("kind") in ("production", "long-term") and str(row.get("end_of_life", "9999")) >= today
    ]
    legacy = [(row, release) for row, release in fitting if int(row["branch"]) == last]
    lasting = [(row, release) for row, release in maintained if row["kind"] == "long-term"]
    for found in (lasting, maintained, legacy, fitting):
        if found:
            row, release = found[-1]
            return str(row["branch"]), release
    return None


def _newest(machine: Machine, matrix: "Matrix") -> dict[str, str]:
    """Of each branch the release that is installed: the one in the archive of the machine's own system, else NVIDIA's
    newest."""
    field = "latest_windows" if _windows(machine) else "latest_linux"
    found = {str(row["branch"]): str(row[field]) for row in matrix.drivers.branches if field in row}
    return found | driver_commands.releases(machine, matrix)


def newest_driver(machine: Machine, matrix: "Matrix") -> str | None:
    """The newest release of a branch that still serves every GPU; None where the driver is no matter of its own."""
    if machine.is_jetson:
        return None
    last, newest = _last_branch(machine, matrix), _newest(machine, matrix)
    fitting = [row["branch"] for row in matrix.drivers.branches if int(row["branch"]) <= last]
    return next((newest[branch] for branch in reversed(fitting) if branch in newest), None)


def _last_branch(machine: Machine, matrix: "Matrix") -> int:
    """The last driver branch that serves every GPU; a large number where none is dropped yet."""
    ends = [10**6]
    for capability in _capabilities(machine, matrix):
        row = matrix.gpus.architecture(capability)
        if row is not None and "driver_last" in row:
            ends.append(int(row["driver_last"]))
    return min(ends)


def driver_step(machine: Machine, branch: str, release: str, why: tuple[Reason, ...], matrix: "Matrix") -> Step:
    """The step that installs a driver branch."""
    known = _capabilities(machine, matrix)
    is_open = bool(known) and _flavour(machine, matrix) != "proprietary"
    commands = driver_commands.install(machine, branch, max(known, default=None), matrix, is_open)
    said = (
        driver_commands.packaged(machine, branch, commands[0])
        if commands
        else driver_commands.by_hand(machine, branch, matrix)
    )
    how = Reason("driver-installation", *said)
    return Step(
        "driver",
        "driver",
        machine.driver.version or machine.driver.kernel_module_version,
        release,
        (*why, how),
        commands,
        needs_root=True,
        reversible=True,
    )
