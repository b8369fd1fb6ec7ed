"""What is asked for: components with ranges, a Python, goals; read from options."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import EVERY_PACKAGE, SUBJECTS, Goal, parse
from compat.machine import Machine
from compat.matrix.packages import normal, requirement
from compat.names import COMPONENTS, OF_TORCH
from compat.plan.model import Request
from compat.plan.offers import OWN
from compat.plan.offers.places import place
from compat.plan.offers.published import INSTALLABLE, fetched, newest_rows

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

ALLOWED = ("python", "container", "cuda-compat", "driver")  # what may be moved on request
# The goal that a request for a component means, where it is not use:COMPONENT.
GOALS = {"onnxruntime": "use:onnxruntime-cuda"}
# What is an image only, or has no code on the public index, and the image of NVIDIA's registry that has it.
IMAGES = {"tritonserver": "tritonserver", "tensorrt-llm": "tritonserver"}
# Beside the components whose code runs for a goal: what its converter writes the model with.
WRITES_WITH = {"convert:tensorflow-onnx": ("onnx",)}
_CONVERSIONS = [goal for goal in SUBJECTS if goal.startswith("convert:")]


def goal_of(component: str, matrix: "Matrix") -> str:
    """The goal that asking for a component means: it computes on the GPU, or is imported where it has no GPU code."""
    if matrix.packages.about(component).get("accelerator", "none") == "none":
        return f"import:{component}"
    return GOALS.get(component, f"use:{component}")


def plannable(component: str, matrix: "Matrix") -> bool:
    """Does the matrix list builds of it that an installer can be told to take? One whose source is compiled for the
    GPU only where a variable says so is no command of a plan's, nor is one with a part that is an archive alone."""
    rows = _builds(component, matrix)
    told = [row for row in rows if not (row.get("stub") or row.get("removed"))]
    if component not in OWN:
        told = [row for row in told if "requires" in row or not fetched(matrix, row["package"])]
    if matrix.traits.row(component, _BY_VARIABLE) is not None or _unbuilt(component, matrix):
        return False
    return any(row["index"] in INSTALLABLE or place(row, matrix) is not None for row in told)


def _unbuilt(component: str, matrix: "Matrix") -> str:
    """A part of the module that only an extra draws and of which the matrix knows no build; empty without."""
    parts = [name for name in matrix.packages.about(component).get("parts", ()) if not matrix.packages.builds(name)]
    optional = {
        requirement(line)[0]
        for row in (_builds(component, matrix) if parts else ())
        for lines in row.get("extras", {}).values()
        for line in lines
    }
    return next((name for name in parts if name in optional), "")


def _builds(component: str, matrix: "Matrix") -> "list[Row]":
    """Every build of its distributions."""
    return [
        row
        for name in matrix.packages.distributions(component)
        for builds in matrix.packages.builds(name).values()
        for row in builds
    ]


_BY_VARIABLE = "cuda-by-variable"


