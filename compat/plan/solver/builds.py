"""What the rules say of each build by itself, in one scene; most fail there.

What was judged is kept, so that asking again with rules ignored is cheap: first what a build's own pins rule out, then
the rules one at a time, at last the whole check where no single rule tells.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.matrix.packages import same_cuda
from compat.plan.asking.request import goal_of
from compat.plan.model import Choice, Pin, Reason, Request
from compat.plan.offers.source import SOURCE, compiled
from compat.plan.solver.apply import applied
from compat.plan.solver.companions import PYTHON, companion_pins, python_pins
from compat.plan.solver.effort import BUILD, OFFERS
from compat.plan.solver.elements import NOTHING, Ignored, element
from compat.plan.solver.judge import faults, is_of_platform, masked_by, platform_faults, without_gpu, without_known_code
from compat.plan.solver.kinds import DRIVER, Refused, refused
from compat.plan.solver.kinds import PYTHON as UNSUPPORTED
from compat.plan.solver.memory import Here, Known, Memory
from compat.plan.solver.order import ordered
from compat.plan.solver.pairs import Pairs
from compat.plan.solver.pins import CLASHES, shared
from compat.plan.solver.scene import Scene, emptied
from compat.plan.solver.verdicts import Task, Verdict, moved, reaches, tasks_of
from compat.records import dataclass, field, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix
    from compat.plan.solver.enforced import Enforced


@dataclass
class Alone:
    """What is known of a build by itself: what its own pins rule out, and the word of the rules."""

    clash: tuple[Reason, ...]
    verdict: Verdict
    known: Known = field(default_factory=Known)
    rest: tuple[Reason, ...] | None = None  # what only the whole check tells


@dataclass
class Builds:
    """One scene with its requests and goals, and the builds that could serve them."""

    scene: Scene
    requests: tuple[Request, ...]
    goals: tuple[Goal, ...]
    kept_goals: tuple[Goal, ...]
    matrix: "Matrix"
    prefer: str = "installed"
    rejected: dict[str, list[Reason]] = field(default_factory=dict)  # element -> reasons, in the order of preference
    memory: Memory = field(default_factory=Memory)
    _there: dict[Choice, Alone] = field(default_factory=dict)  # what is known of those that are installed
    _passing: dict[int, tuple[Choice, bool]] = field(default_factory=dict)  # by identity: it is asked most often
    _noted: set[tuple[str, Reason]] = field(default_factory=set)
    _first: dict[str, list[Task]] = field(default_factory=dict)
    _tasks: dict[tuple[str, ...], tuple[Task, ...]] = field(default_factory=dict)

    @cached_property
    def needs_gpu(self) -> bool:
        return any(goal.needs_gpu for goal in self.goals)

    # -- the platform ----------------------------------------------------------------------------------------------

    @cached_property
    def platform_faults(self) -> tuple[Reason, ...]:
        """Faults that are there whatever is installed."""
        known = self.memory.platforms
        bare = self._bare  # no such rule reads the Python
        key = self.memory.once(
            ("platform", self.goals),
            (bare,),
            lambda: self.memory.number((self.memory.alike(replace(bare, python=None)), self.goals)),
        )
        if key not in known:
            known[key] = platform_faults(self._bare, self.goals, self.matrix)
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
        return self.memory.once("bare", (self.scene.machine,), lambda: emptied(self.scene.machine))

    # -- what is offered -------------------------------------------------------------------------------------------

    def asked_for(self, request: Request, widened: bool = False) -> tuple[Choice, ...]:
        """The builds that a request admits, in the order of preference; widened to any release and build."""
        if request.among is not None:
            every = self.asked_for(replace(request, among=None), widened)
            return tuple(choice for choice in every if choice.label in request.among)
        if request.since:
            every = self.asked_for(replace(request, since=""), widened)
            return tuple(choice for choice in every if versions.at_least(choice.public, request.since) is not False)
        if request.build == SOURCE:
            return compiled(request.component, self._bare, self.matrix, "*" if widened else request.text)
        if widened or not request.build:
            found = self.offered(request.component, "*" if widened else request.text)
            return _nearest(found, request.near) if request.near else found
        cuda = versions.cuda_of_tag(request.build)
        found = self.offered(request.component, request.text)
        return tuple(choice for choice in found if same_cuda(choice.build.cuda, cuda) is not False)

    def offered(self, component: str, text: str) -> tuple[Choice, ...]:
        """The builds of a component in the order of preference."""
        if (component, text) not in self._offers:
            self.memory.effort.takes(OFFERS)
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
        """One thing that the rules have against a build alone, of those that are not ignored; of builds that a rule
        refuses alike it may be told of another."""

        def name(rule: str) -> str:
            return f"{rule}:{choice.component}"

        alike = self._refused.told(choice, lambda rule: name(rule) not in ignored)
        if alike is not None:
            return alike
        known = self._alone(choice)
        found = next((one for one in known.clash if name(one.rule) not in ignored), None)
        if found is not None:
            self._refused.add_clash(found, choice)
        else:
            first = self._first.setdefault(choice.component, [])
            said = known.verdict.against(ignored, name, first)
            found = None if said is None else said[1]
            if said is not None and self._is_told_alike(*said):
                self._refused.add_told(said[1], choice)
        if found is None:
            if known.rest is None:
                known.rest = self._rest(choice, known)
            found = next((one for one in known.rest if name(one.rule) not in ignored), None)
        if found is not None:
            self.note(found, choice.component)
        return found

    def passes(self, choice: Choice) -> bool:
        """Do the rules accept the build alone?"""
        told = self._passing.get(id(choice))
        if told is None:
            told = self._passing[id(choice)] = (choice, not self._refused.has(choice) and self._accepts(choice))
        return told[1]

    def _accepts(self, choice: Choice) -> bool:
        known = self._alone(choice)
        if known.clash:
            self._refused.add_clash(known.clash[0], choice)
            return False
        against = known.verdict.refused(self._first.setdefault(choice.component, []))
        if against is not None:
            self._refused.add(against.rule, choice)
            return False
        return self.fails(choice) is None

    def _is_told_alike(self, asked: Task, found: Reason) -> bool:
        """Is the reason the consequence of no other one in builds of its kind? On a Jetson the driver is its JetPack's;
        of a goal, not of its files, a build for no Python may be one that was removed."""
        if found.rule == DRIVER:
            return not self.scene.machine.is_jetson
        return asked.files or found.rule != UNSUPPORTED

    @property
    def _refused(self) -> Refused:
        return self._own[1]

    def why_not(self, choice: Choice) -> tuple[Reason, ...]:
        """All that the rules have against a build alone; empty where it passes."""
        if self.passes(choice):
            return ()
        known = self._alone(choice)
        return tuple(dict.fromkeys((*known.clash, *known.verdict.every(), *(known.rest or ()))))

    def said(self, choice: Choice, rule: str) -> tuple[Reason, ...]:
        """What one rule has against a build alone, as far as it was tried."""
        if self._is_silent(choice, rule):
            return ()
        known = self._alone(choice)
        others = (one for one in (*known.clash, *(known.rest or ())) if one.rule == rule)
        return (*known.verdict.of_rule(rule), *others)

    def _is_silent(self, choice: Choice, rule: str) -> bool:
        """Is it known to say nothing of builds of this kind? What their pins rule out is told of each by itself."""
        if choice.installed or choice in self._builds or rule in CLASHES:
            return False
        alike = self._refused.alike(choice)
        return all(alike.silent(asked) for asked in self._tasks_of(choice) if asked.rule == rule)

    def hangs_on_driver(self, choice: Choice, found: Reason) -> bool:
        """May the driver have a say in what was found against a build alone?"""
        if choice.installed or reaches(found.rule, "driver"):
            return True
        known = self._builds.get(choice) if found.rule in self.memory.of_whole else None
        return known is not None and found in (known.rest or ())

    @property
    def _builds(self) -> dict[Choice, Alone]:
        """What is known of those that are not installed."""
        return self._own[0]

    @cached_property
    def _own(self) -> tuple[dict[Choice, Alone], Refused]:
        """What scenes share whose empty environment is written alike."""
        what = (self.limits, self._asked, self.goals, masked_by(self.platform_faults))
        return self.memory.alone(self._bare, what, lambda: ({}, refused(self._bare, self.matrix)))

    def _rest(self, choice: Choice, known: Alone) -> tuple[Reason, ...]:
        """What no single rule tells: where it is open which build it is, and where nothing tells of a GPU build."""
        goals, masked = self._goals_of(choice), masked_by(self.platform_faults)
        key = (goals, masked, bool(known.clash), tuple(self._facts.values()))
        if key not in known.known.rest:
            known.known.rest[key] = self._whole_check(choice, known, goals, masked)
            self.memory.of_whole.update([one.rule for one in known.known.rest[key]])
        return known.known.rest[key]

    def _whole_check(
        self, choice: Choice, known: Alone, goals: tuple[Goal, ...], masked: frozenset[str]
    ) -> tuple[Reason, ...]:
        found: tuple[Reason, ...] = ()
        if known.verdict.is_open():
            found = tuple(
                one
                for one in faults(known.verdict.machine, goals, self.matrix)
                if not is_of_platform(one) and one.rule not in masked
            )
        if found or known.clash or not goals[0].needs_gpu:
            return found
        machine = known.verdict.machine
        without = without_gpu(choice, self.matrix, machine) or without_known_code(choice, self.matrix, machine)
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
        builds = self._there if choice.installed else self._builds
        if choice not in builds:
            self.memory.effort.takes(BUILD)
            tasks = self._tasks_of(choice)
            if choice.installed:
                machine, clash = self._with(choice)
                builds[choice] = Alone(clash, Verdict(lambda: machine, tasks, self.matrix))
            else:
                builds[choice] = self._fresh(choice, tasks)
        return builds[choice]

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
            self.memory.settled(self._empty, choice, known)
        releases, clash = known.own

        def made() -> Machine:
            return applied(self._bare, (choice,), releases, self.matrix)

        shared = Here(known, self._facts)
        return Alone(clash, Verdict(made, tasks, self.matrix, shared, self._refused.alike(choice)), known)

    @cached_property
    def _empty(self) -> int:
        return self.memory.place(self._bare, None)

    @cached_property
    def _place(self) -> int:
        return self.memory.place(self._bare, self.limits)

    @cached_property
    def _asked(self) -> frozenset[str]:
        """Components that are chosen for themselves, not by a pin."""
        return frozenset(request.component for request in self.requests)

    @cached_property
    def _facts(self) -> dict[str, int]:
        return {name: self.memory.number(value) for name, value in moved(self._bare).items()}

    def _own_releases(self, choice: Choice) -> tuple[Mapping[str, str | None], tuple[Reason, ...]]:
        """The releases of what a build shares with others, and what its own pins rule out."""
        pins = choice.pins
        if not choice.stays:
            pins = (*pins, *companion_pins((choice,), self._bare, self.matrix, self.limits))
        pins = tuple(self._shared.limited([pin for pin in pins if pin.name not in self._asked]))
        if choice.installed:
            own = shared(pins, self.scene.machine, self.matrix)
        else:
            own = self.memory.agreed(self._place, pins, lambda: shared(pins, self._bare, self.matrix))
        return ({}, own) if isinstance(own, tuple) else (own.releases, self._unmet)

    @cached_property
    def _unmet(self) -> tuple[Reason, ...]:
        """The demands of files that no installer meets for this Python, whatever is installed."""
        bounded = {pin.name for pin in self.limits if pin.by.startswith(PYTHON)}
        if not bounded:
            return ()
        left = shared([pin for pin in self.limits if pin.name in bounded], self._bare, self.matrix)
        return left if isinstance(left, tuple) else ()

    def _with(self, choice: Choice) -> tuple[Machine, tuple[Reason, ...]]:
        """The machine with the choice and nothing else in its environment, and what its own pins rule out."""
        releases, clash = self._own_releases(choice)
        if choice.stays:
            return self.scene.machine, clash
        machine = self.scene.machine if choice.mended else self._bare
        return applied(machine, (choice,), releases, self.matrix), clash

    # -- what builds share ------------------------------------------------------------------------------------------

    @cached_property
    def limits(self) -> tuple[Pin, ...]:
        """What the files of the requests demand of packages that builds share."""
        own = tuple(dict.fromkeys(pin for request in self.requests for pin in request.limits))
        return (*own, *python_pins(own, self.scene.machine, self.matrix)) if own else ()

    @cached_property
    def _shared(self) -> Pairs:
        return self.memory.pairs(self.scene.machine, self.matrix, self.limits)

    def note(self, one: Reason, component: str = "") -> None:
        key = (element(one, component), one)
        if key not in self._noted:
            self._noted.add(key)
            self.rejected.setdefault(key[0], []).append(one)


def _nearest(found: tuple[Choice, ...], tag: str) -> tuple[Choice, ...]:
    """The builds in their order, of each release those for this CUDA (cu118) first; what is installed before all."""
    cuda = versions.cuda_of_tag(tag)
    turn: dict[str, int] = {}
    for choice in found:
        turn.setdefault(choice.public, len(turn))
    return tuple(
        sorted(
            found,
            key=lambda one: (not one.installed, turn[one.public], same_cuda(one.build.cuda, cuda) is not True),
        )
    )
