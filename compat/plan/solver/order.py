"""The order of preference among the builds of one component (docs/plan.md).

What is installed and fits comes first, then its release in another build, then newer releases of its major; of those
the ones that the vendor tested with this CUDA, what is on the public index before what has to be asked of another one
alone, newest first; of one release what a plain install yields, then the newest CUDA. Where nothing is known of the
driver, builds for the CUDA major that is there come before all others.
``--prefer tested`` forgets what is installed, ``newest`` the tests too.
"""

import re
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.machine import Build, Machine
from compat.matrix.packages import normal
from compat.plan.model import Choice
from compat.plan.offers import offers
from compat.plan.offers.places import ALONE
from compat.plan.offers.published import pins
from compat.plan.solver.companions import companion_pins
from compat.plan.solver.pins import admits
from compat.records import replace
from compat.rules.candidates import find

if TYPE_CHECKING:
    from compat.matrix import Matrix

_CUDA_PART = re.compile(r"nvidia-(?:cudnn|cublas|cuda-runtime|nccl)-cu(?P<major>1[0-9])$")


def ordered(
    component: str, text: str, machine: Machine, matrix: "Matrix", prefer: str, gpu: bool
) -> tuple[Choice, ...]:
    """The builds of a component that the range admits, best first."""
    present = _present_major(machine)
    found = sorted(
        offers(component, machine, matrix, text, gpu), key=lambda choice: _rank(choice, prefer, present), reverse=True
    )
    if machine.os is None:  # what is planned where no system is told is for Linux
        found.sort(key=lambda choice: choice.row.get("os") not in (None, "linux"))
    here = installed(component, text, machine, matrix)
    if here is None or not here.version:
        return tuple(found) if here is None or prefer != "installed" else (here, *found)
    if prefer == "installed":
        return (here, *_mended(here, machine, matrix), *sorted(found, key=lambda choice: _distance(choice, here)))
    # Where the best build is the very one that is installed, nothing has to be done.
    same = next((index for index, choice in enumerate(found) if _same(choice, here)), None)
    return tuple(found) if same is None else (*found[:same], here, *found[same:])


def _distance(choice: Choice, here: Choice) -> int:
    """How much of a change a build is: the same release (of a line, where only that is known), a newer one of the same
    major, another newer one, an older one."""
    new, old = versions.parse(choice.public), versions.parse(here.public)
    if old.covers(new) or new.same_as(old):
        return 0
    if new < old:
        return 3
    return 1 if new.major == old.major else 2


def _mended(here: Choice, machine: Machine, matrix: "Matrix") -> tuple[Choice, ...]:
    """What is installed, where only a package that it shares with others is in a release that does not suit it."""
    packages = {normal(name): version for name, version in (machine.packages or {}).items() if version}
    pins = (*here.pins, *companion_pins((here,), machine, matrix))
    wrong = any(pin.name in packages and admits(pin, packages[pin.name]) is False for pin in pins)
    return (replace(here, mended=True, pins=pins),) if wrong else ()


def _present_major(machine: Machine) -> int | None:
    """The CUDA major that the machine has, where nothing tells which ones its driver serves."""
    if machine.driver.version or machine.driver.cuda or machine.driver.kernel_module_version:
        return None
    kits = [kit.version for kit in machine.toolkits or () if kit.version and kit.origin in ("system", None)]
    found = {versions.parse(text).major for text in kits} | {
        int(match["major"])
        for name, version in (machine.packages or {}).items()
        if version is not False and (match := _CUDA_PART.match(normal(name)))
    }
    return found.pop() if len(found) == 1 else None


def _rank(choice: Choice, prefer: str, present: int | None) -> tuple[Any, ...]:
    cuda = choice.row.get("cuda")
    number = versions.try_parse(cuda) if cuda else None
    newest = versions.parse(choice.public).key()
    tested = choice.tested if prefer != "newest" else True
    return (
        prefer == "newest" or present is None or number is None or number.major == present,
        tested,
        choice.index != ALONE,
        newest,
        bool(choice.extras),
        not choice.parts,
        choice.default,
        (number.key() if number else ()),
    )


def _same(choice: Choice, here: Choice) -> bool:
    return choice.public == here.public and (here.build.cuda is None or choice.build.cuda == here.build.cuda)


def installed(component: str, text: str, machine: Machine, matrix: "Matrix") -> Choice | None:
    """What is installed of a component, where the request admits it; in an unknown release where it asks for any."""
    subject = find(machine, component, matrix)
    if component == "tensorrt" and subject.state != "installed":
        return _system_tensorrt(text, machine)
    if subject.state != "installed" or (subject.version is None and text != "*"):
        return None
    if subject.version and versions.parse_range(text).admits(versions.parse(subject.version).public) is False:
        return None
    lines = {tuple(row.get("requires", ())) for row in subject.candidates}
    known = len(lines) == 1 and subject.version is not None
    found = pins(matrix, lines.pop(), machine, subject.label, "installed metadata") if known else ()
    here = {name for name, version in (machine.packages or {}).items() if version}
    return Choice(
        component,
        subject.distribution,
        subject.version or "",
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