class BadRequest(ValueError):
    """The request cannot be read; ``hint`` says how it is written."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def read_range(component: str, said: str) -> str:
    """A range from what a user writes: ``2.15`` is the line, ``2.15.1`` the release, ``2.x``, ``>=2.3,<2.5``, ``*``.

    TensorRT's releases have four numbers, so three of them name a line. Raises BadRequest.
    """
    text = said.strip()
    plain = versions.try_parse(text)
    try:
        if plain is not None and plain.local is None:
            whole = 4 if component == "tensorrt" else 3
            exact = len(plain.release) >= whole or plain.is_prerelease or plain.post >= 0
            return f"=={text}" if exact else f"=={'.'.join(str(number) for number in plain.release)}.*"
        versions.parse_range(text)
    except versions.BadVersion:
        raise BadRequest(
            f"--{component} {said}: not a version or a range",
            'write a release (2.15.1), a line (2.15 or 2.x), a range (">=2.3,<2.5") or *',
        ) from None
    if text.lower().endswith(".x") and text[0].isdigit():
        return f"=={text[:-2]}.*"
    return "*" if text in ("", "any", "latest", "x") else text


def requests(options: Mapping[str, str | None]) -> tuple[Request, ...]:
    """Requests from options (component -> what was written), in the order of COMPONENTS. Raises BadRequest."""
    return tuple(
        Request(component, read_range(component, without_build(said)), said, f"--{component}", build_of_range(said))
        for component in COMPONENTS
        if (said := options.get(component)) is not None
    )


def without_build(text: str) -> str:
    """A range without the local parts of its versions, which name builds: 2.1.0 of 2.1.0+cu118."""
    return re.sub(r"\+[^,]*", "", text)


def build_of_range(text: str) -> str:
    """The build that a range demands by a local part: cu118 of ``==2.1.0+cu118``; ``+cpu`` is left to the goal."""
    match = re.search(r"\+(cu\d+)\b", text)
    return match[1] if match else ""


def packages(said: tuple[str, ...], matrix: "Matrix") -> tuple[Request, ...]:
    """Requests for packages by their own names, ``vllm`` or ``vllm==0.9.2``. Raises BadRequest."""
    found = []
    for text in said:
        match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(.*)$", text)
        name, spec = (match[1], match[2].strip()) if match else (text, "")
        component = matrix.packages.component(name) or normal(name)
        if component not in IMAGES and not plannable(component, matrix):
            raise _by_hand(f"--package {name}", component, matrix)
        text = read_range(component, without_build(spec) or "*")
        build = build_of_range(spec) or build_of_name(name)
        found.append(Request(component, text, spec or "*", "--package", build, name=normal(name)))
    return tuple(found)


_CUDA_IN_NAME = re.compile(r"-cu(?:da)?(\d{1,3})(?:x|mkl)?$")


def build_of_name(name: str) -> str:
    """The build that a distribution's own name demands, as a tag: cu112 of ``mxnet-cu112``, cu11 of ``cupy-cuda11x``;
    empty where the name says none."""
    match = _CUDA_IN_NAME.search(normal(name))
    return f"cu{match[1]}" if match else ""


def described(machine: Machine, goal: Goal, matrix: "Matrix") -> tuple[Request, ...]:
    """What the machine's description says is about to be installed."""
    found = []
    for name, text in (machine.request or {}).items():
        component = matrix.packages.component(name) or name.partition("[")[0]
        if plannable(component, matrix) or component == goal.object:
            wanted = "*" if text in ("", "*") else without_build(text)
            build = build_of_range(text) or build_of_name(name)
            found.append(Request(component, wanted, text, "request", build))
    return tuple(found)


COMPANION = "installed beside it"  # where of a request that no user made


def with_companions(asked: tuple[Request, ...], machine: Machine) -> tuple[Request, ...]:
    """The requests, and the installed packages that have to move with torch. A framework that is installed and only
    comes along is decided first: it stays where something that is asked for goes with it."""
    named = {request.component for request in asked}
    here = {normal(name) for name, version in (machine.packages or {}).items() if version}
    more = [name for name in OF_TORCH if "torch" in named and name in here and name not in named]
    found = (*asked, *(Request(name, "*", "", COMPANION) for name in more))
    return tuple(sorted(found, key=lambda one: not (one.where == COMPANION and {one.component} & here & {*OWN})))


def with_goal(asked: tuple[Request, ...], goal: Goal | None, matrix: "Matrix") -> tuple[Request, ...]:
    """The requests, and those that the goal and what is asked for bring in beside them.

    Raises BadRequest for a package that has no plan.
    """
    named = {request.component for request in asked}
    brought: tuple[str, ...] = ()
    if goal is not None:
        brought = _brought(goal, matrix)
        if str(goal) == "convert:onnx-tensorrt" and named & {"torch", "tensorflow"}:
            # An exporter writes the model here: onnx, and for TensorFlow the converter, are part of the chain.
            brought = (*brought, *(("tf2onnx",) if "tensorflow" in named else ()), "onnx")
    found = [*asked, *(Request(one, "*", str(goal), "--goal") for one in brought if one not in named)]
    for request in tuple(found):
        known = {one.component for one in found}
        found += [Request(one, "*", "", COMPANION) for one in _beside(request, matrix) if one not in known]
    return tuple(found)


