"""From a command's argument list back to what it means.

A plan file is input from outside. An argument list is accepted only if it can be read as one of the planner's closed
templates, and building that template again from what was read yields the very same list. What is run later is built
once more for the chosen environment: nothing of the file's own list is ever run.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from compat.install.errors import BadPlan
from compat.machine import Machine
from compat.plan.commands import ENVIRONMENT, UnsafeArgument, conda, container, jetson, requirement
from compat.plan.commands import driver as drivers
from compat.plan.commands import python as installers
from compat.plan.model import Choice, Command
from compat.plan.steps.repairs import REPAIRS
from compat.records import dataclass

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[([A-Za-z0-9,._-]+)\])?([=<>!~][A-Za-z0-9.+*!=<>~,]+)?$")
_NAME = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$")
# The indexes and pages that the matrix's traits own-index and own-page name.
_OWN_PLACE = re.compile(
    r"https://(?:www\.paddlepaddle\.org\.cn/packages/stable/cu\d{2,3}/"
    r"|data\.pyg\.org/whl/torch-\d+\.\d+\.\d+\+cu\d{2,3}\.html)"
)
_OWN_INDEX = re.compile(
    r"https://aiinfra\.pkgs\.visualstudio\.com/PublicPackages/_packaging/onnxruntime-cuda-\d{2}/pypi/simple/"
)
_TORCH_INDEX = re.compile(re.escape(installers.PYTORCH) + r"(?:lts/\d+\.\d+/)?(cpu|cu\d{2,3})")
_LAB_INDEX = re.compile(re.escape(jetson.AI_LAB) + r"/(jp\d+/cu\d{2,3})/\+simple/")
_INDEXES = (_TORCH_INDEX, _LAB_INDEX, _OWN_INDEX)
_WHEEL = re.compile(
    re.escape(jetson.REDIST)
    + r"/(v\d{1,4}(?:-nv\d\d\.\d{1,2})?)/(pytorch|tensorflow)/([A-Za-z0-9][A-Za-z0-9._+-]*\.whl)"
)
# What the matrix's trait own-file names.
_OWN_FILE = re.compile(
    r"https://github\.com/Dao-AILab/flash-attention/releases/download/v(\d[0-9a-z.]*)/"
    r"flash_attn-\1\+cu\d+torch\d+\.\d+cxx11abi(?:TRUE|FALSE)-(cp\d+)-\2-linux_x86_64\.whl"
)
_PART = re.compile(r"^([a-z0-9][a-z0-9._-]*)=([0-9][A-Za-z0-9.*_]*(?:=[A-Za-z0-9.*_]+)?)$")
_LINE = re.compile(r"(?<![\d.])\d\.\d{1,2}$")
_FOLDER = re.compile(rf"(?<![^/]){re.escape(ENVIRONMENT)}(?:-[a-z0-9][a-z0-9-]*)?$")
_BRANCH = re.compile(r"(?<![\d.])(\d{3})(?!\d)")
_IMAGE = re.compile(re.escape(container.REGISTRY) + r"/[a-z0-9][a-z0-9-]*:[A-Za-z0-9][A-Za-z0-9._-]*")
_PACKAGED = ("ubuntu", "rhel", "debian")
_INTERPRETER = re.compile(r"^(?!-)[^\x00-\x1f\x7f]+$")


@dataclass(frozen=True)
class Install:
    """Requirements from the configured index, or from ``index``, with ``extra`` beside it."""

    requirements: tuple[str, ...]
    index: str | None = None
    extra: str | None = None

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
    """Packages of conda-forge."""

    parts: tuple[tuple[str, str], ...]


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
    for reader in (_pip, _uv, _create, _conda, _system, _container):
        try:
            action = reader(words)
        except UnsafeArgument:
            action = None
        if action is not None:
            return action
    raise BadPlan(
        f"no command that compatcheck plans: {' '.join(words)[:200]!r}", "write the plan file again with `plan`"
    )


def same_action(commands: Iterable[Sequence[str]]) -> Action | None:
    """The one thing that all commands of a step do, each with its installer. Raises BadPlan where they differ.

    pixi takes several commands for it, which are read and left aside.
    """
    actions = [action for action in map(read, commands) if not isinstance(action, Workspace)]
    if any(action != actions[0] for action in actions):
        raise BadPlan("the commands of one step do different things", "write the plan file again with `plan`")
    return actions[0] if actions else None


def interpreter_of(argv: Sequence[str]) -> str | None:
    """The interpreter that a pip or uv command is for; None for the other templates."""
    if tuple(argv[1:3]) == ("-m", "pip"):
        return argv[0]
    return argv[4] if tuple(argv[:2]) == ("uv", "pip") and len(argv) > 4 and argv[3] == "--python" else None


def _rebuilt(words: tuple[str, ...], commands: Iterable[Command]) -> bool:
    return any(command.argv == words for command in commands)


def _machine(interpreter: str) -> Machine:
    return Machine(os="linux", interpreter=interpreter)


def _pip(words: tuple[str, ...]) -> Action | None:
    if words[1:3] != ("-m", "pip") or not _INTERPRETER.match(words[0]):
        return None
    return _packages(words, _machine(words[0]), words[3:])


def _uv(words: tuple[str, ...]) -> Action | None:
    if words[:2] != ("uv", "pip") or words[3:4] != ("--python",) or len(words) < 6 or not _INTERPRETER.match(words[4]):
        return None
    return _packages(words, _machine(words[4]), (words[2], *words[5:]))


def _packages(words: tuple[str, ...], machine: Machine, rest: tuple[str, ...]) -> Action | None:
    if rest[:1] == ("uninstall",):
        names = tuple(word for word in rest[1:] if word != "--yes")
        fits = names and all(_NAME.match(name) for name in names)
        return Uninstall(names) if fits and _rebuilt(words, installers.uninstall(machine, "", names)) else None
    if rest[:1] != ("install",) or len(rest) < 2:
        return None
    if rest[1].startswith("https://"):
        return _wheel(words, machine, rest[1])
    options = next((number for number, word in enumerate(rest) if word.startswith("--")), len(rest))
    requirements, index, extra = (
        _requirements(rest[1:options]),
        _after(rest, "--index-url"),
        _after(rest, "--extra-index-url") or _after(rest, "--find-links"),
    )
    if not requirements or not (index is None or any(one.fullmatch(index) for one in _INDEXES)):
        return None
    if extra not in (None, installers.NVIDIA, installers.JAX) and not _OWN_PLACE.fullmatch(extra or ""):
        return None
    made = Install(requirements, index, extra)
    return made if _rebuilt(words, installers.install(machine, "", requirements, index, extra)) else None


def _requirements(texts: Sequence[str]) -> tuple[str, ...]:
    """The requirements, each taken apart and put together again. Raises UnsafeArgument."""
    found = []
    for text in texts:
        match = _REQUIREMENT.match(text)
        if match is None:
            raise UnsafeArgument(text)
        extras = tuple(match[2].split(",")) if match[2] else ()
        again = requirement(match[1], match[3] or "*", extras)
        if again != text:
            raise UnsafeArgument(text)
        found.append(again)
    return tuple(found)


def _after(words: Sequence[str], option: str) -> str | None:
    return words[words.index(option) + 1] if option in words[:-1] else None


def _wheel(words: tuple[str, ...], machine: Machine, url: str) -> Action | None:
    if _OWN_FILE.fullmatch(url):
        return Fetch(url) if _rebuilt(words, installers.fetch(machine, "", url)) else None
    match = _WHEEL.fullmatch(url)
    if match is None:
        return None
    component = "torch" if match[2] == "pytorch" else match[2]
    choice = Choice(component, component, "0", index="nvidia-jetson", variant=match[1], row={"file": match[3]})
    return Fetch(url) if _rebuilt(words, jetson.install(machine, "", choice)) else None


def _create(words: tuple[str, ...]) -> Action | None:
    folders = {match[0] for match in map(_FOLDER.search, words) if match}
    lines = {match[0] for match in map(_LINE.search, words) if match}
    for folder in sorted(folders):
        for line in (*sorted(lines), None):
            for system in ("linux", "windows"):
                machine = Machine(os=system, interpreter=words[0] if _INTERPRETER.match(words[0]) else None)
                if _rebuilt(words, installers.environment(machine, line, folder)):
                    return Create(line)
    return None


def _conda(words: tuple[str, ...]) -> Action | None:
    if words[:1] == ("pixi",):
        return _pixi(words)
    if words[1:2] == ("remove",):
        names = words[3:]
        known = bool(names) and all(_NAME.match(name) for name in names)
        return Workspace(words) if known and _rebuilt(words, conda.remove(names)) else None
    if words[1:2] != ("install",):
        return None
    parts, folder = _parts(words), _after(words, "--prefix")
    inside = folder.removeprefix("./") if folder else ""
    fits = not folder or _FOLDER.fullmatch(inside)
    return Conda(parts) if parts and fits and _rebuilt(words, conda.install(parts, inside)) else None


def _parts(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((match[1], match[2]) for match in map(_PART.match, words) if match)


def _pixi(words: tuple[str, ...]) -> Action | None:
    """pixi's: each is one of its templates, with a folder, a platform, parts and requirements that are such."""
    if words[1:2] == ("remove",) or words[2:3] == ("--pypi",):
        return _declared(words)
    folder = _after(words, "--manifest-path") or words[-1]
    if not _FOLDER.fullmatch(folder):
        return None
    made = [*conda.add(_parts(words), folder)]
    for os, arch in conda.PLATFORMS:
        made += conda.workspace(Machine(os=os, arch=arch), folder, _cuda_of(words))
    return Workspace(words) if _rebuilt(words, made) else None


