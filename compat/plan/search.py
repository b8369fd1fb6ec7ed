"""Search in one scene: a build for each request, so that all of them pass the check together.

Each build is first held against the rules alone (most fail there, and alike builds are asked once), then builds are
combined, first against the packages that they share, at last by the check for every goal. The first combination in the
order of preference is the answer, so the search is deterministic. A rule that is *ignored* rejects nothing: that is how
the reasons for an impossibility are made irreducible.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from compat.goals import Goal, parse
from compat.machine import Machine
from compat.plan.apply import applied
from compat.plan.companions import companion_pins
from compat.plan.judge import faults, file_faults
from compat.plan.model import Choice, Pin, Reason, Request
from compat.plan.order import ordered
from compat.plan.pins import Shared, shared
from compat.plan.request import GOALS
from compat.plan.scene import Scene, emptied

if TYPE_CHECKING:
    from compat.matrix import Matrix

MOST_COMBINATIONS = 4000


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
    _pairs: dict[tuple[Choice, Choice], Reason | None] = field(default_factory=dict)
    _offers: dict[tuple[str, str], tuple[Choice, ...]] = field(default_factory=dict)

    def solutions(self, ignored: frozenset[str] = frozenset()) -> Iterator[Found]:
        """Combinations that pass, best first."""
        columns = []
        for request in self.requests:
            text = "*" if f"request:{request.component}" in ignored else request.text
            columns.append(self.offered(request.component, text))
        # A column of which nothing passes ends the search; all columns are asked, so that every reason is known.
        if not all([any(self._passes(choice, ignored) for choice in column) for column in columns]):
            return
        tried = 0
        for choices in self._combine(columns, (), ignored):
            tried += 1
            found = self._together(choices, ignored)
            if found is not None:
                yield found
            if tried >= MOST_COMBINATIONS:
                return

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
            self._note(one)
        return all(one.rule in ignored for one in found)

    def _judged(self, choice: Choice) -> tuple[Reason, ...]:
        if choice not in self._alone:
            self._alone[choice] = self._judge(choice)
        return self._alone[choice]

    def _judge(self, choice: Choice) -> tuple[Reason, ...]:
        """The rules asked of the choice with nothing else in its environment."""
        own = shared(choice.pins, self.scene.machine, self.matrix)
        if isinstance(own, Reason):
            return (own,)
        if choice.installed:
            machine = self.scene.machine
        else:
            machine = applied(emptied(self.scene.machine), (choice,), own.releases, self.matrix)
        goal = parse(GOALS.get(choice.component, f"import:{choice.component}"))
        if not any(one.needs_gpu for one in self.goals):
            goal = Goal("import", choice.component)
        return (*faults(machine, (goal,), self.matrix), *file_faults(machine, choice, self.matrix))

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
            self._pairs[key] = found if isinstance(found, Reason) else None
        clash = self._pairs[key]
        if clash is not None:
            self._note(clash)
        return clash is None or clash.rule in ignored

    def _together(self, choices: tuple[Choice, ...], ignored: frozenset[str]) -> Found | None:
        machine = self.scene.machine
        pins: tuple[Pin, ...] = tuple(pin for choice in choices for pin in choice.pins)
        if all(choice.installed for choice in choices):
            pins = ()
        else:
            pins += companion_pins(choices, machine, self.matrix)
        both = shared(pins, machine, self.matrix)
        if isinstance(both, Reason):
            self._note(both)
            if both.rule not in ignored:
                return None
            both = Shared({})
        result = applied(machine, choices, both.releases, self.matrix)
        found = faults(result, (*self.goals, *self.kept_goals), self.matrix)
        for one in found:
            self._note(one)
        if any(one.rule not in ignored for one in found):
            return None
        return Found(self.scene, choices, dict(both.releases), replace(result, name=machine.name))

    def _note(self, one: Reason) -> None:
        known = self.rejected.setdefault(one.rule, [])
        if one not in known:
            known.append(one)
