"""What builds share with others, two by two or several at once: one release of each package that suits all.

Nothing here hangs on the driver or the Python, so the scenes of a problem that differ by these share the answers.
"""

from collections.abc import Hashable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from compat.machine import Machine
from compat.matrix.packages import normal
from compat.names import OF_TORCH
from compat.plan.model import Choice, Pin, Reason
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

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Face:
    """A shape, with numbers for what it demands of each package, and for all that others have to do with."""

    shape: Shape
    demands: dict[str, int]
    number: int


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
    _rules: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _met: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)  # by the numbers of two demands
    _shapes: dict[int, Face] = field(default_factory=dict)
    _apart: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)  # by the numbers of two faces
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

    def rules(self, one: Choice, other: Choice) -> frozenset[str]:
        """The rules of these reasons. A long search asks this of tens of thousands, and hardly ever for the reasons."""
        key = (self.like(one), self.like(other))
        found = self._rules.get(key)
        if found is None:
            stay = one.stays and other.stays
            found = self._rules[key] = _NONE if stay else self._rules_of(one, other, self._face(one), self._face(other))
        return found

    def _rules_of(self, one: Choice, other: Choice, mine: Face, its: Face) -> frozenset[str]:
        decided = mine.shape.names | its.shape.names
        hidden = decided - mine.shape.releases - its.shape.releases
        if hidden & (mine.shape.breaks | its.shape.breaks):
            return frozenset([found.rule for found in self.pair(one, other)])
        key = (mine.number, its.number)
        if key not in self._apart:
            self._apart[key] = frozenset(self._of_packages((one, other), mine, its, decided))
        found = self._apart[key]
        if "torch" in (one.distribution, other.distribution) and _misfits((one, other)):
            found = found.union(("package-versions-mismatch",))
        if decided.isdisjoint(mine.shape.admits) and decided.isdisjoint(its.shape.admits):
            return found
        demanded = frozenset(self._demanded(one, other, mine.shape.names, its.shape.names))
        return found | demanded if demanded else found

    def _of_packages(
        self, both: tuple[Choice, Choice], mine: Face, its: Face, decided: frozenset[str]
    ) -> Iterator[str]:
        """Rules that say what the two demand of others."""
        bound = mine.shape.breaks | its.shape.breaks
        for name in (mine.demands.keys() & its.demands.keys() | bound) - decided:
            yield from self._rules_about(name, both, (mine.demands.get(name, -1), its.demands.get(name, -1)))
        if any(its.shape.files.get(file, name) != name for file, name in mine.shape.files.items()):
            yield "mixed-cuda-majors"

    def _demanded(self, one: Choice, other: Choice, mine: frozenset[str], its: frozenset[str]) -> Iterator[str]:
        """Rules that say what the two demand of each other. ``mine``, ``its``: distributions that they decide about."""
        for pin in (*one.pins, *other.pins):
            owner = other if pin.name in its else one if pin.name in mine else None
            clash = None if owner is None else demand(pin, owner, self.matrix)
            if clash is not None:
                yield clash.rule

    def _rules_about(self, name: str, both: tuple[Choice, Choice], demands: tuple[int, int]) -> frozenset[str]:
        """Rules that say what the two demand of one package."""
        if demands not in self._met:
            drawn = companion_pins(both, self.machine, self.matrix, self.limits)
            more = [pin for pin in drawn if pin.name == name]
            pins = [pin for choice in both for pin in choice.pins if pin.name == name]
            known: Shared | tuple[Reason, ...] = ()
            if more or all(any(pin.name == name for pin in choice.pins) for choice in both):
                known = shared(self.limited([*pins, *more]), self.machine, self.matrix)
            self._met[demands] = frozenset([one.rule for one in known]) if isinstance(known, tuple) else _NONE
        return self._met[demands]  # what only one of them demands was asked of it alone

    def _face(self, choice: Choice) -> Face:
        like = self.like(choice)
        if like not in self._shapes:
            made = shape(choice, self._module_names(choice), self._here, self.machine, self.matrix)
            demands = {name: self._number(one) for name, one in made.demands.items()}
            number = self._number((made.names, frozenset(demands.values()), frozenset(made.files.items())))
            self._shapes[like] = Face(made, demands, number)
        return self._shapes[like]

    def _number(self, what: Hashable) -> int:
        return self._numbers.setdefault(what, len(self._numbers))

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
        names, broken = suspects(self._face(one).shape, self._face(other).shape, self._here)
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
        found = []
        for torch, other in _misfits(choices):
            said = f"{other.label} is not built for {torch.label}."
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


def _misfits(choices: tuple[Choice, ...]) -> list[tuple[Choice, Choice]]:
    """The torch that is among them, with each that is not built for it."""
    torches = [choice for choice in choices if choice.distribution == "torch"]
    return [(one, other) for one in torches for other in choices if _for_one_torch(other) and not fits(one, other)]


def _for_one_torch(choice: Choice) -> bool:
    """Is it published for each variant of torch apart?"""
    return choice.component in OF_TORCH or (
        choice.index in (ARCHIVE, SOURCE, "pytorch") and any(pin.name == "torch" for pin in choice.pins)
    )
