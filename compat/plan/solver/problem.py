"""What is to be solved: one machine and what is asked of it, with what its scenes share."""

from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal
from compat.machine import Machine
from compat.plan.model import Pin, Request
from compat.plan.ranges import admits_line, joined
from compat.plan.solver.memory import Memory
from compat.records import dataclass, field, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix


@dataclass(frozen=True)
class Problem:
    """One machine and what is asked of it. ``folder``: a new environment of that name, nothing of the present one;
    ``conda``: packages of conda-forge before those of pip's indexes."""

    machine: Machine
    requests: tuple[Request, ...]
    goals: tuple[Goal, ...]
    matrix: "Matrix"
    prefer: str = "installed"
    folder: str = ""
    conda: bool = False
    memory: Memory = field(default_factory=Memory)

    @property
    def needs_gpu(self) -> bool:
        return any(goal.needs_gpu for goal in self.goals)

    @property
    def limits(self) -> tuple[Pin, ...]:
        """What the files of the requests demand of packages that builds share."""
        return tuple(dict.fromkeys(pin for request in self.requests for pin in request.limits))

    def takes(self, machine: Machine) -> bool:
        """Do the files of the requests admit its Python?"""
        admitted = versions.parse_range(joined(request.pythons for request in self.requests))
        return machine.python is None or admits_line(admitted, versions.major_minor(machine.python))

    def widened(self, limits: tuple[Pin, ...]) -> "Problem":
        """The problem with any release of what these demands are about; its memory is kept with this one's."""
        what = ("widened", limits, self.requests, self.goals, self.prefer, self.folder, self.conda)
        return self.memory.once(what, (self.machine,), lambda: self._widened(limits))

    def _widened(self, limits: tuple[Pin, ...]) -> "Problem":
        any_release = {pin: replace(pin, range="*") for pin in limits}
        requests = tuple(
            replace(one, limits=tuple(any_release.get(pin, pin) for pin in one.limits)) for one in self.requests
        )
        return replace(self, requests=requests, memory=replace(self.memory, spent=0))
