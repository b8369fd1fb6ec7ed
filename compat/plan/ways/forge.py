"""conda-forge as a way out, where no package of pip's indexes serves the machine, or where its packages are preferred.

Its builds are other builds: made for another CUDA, for more or older GPUs. A build is an answer where the matrix knows
its CUDA and its machine code, the solver takes it (the driver offers its CUDA major, which ``cuda-version`` asks for as
``__cuda``), and the machine with it passes each goal. Several go together where they are of one CUDA major and where
some build of each was made with the same releases of the libraries that they share (protobuf, Abseil, gRPC): conda has
one of each in an environment.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal
from compat.machine import Build, Library, Machine
from compat.matrix.packages import fits_python
from compat.plan.asking.request import COMPANION
from compat.plan.commands import ENVIRONMENT
from compat.plan.commands import conda as commands
from compat.plan.commands.managers import CHANNEL
from compat.plan.model import Reason, Request, Step
from compat.plan.offers.published import USE_GPU, serves_gpus
from compat.plan.ranges import admits_line, joined
from compat.plan.solver.judge import Trial
from compat.plan.solver.scene import Scene, emptied
from compat.plan.ways.moves import distance
from compat.records import replace
from compat.rules.case import Case

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

# Component -> the package of conda-forge that holds its GPU code, and what is installed with it in the same release.
PACKAGES = {
    "torch": ("pytorch", ()),
    "tensorflow": ("tensorflow", ()),
    "jax": ("jaxlib", ("jax",)),
    "onnxruntime": ("onnxruntime", ()),
}
SOURCE = "conda-forge/cuda-version-feedstock, recipe: __cuda >= the major of the build's CUDA (2026-04-23)"
VIRTUAL = "https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-virtual.html"
_PYTHON = "3.12"  # for builds that name none
_TRIED = 200  # sets of builds that are held against the rules

Shared = frozenset[tuple[str, str]]


def environments(
    base: Scene,
    requests: tuple[Request, ...],
    goals: tuple[Goal, ...],
    matrix: "Matrix",
    preferred: bool = False,
    python: bool = False,
) -> Iterator[Scene]:
    """The machine with each set of builds that reaches the goals in a conda environment, the newest releases first;
    with ``python`` of whichever Python they have, the nearest to the machine's."""
    requests = tuple(one for one in requests if one.where != COMPANION)
    if not requests or base.machine.is_jetson or base.machine.os == "macos":
        return
    machine = replace(base.machine, python=None) if python else base.machine
    if any(one.component not in PACKAGES or one.build for one in requests) or not any(one.needs_gpu for one in goals):
        return
    pythons = joined(one.pythons for one in requests) if python else "*"
    rows = [_of(pythons, _rows(PACKAGES[one.component][0], one.text, machine, matrix)) for one in requests]
    trial = Trial(goals, matrix)
    for chosen in islice(_together(rows, (), frozenset({frozenset()}), matrix), _TRIED):
        scene = _installed(base, python, tuple(one.component for one in requests), chosen, preferred, matrix)
        if trial.passes(scene.machine):
            yield scene


def _of(pythons: str, rows: "list[Row]") -> "list[Row]":
    """The builds with those of their Pythons that the files of the requests admit."""
    if pythons == "*":
        return rows
    admitted = versions.parse_range(pythons)
    found = []
    for row in rows:
        lines = [one for one in row.get("python", ()) if admits_line(admitted, one)]
        if lines or not row.get("python"):
            found.append({**row, "python": lines} if lines else row)
    return found


def _together(
    rows: "list[list[Row]]", chosen: "tuple[Row, ...]", shared: frozenset[Shared], matrix: "Matrix"
) -> "Iterator[tuple[Row, ...]]":
    """A build of each that one environment can hold. ``shared``: what those chosen so far can agree on."""
    if not rows:
        yield chosen
        return
    for row in rows[0]:
        if chosen and not all(_one_environment(row, other) for other in chosen):
            continue
        agreed = _agreed(shared, _libraries(row, matrix)) if len(rows) > 1 or chosen else shared
        if agreed:
            yield from _together(rows[1:], (*chosen, row), agreed, matrix)


def _one_environment(one: "Row", other: "Row") -> bool:
    """One CUDA, one cuDNN major, and a Python that both have builds for. From CUDA 12 on ``cuda-version`` is asked for
    by its major; what cudatoolkit was pinned to before was not read, so there only the same release counts."""
    cudas = {versions.parse(row["cuda"]).major if _by_major(row) else row["cuda"] for row in (one, other)}
    if len(cudas) > 1:
        return False
    cudnn = [versions.parse(row["cudnn"]).major for row in (one, other) if row.get("cudnn")]
    if len(set(cudnn)) > 1:
        return False
    pythons = [set(row["python"]) for row in (one, other) if row.get("python")]
    return len(pythons) < 2 or bool(pythons[0] & pythons[1])


