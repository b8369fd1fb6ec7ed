"""What a resolver is asked: the plan's exact releases, what else the files ask for, the indexes, the target."""

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from compat import versions
from compat.guard.files import Contents, Requirement
from compat.install.templates import Conda, Fetch, Install
from compat.install.templates import read as understood
from compat.lock import NoLock
from compat.machine import Machine
from compat.markers import applies
from compat.matrix.packages import normal
from compat.plan.commands import requirement
from compat.plan.commands.python import PYTORCH
from compat.plan.model import Choice, Plan
from compat.plan.solver.order import installed
from compat.records import dataclass

if TYPE_CHECKING:
    from compat.matrix import Matrix

_LOCAL = re.compile(r"^(?:cu\d{2,3}|cpu)$")
# A release that may stand in a constraints file.
_RELEASE = re.compile(r"^[0-9][0-9A-Za-z.!+_-]*$")


@dataclass(frozen=True)
class Wanted:
    """One question to a resolver.

    ``constraints`` are the files'; ``kept`` are the releases of the plan's result, to keep to where the index has them.
    ``indexes`` are asked beside the configured one, ``links`` are folders and pages of files.
    ``here``: the target is this machine, so that installers need not be told of its platform. ``left_out`` says what
    no lock file can hold.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    kept: tuple[str, ...]
    indexes: tuple[str, ...]
    links: tuple[str, ...]
    target: Machine
    here: bool
    left_out: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The target's Python line (3.12), empty where it is unknown."""
        return (versions.major_minor(self.target.python) or "") if self.target.python else ""


def wanted(plan: Plan, contents: Sequence[Contents], here: bool, matrix: "Matrix") -> Wanted:
    """The question for a plan. Raises NoLock where the plan installs no packages."""
    found, indexes, left_out = _of_steps(plan)
    chosen = {choice.component for choice in plan.choices}
    here_already = [choice for choice in plan.choices if choice.installed]
    for request in plan.requests:  # where nothing is to do, nothing was chosen
        there = installed(request.component, request.text, plan.result, matrix)
        if request.component not in chosen and there is not None:
            chosen.add(request.component)
            here_already.append(there)
    for choice in here_already:
        _keep(choice, plan.result, found, indexes, left_out)
    if not found:
        raise NoLock("the plan installs no packages: there is nothing to lock", "; ".join(left_out))
    names = {name for name in found if name}
    places = [*indexes, *(place for one in contents for place in _places(one))]
    for one in contents:
        of_conda = one.kind == "conda" or os.path.basename(one.path).lower() == "pixi.toml"  # other names than pip's
        for line in () if of_conda else one.requirements:
            if line.name not in names and matrix.packages.component(line.name) not in chosen:
                found[f"{line.name};{line.marker}"] = _written(line)
    left_out += [f"{line.text} of {line.where}: {line.why}" for one in contents for line in one.passed]
    limits = [line for one in contents for line in one.constraints if line.name not in names]
    return Wanted(
        tuple(text for name, text in found.items()),
        tuple(map(_written, limits)),
        tuple(_kept(plan, names | {line.name for one in contents for line in one.requirements})),
        tuple(dict.fromkeys(place for place in places if not _is_page(place))),
        tuple(dict.fromkeys(place for place in places if _is_page(place))),
        plan.result,
        here,
        tuple(left_out),
    )


def _places(contents: Contents) -> Iterable[str]:
    """The indexes, pages and folders that a file names itself. Which index of PyTorch's is the plan's to say."""
    beside = os.path.dirname(os.path.abspath(contents.path))
    for place in contents.indexes:
        if not place.startswith(PYTORCH):
            yield place if "://" in place else os.path.join(beside, place)


def _is_page(place: str) -> bool:
    """A page or a folder of files, and no index with a folder for each package."""
    return "://" not in place or place.endswith((".html", ".htm"))


def _of_steps(plan: Plan) -> tuple[dict[str, str], list[str], list[str]]:
    """Distribution -> requirement line, the indexes, and what is no package, of the plan's steps."""
    found: dict[str, str] = {}
    indexes: list[str] = []
    left_out: list[str] = []
    for step in plan.steps:
        command = next((one for one in step.commands if one.installer in ("pip", "conda")), None)
        action = understood(command.argv) if command is not None and step.kind == "package" else None
        if isinstance(action, Install) and action.compiled:
            left_out += [f"{text}: compiled on the machine" for text in action.requirements]
        elif isinstance(action, Install):
            found |= {normal(re.split(r"[\[=<>!~]", text, maxsplit=1)[0]): text for text in action.requirements}
            indexes += [url for url in (action.index, action.extra) if url]
        elif isinstance(action, Fetch):
            found[normal(step.component)] = f"{step.component} @ {action.url}"
        elif isinstance(action, Conda):
            left_out += [f"{name} {text} of conda-forge" for name, text in action.parts]
        elif step.kind != "package":
            left_out.append(f"{step.component}: {step.after}")
    return found, indexes, left_out


def _keep(choice: Choice, result: Machine, found: dict[str, str], indexes: list[str], left_out: list[str]) -> None:
    """What is installed already belongs into the whole; what is no package cannot."""
    there = {normal(name) for name, version in (result.packages or {}).items() if version}
    if choice.distribution not in there:
        left_out.append(f"{choice.label} of the system")
        return
    found[choice.distribution] = requirement(choice.distribution, f"=={choice.version}")
    local = choice.version.partition("+")[2]
    if choice.component == "torch" and _LOCAL.match(local):
        indexes.append(f"{PYTORCH}{local}")


def _kept(plan: Plan, named: set[str]) -> Iterable[str]:
    """The releases of the plan's result as constraints; what is asked for by name has its own line."""
    for name, version in sorted((plan.result.packages or {}).items()):
        if version and normal(name) not in named and _RELEASE.match(version) and "+" not in version:
            yield requirement(normal(name), f"=={version}")


def _written(line: Requirement) -> str:
    """A requirement as it stands in a requirements file."""
    extras = f"[{','.join(line.extras)}]" if line.extras else ""
    marker = f" ; {line.marker}" if line.marker else ""
    if line.url and "://" in line.url and not line.path.endswith("pylock.toml"):
        return f"{line.name}{extras} @ {line.url}{marker}"
    if line.url and not line.path.endswith(".toml"):
        whole = os.path.abspath(os.path.join(os.path.dirname(line.path), line.url))
        return f"{line.name}{extras} @ file://{whole}{marker}"
    return f"{line.name}{extras}{'' if line.range == '*' else line.range}{marker}"


def missing(requires: "dict[str, tuple[str, ...]]", roots: Iterable[str], target: Machine) -> list[str]:
    """What metadata asks for on the target and the set lacks: a resolver may have read markers for its own machine.

    ``requires`` is distribution -> requirement lines.
    """
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Pep508

    lacks: dict[str, None] = {}
    open_, done = [(text, "", "") for text in roots], set[tuple[str, str]]()
    while open_:
        text, extra, by = open_.pop()
        try:
            one = Pep508(text)
        except InvalidRequirement:
            continue
        if one.marker and not applies(str(one.marker), target, extra):
            continue
        name = normal(one.name)
        if name not in requires:
            lacks[f"{by} needs {one.name} there" if by else f"{one.name} is asked for"] = None
            continue
        for wanted_extra in ("", *one.extras):
            if (name, wanted_extra) not in done:
                done.add((name, wanted_extra))
                open_ += [(line, wanted_extra, name) for line in requires[name]]
    return list(lacks)
