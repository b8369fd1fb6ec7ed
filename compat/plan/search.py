"""Search in one scene: a build for each request, so that all of them pass the check together.

Each build is first held against the rules alone (most fail there, and alike builds are asked once), then builds are
combined, first against the packages that they share, at last by the check for every goal. The first combination in the
order of preference is the answer, so the search is deterministic. A rule that is *ignored* rejects nothing: that is how
the reasons for an impossibility are made irreducible.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from compat.goals import Goal, parse
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.apply import applied, parts_of, staying
from compat.plan.companions import companion_pins
from compat.plan.judge import OF_PLATFORM, faults, file_faults, without_gpu
from compat.plan.likeness import Likeness, likeness
from compat.plan.model import Choice, Pin, Reason, Request
from compat.plan.offers import COMPANIONS
from compat.plan.offers.companion import fits
from compat.plan.order import ordered
from compat.plan.pins import Shared, demand, shared
from compat.plan.request import goal_of
from compat.plan.scene import Scene, emptied
from compat.records import dataclass, field, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

MOST_COMBINATIONS = 1000  # of those whose members suit each other two by two


Memory = dict[tuple[str, str], dict[Choice, tuple[Reason, ...]]]


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
    memory: Memory = field(default_factory=dict)  # shared by the scenes of a problem
    _files: dict[Choice, tuple[Reason, ...]] = field(default_factory=dict)
    _alone: dict[Choice, tuple[Reason, ...]] = field(default_factory=dict)
    _likes: dict[Choice, Likeness] = field(default_factory=dict)
    _wholes: dict[tuple[Likeness, ...], tuple[Reason, ...]] = field(default_factory=dict)
    _pairs: dict[tuple[Likeness, Likeness], tuple[Reason, ...]] = field(default_factory=dict)
    _modules: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _platform: str = ""
    _faults: tuple[Reason, ...] | None = None
    _offers: dict[tuple[str, str], tuple[Choice, ...]] = field(default_factory=dict)

    @property
    def needs_gpu(self) -> bool:
        return any(goal.needs_gpu for goal in self.goals)

    def solutions(self, ignored: frozenset[str] = frozenset()) -> Iterator[Found]:
        """Combinations that pass, best first."""
        if not self._platform_passes(ignored):
            return
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

    def _platform_passes(self, ignored: frozenset[str]) -> bool:
        """Is there no fault that is there whatever is installed? Then no build has to be asked."""
        if self._faults is None:
            bare = faults(emptied(self.scene.machine), self.goals, self.matrix)
            self._faults = tuple(one for one in bare if one.rule in OF_PLATFORM)
        for one in self._faults:
            self._note(one)
        return all(element(one) in ignored for one in self._faults)

    def offered(self, component: str, text: str) -> tuple[Choice, ...]:
        """The builds of a component in the order of preference."""
        if (component, text) not in self._offers:
            self._offers[component, text] = ordered(
                component,
                text,
                self.scene.machine,
                self.matrix,
                self.prefer,
                self.needs_gpu,
            )
        return self._offers[component, text]

    def _passes(self, choice: Choice, ignored: frozenset[str]) -> bool:
        """Do the rules that are enforced accept the choice alone? Its files are asked first: that is quick."""
        for kind, judge in ((self._files, self._judge_files), (self._alone, self._judge)):
            if choice not in kind:
                kind[choice] = self._recalled(choice, judge)
            own = [one for one in kind[choice] if one.rule not in self._of_platform()]
            for one in own:
                self._note(one, choice.component)
            if any(element(one, choice.component) not in ignored for one in own):
                return False
        return True

    def _of_platform(self) -> frozenset[str]:
        return frozenset(one.rule for one in self._faults or ())

    def _recalled(self, choice: Choice, judge: Callable[[Choice], tuple[Reason, ...]]) -> tuple[Reason, ...]:
        """The judgement of another scene with the same platform, where there is one."""
        if choice.installed:
            return judge(choice)
        if not self._platform:
            self._platform = repr((emptied(self.scene.machine), self.needs_gpu))
        known = self.memory.setdefault((self._platform, judge.__name__), {})
        if choice not in known:
            known[choice] = judge(choice)
        return known[choice]

    def _judge_files(self, choice: Choice) -> tuple[Reason, ...]:
        return file_faults(self._with(choice)[0], choice, self.matrix)

    def _judge(self, choice: Choice) -> tuple[Reason, ...]:
        machine, clash = self._with(choice)
        goal = parse(goal_of(choice.component, self.matrix))
        if not self.needs_gpu:
            goal = Goal("import", choice.component)
        found = (*faults(machine, (goal,), self.matrix), *clash)
        return found if found or not goal.needs_gpu else without_gpu(choice, self.matrix, machine)

    def _with(self, choice: Choice) -> tuple[Machine, tuple[Reason, ...]]:
        """The machine with the choice and nothing else in its environment, and what its own pins rule out."""
        asked = {request.component for request in self.requests}  # chosen for themselves, not by a pin
        own = shared([pin for pin in choice.pins if pin.name not in asked], self.scene.machine, self.matrix)
        clash = (own,) if isinstance(own, Reason) else ()
        if choice.installed:
            return self.scene.machine, clash
        releases = {} if isinstance(own, Reason) else own.releases
        return applied(emptied(self.scene.machine), (choice,), releases, self.matrix), clash

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
        key = (self._like(one), self._like(other))
        if key not in self._pairs:
            found = self._shared((one, other), ())
            self._pairs[key] = (found,) if isinstance(found, Reason) else ()
        for clash in self._pairs[key]:
            self._note(clash)
        return all(element(clash) in ignored for clash in self._pairs[key])

    def _shared(self, choices: tuple[Choice, ...], more: tuple[Pin, ...]) -> Shared | Reason:
        """Releases of what the choices share; what they demand of each other is held against each other."""
        if all(choice.installed for choice in choices):
            return Shared({})
        chosen = {choice.distribution: choice for choice in choices}
        for other in choices:
            if other.component in COMPANIONS and "torch" in chosen and not fits(chosen["torch"], other):
                said = f"{other.label} is not built for {chosen['torch'].label}."
                return Reason("package-versions-mismatch", said, "builds of one index and variant go together")
        pins = [*(pin for choice in choices for pin in choice.pins), *more]
        owners = {name: choice for choice in choices for name in self._module_names(choice)}
        for pin in pins:
            owner = owners.get(pin.name)
            clash = None if owner is None else demand(pin, owner, self.matrix)
            if clash is not None:
                return clash
        return shared([pin for pin in pins if pin.name not in owners], self.scene.machine, self.matrix)

    def _module_names(self, choice: Choice) -> tuple[str, ...]:
        """Distributions that a choice decides about: itself, what it brings, and others of the same module."""
        if choice.component not in self._modules:
            about = self.matrix.packages.about(choice.component)
            siblings = self.matrix.packages.distributions(choice.component) if "module" in about else ()
            self._modules[choice.component] = (*siblings, *map(normal, about.get("parts", ())))
        return (choice.distribution, *(name for name, _ in choice.brings), *self._modules[choice.component])

    def _like(self, choice: Choice) -> Likeness:
        if choice not in self._likes:
            self._likes[choice] = likeness(choice, self.matrix)
        return self._likes[choice]

    def _together(self, choices: tuple[Choice, ...], ignored: frozenset[str]) -> Found | None:
        goals = (*self.goals, *self.kept_goals)
        key = tuple(self._like(choice) for choice in choices)
        if key not in self._wholes:
            self._wholes[key] = self._of_several(choices, goals)
        for one in self._wholes[key]:
            self._note(one)
        if all(element(one) in ignored for one in self._wholes[key]):
            releases, result, _ = self._joined(choices, ())
            return Found(self.scene, choices, dict(releases), replace(result, name=self.scene.machine.name))
        if len(choices) > 2:
            self._blame(choices)
        return None

    def _joined(
        self, choices: tuple[Choice, ...], goals: tuple[Goal, ...]
    ) -> tuple[Mapping[str, str | None], Machine, tuple[Reason, ...]]:
        """The shared releases, the machine, and what is wrong with it."""
        machine = self.scene.machine
        pins: tuple[Pin, ...] = ()
        if not all(choice.installed for choice in choices):
            pins += companion_pins(choices, machine, self.matrix)
            made = [choice for choice in choices if not choice.installed]
            held = parts_of(machine.packages or ()) if staying(machine, made, self.matrix) else {}
            pins += tuple(Pin(name, "*", "what is installed", "installed packages") for name in held)
        both = self._shared(choices, pins)
        clash = (both,) if isinstance(both, Reason) else ()
        releases: Mapping[str, str | None] = {} if isinstance(both, Reason) else both.releases
        result = applied(machine, choices, releases, self.matrix)
        return releases, result, (*clash, *faults(result, goals, self.matrix))

    def _of_several(self, choices: tuple[Choice, ...], goals: tuple[Goal, ...]) -> tuple[Reason, ...]:
        """What is wrong with a combination that is not wrong with one of its members alone."""
        alone = {one.rule for choice in choices for one in (*self._files.get(choice, ()), *self._alone.get(choice, ()))}
        alone |= self._of_platform()
        return tuple(one for one in self._joined(choices, goals)[2] if one.rule not in alone)

    def _blame(self, choices: tuple[Choice, ...]) -> None:
        """Which two of a combination that fails do so by themselves: no other combination with both is tried."""
        for number, one in enumerate(choices):
            for other in choices[number + 1 :]:
                key = (self._like(one), self._like(other))
                if not self._pairs[key]:
                    goals = tuple(parse(goal_of(choice.component, self.matrix)) for choice in (one, other))
                    self._pairs[key] = self._of_several((one, other), goals)

    def _note(self, one: Reason, component: str = "") -> None:
        known = self.rejected.setdefault(element(one, component), [])
        if one not in known:
            known.append(one)


def element(one: Reason, component: str = "") -> str:
    """What a reason is an instance of: a rule, asked of one component or of several together."""
    return f"{one.rule}:{component}" if component else one.rule
