"""The order of preference among the builds of one component (docs/plan.md).

What is installed and fits comes first; then releases that the vendor tested with this CUDA, newest first; of one
release what a plain install yields, then the newest CUDA. ``--prefer tested`` forgets what is installed, ``newest``
the tests too.
"""

from typing import TYPE_CHECKING, Any

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice
from compat.plan.offers import offers
from compat.plan.published import pins
from compat.rules.subject import find

if TYPE_CHECKING:
    from compat.matrix import Matrix

PREFERENCES = ("installed", "tested", "newest")


def ordered(
    component: str, text: str, machine: Machine, matrix: "Matrix", prefer: str, gpu: bool
) -> tuple[Choice, ...]:
    """The builds of a component that the range admits, best first."""
    found = sorted(
        offers(component, machine, matrix, text, gpu), key=lambda choice: _rank(choice, prefer), reverse=True
    )
    here = installed(component, text, machine, matrix)
    if here is None:
        return tuple(found)
    if prefer == "installed":
        # Another build of the same release is less of a change than another release.
        return (here, *sorted(found, key=lambda choice: choice.public != here.public))
    # Where the best build is the very one that is installed, nothing has to be done.
    same = next((index for index, choice in enumerate(found) if _same(choice, here)), None)
    return tuple(found) if same is None else (*found[:same], here, *found[same:])


def _rank(choice: Choice, prefer: str) -> tuple[Any, ...]:
    cuda = choice.row.get("cuda")
    number = versions.try_parse(cuda) if cuda else None
    newest = versions.parse(choice.public).key()
    tested = choice.tested if prefer != "newest" else True
    return (
        tested,
        newest,
        bool(choice.extras),
        not choice.parts,
        choice.default,
        (number.key() if number else ()),
    )


def _same(choice: Choice, here: Choice) -> bool:
    return choice.public == here.public and (here.build.cuda is None or choice.build.cuda == here.build.cuda)


def installed(component: str, text: str, machine: Machine, matrix: "Matrix") -> Choice | None:
    """What is installed of a component, where the request admits it."""
    subject = find(machine, component, matrix)
    if component == "tensorrt" and subject.state != "installed":
        return _system_tensorrt(text, machine)
    if subject.state != "installed" or subject.version is None:
        return None
    if versions.parse_range(text).admits(versions.parse(subject.version).public) is False:
        return None
    lines = {tuple(row.get("requires", ())) for row in subject.candidates}
    found = pins(matrix, lines.pop(), machine, subject.label, "installed metadata") if len(lines) == 1 else ()
    here = {name for name, version in (machine.packages or {}).items() if version}
    return Choice(
        component,
        subject.distribution,
        subject.version,
        installed=True,
        row=subject.candidates[0] if subject.candidates else {},
        build=Build(cuda=subject.field("cuda").known),
        pins=tuple(pin for pin in found if pin.name in here),
    )


def _system_tensorrt(text: str, machine: Machine) -> Choice | None:
    """A TensorRT that was installed as a library of the system."""
    for library in machine.libraries or ():
        if (
            library.name == "tensorrt"
            and library.version
            and versions.parse_range(text).admits(library.version) is not False
        ):
            return Choice("tensorrt", "tensorrt", library.version, "archive", installed=True)
    return None
