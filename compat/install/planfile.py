"""Reading a plan file (docs/plan.md) as strictly as any input: closed shape, closed templates, known names."""

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from compat import versions
from compat.description import from_dict
from compat.goals import BadGoal, Goal, parse
from compat.install import templates
from compat.install.errors import BadPlan
from compat.install.templates import Action, Install, Known, Start, System, Uninstall
from compat.machine import Machine
from compat.plan.commands.managers import BY_NAME
from compat.plan.model import quoted_for_windows
from compat.records import dataclass
from compat.shapes import BadDescription

SCHEMA = "compatcheck.plan/1"
LIMIT = 16 << 20  # bytes of a plan file
_STEPS = 200
_KINDS = ("package", "environment", "python", "driver", "container", "system", "setting")
_PLAN = {
    "schema",
    "outcome",
    "machine",
    "request",
    "goal",
    "matrix",
    "steps",
    "result",
    "conflict",
    "lifts",
    "alternatives",
}
# Has no part in carrying a plan out: what it costs beside others; whether a search for others was cut short.
_ASIDE = {"cost", "proven", "advised"}
_STEP = {"kind", "component", "from", "to", "why", "commands", "needs_root", "reversible"}
_COMMAND = {"installer", "argv", "shell"}
INSTALLERS = (*BY_NAME, "apt", "dnf", "docker", "system")
_NAME = r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
_COMPONENT = re.compile(rf"^{_NAME}$")
_COMPONENTS = re.compile(rf"^{_NAME}(?:, {_NAME})*$")  # packages that builds share go into one command
_AGAIN = "write the plan file again with `compatcheck plan ... --format json`"


@dataclass(frozen=True)
class PlannedStep:
    """One step whose commands have been understood; ``action`` is None where there is only something to be told."""

    kind: str
    component: str
    before: str | None
    after: str
    why: tuple[str, ...]
    action: Action | None
    interpreter: str | None
    needs_root: bool

    @property
    def changes_environment(self) -> bool:
        """Does the step write into the Python environment?"""
        return self.action is not None and not isinstance(self.action, System | Start)


@dataclass(frozen=True)
class PlanFile:
    """A plan that may be carried out."""

    outcome: str
    machine: str | None
    request: tuple[tuple[str, str], ...]
    goals: tuple[Goal, ...]
    steps: tuple[PlannedStep, ...]
    result: Machine  # the machine that the steps lead to
    digest: str  # SHA-256 of the plan's canonical JSON
    text: str  # that JSON

    @property
    def elsewhere(self) -> bool:
        """Does the plan lead into a container that is to be started? Then all its steps are a person's."""
        return any(isinstance(step.action, Start) for step in self.steps)

    @property
    def changes_environment(self) -> bool:
        """Is there anything to install or to remove?"""
        return not self.elsewhere and any(step.changes_environment for step in self.steps)


def load(path: str, known: Known) -> PlanFile:
    """Read a file. Raises BadPlan and OSError."""
    with open(path, "rb") as file:
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise BadPlan(f"{path}: larger than a plan can be", _AGAIN)
    try:
        value = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadPlan(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})", _AGAIN) from None
    except (ValueError, RecursionError) as error:
        raise BadPlan(f"{path}: not JSON: {error}", _AGAIN) from None
    return from_data(value, known)


def from_data(value: Any, known: Known) -> PlanFile:
    """Check plain data and read it. Raises BadPlan."""
    _keys(
        {key: one for key, one in value.items() if key not in _ASIDE} if isinstance(value, dict) else value,
        _PLAN,
        "plan",
    )
    if value["schema"] != SCHEMA:
        raise BadPlan(f"schema: expected {SCHEMA!r}, got {str(value['schema'])[:60]!r}", _AGAIN)
    if value["outcome"] not in ("planned", "nothing-to-do", "impossible"):
        raise BadPlan("outcome: not one of planned, nothing-to-do, impossible", _AGAIN)
    if not isinstance(value["steps"], list) or len(value["steps"]) > _STEPS:
        raise BadPlan("steps: expected a list of steps", _AGAIN)
    try:
        result = from_dict(value["result"])
    except BadDescription as error:
        raise BadPlan(f"result: {error}", error.hint) from None
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    name = None if value["machine"] is None else _text(value["machine"], "machine")
    return PlanFile(
        value["outcome"],
        name,
        _request(value["request"]),
        _goals(_text(value["goal"], "goal")),
        tuple(_step(one, f"steps[{number}]", known) for number, one in enumerate(value["steps"])),
        result,
        hashlib.sha256(text.encode()).hexdigest(),
        text,
    )


