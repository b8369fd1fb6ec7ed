"""What is asked for: components with ranges, a Python, goals; read from options."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.model import Request
from compat.plan.offers import COMPANIONS

if TYPE_CHECKING:
    from compat.matrix import Matrix

ALLOWED = ("python", "container", "driver")  # what may be moved on request
COMPONENTS = ("torch", "tensorflow", "jax", "onnxruntime", "tensorrt")
# The goal that a request for a component means.
GOALS = {
    "torch": "use:torch",
    "tensorflow": "use:tensorflow",
    "jax": "use:jax",
    "onnxruntime": "use:onnxruntime-cuda",
    "tensorrt": "use:tensorrt",
    "onnx": "import:onnx",
    "tf2onnx": "import:tf2onnx",
}
# Components that a goal brings in, in any release, where they are not asked for by name.
BROUGHT = {
    "convert:onnx-tensorrt": ("tensorrt",),
    "convert:torch-onnx": ("torch", "onnx"),
    "convert:tensorflow-onnx": ("tensorflow", "tf2onnx", "onnx"),
    "run:onnx": ("onnxruntime",),
    "run:engine": ("tensorrt",),
    "build:cuda-extension": ("torch",),
    "use:tf-trt": ("tensorflow", "tensorrt"),
    "use:onnxruntime-tensorrt": ("onnxruntime", "tensorrt"),
    "use:onnxruntime-cuda": ("onnxruntime",),
}


def goal_of(component: str) -> str:
    """The goal that asking for a component means."""
    return GOALS.get(component, f"import:{component}")


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
        Request(component, read_range(component, said), said, f"--{component}")
        for component in COMPONENTS
        if (said := options.get(component)) is not None
    )


def described(machine: Machine, goal: Goal, matrix: "Matrix") -> tuple[Request, ...]:
    """What the machine's description says is about to be installed."""
    found = []
    for name, text in (machine.request or {}).items():
        component = matrix.packages.component(name) or name.partition("[")[0]
        if component in COMPONENTS or component == goal.object:
            found.append(Request(component, "*" if text in ("", "*") else text, text, "request"))
    return tuple(found)


COMPANION = "installed beside it"  # where of a request that no user made


def with_companions(asked: tuple[Request, ...], machine: Machine) -> tuple[Request, ...]:
    """The requests, and the installed packages that have to move with torch."""
    named = {request.component for request in asked}
    here = {normal(name) for name, version in (machine.packages or {}).items() if version}
    more = [name for name in COMPANIONS if "torch" in named and name in here and name not in named]
    return (*asked, *(Request(name, "*", "", COMPANION) for name in more))


def with_goal(asked: tuple[Request, ...], goal: Goal | None, matrix: "Matrix") -> tuple[Request, ...]:
    """The requests, and those that the goal brings in beside them. Raises BadRequest for a package that has no plan."""
    if goal is None:
        return asked
    named = {request.component for request in asked}
    brought = BROUGHT.get(str(goal))
    if brought is None:
        component = matrix.packages.component(goal.object) or goal.object
        if str(goal) in ("use:gpu", "run:cuda-binary", "start:container"):
            brought = ()
        elif component in COMPONENTS or component in ("onnx",):
            brought = (component,)
        else:
            raise BadRequest(
                f"no plan can be made for {goal}",
                "plans are made for "
                + ", ".join(COMPONENTS)
                + ", and for goals such as "
                + ", ".join(list(BROUGHT)[:3]),
            )
    if str(goal) == "convert:onnx-tensorrt" and named & {"torch", "tensorflow"}:
        # An exporter writes the model here: onnx, and for TensorFlow the converter, are part of the chain.
        brought = (*brought, *(("tf2onnx",) if "tensorflow" in named else ()), "onnx")
    return (*asked, *(Request(component, "*", str(goal), "--goal") for component in brought if component not in named))


def goals_for(asked: tuple[Request, ...], goal: Goal | None) -> tuple[Goal, ...]:
    """The goals that the planned machine has to pass: the one that was named first, then one for each request.

    An ``install:`` goal asks for a working installation, so the machine is held against ``use:`` instead. A goal that
    only imports stays one: it needs no GPU.
    """
    found = []
    if goal is not None:
        found.append(parse(f"use:{goal.object}") if goal.verb == "install" else goal)
    only_import = goal is not None and goal.verb == "import"
    covered = {component for one in found for component in one.subjects}
    for request in asked:
        if request.component in covered:
            continue
        found.append(parse(f"import:{request.component}" if only_import else goal_of(request.component)))
    return tuple(dict.fromkeys(found))