def brought_by(goal: Goal | None, matrix: "Matrix") -> frozenset[str]:
    """Components that a goal may bring in, with the exporters of whatever framework is asked for. Raises BadRequest."""
    frameworks = (Request("torch", "*", "", ""), Request("tensorflow", "*", "", ""))
    beside = with_goal(frameworks, goal, matrix)[len(frameworks) :]
    return frozenset(one.component for one in (*with_goal((), goal, matrix), *beside))


def _brought(goal: Goal, matrix: "Matrix") -> tuple[str, ...]:
    """Components that a goal brings in, in any release, where they are not asked for by name: those whose code runs for
    it, where its object is no package itself; none for a goal that is about the machine. Raises BadRequest."""
    component = matrix.packages.meant(goal.object) or goal.object
    of_package = goal.verb in EVERY_PACKAGE and (str(goal) not in SUBJECTS or matrix.packages.about(component))
    if not of_package:
        frameworks_first = sorted(goal.subjects, key=lambda one: one not in COMPONENTS)
        return (*frameworks_first, *WRITES_WITH.get(str(goal), ()))
    if component in IMAGES or plannable(component, matrix):
        return (component,)
    raise _by_hand(str(goal), component, matrix)


def _by_hand(said: str, component: str, matrix: "Matrix") -> BadRequest:
    known = sorted(name for name in matrix.index["packages"] if plannable(name, matrix))
    return BadRequest(
        f"{said} is planned by hand: {why_not(component, matrix)}",
        f"plans are made for {', '.join(known)}, and for goals such as {', '.join(_CONVERSIONS)}",
    )


def why_not(component: str, matrix: "Matrix") -> str:
    """Why there is no plan for a package, in words."""
    about = matrix.packages.about(component)
    if not about:
        return f"the matrix knows no package {component}"
    rows = _builds(component, matrix)
    variable = matrix.traits.row(component, _BY_VARIABLE)
    if variable is not None:
        said = f"its source is compiled for the CPU unless {variable['value']} asks for CUDA"
        return f"{said}, as its publisher says: {matrix.source(variable)}"
    if any(row.get("stub") for row in rows):
        held = f"what the public index holds of {component} has no code"
        return f"{held}, and what its build step fetches is not listed with what it requires"
    return f"the matrix knows no build of {_unbuilt(component, matrix) or component} where pip or uv find one" + (
        f" ({about['note'].rstrip('.')})" if "note" in about else ""
    )


@lru_cache(maxsize=256)
def _beside(request: Request, matrix: "Matrix") -> tuple[str, ...]:
    """Components with GPU code of their own that the newest release asked for pins: they are chosen with it, since
    their builds have to be of its CUDA."""
    if request.component in OWN:
        return ()  # their offers name what has to come with them
    named = request.name if build_of_name(request.name) else ""  # cuml-cu11 draws nothing that cuml-cu12 pins
    builds = [
        row
        for name in ((named,) if named else matrix.packages.distributions(request.component))
        for row in newest_rows(matrix, name, request.text)
        if "requires" in row
    ]
    found: dict[str, None] = dict.fromkeys(matrix.packages.about(request.component).get("runs_with", ()))
    for row in builds:
        for name, _, marker in matrix.packages.pins(row):
            owner = matrix.packages.component(name)
            if owner is None or owner == request.component or "extra" in marker:
                continue
            about = matrix.packages.about(owner)
            imported = owner in OWN or ("module" in about and about.get("linked", True))
            if imported and about.get("accelerator") != "none":
                found[owner] = None
    return tuple(one for one in dict.fromkeys((*COMPONENTS, *found)) if one in found)


def goals_for(asked: tuple[Request, ...], goal: Goal | None, matrix: "Matrix") -> tuple[Goal, ...]:
    """The goals that the planned machine has to pass: the one that was named first, then one for each request.

    An ``install:`` goal asks for a working installation, so the machine is held against ``use:`` instead. A goal that
    only imports stays one: it needs no GPU.
    """
    found = []
    if goal is not None:
        component = matrix.packages.meant(goal.object) or goal.object
        found.append(parse(goal_of(component, matrix)) if goal.verb == "install" else goal)
    only_import = goal is not None and goal.verb == "import"
    covered = {component for one in found for component in one.subjects}
    for request in asked:
        if request.component in covered:
            continue
        found.append(parse(f"import:{request.component}" if only_import else goal_of(request.component, matrix)))
    return tuple(dict.fromkeys(found))