def _by_major(row: "Row") -> bool:
    return versions.at_least(row["cuda"], "12") is True


def _libraries(row: "Row", matrix: "Matrix") -> frozenset[Shared] | None:
    """The sets of shared libraries that builds of this release were made with; None where that is not known."""
    found = _made_with(row, matrix)
    return None if found is None else frozenset(_set(text) for text in found["libraries"])


def _made_with(row: "Row", matrix: "Matrix") -> "Row | None":
    key = (row["package"], row["version"], row["os"], row["arch"], versions.major_minor(row["cuda"]))
    for one in matrix.rows("condapin", "conda-forge"):
        if (one["package"], one["version"], one["os"], one["arch"], one["cuda"]) == key:
            return one
    return None


def _set(text: str) -> Shared:
    pairs = (word.partition("=") for word in text.split())
    return frozenset((name, release) for name, _, release in pairs)


def _agreed(shared: frozenset[Shared], more: frozenset[Shared] | None) -> frozenset[Shared]:
    """What both can agree on: of each library that both were made with the same release."""
    if more is None:
        return frozenset()
    found = set()
    for one in shared:
        for other in more:
            mine, its = dict(one), dict(other)
            if all(mine[name] == its[name] for name in mine.keys() & its.keys()):
                found.add(one | other)
    return frozenset(found)


def _rows(package: str, text: str, machine: Machine, matrix: "Matrix") -> "list[Row]":
    """Builds with known machine code that the range admits and conda's solver may take, the newest release first."""
    wanted = versions.parse_range(text)
    driver = machine.driver.version or machine.driver.kernel_module_version
    offered = matrix.cuda.offered_by(driver, machine.os or "linux") if driver else None
    most = machine.driver.cuda or (offered.value if offered else None)
    found = [
        row
        for version, builds in matrix.packages.conda_builds(package).items()
        if wanted.admits(version)
        for row in builds
        if row["index"] == "conda-forge"
        and (row["os"], row["arch"]) == (machine.os or "linux", machine.arch or "x86_64")
        and row.get("cuda")
        and ("sass" in row or "ptx" in row)
        and fits_python(row, machine.python)
        and (most is None or versions.parse(row["cuda"]).major <= versions.parse(most).major)
        and cudnn_serves(row, machine, matrix)
    ]
    return sorted(
        found, key=lambda row: (versions.parse(row["version"]).key(), versions.parse(row["cuda"]).key()), reverse=True
    )


def cudnn_serves(row: "Row", machine: Machine, matrix: "Matrix") -> bool:
    """Has the newest cuDNN that the build's pin admits code for every GPU? The solver takes that one."""
    newest = _cudnn(row, matrix)
    return newest is not None and serves_gpus(matrix, "nvidia-cudnn-", newest, machine)


def _cudnn(row: "Row", matrix: "Matrix") -> str | None:
    return _newest_cudnn(matrix, row.get("cudnn"))


@lru_cache(maxsize=64)
def _newest_cudnn(matrix: "Matrix", line: str | None) -> str | None:
    """The newest one of conda-forge, of a line where one is named."""
    pin = versions.try_parse(line or None)
    known = [text for text in matrix.packages.conda_builds("cudnn") if pin is None or pin.covers(versions.parse(text))]
    return max(known, key=lambda text: versions.parse(text).key(), default=None)


def _copies(
    machine: Machine, components: tuple[str, ...], rows: "tuple[Row, ...]", matrix: "Matrix"
) -> tuple[Library, ...] | None:
    """The machine's libraries, and the environment's own cuDNN, which the builds find first by their RPATH."""
    if machine.libraries is None:
        return None
    own = [one for one in (_cudnn(row, matrix) for row in rows if row.get("cudnn")) if one is not None]
    return (*(Library("cudnn", one, "conda", loaded_by=components) for one in own[:1]), *machine.libraries)


