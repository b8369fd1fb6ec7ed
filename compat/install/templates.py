"""From a command's argument list back to what it means.

A plan file is input from outside. An argument list is accepted only if it can be read as one of the planner's closed
templates, and building that template again from what was read yields the very same list. What is run later is built
once more for the chosen environment: nothing of the file's own list is ever run.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from compat.install.errors import BadPlan
from compat.install.known import PLACES, places
from compat.machine import Machine
from compat.plan.commands import ENVIRONMENT, UnsafeArgument, conda, container, jetson, requirement
from compat.plan.commands import driver as drivers
from compat.plan.commands import python as installers
from compat.plan.commands.managers import KINDS, MANAGERS, Manager
from compat.plan.commands.template import Values, match
from compat.plan.model import Command
from compat.plan.steps.repairs import REPAIRS
from compat.records import dataclass

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[([A-Za-z0-9,._-]+)\])?([=<>!~][A-Za-z0-9.+*!=<>~,]+)?$")
_LINE = re.compile(r"\d\.\d{1,2}")
# What may stand in a place of a package manager's templates, beside the places of publishers that the matrix names.
_FORMS = {
    "python": (re.compile(r"(?!-)[^\x00-\x1f\x7f]+"),),
    "line": (_LINE,),
    "py": (_LINE,),
    "folder": (re.compile(rf"{re.escape(ENVIRONMENT)}(?:-[a-z0-9][a-z0-9-]*)?"),),
    "names": (re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"),),
    "index": (
        re.compile(re.escape(installers.PYTORCH) + r"(?:lts/\d+\.\d+/)?(?:cpu|cu\d{2,3})"),
        re.compile(re.escape(jetson.AI_LAB) + r"/jp\d+/cu\d{2,3}/\+simple/"),
    ),
    "extra": (re.compile(re.escape(installers.NVIDIA)),),
    "page": (re.compile(re.escape(installers.JAX)),),
    "address": (
        re.compile(
            re.escape(jetson.REDIST)
            + r"/v\d{1,4}(?:-nv\d\d\.\d{1,2})?/(?:pytorch|tensorflow)/[A-Za-z0-9][A-Za-z0-9._+-]*\.whl"
        ),
    ),
    "parts": (re.compile(r"[a-z0-9][a-z0-9._-]*=[0-9][A-Za-z0-9.*_]*(?:=[A-Za-z0-9.*_]+)?"),),
    "channel": (re.compile(re.escape(conda.DEFAULTS)),),
    "platform": tuple(re.compile(re.escape(one)) for one in conda.PLATFORMS.values()),
    "cuda": (re.compile(r"\d{1,2}"),),
}
_BRANCH = re.compile(r"(?<![\d.])(\d{3})(?!\d)")
_IMAGE = re.compile(re.escape(container.REGISTRY) + r"/[a-z0-9][a-z0-9-]*:[A-Za-z0-9][A-Za-z0-9._-]*")
_COMPAT = re.compile(r"cuda-compat-\d{2}-\d")
_PACKAGED = ("ubuntu", "rhel", "debian", "fedora")


@dataclass(frozen=True)
class Install:
    """Requirements from the configured index, or from ``index``, with ``extra`` beside it."""

    requirements: tuple[str, ...]
    index: str | None = None
    extra: str | None = None
    compiled: bool = False  # in the environment itself, beside the torch that is there

    @property
    def names(self) -> tuple[str, ...]:
        """The distributions that are named."""
        return tuple(re.split(r"[\[=<>!~]", text, maxsplit=1)[0] for text in self.requirements)

    @property
    def pins(self) -> dict[str, str]:
        """Distribution -> the exact release asked for."""
        pinned = (text.partition("==") for text in self.requirements if "==" in text and "*" not in text)
        return {name.partition("[")[0]: version for name, _, version in pinned if "," not in version}


@dataclass(frozen=True)
class Fetch:
    """One wheel by its address: of NVIDIA's folder for a JetPack, of a publisher's release page."""

    url: str


@dataclass(frozen=True)
class Uninstall:
    """Distributions to be removed."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Create:
    """A new environment, with this Python line or with the one that is there."""

    python: str | None


@dataclass(frozen=True)
class Conda:
    """Packages of conda-forge; ``channel`` is asked beside it."""

    parts: tuple[tuple[str, str], ...]
    channel: str | None = None


@dataclass(frozen=True)
class System:
    """A command of the system's package manager, which needs an administrator."""

    argv: tuple[str, ...]


@dataclass(frozen=True)
class Workspace:
    """A command of pixi, which keeps environments in workspaces of its own, or inside a container: a person's."""

    argv: tuple[str, ...]


@dataclass(frozen=True)
class Start:
    """A container to be started by a person: printed, never run, as it changes nothing here and needs a terminal."""

    argv: tuple[str, ...]


Action = Install | Fetch | Uninstall | Create | Conda | Workspace | System | Start


