"""What the scenes of a problem share: what was said of builds, which builds there are, how much was tried."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from compat.check import Report, check
from compat.goals import Goal
from compat.machine import Driver, Libcuda, Machine
from compat.plan.model import Choice, Pin, Reason
from compat.plan.solver.effort import Effort
from compat.plan.solver.pairs import Pairs
from compat.plan.solver.verdicts import Facts, Told, without_moved
from compat.records import dataclass, field, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix
    from compat.plan.solver.pins import Shared
    from compat.plan.solver.search import Search
    from compat.plan.solver.verdicts import Task


_NO_DRIVER, _NO_LIBCUDA = Driver(), Libcuda()
Made = TypeVar("Made")
Spoiled = dict[tuple[int, ...], tuple[Reason, ...]]
"""By the classes of one build or two."""


@dataclass
class Known:
    """One build in an environment of its own, or several together, on one machine whatever is moved."""

    own: tuple[Mapping[str, str | None], tuple[Reason, ...]] | None = None  # what it draws, its own clashes
    rest: dict[Hashable, tuple[Reason, ...]] = field(default_factory=dict)  # what only the whole check tells
    _told: dict[tuple[Facts, tuple[int, ...]], Told] = field(default_factory=dict)

    def takes(self, other: "Known") -> None:
        """Of the same machine was said what was said of that one."""
        self.rest, self._told = other.rest, other._told

    def told(self, facts: Facts, values: Mapping[str, int]) -> Told:
        """What rules said that reached for these facts, with these values."""
        key = (facts, tuple([values[one] for one in facts]))
        if key not in self._told:
            self._told[key] = Told()
        return self._told[key]

    def faulty(self, values: Mapping[str, int]) -> "list[Task]":
        """The tasks that said something with these values."""
        some = [(facts, had, told.faulty) for (facts, had), told in self._told.items() if told.faulty]
        return [one for facts, had, tasks in some if had == tuple([values[fact] for fact in facts]) for one in tasks]


@dataclass(frozen=True)
class Here:
    """What is known of a build, where the facts that a move changes have these values."""

    known: Known
    values: Mapping[str, int]

    def told(self, facts: Facts) -> Told:
        return self.known.told(facts, self.values)

    def faulty(self) -> "list[Task]":
        return self.known.faulty(self.values)


class Listed(Generic[Made]):
    """What an iterator yields, kept for whoever asks again; taken from it as it is asked for."""

    def __init__(self, found: Iterator[Made]) -> None:
        self._found = found
        self._kept: list[Made] = []

    def __iter__(self) -> Iterator[Made]:
        number = 0
        while True:
            if number == len(self._kept):
                fresh = list(islice(self._found, 1))
                if not fresh:
                    return
                self._kept += fresh
            yield self._kept[number]
            number += 1


@dataclass
class Memory:
    """``spent``: combinations that were held against the rules in searches for an answer."""

    spent: int = 0
    effort: Effort = field(default_factory=Effort)
    searches: "dict[Hashable, Search]" = field(default_factory=dict)
    platforms: dict[int, tuple[Reason, ...]] = field(default_factory=dict)  # faults whatever is installed
    of_whole: set[str] = field(default_factory=set)  # rules by which the whole check alone refused a build
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _written: dict[int, int] = field(default_factory=dict)  # by identity
    _kept: list[object] = field(default_factory=list)
    _builds: dict[tuple[int, Choice, Hashable, frozenset[str]], Known] = field(default_factory=dict)
    _same: dict[tuple[int, Choice, Hashable, frozenset[tuple[str, str | None]]], Known] = field(default_factory=dict)
    _near: dict[tuple[int, int, frozenset[str]], tuple[Choice, Known]] = field(default_factory=dict)  # by identity
    _wholes: dict[tuple[int, tuple[int, ...]], tuple[tuple[Choice, ...], Known]] = field(default_factory=dict)
    _agreed: "dict[tuple[int, tuple[tuple[str, str, bool], ...]], Shared]" = field(default_factory=dict)
    _spoiled: dict[tuple[object, ...], Spoiled] = field(default_factory=dict)
    _pairs: dict[int, Pairs] = field(default_factory=dict)
    _offers: dict[int, dict[tuple[str, str], tuple[Choice, ...]]] = field(default_factory=dict)
    _certificates: dict[int, list[frozenset[str]]] = field(default_factory=dict)
    _checked: dict[tuple[int, Goal], Report] = field(default_factory=dict)
    _alone: dict[tuple[int, Hashable], Any] = field(default_factory=dict)
    _made: dict[tuple[object, ...], tuple[tuple[object, ...], Any]] = field(default_factory=dict)

    def once(self, what: Hashable, about: tuple[object, ...], made: Callable[[], Made]) -> Made:
        """What is made of these very objects, made at the first time; ``what`` tells it from all else."""
        key = (what, *map(id, about))
        if key not in self._made:
            self._made[key] = (about, made())
        found: Made = self._made[key][1]
        return found

    def listed(self, what: Hashable, about: tuple[object, ...], found: Callable[[], Iterator[Made]]) -> Iterable[Made]:
        """The same of what is found one after the other."""
        return self.once(what, about, lambda: Listed(found()))

    def number(self, what: object) -> int:
        """A number for what is written alike."""
        return self._numbers.setdefault(repr(what), len(self._numbers))

    def alike(self, machine: Machine) -> int:
        """The number for machines that are written alike. Most of what scenes have is the very same object: each is
        written out once."""
        values = vars(machine).values()
        fields = tuple(map(self._written.get, map(id, values)))
        if None in fields:
            fields = tuple(
                [self._write(one) if known is None else known for one, known in zip(values, fields, strict=True)]
            )
        return self._numbers.setdefault(fields, len(self._numbers))

    def _write(self, value: object) -> int:
        found = self._written[id(value)] = self.number(value)
        self._kept.append(value)  # and so its identity
        return found

    def place(self, bare: Machine, more: Hashable) -> int:
        """The number of a machine whatever is moved."""
        return self.once(("place", more), (bare,), lambda: self.number((self.alike(without_moved(bare)), more)))

    def build(self, place: int, choice: Choice, asked: frozenset[str]) -> Known:
        """A build there; what it pins may differ by the Python. ``asked``: components that no pin chooses."""
        near = (place, id(choice), asked)
        if near not in self._near:
            key = (place, choice, _plain(choice.pins), asked.intersection([pin.name for pin in choice.pins]))
            if key not in self._builds:
                self._builds[key] = Known()
            self._near[near] = (choice, self._builds[key])
        return self._near[near][1]

    def settled(self, bare: int, choice: Choice, known: Known) -> None:
        """What a build draws is known: whatever else is asked for, with the same it makes the same machine."""
        drawn = frozenset(known.own[0].items()) if known.own else frozenset()
        known.takes(self._same.setdefault((bare, choice, _plain(choice.pins), drawn), known))

    def agreed(
        self, place: int, pins: tuple[Pin, ...], made: "Callable[[], Shared | tuple[Reason, ...]]"
    ) -> "Shared | tuple[Reason, ...]":
        """The releases that pins of a build leave there. Most releases of a component pin alike; who pins is told only
        where they clash, and counts only where a pin's release is not known."""
        key = (place, tuple([(pin.name, pin.range, pin.soft) for pin in pins if not pin.unread]))
        if len(key[1]) != len(pins):
            return made()
        if key not in self._agreed:
            found = made()
            if isinstance(found, tuple):
                return found
            self._agreed[key] = found
        return self._agreed[key]

    def whole(self, place: int, key: tuple[int, ...], choices: tuple[Choice, ...]) -> Known:
        """Several builds there; ``key``: their classes, or their identities."""
        if (place, key) not in self._wholes:
            self._wholes[place, key] = (choices, Known())
        return self._wholes[place, key][1]

    def spoiled(self, *where: object) -> Spoiled:
        """What fails whatever is beside it, there."""
        return self._spoiled.setdefault(where, {})

    def pairs(self, machine: Machine, matrix: "Matrix", limits: tuple[Pin, ...]) -> Pairs:
        """What builds share there, whatever is moved."""
        place = self.place(machine, limits)
        if place not in self._pairs:
            self._pairs[place] = Pairs(machine, matrix, limits)
        return self._pairs[place]

    def checked(self, machine: Machine, goal: Goal, matrix: "Matrix") -> Report:
        """What the check says of a machine that is written like this one."""
        key = (self.alike(machine), goal)
        if key not in self._checked:
            self._checked[key] = check(machine, goal, matrix)
        return self._checked[key]

    def alone(self, bare: Machine, what: Hashable, made: Callable[[], Made]) -> Made:
        """What is known of builds by themselves in an empty environment that is written like this one."""
        key = (self.alike(bare), what)
        if key not in self._alone:
            self._alone[key] = made()
        found: Made = self._alone[key]
        return found

    def offers(self, machine: Machine, *more: object) -> dict[tuple[str, str], tuple[Choice, ...]]:
        """Builds by component and range."""
        return self._offers.setdefault(self.number((self._undriven(machine), more)), {})

    def certificates(self, machine: Machine, *more: object) -> list[frozenset[str]]:
        """What excludes everything with whichever driver."""
        return self._certificates.setdefault(self.number((self._undriven(machine), more)), [])

    def _undriven(self, machine: Machine) -> tuple[int, bool]:
        """The machine whatever its driver is: to builds it only counts whether one is known."""
        return self.once("undriven", (machine,), lambda: self._without_driver(machine))

    def _without_driver(self, machine: Machine) -> tuple[int, bool]:
        driver = machine.driver
        known = bool(driver.version or driver.cuda or driver.kernel_module_version)
        return self.alike(replace(machine, driver=_NO_DRIVER, libcuda=_NO_LIBCUDA)), known


def _plain(pins: Iterable[Pin]) -> Hashable:
    """Pins in plain texts, which are hashed at once."""
    return tuple([(pin.name, pin.range, pin.by, pin.source, pin.unread, pin.soft) for pin in pins])
