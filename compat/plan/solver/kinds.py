"""Builds that a rule refuses alike, so that one of a kind is asked: those that are the same in all that the rule reads.

Of the rules that refuse most builds of a component one reads its CUDA alone, the other its Pythons. Only what is
refused is taken over, never why: whoever wants the reason asks of each build.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from compat.plan.model import Choice
from compat.plan.solver.likeness import rows_with
from compat.records import dataclass, field

if TYPE_CHECKING:
    from compat.matrix import Matrix


@dataclass
class Refused:
    """The kinds of builds that were refused in one scene."""

    matrix: "Matrix"
    _kinds: set[Hashable] = field(default_factory=set)

    def add(self, rule: str, choice: Choice) -> None:
        """A rule refuses a build."""
        if rule in _READ and not choice.installed:
            self._kinds.add((rule, _READ[rule](choice, self.matrix)))

    def has(self, choice: Choice) -> bool:
        """Is it of such a kind?"""
        if not self._kinds or choice.installed:
            return False
        return any((rule, read(choice, self.matrix)) in self._kinds for rule, read in _READ.items())


def _of_cuda(choice: Choice, matrix: "Matrix") -> Hashable:
    """Its own CUDA, else its release; and whether it comes with CUDA's libraries or opens the machine's."""
    told = choice.build if choice.build.cuda else choice
    drawn = frozenset([pin.name for pin in choice.pins if pin.name.startswith("nvidia-")])
    return choice.distribution, told, choice.extras, choice.parts, choice.brings, choice.conda, drawn


def _of_python(choice: Choice, matrix: "Matrix") -> Hashable:
    """The Pythons that the files of its release are for, and what is known of the release."""
    name, release = choice.distribution, choice.public
    own = (choice.build, choice.extras, choice.parts, choice.brings, choice.conda)
    return name, own, _files(matrix, name, choice.version, release), rows_with(matrix, name, release)


@lru_cache(maxsize=8192)
def _files(matrix: "Matrix", distribution: str, version: str, release: str) -> Hashable:
    builds = matrix.packages.builds(distribution)
    rows = [row for one in dict.fromkeys((version, release)) for row in builds.get(one, ())]
    return tuple([tuple([str(row.get(name)) for name in _FILE]) for row in rows]) or version


_FILE = ("index", "os", "arch", "variant", "local", "cuda", "python", "stub")
_READ: Mapping[str, Callable[[Choice, "Matrix"], Hashable]] = {
    "cuda-older-than-gpu": _of_cuda,
    "python-unsupported": _of_python,
}