def _keys(value: Any, wanted: set[str], where: str) -> None:
    if not isinstance(value, dict) or set(value) != wanted:
        raise BadPlan(f"{where}: expected an object with exactly {', '.join(sorted(wanted))}", _AGAIN)


def _text(value: Any, where: str, limit: int = 4000) -> str:
    """A string without control characters: what is shown before a confirmation must not steer the terminal."""
    if not isinstance(value, str) or len(value) > limit or not value.isprintable():
        raise BadPlan(f"{where}: expected printable text", _AGAIN)
    return value


def _request(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise BadPlan("request: expected an object", _AGAIN)
    for component, text in value.items():
        try:
            versions.parse_range(_text(text, f"request.{component[:60]}", 200))
        except versions.BadVersion:
            raise BadPlan(f"request.{component[:60]}: not a version range", _AGAIN) from None
        if not _COMPONENT.match(component):
            raise BadPlan("request: not the name of a component", _AGAIN)
    return tuple(value.items())


def _goals(text: str) -> tuple[Goal, ...]:
    try:
        return tuple(parse(part) for part in text.split(",")) if text.strip() else ()
    except BadGoal as error:
        raise BadPlan(f"goal: {error}", error.hint) from None


def _step(value: Any, where: str, known: Known) -> PlannedStep:
    _keys(value, _STEP, where)
    if value["kind"] not in _KINDS:
        raise BadPlan(f"{where}.kind: not one of {', '.join(_KINDS)}", _AGAIN)
    component = _text(value["component"], f"{where}.component", 1000)
    if not _COMPONENTS.match(component):
        raise BadPlan(f"{where}.component: not the name of a component", _AGAIN)
    if not all(isinstance(value[flag], bool) for flag in ("needs_root", "reversible")):
        raise BadPlan(f"{where}: needs_root and reversible are true or false", _AGAIN)
    before = None if value["from"] is None else _text(value["from"], f"{where}.from", 2000)
    lists = [_argv(one, f"{where}.commands") for one in _list(value["commands"], f"{where}.commands")]
    action = templates.same_action(lists)
    _fits(value, action, where, known)
    interpreter = next((found for found in map(templates.interpreter_of, lists) if found), None)
    why = tuple(_why(one, f"{where}.why") for one in _list(value["why"], f"{where}.why"))
    return PlannedStep(
        value["kind"],
        component,
        before,
        _text(value["to"], f"{where}.to", 2000),
        why,
        action,
        interpreter,
        value["needs_root"],
    )


def _fits(value: Mapping[str, Any], action: Action | None, where: str, known: Known) -> None:
    """The kind, the flag and the commands have to say the same, and every name has to be one that the matrix knows."""
    if isinstance(action, System) != (value["needs_root"] and action is not None):
        raise BadPlan(f"{where}: needs_root does not fit the command", _AGAIN)
    kinds = {
        "Install": ("package",),
        "Fetch": ("package",),
        "Uninstall": ("package",),
        "Conda": ("package",),
        "Create": ("environment", "python"),
        "System": ("driver", "system"),
        "Start": ("container",),
    }
    if action is not None and value["kind"] not in kinds[type(action).__name__]:
        raise BadPlan(f"{where}: a {value['kind']} step has no such command", _AGAIN)
    if isinstance(action, Install | Uninstall):
        for name in action.names:
            if not known(name):
                raise BadPlan(f"{where}: {name[:80]!r} is no package that compatcheck plans", _AGAIN)


def _argv(value: Any, where: str) -> tuple[str, ...]:
    _keys(value, _COMMAND, where)
    words = tuple(_text(word, f"{where}.argv", 1000) for word in _list(value["argv"], f"{where}.argv"))
    if not words or value["installer"] not in INSTALLERS:
        raise BadPlan(f"{where}: no such installer, or no command", _AGAIN)
    if value["shell"] not in (shlex.join(words), quoted_for_windows(words)):
        raise BadPlan(f"{where}: the text that is shown is not the command that would be run", _AGAIN)
    return words


def _why(value: Any, where: str) -> str:
    _keys(value, {"rule", "message", "source"}, where)
    return f"{_text(value['message'], where)} ({_text(value['rule'], where, 100)}) [{_text(value['source'], where)}]"


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > _STEPS:
        raise BadPlan(f"{where}: expected a list", _AGAIN)
    return value
