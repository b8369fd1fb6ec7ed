"""What the rules say of several builds together: two by two, then of a whole combination.

What is wrong with one or two of a combination whatever else is beside them is remembered for all others.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compat.machine import Machine
from compat.plan.model import Choice, Pin, Reason
from compat.plan.solver.apply import applied, parts_of, staying
from compat.plan.solver.builds import Builds
from compat.plan.solver.companions import companion_pins
from compat.plan.solver.elements import Ignored
from compat.plan.solver.judge import MENDABLE, faults, is_of_platform, masked_by
from compat.plan.solver.scene import Scene
from compat.plan.solver.verdicts import Task, Verdict, tasks_of
from compat.records import dataclass, field, replace

if TYPE_CHECKING:
    from compat.plan.solver.enforced import Enforced


@dataclass(frozen=True)
class Found:
    """A combination that passes."""

    scene: Scene
    choices: tuple[Choice, ...]
    shared: dict[str, str | None]
    result: Machine
    limits: tuple[Pin, ...] = ()


@dataclass
class Together:
    """What is known of a combination."""

    choices: tuple[Choice, ...]
    releases: Mapping[str, str | None]
    result: Machine
    clash: tuple[Reason, ...]
    verdict: Verdict
    rest: tuple[Reason, ...] | None = None


@dataclass
class Wholes(Builds):
    """The builds of a scene, and what is known of them together."""

    spent: int = 0  # combinations that were held against the rules
    _wholes: dict[tuple[int, ...], Together] = field(default_factory=dict)
    _spoiled: dict[tuple[int, ...], tuple[Reason, ...]] = field(default_factory=dict)  # whatever is beside these
    _repeated: dict[tuple[tuple[int, ...], Task], tuple[Reason, ...]] = field(default_factory=dict)

    def pair(self, one: Choice, other: Choice) -> tuple[Reason, ...]:
        """What excludes the two together, whatever else there is."""
        found = self._shared.pair(one, other)
        if self._spoiled:
            mine, its = self.like(one), self.like(other)
            for key in ((mine,), (its,), (mine, its)):
                found = (*found, *self._spoiled.get(key, ()))
        return found

    def like(self, choice: Choice) -> int:
        """The class of builds that are alike for every rule about several packages together."""
        return self._shared.like(choice)

    def whole(self, choices: Sequence[Choice], enforced: "Enforced") -> Found | None:
        """What the choices make of the machine, None if the rules that are enforced do not accept it."""
        choices = tuple(choices)
        # Builds are alike for the rules about several only where nothing is wrong with them alone.
        alike = not enforced.ignored
        key = (int(alike), *[self.like(choice) if alike else id(choice) for choice in choices])
        if key not in self._wholes:
            self.spent += 1
            self._wholes[key] = self._together(choices)
        known = self._wholes[key]
        found = self._wrong(choices, known, enforced.ignored)
        if found is None:
            releases, result = known.releases, known.result
            if known.choices != choices:  # others of the same classes were judged
                releases, result, _ = self._joined(choices)
            result = replace(result, name=self.scene.machine.name)
            return Found(self.scene, choices, dict(releases), result, self.limits)
        self.note(found)
        enforced.cite([found])
        return None

    def _together(self, choices: tuple[Choice, ...]) -> Together:
        releases, result, clash = self._joined(choices)
        goals = tuple(dict.fromkeys((*self.goals, *self.kept_goals)))
        tasks = tasks_of(goals, (), masked_by(self.platform_faults))
        return Together(choices, releases, result, clash, Verdict(lambda: result, tasks, self.matrix))

    def _wrong(self, choices: tuple[Choice, ...], known: Together, ignored: Ignored) -> Reason | None:
        """One thing that is wrong with a combination, and not with one of its members alone."""

        def excused(rule: str) -> bool:
            return any(self.said(choice, rule) for choice in choices)

        first = self._first.setdefault("", [])
        found = next((one for one in known.clash if one.rule not in ignored and not excused(one.rule)), None)
        if found is None:
            said = known.verdict.against(ignored, str, first, excused)
            if said is not None:
                found = said[1]
                if not ignored:
                    self._blame(choices, found, said[0])
        if found is None and (not ignored or known.verdict.is_open()):
            if known.rest is None:  # the check itself has the last word
                goals = (*self.goals, *self.kept_goals)
                known.rest = tuple(one for one in faults(known.result, goals, self.matrix) if not is_of_platform(one))
            found = next((one for one in known.rest if one.rule not in ignored and not excused(one.rule)), None)
        return found

    def _joined(self, choices: tuple[Choice, ...]) -> tuple[Mapping[str, str | None], Machine, tuple[Reason, ...]]:
        """The shared releases, the machine, and what excludes them."""
        machine = self.scene.machine
        pins: tuple[Pin, ...] = ()
        if not all(choice.stays for choice in choices):
            pins += companion_pins(choices, machine, self.matrix, self.limits)
            made = [choice for choice in choices if not choice.installed]
            held = parts_of(machine.packages or {}, self.matrix) if staying(machine, made, self.matrix) else {}
            pins += tuple(Pin(name, "*", "what is installed", "installed packages") for name in held)
        both = self._shared.shared(choices, pins)
        clash = both if isinstance(both, tuple) else ()
        releases: Mapping[str, str | None] = {} if isinstance(both, tuple) else both.releases
        return releases, applied(machine, choices, releases, self.matrix), clash

    def _blame(self, choices: tuple[Choice, ...], wrong: Reason, task: Task) -> None:
        """Which one or two of a combination fail by themselves, for the same reason, which nothing added to them
        mends: no other combination with them is tried."""
        if wrong.rule in MENDABLE:
            return
        for choice in choices:
            if self._repeats((choice,), wrong, task):
                self._spoiled[(self.like(choice),)] = (wrong,)
                return
        for number, one in enumerate(choices if len(choices) > 2 else ()):
            for other in choices[number + 1 :]:
                if self._repeats((one, other), wrong, task):
                    self._spoiled[self.like(one), self.like(other)] = (wrong,)

    def _repeats(self, choices: tuple[Choice, ...], wrong: Reason, task: Task) -> bool:
        """Does the rule say the very same of these alone?"""
        key = (tuple(self.like(choice) for choice in choices), task)
        if key not in self._repeated:
            machine = self._joined(choices)[1]
            self._repeated[key] = Verdict(lambda: machine, tasks_of((task.goal,)), self.matrix).told(task)
        return wrong in self._repeated[key]
