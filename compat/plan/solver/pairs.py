"""What builds share with others, two by two or several at once: one release of each package that suits all.

Nothing here hangs on the driver or the Python, so the scenes of a problem that differ by these share the answers.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.model import Choice, Pin, Reason
from compat.plan.offers import COMPANIONS
from compat.plan.offers.companion import fits
from compat.plan.offers.places import ARCHIVE
from compat.plan.offers.source import SOURCE
from compat.plan.solver.companions import companion_pins
from compat.plan.solver.likeness import Likeness, likeness
from compat.plan.solver.pins import Shared, demand, shared
from compat.plan.solver.shape import Shape, shape, suspects
from compat.records import dataclass, field

if TYPE_CHECKING:
    from compat.matrix import Matrix


@dataclass
class Pairs:
    """Builds on one machine, whatever its driver and Python are. ``limits``: what the files of the requests demand of
    packages that builds share."""

    machine: Machine
    matrix: "Matrix"
    limits: tuple[Pin, ...]
    _pinned: set[str] = field(default_factory=set)
    _classes: dict[Likeness, int] = field(default_factory=dict)
    _likes: dict[int, tuple[Choice, int]] = field(default_factory=dict)  # by identity: a hash takes too long here
    _pairs: dict[tuple[int, int], tuple[Reason, ...]] = field(default_factory=dict)
    _shapes: dict[int, Shape] = field(default_factory=dict)
    _modules: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def learn(self, columns: list[tuple[Choice, ...]]) -> None:
        """Which distributions the builds pin: of those the very release counts, and builds differ by it."""
        names = {pin.name for column in columns for choice in column for pin in choice.pins}
        if not names <= self._pinned:
            self._pinned |= names
            self._likes = {}

    def like(self, choice: Choice) -> int:
        """The class of builds that are alike for every rule about several packages together."""
        known = self._likes.get(id(choice))
        if known is None:
            key: Likeness = likeness(choice, self.matrix)
            if self._pinned.intersection(self._module_names(choice)):
                key = (*key, choice.version)
            known = self._likes[id(choice)] = (choice, self._classes.setdefault(key, len(self._classes)))
        return known[1]

    def pair(self, one: Choice, other: Choice) -> tuple[Reason, ...]:
        """What excludes the two together, by what they share: nothing added can mend that."""
        key = (self.like(one), self.like(other))
        if key not in self._pairs:
            found = self._shared_by_two(one, other)
            self._pairs[key] = found if isinstance(found, tuple) else ()
        return self._pairs[key]

    def _shape(self, choice: Choice) -> Shape:
        like = self.like(choice)
        if like not in self._shapes:
            self._shapes[like] = shape(choice, self._module_names(choice), self.machine, self.matrix)
        return self._shapes[like]

    @cached_property
    def _here(self) -> frozenset[str]:
        packages = self.machine.packages or {}
        here = {normal(name) for name, version in packages.items() if version is not False}
        return frozenset(here | {pin.name for pin in self.limits})

    def limited(self, pins: list[Pin]) -> list[Pin]:
        """The pins, and what the files demand of the packages that they name."""
        names = {pin.name for pin in pins}
        return [*pins, *(pin for pin in self.limits if pin.name in names)]

    def _shared_by_two(self, one: Choice, other: Choice) -> Shared | tuple[Reason, ...]:
        """What two share; what only one of them pins was asked of it alone."""
        names, broken = suspects(self._shape(one), self._shape(other), self._here)
        drawn = companion_pins((one, other), self.machine, self.matrix, self.limits) if broken else ()
        if not names and not drawn and not (_for_one_torch(one) or _for_one_torch(other)):
            return Shared({})
        return self.shared((one, other), drawn, names | {pin.name for pin in drawn})

    def shared(
        self, choices: tuple[Choice, ...], more: tuple[Pin, ...], names: "frozenset[str] | None" = None
    ) -> Shared | tuple[Reason, ...]:
        """Releases of what the choices share (of these names only, where some are given); what they demand of each
        other is held against each other."""
        if all(choice.stays for choice in choices):
            return Shared({})
        chosen = {choice.distribution: choice for choice in choices}
        found = []
        for other in choices:
            if _for_one_torch(other) and "torch" in chosen and not fits(chosen["torch"], other):
                said = f"{other.label} is not built for {chosen['torch'].label}."
                why = "builds of one index and variant go together"
                found.append(Reason("package-versions-mismatch", said, why))
        pins = [pin for choice in choices for pin in choice.pins if names is None or pin.name in names]
        pins += more
        owners = {name: choice for choice in choices for name in self._module_names(choice)}
        for pin in pins:
            owner = owners.get(pin.name)
            clash = None if owner is None else demand(pin, owner, self.matrix)
            if clash is not None:
                found.append(clash)
        rest = self.limited([pin for pin in pins if pin.name not in owners])
        left = shared(rest, self.machine, self.matrix)
        clashes = (*found, *left) if isinstance(left, tuple) else tuple(found)
        return clashes or left

    def _module_names(self, choice: Choice) -> tuple[str, ...]:
        """Distributions that a choice decides about: itself, what it brings, and others of the same module."""
        if choice.component not in self._modules:
            about = self.matrix.packages.about(choice.component)
            siblings = self.matrix.packages.distributions(choice.component) if "module" in about else ()
            self._modules[choice.component] = (*siblings, *map(normal, about.get("parts", ())))
        return (choice.distribution, *(name for name, _ in choice.brings), *self._modules[choice.component])


def _for_one_torch(choice: Choice) -> bool:
    """Is it published for each variant of torch apart?"""
    return choice.component in COMPANIONS or (
        choice.index in (ARCHIVE, SOURCE, "pytorch") and any(pin.name == "torch" for pin in choice.pins)
    )
