"""Search in one scene: a build for each request, so that all of them pass the check together.

Each build is first held against the rules alone (most fail there, and alike builds are asked once), then builds are
combined, first against the packages that they share, at last by the check for every goal. The first combination in the
order of preference is the answer, so the search is deterministic. A rule that is *ignored* rejects nothing: that is how
the reasons for an impossibility are made irreducible.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from compat.goals import Goal, parse
from compat.machine import Machine
from compat.plan.apply import applied
from compat.plan.companions import companion_pins
from compat.plan.judge import faults, file_faults, without_gpu
from compat.plan.model import Choice, Pin, Reason, Request
from compat.plan.order import ordered
from compat.plan.pins import shared
from compat.plan.request import goal_of
from compat.plan.scene import Scene, emptied

if TYPE_CHECKING:
    from compat.matrix import Matrix

MOST_COMBINATIONS = 1000  # of those whose members suit each other two by two


@dataclass(frozen=True)
class Found:
    """A combination that passes."""

    scene: Scene
    choices: tuple[Choice, ...]
    shared: dict[str, str | None]
    result: Machine


@dataclass
class Search:
    """One scene, its requests and goals. Judgements are kept, so that asking again with rules ignored is cheap."""

    scene: Scene
    requests: tuple[Request, ...]
    goals: tuple[Goal, ...]
    kept_goals: tuple[Goal, ...]
    matrix: "Matrix"
    prefer: str = "installed"
    rejected: dict[str, list[Reason]] = field(default_factory=dict)  # rule -> reasons, in the order of preference
    _alone: dict[Choice, tuple[Reason, ...]] = field(default_factory=dict)
    _pairs: dict[tuple[Choice, Choice], tuple[Reason, ...]] = field(default_factory=dict)
    _offers: dict[tuple[str, str], tuple[Choice, ...]] = field(default_factory=dict)

    def solutions(self, ignored: frozenset[str] = frozenset()) -> Iterator[Found]:
        """Combinations that pass, best first."""
        columns = []
        for request in self.requests:
            text = "*" if f"request:{request.component}" in ignored else request.text
            columns.append(self.offered(request.component, text))
        # A column of which nothing passes ends the search; all columns are asked, so that every reason is known.
        passing = [any(self._passes(choice, ignored) for choice in column) for column in columns]
        if not all(passing):
            return
        for choices in islice(self._combine(columns, (), ignored), MOST_COMBINATIONS):
            found = self._together(choices, ignored)
            if found is not None:
                yield found

    def offered(self, component: str, text: str) -> tuple[Choice, ...]:
        """The builds of a component in the order of preference."""
        if (component, text) not in self._offers:
            self._offers[component, text] = ordered(
                component,
                text,
                self.scene.machine,
                self.matrix,
                self.prefer,
                any(goal.needs_gpu for goal in self.goals),
            )
        return self._offers[component, text]

    def _passes(self, choice: Choice, ignored: frozenset[str]) -> bool:
        found = self._judged(choice)
        for one in found:
            self._note(one, choice.component)
        return all(element(one, choice.component) in ignored for one in found)

    def _judged(self, choice: Choice) -> tuple[Reason, ...]:
        if choice not in self._alone:
            self._alone[choice] = self._judge(choice)
        return self._alone[choice]

    def _judge(self, choice: Choice) -> tuple[Reason, ...]:
        """The rules asked of the choice with nothing else in its environment."""
        own = shared(choice.pins, self.scene.machine, self.matrix)
        clash = (own,) if isinstance(own, Reason) else ()
        if choice.installed:
            machine = self.scene.machine
        else:
            releases = {} if isinstance(own, Reason) else own.releases
            machine = applied(emptied(self.scene.machine), (choice,), releases, self.matrix)
        goal = parse(goal_of(choice.component))
        if not any(one.needs_gpu for one in self.goals):
            goal = Goal("import", choice.component)
        found = (*faults(machine, (goal,), self.matrix), *file_faults(machine, choice, self.matrix), *clash)
        return found if found or not goal.needs_gpu else without_gpu(machine, choice)

    def _combine(
        self, columns: list[tuple[Choice, ...]], made: tuple[Choice, ...], ignored: frozenset[str]
    ) -> Iterator[tuple[Choice, ...]]:
        if len(made) == len(columns):
            yield made
            return
        for choice in columns[len(made)]:
            if self._passes(choice, ignored) and all(self._pair(other, choice, ignored) for other in made):
                yield from self._combine(columns, (*made, choice), ignored)

    def _pair(self, one: Choice, other: Choice, ignored: frozenset[str]) -> bool:
        key = (one, other)
        if key not in self._pairs:
            found = shared((*one.pins, *other.pins), self.scene.machine, self.matrix)
            self._pairs[key] = (found,) if isinstance(found, Reason) else ()
        for clash in self._pairs[key]:
            self._note(clash)
        return all(element(clash) in ignored for clash in self._pairs[key])

    def _together(self, choices: tuple[Choice, ...], ignored: frozenset[str]) -> Found | None:
        releases, result, found = self._joined(choices, (*self.goals, *self.kept_goals))
        for one in found:
            self._note(one)
        if all(element(one) in ignored for one in found):
            return Found(self.scene, choices, dict(releases), replace(result, name=self.scene.machine.name))
        if len(choices) > 2:
            self._blame(choices)
        return None

    def _joined(
        self, choices: tuple[Choice, ...], goals: tuple[Goal, ...]
    ) -> tuple[Mapping[str, str | None], Machine, tuple[Reason, ...]]:
        """The shared releases, the machine, and what is wrong with it."""
        machine = self.scene.machine
        pins: tuple[Pin, ...] = tuple(pin for choice in choices for pin in choice.pins)
        if all(choice.installed for choice in choices):
            pins = ()
        else:
            pins += companion_pins(choices, machine, self.matrix)
        both = shared(pins, machine, self.matrix)
        clash = (both,) if isinstance(both, Reason) else ()
        releases: Mapping[str, str | None] = {} if isinstance(both, Reason) else both.releases
        result = applied(machine, choices, releases, self.matrix)
        return releases, result, (*clash, *faults(result, goals, self.matrix))

    def _blame(self, choices: tuple[Choice, ...]) -> None:
        """Which two of a combination that fails do so by themselves: no other combination with both is tried."""
        for number, one in enumerate(choices):
            for other in choices[number + 1 :]:
                if not self._pairs[one, other]:
                    goals = tuple(parse(goal_of(choice.component)) for choice in (one, other))
                    self._pairs[one, other] = self._joined((one, other), goals)[2]

    def _note(self, one: Reason, component: str = "") -> None:
        known = self.rejected.setdefault(element(one, component), [])
        if one not in known:
            known.append(one)


def element(one: Reason, component: str = "") -> str:
    """What a reason is an instance of: a rule, asked of one component or of several together."""
    return f"{one.rule}:{component}" if component else one.rule
