"""Search in one scene: a build for each request, so that all of them pass the check together.

Each build is first held against the rules alone (most fail there), then builds are combined (combine.py), first against
the packages that they share, at last by the check for every goal. The first combination in the order of preference is
the answer, so the search is deterministic. A search that finds nothing leaves a *certificate*: of each thing that was
rejected one reason, which together exclude everything. A rule that is *ignored* rejects nothing: that is how the
reasons for an impossibility are made irreducible (conflict.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.matrix.packages import same_cuda
from compat.plan.asking.request import goal_of
from compat.plan.model import Choice, Pin, Reason, Request
from compat.plan.solver.apply import applied, parts_of, staying
from compat.plan.solver.combine import Combinations
from compat.plan.solver.companions import companion_pins
from compat.plan.solver.elements import NOTHING, Ignored, element, of_request
from compat.plan.solver.judge import MENDABLE, faults, is_of_platform, masked_by, without_gpu
from compat.plan.solver.memory import Memory
from compat.plan.solver.order import ordered
from compat.plan.solver.pairs import Pairs
from compat.plan.solver.pins import shared
from compat.plan.solver.scene import Scene, emptied
from compat.plan.solver.verdicts import Facts, Task, Told, Verdict, moved, reaches, tasks_of
from compat.records import dataclass, field, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

# Combinations that are held against the rules, of those whose members suit each other two by two: in a search for an
# answer (in all scenes of a problem together), and in one for what stands in the way. A search that spends them is cut.
MOST_COMBINATIONS = 400
MOST_WITHOUT = 100


@dataclass(frozen=True)
class Found:
    """A combination that passes."""

    scene: Scene
    choices: tuple[Choice, ...]
    shared: dict[str, str | None]
    result: Machine
    limits: tuple[Pin, ...] = ()


@dataclass
class Alone:
    """What is known of a build by itself: what its own pins rule out, and the word of the rules."""

    clash: tuple[Reason, ...]
    verdict: Verdict
    rest: tuple[Reason, ...] | None = None  # what only the whole check tells


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
class Search:
    """One scene, its requests and goals. What was judged is kept, so that asking again with rules ignored is cheap."""

    scene: Scene
    requests: tuple[Request, ...]
    goals: tuple[Goal, ...]
    kept_goals: tuple[Goal, ...]
    matrix: "Matrix"
    prefer: str = "installed"
    rejected: dict[str, list[Reason]] = field(default_factory=dict)  # element -> reasons, in the order of preference
    memory: Memory = field(default_factory=Memory)
    cut: bool = False  # the search ended early: nothing found is no proof
    unsettled: bool = False  # the same, of the last search for what stands in the way
    certificate: frozenset[str] | None = None  # elements that exclude everything, where the search found nothing
    _builds: dict[Choice, Alone] = field(default_factory=dict)
    _spent: int = 0
    _noted: set[tuple[str, Reason]] = field(default_factory=set)
    _wholes: dict[tuple[int, ...], Together] = field(default_factory=dict)
    _spoiled: dict[tuple[int, ...], tuple[Reason, ...]] = field(default_factory=dict)  # whatever is beside these
    _repeated: dict[tuple[tuple[int, ...], Task], tuple[Reason, ...]] = field(default_factory=dict)
    _first: dict[str, list[Task]] = field(default_factory=dict)
    _tasks: dict[tuple[str, ...], tuple[Task, ...]] = field(default_factory=dict)

    @cached_property
    def needs_gpu(self) -> bool:
        return any(goal.needs_gpu for goal in self.goals)

    # -- searching -------------------------------------------------------------------------------------------------

    def solutions(self) -> Iterator[Found]:
        """Combinations that pass, best first."""
        self.certificate = self._known(NOTHING)
        if self.certificate is not None:
            return
        enforced = Enforced(self, NOTHING)
        combinations = self._started(enforced, MOST_COMBINATIONS - self.memory.spent)
        if combinations is not None:
            before, some = self._spent, False
            for found in combinations.answers():
                some = True
                yield found
            self.memory.spent += self._spent - before
            self.cut = self.cut or combinations.cut
            if some or combinations.cut:
                return
        self.certificate = self._certified(enforced)

    def refuted(self, ignored: Ignored) -> frozenset[str] | None:
        """Elements that exclude everything though others are ignored; None where there is an answer, and where that
        could not be settled."""
        self.unsettled = False
        known = self._known(ignored)
        if known is not None:
            return known
        enforced = Enforced(self, ignored)
        combinations = self._started(enforced, MOST_WITHOUT)
        if combinations is not None:
            if next(combinations.answers(), None) is not None:
                return None
            self.unsettled = combinations.cut
        return None if self.unsettled else self._certified(enforced)

    def _certified(self, enforced: "Enforced") -> frozenset[str]:
        found = frozenset(enforced.cited)
        if not enforced.of_driver:
            self._everywhere.append(found)
        return found

    def _known(self, ignored: Ignored) -> frozenset[str] | None:
        """A certificate of a scene that differs by its driver only, in which no driver has a say."""
        return next((one for one in self._everywhere if not ignored.meets(one)), None)

    @cached_property
    def _everywhere(self) -> list[frozenset[str]]:
        return self.memory.certificates(self.scene.machine, self.requests, self.goals, self.prefer)

    def _started(self, enforced: "Enforced", most: int) -> Combinations[Choice, Found] | None:
        """The combinations to try; None where a fault of the platform, or one component alone, excludes all of them."""
        if not self.platform_passes(enforced):
            return None
        columns = [
            self.asked_for(request, widened=of_request(request.component) in enforced.ignored)
            for request in self.requests
        ]
        for request, column in sorted(zip(self.requests, columns, strict=True), key=lambda entry: len(entry[1])):
            own = Enforced(self, enforced.ignored)
            own.cite_request(request)
            if not any(own.alone(choice) for choice in column):
                enforced.cited, enforced.of_driver = own.cited, own.of_driver
                return None
        for request in self.requests:
            enforced.cite_request(request)
        return self.combined(columns, most, enforced)

    def combined(
        self, columns: list[tuple[Choice, ...]], most: int, enforced: "Enforced | None" = None
    ) -> Combinations[Choice, Found]:
        """The combinations of the columns; ``most`` of them are held against the rules."""
        self._shared.learn(columns)
        enforced = enforced or Enforced(self, NOTHING)
        enforced.most = self._spent + most
        return Combinations(columns, enforced)

    # -- the platform ----------------------------------------------------------------------------------------------

    @cached_property
    def platform_faults(self) -> tuple[Reason, ...]:
        """Faults that are there whatever is installed."""
        known = self.memory.platforms
        key = self.memory.number((replace(self._bare, python=None), self.goals))  # no such rule reads the Python
        if key not in known:
            known[key] = tuple(one for one in faults(self._bare, self.goals, self.matrix) if is_of_platform(one))
        return known[key]

    def platform_passes(self, enforced: "Enforced | None" = None) -> bool:
        """Is there no such fault? Otherwise no build has to be asked."""
        for one in self.platform_faults:
            self.note(one)
        standing = [one for one in self.platform_faults if enforced is None or element(one) not in enforced.ignored]
        if standing and enforced is not None:
            enforced.cite(standing)
            enforced.of_driver = True
        return not standing

    @cached_property
    def _bare(self) -> Machine:
        return emptied(self.scene.machine)

    # -- what is offered -------------------------------------------------------------------------------------------

    def asked_for(self, request: Request, widened: bool = False) -> tuple[Choice, ...]:
        """The builds that a request admits, in the order of preference; widened to any release and build."""
        if widened or not request.build:
            return self.offered(request.component, "*" if widened else request.text)
        cuda = versions.cuda_of_tag(request.build)
        found = self.offered(request.component, request.text)
        return tuple(choice for choice in found if same_cuda(choice.build.cuda, cuda) is not False)

    def offered(self, component: str, text: str) -> tuple[Choice, ...]:
        """The builds of a component in the order of preference."""
        if (component, text) not in self._offers:
            found = ordered(component, text, self.scene.machine, self.matrix, self.prefer, self._gpu_wanted)
            self._offers[component, text] = found
        return self._offers[component, text]

    @cached_property
    def _gpu_wanted(self) -> bool:
        return self.needs_gpu or any(goal.verb == "build" for goal in self.goals)

    @cached_property
    def _offers(self) -> dict[tuple[str, str], tuple[Choice, ...]]:
        return self.memory.offers(self.scene.machine, self.prefer, self._gpu_wanted)

    # -- one build by itself ---------------------------------------------------------------------------------------

    def fails(self, choice: Choice, ignored: Ignored = NOTHING) -> Reason | None:
        """One thing that the rules have against a build alone, of those that are not ignored."""

        def name(rule: str) -> str:
            return f"{rule}:{choice.component}"

        known = self._alone(choice)
        found = next((one for one in known.clash if name(one.rule) not in ignored), None)
        if found is None:
            first = self._first.setdefault(choice.component, [])
            said = known.verdict.against(ignored, name, first)
            found = None if said is None else said[1]
        if found is None:
            if known.rest is None:
                known.rest = self._rest(choice, known)
            found = next((one for one in known.rest if name(one.rule) not in ignored), None)
        if found is not None:
            self.note(found, choice.component)
        return found

    def passes(self, choice: Choice) -> bool:
        """Do the rules accept the build alone?"""
        return self.fails(choice) is None

    def why_not(self, choice: Choice) -> tuple[Reason, ...]:
        """All that the rules have against a build alone; empty where it passes."""
        if self.passes(choice):
            return ()
        known = self._alone(choice)
        return tuple(dict.fromkeys((*known.clash, *known.verdict.every(), *(known.rest or ()))))

    def hangs_on_driver(self, choice: Choice, found: Reason) -> bool:
        """May the driver have a say in what was found against a build alone?"""
        return choice.installed or reaches(found.rule, "driver") or found in (self._alone(choice).rest or ())

    def _rest(self, choice: Choice, known: Alone) -> tuple[Reason, ...]:
        """What no single rule tells: where it is open which build it is, and where nothing tells of a GPU build."""
        goals = self._goals_of(choice)
        found: tuple[Reason, ...] = ()
        if known.verdict.is_open():
            masked = masked_by(self.platform_faults)
            found = tuple(
                one
                for one in faults(known.verdict.machine, goals, self.matrix)
                if not is_of_platform(one) and one.rule not in masked
            )
        if found or known.clash or not goals[0].needs_gpu:
            return found
        without = without_gpu(choice, self.matrix, known.verdict.machine)
        return without if without and not known.verdict.every() else ()

    def _goals_of(self, choice: Choice) -> tuple[Goal, ...]:
        """What a build has to reach by itself."""
        goal = parse(goal_of(choice.component, self.matrix))
        if not self.needs_gpu:
            goal = Goal("import", choice.component)
        # Of TF-TRT the half that TensorFlow has to bring is told without a TensorRT beside it.
        own = [one for one in self.goals if one.object == "tf-trt" and one.subjects[:1] == (choice.component,)]
        return (goal, *own)

    def _alone(self, choice: Choice) -> Alone:
        if choice not in self._builds:
            tasks = self._tasks_of(choice)
            if choice.installed:
                machine, clash = self._with(choice)
                self._builds[choice] = Alone(clash, Verdict(lambda: machine, tasks, self.matrix))
            else:
                self._builds[choice] = self._fresh(choice, tasks)
        return self._builds[choice]

    def _tasks_of(self, choice: Choice) -> tuple[Task, ...]:
        names = (choice.component, *[name for name, _ in choice.brings])
        if names not in self._tasks:
            self._tasks[names] = tasks_of(self._goals_of(choice), names, masked_by(self.platform_faults))
        return self._tasks[names]

    def _fresh(self, choice: Choice, tasks: tuple[Task, ...]) -> Alone:
        """A build in an environment of its own: what was said of it in other scenes counts here too."""
        known = self.memory.build(self._place, choice, self._asked)
        if known.own is None:
            known.own = self._own_releases(choice)
        releases, clash = known.own

        def shared_by(facts: Facts) -> Told:
            return known.told(facts, self._facts)

        return Alone(
            clash, Verdict(lambda: applied(self._bare, (choice,), releases, self.matrix), tasks, self.matrix, shared_by)
        )

    @cached_property
    def _place(self) -> int:
        return self.memory.place(self._bare, self.limits)

    @cached_property
    def _asked(self) -> frozenset[str]:
        """Components that are chosen for themselves, not by a pin."""
        return frozenset(request.component for request in self.requests)

    @cached_property
    def _facts(self) -> dict[str, int]:
        return {name: self.memory.number(value) for name, value in moved(self.scene.machine).items()}

    def _own_releases(self, choice: Choice) -> tuple[Mapping[str, str | None], tuple[Reason, ...]]:
        """The releases of what a build shares with others, and what its own pins rule out."""
        pins = choice.pins
        if not choice.stays:
            pins = (*pins, *companion_pins((choice,), self._bare, self.matrix, self.limits))
        machine = self.scene.machine if choice.installed else self._bare
        own = shared(self._shared.limited([pin for pin in pins if pin.name not in self._asked]), machine, self.matrix)
        return ({}, own) if isinstance(own, tuple) else (own.releases, ())

    def _with(self, choice: Choice) -> tuple[Machine, tuple[Reason, ...]]:
        """The machine with the choice and nothing else in its environment, and what its own pins rule out."""
        releases, clash = self._own_releases(choice)
        if choice.stays:
            return self.scene.machine, clash
        machine = self.scene.machine if choice.mended else self._bare
        return applied(machine, (choice,), releases, self.matrix), clash

    # -- two builds ------------------------------------------------------------------------------------------------

    @cached_property
    def limits(self) -> tuple[Pin, ...]:
        """What the files of the requests demand of packages that builds share."""
        return tuple(dict.fromkeys(pin for request in self.requests for pin in request.limits))

    @cached_property
    def _shared(self) -> Pairs:
        return self.memory.pairs(self.scene.machine, self.matrix, self.limits)

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

    # -- all of them -----------------------------------------------------------------------------------------------

    def whole(self, choices: Sequence[Choice], enforced: "Enforced") -> Found | None:
        """What the choices make of the machine, None if the rules that are enforced do not accept it."""
        choices = tuple(choices)
        # Builds are alike for the rules about several only where nothing is wrong with them alone.
        alike = not enforced.ignored
        key = (int(alike), *[self.like(choice) if alike else id(choice) for choice in choices])
        if key not in self._wholes:
            self._spent += 1
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
            return any(self._says(choice, rule) for choice in choices)

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

    def _says(self, choice: Choice, rule: str) -> bool:
        """Does a rule speak against a build alone?"""
        known = self._alone(choice)
        return any(one.rule == rule for one in (*known.clash, *(known.rest or ()))) or bool(known.verdict.of_rule(rule))

    def _joined(self, choices: tuple[Choice, ...]) -> tuple[Mapping[str, str | None], Machine, tuple[Reason, ...]]:
        """The shared releases, the machine, and what excludes them."""
        machine = self.scene.machine
        pins: tuple[Pin, ...] = ()
        if not all(choice.stays for choice in choices):
            pins += companion_pins(choices, machine, self.matrix, self.limits)
            made = [choice for choice in choices if not choice.installed]
            held = parts_of(machine.packages or ()) if staying(machine, made, self.matrix) else {}
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

    def note(self, one: Reason, component: str = "") -> None:
        key = (element(one, component), one)
        if key not in self._noted:
            self._noted.add(key)
            self.rejected.setdefault(key[0], []).append(one)


@dataclass
class Enforced:
    """The judge of a search: its rules, without those that are ignored. ``cited``: an element for each rejection."""

    search: Search
    ignored: Ignored
    most: int = 0
    cited: set[str] = field(default_factory=set)
    _spared: dict[str, bool] = field(default_factory=dict)
    of_driver: bool = False  # may the driver have a say in one of the rejections?

    def enough(self) -> bool:
        return self.search._spent >= self.most

    def alone(self, one: Choice) -> bool:
        if one.component not in self._spared:
            self._spared[one.component] = self.ignored.spares(one.component)
        if self._spared[one.component]:
            return True
        found = self.search.fails(one, self.ignored)
        if found is not None:
            self.cited.add(element(found, one.component))
            self.of_driver = self.of_driver or self.search.hangs_on_driver(one, found)
        return found is None

    def like(self, one: Choice) -> int:
        return self.search.like(one)

    def pair(self, one: Choice, other: Choice) -> bool:
        found = [clash for clash in self.search.pair(one, other) if clash.rule not in self.ignored]
        if found:
            self.cite(found)
        return not found

    def whole(self, choices: Sequence[Choice]) -> Found | None:
        self.of_driver = True
        return self.search.whole(choices, self)

    def cite(self, reasons: Sequence[Reason]) -> None:
        """Take one of the reasons, one that is cited already where there is such."""
        if self.cited.isdisjoint([element(one) for one in reasons]):
            self.search.note(reasons[0])
            self.cited.add(element(reasons[0]))

    def cite_request(self, request: Request) -> None:
        """The request takes part, where it leaves anything out."""
        name = of_request(request.component)
        if (request.text != "*" or request.build) and name not in self.ignored:
            self.cited.add(name)