def _declared(words: tuple[str, ...]) -> Action | None:
    """What is declared in the workspace of the present folder, and what is withdrawn from it."""
    if words[1] == "remove":
        names = tuple(word for word in words[2:] if word != "--pypi")
        made = (*conda.remove(names), *conda.withdraw(names))
        return Workspace(words) if names and all(map(_NAME.match, names)) and _rebuilt(words, made) else None
    index = _after(words, "--index")
    named = _requirements(words[3 : -2 if index else None])
    fits = bool(named) and (index is None or any(one.fullmatch(index) for one in (_TORCH_INDEX, _OWN_INDEX)))
    return Workspace(words) if fits and _rebuilt(words, conda.declare(named, index)) else None


def _cuda_of(words: tuple[str, ...]) -> str:
    said = _after(words, "--cuda") or "12"
    return said if re.fullmatch(r"\d{1,2}", said) else ""


def _system(words: tuple[str, ...]) -> Action | None:
    if any(repair.command == words for repair in REPAIRS.values()):
        return System(words)
    branch = _BRANCH.search(words[-1]) if words else None
    for distribution in _PACKAGED if branch else ():
        machine = Machine(os="linux", distribution=distribution, environment=())
        for newest in (None, drivers.OPEN_ONLY):
            if branch and _rebuilt(words, drivers.install(machine, branch[1], newest, None)):
                return System(words)
    return None


def _container(words: tuple[str, ...]) -> Action | None:
    if words[:3] == ("docker", "exec", container.NAME):
        prepared = _rebuilt(words, container.start("")) or isinstance(_pip(words[3:]), Install)
        return Workspace(words) if prepared else None
    fits = words[:1] == ("docker",) and _IMAGE.fullmatch(words[-1])
    name = words[-1]
    made = (*container.run(name), *container.start(name)[:1], *container.run_on_jetson(name))
    return Start(words) if fits and _rebuilt(words, made) else None


Known = Callable[[str], bool]
"""Is this the name of a distribution that the matrix speaks of?"""