def _installed(
    base: Scene, moves: bool, components: tuple[str, ...], rows: "tuple[Row, ...]", preferred: bool, matrix: "Matrix"
) -> Scene:
    """The machine with the builds, and the steps: an environment of its own, where there is none, and one command."""
    machine = base.machine
    parts: list[tuple[str, str]] = []
    packages: dict[str, str] = {}
    for component, row in zip(components, rows, strict=True):
        package, beside = PACKAGES[component]
        parts.append((package, f"{row['version']}={row['conda_build']}"))
        parts += [(name, row["version"]) for name in beside]
        packages |= dict.fromkeys((package, *beside), str(row["version"]))
    line = _python(machine.python, rows, moves)
    moved = moves and machine.python is not None and line != versions.major_minor(machine.python)
    anew = moved or bool(base.folder) or not machine.in_environment("conda") or bool(machine.packages)
    steps = [*base.steps]
    major = str(max(versions.parse(row["cuda"]).major for row in rows))
    if anew:
        steps.append(_environment(machine, line, base.folder or ENVIRONMENT, moved, major))
    folder = (base.folder or ENVIRONMENT) if anew else ""
    named = [f"{PACKAGES[one][0]} {row['version']}" for one, row in zip(components, rows, strict=True)]
    variants = ", ".join(dict.fromkeys(row["variant"] for row in rows))
    single = len(rows) == 1
    steps.append(
        Step(
            "package",
            PACKAGES[components[0]][0] if single else CHANNEL,
            None,
            f"{rows[0]['version'] if single else ', '.join(named)} of conda-forge ({variants})",
            (*_why(rows, preferred), *_holds(rows, machine, matrix)),
            commands.install(tuple(parts), folder),
        )
    )
    environment = tuple(dict.fromkeys((*(machine.environment or ()), "conda")))
    bare = emptied(machine)
    inside = replace(
        bare,
        libraries=_copies(bare, components, rows, matrix),
        environment=environment,
        python=line if moved else machine.python,
        packages=packages,
        builds={PACKAGES[one][0]: _build(row) for one, row in zip(components, rows, strict=True)},
        missing_libraries=None,
        request=None,
    )
    return Scene(inside, tuple(steps), (*base.moves, "python" if moved else "environment"), base.folder or ENVIRONMENT)


def _environment(machine: Machine, line: str, folder: str, moved: bool, major: str) -> Step:
    said = [Reason("request", "conda, mamba or pixi makes it (Miniforge brings the first two).", SOURCE)]
    virtual = (
        f"conda and mamba ask the driver for its CUDA; where none answers, CONDA_OVERRIDE_CUDA={major} stands for it."
    )
    said.append(Reason("driver-missing", virtual, VIRTUAL, "how"))
    every = commands.environment(machine, line, folder, major)
    if not moved:
        return Step("environment", "environment", None, folder, tuple(said), every)
    why = Reason("python-unsupported", f"conda-forge has no such build for Python {machine.python}.", SOURCE)
    return Step("python", "python", machine.python, line, (why, *said), every)


def _python(here: str | None, rows: "tuple[Row, ...]", moves: bool) -> str:
    """The machine's Python, else the newest that every build has; where it may move, the nearest of those."""
    own = versions.major_minor(here) if here else None
    if own is not None and not moves:
        return own
    named = [set(row["python"]) for row in rows if row.get("python")]
    common = set.intersection(*named) if named else {own or _PYTHON}
    return min(common, key=lambda line: distance(line, own))


def _why(rows: "tuple[Row, ...]", preferred: bool) -> tuple[Reason, ...]:
    cudas = " and ".join(dict.fromkeys(row["cuda"] for row in rows))
    if preferred:
        its = "build is" if len(rows) == 1 else "builds are"
        return (Reason("request", f"conda-forge's {its} made for CUDA {cudas}.", SOURCE),)
    if len(rows) > 1:
        said = f"No builds of pip's indexes go together here; conda-forge's are made for CUDA {cudas}."
        return (Reason("package-versions-mismatch", said, SOURCE),)
    said = f"No build of pip's indexes serves this machine; conda-forge's is made for CUDA {cudas}."
    return (Reason("no-gpu-build-for-platform", said, SOURCE),)


def _holds(rows: "tuple[Row, ...]", machine: Machine, matrix: "Matrix") -> Iterator[Reason]:
    """Why the builds fit: machine code for the GPUs, and libraries that all of them were made with."""
    gpus = Case(machine, USE_GPU, matrix).gpus
    named = ", ".join(dict.fromkeys(f"{gpu.name} ({gpu.capability})" for gpu in gpus if gpu.capability))
    for row in rows if named else ():
        said = f"{row['package']} {row['version']} of conda-forge ({row['variant']}) has code for {named}."
        yield Reason("gpu-not-in-build", said, str(matrix.source(row)), "holds")
    if len(rows) > 1:
        agreed: frozenset[Shared] = frozenset({frozenset()})
        for row in rows:
            agreed = _agreed(agreed, _libraries(row, matrix))
        libraries = ", ".join(f"{name} {release}" for name, release in sorted(max(agreed, key=sorted)))
        said = f"There are builds of all that go with {libraries}." if libraries else "They share no such library."
        sources = dict.fromkeys(str(matrix.source(made)) for row in rows if (made := _made_with(row, matrix)))
        yield Reason("package-versions-mismatch", said, "; ".join(sources), "holds")


def _build(row: "Row") -> Build:
    marks = [f"sm_{one.replace('.', '')}" for one in row.get("sass", ())]
    marks += [f"compute_{one.replace('.', '')}" for one in row.get("ptx", ())]
    return Build(cuda=row["cuda"], architectures=tuple(marks), source="conda-forge")
