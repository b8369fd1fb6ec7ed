"""What can be said of a request by itself: dead names, and why no resolver finds an answer on this machine."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from compat.check import check
from compat.goals import Goal
from compat.machine import Machine
from compat.records import replace
from compat.rules.base import REGISTRY, Finding
from compat.rules.case import Case
from compat.versions import BadVersion, parse_range

if TYPE_CHECKING:
    from compat.matrix import Matrix

Named = Iterable[tuple[str, str]]


def dead(requirements: Named, matrix: "Matrix") -> Iterator[Finding]:
    """Names and releases that the matrix knows to be dead."""
    for machine, goal in _asked(requirements, Machine()):
        for found in REGISTRY["package-removed"].judge(Case(machine, goal, matrix)):
            if isinstance(found, Finding):
                yield found


def hopeless(requirements: Named, machine: Machine, matrix: "Matrix") -> Iterator[Finding]:
    """Errors of asking for these on this machine: no build for the Python, the platform, the C library."""
    for asked, goal in _asked(requirements, machine):
        for found in check(asked, goal, matrix).findings:
            if found.severity == "error" and found.rule in (
                "python-unsupported",
                "no-gpu-build-for-platform",
                "glibc-too-old",
                "package-removed",
            ):
                yield found


def _asked(requirements: Named, machine: Machine) -> Iterator[tuple[Machine, Goal]]:
    for name, spec in requirements:
        try:
            parse_range(spec)
        except BadVersion:
            continue
        yield replace(machine, request={name: spec}), Goal("install", name)
