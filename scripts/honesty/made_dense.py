"""Machines made up of few values, so that the facts which speak of one thing meet: the driver's halves, a plugin and
what it belongs to, a library and the package that opens it. What a field can be is data (pools.py, pools_software.py).
"""

import copy
from typing import Any

from compat.matrix import Matrix
from scripts.honesty.consistent import consistent
from scripts.honesty.made_models import Chances
from scripts.honesty.pools import COMPILERS, SYSTEM, Facts, Several
from scripts.honesty.pools_software import (
    BESIDE,
    BUILD,
    DAMAGED,
    ENGINES,
    FILES,
    FRAMEWORKS,
    GOAL_OF,
    INSTALLS,
    JAX,
    MODELS,
    PACKAGES,
    REQUESTS,
)  # fmt: skip

_POOLS = (JAX, SYSTEM, COMPILERS, ENGINES, MODELS, FILES, PACKAGES, PACKAGES, INSTALLS)


class Dense(Chances):
    """Machines of one seed."""

    def __init__(self, seed: int, matrix: Matrix) -> None:
        super().__init__(seed)
        self.matrix = matrix

    def machine(self) -> tuple[str, Facts]:
        """A goal and a machine."""
        pool = self.one(*_POOLS)
        facts: Facts = self._drawn(pool.facts, pool.chance * self.one(0.6, 1, 1.5))
        if pool is INSTALLS:
            name = self.one(*REQUESTS)
            goal = f"install:{GOAL_OF.get(name, name.partition('[')[0])}"
            facts |= {"request": {name: self._drawn(REQUESTS[name], 1)}, **self._packages((), 0.1)}
        else:
            goal = self.one(*pool.goals)
        if pool is PACKAGES:
            facts |= self._packages((goal.partition(":")[2].split("-")[0],), 0.12)
        self._told_twice(facts)
        return goal, consistent(facts, self.matrix)

    def _drawn(self, choice: Any, chance: float) -> Any:
        if isinstance(choice, Several):
            return [self._drawn(choice.item, chance + 0.3) for _ in range(self.one(0, 1, 1, 2, 2, 3))]
        if isinstance(choice, tuple):
            return self._drawn(self.one(*choice), chance)
        if isinstance(choice, dict):
            return {
                name: self._drawn(one, chance) for name, one in choice.items() if name == "name" or self.often(chance)
            }
        return copy.deepcopy(choice)

    def _packages(self, wanted: tuple[str, ...], chance: float) -> Facts:
        """The packages that the goal is about, others now and then, and what is said of their builds and files."""
        known = {**FRAMEWORKS, **BESIDE}
        packages = {
            name: self._drawn(releases, 1)
            for name, releases in known.items()
            if self.often(0.85 if name.startswith(wanted or "-") else chance)
        }
        facts: Facts = {"packages": packages} if packages else {}
        built = [name for name in packages if name in FRAMEWORKS]
        if built and self.often(0.3):
            facts["builds"] = {self.one(*built): self._drawn(BUILD, 0.4)}
        if built and self.often(0.1):
            facts["duplicates"] = [{"name": self.one(*built), "version": "1.2.0", "origin": "pip"}]
        if self.often(0.15):
            package, path = self.one(*DAMAGED)
            problem = self.one("missing", "empty", "truncated", "overwritten")
            by = {"by": "nvidia-cudnn-cu13"} if problem == "overwritten" else {}
            facts["damaged"] = [{"package": package, "path": path, "problem": problem, **by}]
        return facts

    def _told_twice(self, facts: Facts) -> None:
        """What a driver offers follows from its release, and a Jetson's driver from its L4T."""
        driver = facts.get("driver") or {}
        if "version" in driver or "kernel_module_version" in driver:
            driver.pop("cuda", None)
        if "jetson" in facts:
            facts.pop("driver", None)
