"""Which package of the goal another one is, or belongs to: what it pins, and the CUDA parts of its own CUDA."""

from compat import versions
from compat.matrix.packages import normal
from compat.rules.base import Evidence
from compat.rules.case import Case
from compat.rules.libraries.opened import wants
from compat.rules.subject import Subject


def belongs(case: Case, package: str) -> bool:
    """Is it a package of the goal, or a CUDA part that one of them pins?"""
    return owner(case, package) is not None


def owner(case: Case, package: str) -> Subject | None:
    """The package of the goal that it is, or that pins it."""
    name = normal(package)
    for subject in wants(case):
        if name == normal(subject.distribution) or case.matrix.packages.component(name) == subject.component:
            return subject
        pinning = (any(name == pinned for pinned, _, _ in case.matrix.packages.pins(row)) for row in subject.candidates)
        # A release has few builds; of an unknown release it has to be so whichever it is.
        if any(pinning) if subject.version is not None else bool(subject.candidates) and all(pinning):
            return subject
        if _is_part_of(case, name, subject):
            return subject
    return None


def owned(case: Case, package: str) -> tuple[Evidence, ...]:
    """The package of the goal that it belongs to, as it is described, and which build of it that is."""
    subject = owner(case, package)
    return (*case.package(subject), *case.which_build(subject)) if subject is not None else ()


def _is_part_of(case: Case, name: str, subject: Subject) -> bool:
    """Is it one of NVIDIA's CUDA parts, of the major that the package is built for?"""
    cuda = subject.field("cuda").known
    if not cuda or not name.startswith("nvidia-"):
        return False
    return case.matrix.libraries.is_of_cuda(name, versions.parse(cuda).major)
