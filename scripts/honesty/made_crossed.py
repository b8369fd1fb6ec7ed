"""Machines crossed from reported ones: what one person said of the driver, another of the packages.

Values and their spellings are people's own, and goals are those that were asked; only their meeting is chance.
"""

import copy
from functools import cache
from typing import Any

from compat.matrix import Matrix
from scripts.honesty.consistent import consistent
from scripts.honesty.described import Described, described
from scripts.honesty.made_models import Chances
from scripts.honesty.relations import facts, without

Facts = dict[str, Any]


@cache
def _reported() -> dict[str, list[Described]]:
    """The described machines by their goal."""
    found: dict[str, list[Described]] = {}
    for one in described():
        found.setdefault(one[1], []).append(one)
    return found


class Crossed(Chances):
    """Machines of one seed."""

    def __init__(self, seed: int, matrix: Matrix) -> None:
        super().__init__(seed)
        self.matrix = matrix
        self.goals = _reported()

    def machine(self) -> tuple[str, Facts]:
        """A goal and a machine."""
        goal = self.random.choice(list(self.goals))
        machine = copy.deepcopy(self.random.choice(self.goals[goal])[2])
        for _ in range(self.one(1, 1, 2, 3)):
            alike = goal if self.often(0.5) else self.random.choice(list(self.goals))
            self._cross(machine, copy.deepcopy(self.random.choice(self.goals[alike])[2]))
        for _ in range(self.one(0, 0, 1, 3)):
            paths = list(facts(machine))
            machine = without(machine, self.random.choice(paths)) if paths else machine
        if self.often(0.1) and not goal.startswith("install:"):
            goal = self.random.choice([one for one in self.goals if not one.startswith("install:")])
        machine.pop("name", None)
        return goal, consistent(machine, self.matrix)

    def _cross(self, machine: Facts, other: Facts) -> None:
        """Some of what is said of the other one is said of this machine: records and packages in part."""
        for name in self.random.sample(sorted(other), min(len(other), self.one(1, 2, 2, 4))):
            mine, its = machine.get(name), other[name]
            if isinstance(mine, dict) and isinstance(its, dict) and self.often(0.6):
                taken = self.random.sample(sorted(its), min(len(its), self.one(1, 2)))
                machine[name] = {**mine, **{one: its[one] for one in taken}}
            elif name in ("libraries", "missing_libraries") and isinstance(mine, list) and self.often(0.5):
                machine[name] = [*mine, *(one for one in its or () if one not in mine)]
            else:
                machine[name] = its