def read(argv: Sequence[str]) -> Action:
    """What an argument list means. Raises BadPlan for one that no template yields."""
    words = tuple(argv)
    action = _managed(words) or _system(words) or _container(words)
    if action is None:
        raise BadPlan(
            f"no command that compatcheck plans: {' '.join(words)[:200]!r}", "write the plan file again with `plan`"
        )
    return action


def same_action(commands: Iterable[Sequence[str]]) -> Action | None:
    """The one thing that all commands of a step do, each with its installer. Raises BadPlan where they differ.

    pixi takes several commands for it, which are read and left aside.
    """
    actions = [action for action in map(read, commands) if not isinstance(action, Workspace)]
    if any(action != actions[0] for action in actions):
        raise BadPlan("the commands of one step do different things", "write the plan file again with `plan`")
    return actions[0] if actions else None


def interpreter_of(argv: Sequence[str]) -> str | None:
    """The interpreter whose packages a command changes; None for the other templates."""
    found = _taken_apart(tuple(argv))
    return _word(found[2], "python") if found is not None and found[1] != "create" else None


def _managed(words: tuple[str, ...]) -> Action | None:
    """What a package manager is to do; nothing is run in a workspace of its own, or with what conda installed."""
    found = _taken_apart(words)
    if found is None:
        return None
    manager, kind, values = found
    return Workspace(words) if manager.workspace or kind == "forge_remove" else _MEANT[kind](values)


def _taken_apart(words: tuple[str, ...]) -> tuple[Manager, str, Values] | None:
    """Whose command it is, its kind, and the values in it; each has to fit its place."""
    for manager in MANAGERS:
        for kind in KINDS:
            for line in " && ".join(getattr(manager, kind)).split(" && "):
                values = match(line, words, _fits) if line else None
                if values is not None:
                    return manager, kind, values
    return None


def _fits(place: str, text: str) -> bool:
    if place == "requirements":
        return _is_requirement(text)
    return _is_one_of(_FORMS[place], text) or (place in PLACES and _is_one_of(places().get(place, ()), text))


def _is_one_of(forms: Iterable[re.Pattern[str]], text: str) -> bool:
    return any(form.fullmatch(text) for form in forms)


def _is_requirement(text: str) -> bool:
    """Is it the same again after it was taken apart and put together?"""
    found = _REQUIREMENT.match(text)
    try:
        return found is not None and text == requirement(
            found[1], found[3] or "*", tuple(found[2].split(",")) if found[2] else ()
        )
    except UnsafeArgument:
        return False


def _word(values: Values, *places: str) -> str | None:
    """The value of the first of these places that has one."""
    return next((str(values[place]) for place in places if place in values), None)


def _parts(values: Values) -> Conda:
    pairs = (text.partition("=") for text in values["parts"])
    return Conda(tuple((name, build) for name, _, build in pairs), _word(values, "channel"))


_MEANT: dict[str, Callable[[Values], Action]] = {
    "install": lambda values: Install(
        tuple(values["requirements"]), _word(values, "index"), _word(values, "extra", "page")
    ),
    "compile": lambda values: Install(tuple(values["requirements"]), compiled=True),
    "fetch": lambda values: Fetch(str(values["address"])),
    "uninstall": lambda values: Uninstall(tuple(values["names"])),
    "create": lambda values: Create(_word(values, "line", "py")),
    "forge_create": lambda values: Create(_word(values, "line")),
    "forge_install": _parts,
}


def _rebuilt(words: tuple[str, ...], commands: Iterable[Command]) -> bool:
    return any(command.argv == words for command in commands)


def _system(words: tuple[str, ...]) -> Action | None:
    whole = (jetson.jetpack().argv, drivers.OPEN_MODULE.argv, *(repair.command for repair in REPAIRS.values()))
    if words in whole:
        return System(words)
    if words and _COMPAT.fullmatch(words[-1]):
        hosts = (Machine(os="linux", distribution=name) for name in _PACKAGED)
        if any(_rebuilt(words, drivers.cuda_compat(host, words[-1])) for host in hosts):
            return System(words)
    branch = _BRANCH.search(words[-1]) if words else None
    for distribution in _PACKAGED if branch else ():
        machine = Machine(os="linux", distribution=distribution, environment=())
        for newest in (None, drivers.OPEN_ONLY):
            if branch and _rebuilt(words, drivers.install(machine, branch[1], newest, None, is_open=True)):
                return System(words)
    return None


def _container(words: tuple[str, ...]) -> Action | None:
    if words[:3] == ("docker", "exec", container.NAME):
        prepared = _rebuilt(words, container.start("")) or isinstance(_managed(words[3:]), Install)
        return Workspace(words) if prepared else None
    fits = words[:1] == ("docker",) and _IMAGE.fullmatch(words[-1])
    name = words[-1]
    made = (*container.run(name), *container.start(name)[:1], *container.run_on_jetson(name))
    return Start(words) if fits and _rebuilt(words, made) else None


Known = Callable[[str], bool]
"""Is this the name of a distribution that the matrix speaks of?"""
