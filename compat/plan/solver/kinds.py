"""Builds that a rule refuses alike, so that one of a kind is asked: those that are the same in all that the rule reads.

Of the rules that refuse most builds of a component two read its CUDA alone, the third its Pythons. That one is refused
is taken over for the others; the reason only where no other rule makes it a consequence, and with the words of the one
that was asked.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from compat.plan.model import Choice, Reason
from compat.plan.solver.likeness import rows_with
from compat.records import dataclass, field

if TYPE_CHECKING:
    from compat.matrix import Matrix


DRIVER = "driver-too-old"
Read = Callable[[Choice, "Matrix"], Hashable]
"""All that a rule reads of a build."""


@dataclass
class Refused:
    """The kinds of builds that were refused in one scene."""

    matrix: "Matrix"
    _kinds: set[tuple[str, int]] = field(default_factory=set)
    _by_driver: dict[int, Reason] = field(default_factory=dict)
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _known: dict[tuple[int, Read], tuple[Choice, int]] = field(default_factory=dict)  # by identity

    def add(self, rule: str, choice: Choice) -> None:
        """A rule refuses a build."""
        if rule in _READ and not choice.installed:
            self._kinds.add((rule, self._read(_READ[rule], choice)))

    def has(self, choice: Choice) -> bool:
        """Is it of such a kind?"""
        if not self._kinds or choice.installed:
            return False
        return any((rule, self._read(read, choice)) in self._kinds for rule, read in _READ.items())

    def add_by_driver(self, found: Reason, choice: Choice) -> None:
        """The driver is too old for a build that is not a Jetson's: of the others nothing makes that a consequence."""
        if not choice.installed:
            self._by_driver.setdefault(self._read(_of_cuda, choice), found)

    def by_driver(self, choice: Choice) -> Reason | None:
        """The reason of a build of such a kind."""
        return self._by_driver.get(self._read(_of_cuda, choice)) if self._by_driver and not choice.installed else None

    def _read(self, read: Read, choice: Choice) -> int:
        """A number for all that a rule reads of it."""
        key = (id(choice), read)
        if key not in self._known:
            number = self._numbers.setdefault(read(choice, self.matrix), len(self._numbers))
            self._known[key] = choice, number  # which keeps the object, and so its identity
        return self._known[key][1]


def _of_cuda(choice: Choice, matrix: "Matrix") -> Hashable:
    """Its own CUDA, or that of what it brings, else its release; and whether it comes with CUDA's libraries (of JAX's
    compiler the release counts) or opens the machine's."""
    brought = tuple([(name, _cudas(matrix, name, release)) for name, release in choice.brings])
    by_parts = any(any(cudas) for _, cudas in brought)
    own = (choice.build, _cudas(matrix, choice.distribution, choice.public)) if by_parts else choice
    told = choice.build if choice.build.cuda else own
    drawn = frozenset([pin.name for pin in choice.pins if pin.name.startswith("nvidia-")])
    compilers = frozenset([(pin.name, pin.range) for pin in choice.pins if by_parts and pin.name.startswith(_COMPILER)])
    return choice.distribution, told, choice.extras, choice.parts, brought, choice.conda, drawn, compilers


@lru_cache(maxsize=8192)
def _cudas(matrix: "Matrix", distribution: str, release: str) -> tuple[object, ...]:
    """The CUDA of each file of a release."""
    return tuple([row.get("cuda") for row in matrix.packages.builds(distribution).get(release, ())])


def _of_python(choice: Choice, matrix: "Matrix") -> Hashable:
    """The Pythons that the files of its release are for, and what is known of the release."""
    name, release = choice.distribution, choice.public
    own = (choice.build, choice.extras, choice.parts, choice.conda)
    every = ((name, choice.version, release), *[(other, version, version) for other, version in choice.brings])
    files = tuple([(one, _files(matrix, one, whole, public)) for one, whole, public in every])
    return own, files, tuple([rows_with(matrix, one, public) for one, _, public in every])


@lru_cache(maxsize=8192)
def _files(matrix: "Matrix", distribution: str, version: str, release: str) -> Hashable:
    builds = matrix.packages.builds(distribution)
    rows = [row for one in dict.fromkeys((version, release)) for row in builds.get(one, ())]
    return tuple([tuple([str(row.get(name)) for name in _FILE]) for row in rows]) or version


_FILE = ("index", "os", "arch", "variant", "local", "cuda", "python", "stub")
_COMPILER = "nvidia-cuda-nvcc"
_READ: Mapping[str, Read] = {
    "cuda-older-than-gpu": _of_cuda,
    DRIVER: _of_cuda,
    "python-unsupported": _of_python,
}
