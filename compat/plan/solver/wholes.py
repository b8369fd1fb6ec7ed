"""What the rules say of several builds together: two by two, then of a whole combination.

What is wrong with one or two of a combination whatever else is beside them is remembered for all others.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from compat.goals import parse
from compat.machine import Machine
from compat.plan.model import Choice, Pin, Reason
from compat.plan.solver.apply import applied, parts_of, staying
from compat.plan.solver.builds import Builds
from compat.plan.solver.companions import companion_pins
from compat.plan.solver.effort import WHOLE
from compat.plan.solver.judge import MENDABLE, faults, is_of_platform, masked_by
from compat.plan.solver.memory import Here, Known, Spoiled
from compat.plan.solver.scene import Scene
from compat.plan.solver.verdicts import Facts, Task, Verdict, every_way, hangs_on, moved, tasks_of
from compat.records import dataclass, field, replace
from compat.rules.packages.pairs import is_linked_to, tensorrt_of

if TYPE_CHECKING:
    from compat.plan.solver.enforced import Enforced

TF_TRT = parse("use:tf-trt")
Needs = tuple[tuple[str, str], ...]
"""Releases, each with the source that says so."""


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

    clash: tuple[Reason, ...]
    verdict: Verdict
    rest: tuple[Reason, ...] | None = None


@dataclass
class Wholes(Builds):
    """The builds of a scene, and what is known of them together."""

    spent: int = 0  # combinations that were held against the rules
    _wholes: dict[tuple[int, ...], Together] = field(default_factory=dict)
    _spoiled: dict[Facts, Spoiled] = field(default_factory=dict)  # by what it hangs on

    def pair(self, one: Choice, other: Choice) -> tuple[Reason, ...]:
        """What excludes the two together, whatever else there is."""
        found = self._shared.pair(one, other)
        if self.has_links:
            found = (*found, *self.linked(one, other))
        return (*found, *self._spoiled_with(one, other))

    def rules(self, one: Choice, other: Choice) -> frozenset[str]:
        """The rules of these reasons, but of what is told at once."""
        found = self._shared.rules(one, other)
        spoiled = self._spoiled_with(one, other)
        return found.union([one.rule for one in spoiled]) if spoiled else found

    def _spoiled_with(self, one: Choice, other: Choice) -> list[Reason]:
        """What was found wrong with either or both in a combination, whatever else there is."""
        known = [some for some in self._spoiled.values() if some]
        if not known:
            return []
        mine, its = self.like(one), self.like(other)
        keys: tuple[tuple[int, ...], ...] = ((mine,), (its,), (mine, its))
        return [wrong for some in known for key in keys if key in some for wrong in some[key]]

    @cached_property
    def has_links(self) -> bool:
        """Are there builds that are linked to a release of another component?"""
        return TF_TRT in self.goals

    def linked(self, one: Choice, other: Choice) -> tuple[Reason, ...]:
        """What the release of TensorRT that a TensorFlow is built with excludes; told at once, as it is asked of every
        TensorFlow with every TensorRT. The rule says the same of them."""
        needs = self._built_with(one)
        if not _is_outside(other, needs):
            return ()
        known = " or ".join(dict.fromkeys(need for need, _ in needs))
        said = f"{one.label} is built with TensorRT {known}; TF-TRT does not open {other.label}."
        return (Reason("package-versions-mismatch", said, needs[0][1]),)

    def all_linked(self, one: Choice, others: Sequence[Choice]) -> frozenset[int]:
        """Those that it excludes, by their places; what is built alike excludes the same."""
        needs = self._built_with(one)
        if not needs:
            return frozenset()
        outside = (index for index, other in enumerate(others) if _is_outside(other, needs))
        return self.memory.once(("linked", needs), (others,), lambda: frozenset(outside))

    def _built_with(self, one: Choice) -> Needs:
        """The releases of TensorRT that a TensorFlow may be built with, each with its source; none of what is there."""
        if not self.has_links or one.component != "tensorflow":
            return ()
        if "tensorrt" in one.row:
            return ((str(one.row["tensorrt"]), str(self.matrix.source(dict(one.row), "tensorrt"))),)
        if one.installed:
            return ()
        return self.memory.once("built with", (one,), lambda: tensorrt_of(self.matrix, one.version))

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
            self.memory.effort.takes(WHOLE)
            self._wholes[key] = self._together(choices, key)
        found = self._wrong(choices, self._wholes[key], enforced)
        if found is None:
            releases, _ = self._joined(choices)  # it may be others of the same classes that were judged
            result = replace(self._after(choices, releases), name=self.scene.machine.name)
            return Found(self.scene, choices, dict(releases), result, self.limits)
        self.note(found)
        enforced.cite([found])
        return None

    def _together(self, choices: tuple[Choice, ...], key: tuple[int, ...]) -> Together:
        goals = tuple(dict.fromkeys((*self.goals, *self.kept_goals)))
        known = self.memory.whole(self._standing, key, choices)
        if known.own is None:
            self.spent += 1
            known.own = self._joined(choices)
        return Together(
            known.own[1], self._judged(choices, known, tasks_of(goals, (), masked_by(self.platform_faults)))
        )

    def _judged(self, choices: tuple[Choice, ...], known: Known, tasks: tuple[Task, ...]) -> Verdict:
        """The rules' word on them together: what was said in other scenes counts here too."""
        releases = known.own[0] if known.own else {}
        if len(choices) == 1 and self._place == self._standing and not choices[0].installed:
            # In an empty environment it is the same machine of which it was asked whether the build passes by itself.
            alone = self.memory.build(self._place, choices[0], self._asked)
            known = alone if alone.own is not None and alone.own[0] == releases else known
        return Verdict(lambda: self._after(choices, releases), tasks, self.matrix, Here(known, self._here))

    def _after(self, choices: tuple[Choice, ...], releases: Mapping[str, str | None]) -> Machine:
        return applied(self.scene.machine, choices, releases, self.matrix)

    @cached_property
    def _standing(self) -> int:
        return self.memory.place(self.scene.machine, self.limits)

    @cached_property
    def _here(self) -> dict[str, int]:
        return {name: self.memory.number(value) for name, value in moved(self.scene.machine).items()}

    def _wrong(self, choices: tuple[Choice, ...], known: Together, enforced: "Enforced") -> Reason | None:
        """One thing that is wrong with a combination, and not with one of its members alone."""
        ignored = enforced.ignored

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
        if found is None and (not (ignored or enforced.rough) or known.verdict.is_open()):
            if known.rest is None:  # the check itself has the last word
                goals = (*self.goals, *self.kept_goals)
                self.memory.effort.takes(WHOLE * len(goals))
                result = known.verdict.machine
                whole = faults(result, goals, self.matrix, self.memory.checked)
                known.rest = tuple(one for one in whole if not is_of_platform(one))
            found = next((one for one in known.rest if one.rule not in ignored and not excused(one.rule)), None)
        return found

    def _joined(self, choices: tuple[Choice, ...]) -> tuple[Mapping[str, str | None], tuple[Reason, ...]]:
        """The shared releases, and what excludes them."""
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
        return releases, clash

    def _blame(self, choices: tuple[Choice, ...], wrong: Reason, task: Task) -> None:
        """Which one or two of a combination fail by themselves, for the same reason, which nothing added to them
        mends: no other combination with them is tried."""
        if wrong.rule in MENDABLE:
            return
        spoiled = self._spoiled_by(hangs_on(wrong.rule))
        for choice in choices:
            if self._repeats((choice,), wrong, task):
                spoiled[(self.like(choice),)] = (wrong,)
                return
        for one, other in combinations(choices, 2):
            if len(choices) == 2 or self._repeats((one, other), wrong, task):
                spoiled[self.like(one), self.like(other)] = (wrong,)

    def recall(self) -> None:
        """Take up what other scenes have found to fail whatever is beside it."""
        for facts in every_way():
            self._spoiled_by(facts)

    def _spoiled_by(self, facts: Facts) -> Spoiled:
        """What fails in every scene where these facts are the same."""
        if facts not in self._spoiled:
            values = tuple([self._here[one] for one in facts])
            self._spoiled[facts] = self.memory.spoiled(self._standing, self.goals, self.kept_goals, facts, values)
        return self._spoiled[facts]

    def _repeats(self, choices: tuple[Choice, ...], wrong: Reason, task: Task) -> bool:
        """Does the rule say the very same of these alone?"""
        known = self.memory.whole(self._standing, (1, *[self.like(choice) for choice in choices]), choices)
        if known.own is None:
            known.own = self._joined(choices)
        return wrong in self._judged(choices, known, tasks_of((task.goal,))).told(task)


def _is_outside(other: Choice, needs: Needs) -> bool:
    """Is it a TensorRT of none of these releases?"""
    if not needs or other.component != "tensorrt" or other.installed:
        return False
    return all(is_linked_to(need, other.public) is False for need, _ in needs)
