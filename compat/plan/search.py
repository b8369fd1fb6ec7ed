"""Search in one scene: a build for each request, so that all of them pass the check together.

Each build is first held against the rules alone (most fail there, and alike builds are asked once), then builds are
combined (combine.py), first against the packages that they share, at last by the check for every goal. The first
combination in the order of preference is the answer, so the search is deterministic. A rule that is *ignored* rejects
nothing: that is how the reasons for an impossibility are made irreducible.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.matrix.packages import normal, same_cuda
from compat.plan.apply import applied, parts_of, staying
from compat.plan.combine import Combinations
from compat.plan.companions import companion_pins
from compat.plan.judge import faults, file_faults, is_of_platform, without_gpu
from compat.plan.likeness import Likeness, likeness
from compat.plan.model import Choice, Pin, Reason, Request
from compat.plan.offers import COMPANIONS
from compat.plan.offers.companion import fits
from compat.plan.order import ordered
from compat.plan.pins import Shared, demand, shared
from compat.plan.request import goal_of
from compat.plan.scene import Scene, emptied
from compat.plan.shape import Shape, shape, suspects
from compat.records import dataclass, field, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

# Combinations that are held against the rules, of those whose members suit each other two by two: in a search for an
# answer (in all scenes of a problem together), and in one for what stands in the way. A search that spends them is cut.
MOST_COMBINATIONS = 400
_MOST_WITHOUT = 40
# What one more package can mend: by capping the release that several share, or by bringing a library.
_MENDED = (
    "cuda-library-too-old",
    "cudnn-mismatch",
    "library-not-found",
    "library-shadowed",
    "numpy-abi",
    "protobuf-conflict",
)


@dataclass
class Memory:
    """What the scenes of a problem share: judgements of builds by platform, and how many combinations were judged."""

    judged: dict[tuple[str, str], dict[Choice, tuple[Reason, ...]]] = field(default_factory=dict)
    spent: int = 0


@dataclass(frozen=True)
class Found:
    """A combination that passes."""

    scene: Scene
    choices: tuple[Choice, ...]
    shared: dict[str, str | None]
    result: Machine
    limits: tuple[Pin, ...] = ()


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
    memory: Memory = field(default_factory=Memory)
    _files: dict[Choice, tuple[Reason, ...]] = field(default_factory=dict)
    _alone: dict[Choice, tuple[Reason, ...]] = field(default_factory=dict)
    cut: bool = False  # the search ended early: nothing found is no proof
    _gave_up: bool = False
    _spent: int = 0
    _noted: set[tuple[str, Reason]] = field(default_factory=set)
    _pinned: set[str] = field(default_factory=set)
    _classes: dict[Likeness, int] = field(default_factory=dict)
    _likes: dict[Choice, int] = field(default_factory=dict)
    _wholes: dict[tuple[int, ...], tuple[Reason, ...]] = field(default_factory=dict)
    _pairs: dict[tuple[int, int], tuple[Reason, ...]] = field(default_factory=dict)
    _shapes: dict[int, Shape] = field(default_factory=dict)
    _modules: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _platform: str = ""
    _faults: tuple[Reason, ...] | None = None
    _offers: dict[tuple[str, str], tuple[Choice, ...]] = field(default_factory=dict)

    @property
    def needs_gpu(self) -> bool:
        return any(goal.needs_gpu for goal in self.goals)

    def solutions(self, ignored: frozenset[str] = frozenset()) -> Iterator[Found]:
        """Combinations that pass, best first."""
        if not self.platform_passes(ignored):
            return
        columns = []
        for request in self.requests:
            columns.append(self.asked_for(request, widened=f"request:{request.component}" in ignored))
        # A column of which nothing passes ends the search; all columns are asked, so that every reason is known.
        passing = [any(self.passes(choice, ignored) for choice in column) for column in columns]
        if not all(passing):
            return
        left = _MOST_WITHOUT if ignored else MOST_COMBINATIONS - self.memory.spent
        before = self._spent
        combinations = self.combined(columns, left, ignored)
        yield from combinations.answers()
        if not ignored:
            self.memory.spent += self._spent - before
        self._gave_up = combinations.cut
        self.cut = self.cut or (combinations.cut and not ignored)

    def combined(
        self, columns: list[tuple[Choice, ...]], most: int, ignored: frozenset[str] = frozenset()
    ) -> Combinations[Choice, Found]:
        """The combinations of the columns; ``most`` of them are held against the rules."""
        self._learn_names(columns)
        return Combinations(columns, _Enforced(self, ignored, self._spent + most))

    def possible(self, ignored: frozenset[str]) -> bool:
        """Is there an answer without these rules? True as well where that could not be settled."""
        self._gave_up = False
        return next(self.solutions(ignored), None) is not None or self._gave_up

    def _learn_names(self, columns: list[tuple[Choice, ...]]) -> None:
        """Which distributions the builds pin: of those the very release counts, and builds differ by it."""
        names = {pin.name for column in columns for choice in column for pin in choice.pins}
        if not names <= self._pinned:
            self._pinned |= names
            self._likes, self._pairs, self._wholes, self._shapes = {}, {}, {}, {}

    def platform_passes(self, ignored: frozenset[str]) -> bool:
        """Is there no fault that is there whatever is installed? Then no build has to be asked."""
        if self._faults is None:
            bare = faults(emptied(self.scene.machine), self.goals, self.matrix)
            self._faults = tuple(one for one in bare if is_of_platform(one))
        for one in self._faults:
            self._note(one)
        return all(element(one) in ignored for one in self._faults)

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
            self._offers[component, text] = ordered(
                component,
                text,
                self.scene.machine,
                self.matrix,
                self.prefer,
                self.needs_gpu or any(goal.verb == "build" for goal in self.goals),
            )
        return self._offers[component, text]

    def passes(self, choice: Choice, ignored: frozenset[str]) -> bool:
        """Do the rules that are enforced accept the choice alone? Its files are asked first: that is quick."""
        for kind, judge in ((self._files, self._judge_files), (self._alone, self._judge)):
            if choice not in kind:
                own = self._recalled(choice, judge)
                kind[choice] = tuple(one for one in own if one.rule not in self._of_platform())
                for one in kind[choice]:
                    self._note(one, choice.component)
            if any(element(one, choice.component) not in ignored for one in kind[choice]):
                return False
        return True

    def why_not(self, choice: Choice) -> tuple[Reason, ...]:
        """What the rules have against a choice alone; empty where it passes."""
        if self.passes(choice, frozenset()):
            return ()
        return (*self._files[choice], *self._alone.get(choice, ()))

    def _of_platform(self) -> frozenset[str]:
        return frozenset(one.rule for one in self._faults or ())

    def _recalled(self, choice: Choice, judge: Callable[[Choice], tuple[Reason, ...]]) -> tuple[Reason, ...]:
        """The judgement of another scene with the same platform, where there is one."""
        if choice.installed:
            return judge(choice)
        if not self._platform:
            self._platform = repr((emptied(self.scene.machine), self.needs_gpu))
        known = self.memory.judged.setdefault((self._platform, judge.__name__), {})
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
        # Of TF-TRT the half that TensorFlow has to bring is told without a TensorRT beside it.
        own = [one for one in self.goals if one.object == "tf-trt" and one.subjects[:1] == (choice.component,)]
        found = (*faults(machine, (goal, *own), self.matrix), *clash)
        return found if found or not goal.needs_gpu else without_gpu(choice, self.matrix, machine)

    def _with(self, choice: Choice) -> tuple[Machine, tuple[Reason, ...]]:
        """The machine with the choice and nothing else in its environment, and what its own pins rule out."""
        asked = {request.component for request in self.requests}  # chosen for themselves, not by a pin
        bare = emptied(self.scene.machine)
        pins = (
            choice.pins if choice.stays else (*choice.pins, *companion_pins((choice,), bare, self.matrix, self.limits))
        )
        own = shared(self._limited([pin for pin in pins if pin.name not in asked]), self.scene.machine, self.matrix)
        clash = own if isinstance(own, tuple) else ()
        if choice.stays:
            return self.scene.machine, clash
        releases = {} if isinstance(own, tuple) else own.releases
        if choice.mended:
            return applied(self.scene.machine, (choice,), releases, self.matrix), clash
        return applied(bare, (choice,), releases, self.matrix), clash

    def pair(self, one: Choice, other: Choice, ignored: frozenset[str]) -> bool:
        """Do the rules that are enforced admit the two together, by what they share? Nothing added can mend that."""
        key = (self.like(one), self.like(other))
        if key not in self._pairs:
            found = self._shared_by_two(one, other)
            self._pairs[key] = found if isinstance(found, tuple) else ()
            for clash in self._pairs[key]:
                self._note(clash)
        return all(element(clash) in ignored for clash in self._pairs[key])

    def _shape(self, choice: Choice) -> Shape:
        like = self.like(choice)
        if like not in self._shapes:
            self._shapes[like] = shape(choice, self._module_names(choice), self.scene.machine, self.matrix)
        return self._shapes[like]

    @cached_property
    def _here(self) -> frozenset[str]:
        packages = self.scene.machine.packages or {}
        here = {normal(name) for name, version in packages.items() if version is not False}
        return frozenset(here | {pin.name for pin in self.limits})

    @cached_property
    def limits(self) -> tuple[Pin, ...]:
        """What the files of the requests demand of packages that builds share."""
        return tuple(dict.fromkeys(pin for request in self.requests for pin in request.limits))

    def _limited(self, pins: list[Pin]) -> list[Pin]:
        """The pins, and what the files demand of the packages that they name."""
        names = {pin.name for pin in pins}
        return [*pins, *(pin for pin in self.limits if pin.name in names)]

    def _shared_by_two(self, one: Choice, other: Choice) -> Shared | tuple[Reason, ...]:
        """What two share; what only one of them pins was asked of it alone."""
        names, broken = suspects(self._shape(one), self._shape(other), self._here)
        drawn = companion_pins((one, other), self.scene.machine, self.matrix, self.limits) if broken else ()
        if not names and not drawn and not {one.component, other.component} & {*COMPANIONS}:
            return Shared({})
        return self._shared((one, other), drawn, names | {pin.name for pin in drawn})

    def _shared(
        self, choices: tuple[Choice, ...], more: tuple[Pin, ...], names: "frozenset[str] | None" = None
    ) -> Shared | tuple[Reason, ...]:
        """Releases of what the choices share (of these names only, where some are given); what they demand of each
        other is held against each other."""
        if all(choice.stays for choice in choices):
            return Shared({})
        chosen = {choice.distribution: choice for choice in choices}
        found = []
        for other in choices:
            if other.component in COMPANIONS and "torch" in chosen and not fits(chosen["torch"], other):
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
        rest = self._limited([pin for pin in pins if pin.name not in owners])
        left = shared(rest, self.scene.machine, self.matrix)
        clashes = (*found, *left) if isinstance(left, tuple) else tuple(found)
        return clashes or left

    def _module_names(self, choice: Choice) -> tuple[str, ...]:
        """Distributions that a choice decides about: itself, what it brings, and others of the same module."""
        if choice.component not in self._modules:
            about = self.matrix.packages.about(choice.component)
            siblings = self.matrix.packages.distributions(choice.component) if "module" in about else ()
            self._modules[choice.component] = (*siblings, *map(normal, about.get("parts", ())))
        return (choice.distribution, *(name for name, _ in choice.brings), *self._modules[choice.component])

    def like(self, choice: Choice) -> int:
        """The class of builds that are alike for every rule about several packages together."""
        if choice not in self._likes:
            key: Likeness = likeness(choice, self.matrix)
            if self._pinned.intersection(self._module_names(choice)):
                key = (*key, choice.version)
            self._likes[choice] = self._classes.setdefault(key, len(self._classes))
        return self._likes[choice]

    def whole(self, choices: Sequence[Choice], ignored: frozenset[str]) -> Found | None:
        """What the choices make of the machine, None if the rules that are enforced do not accept it."""
        choices = tuple(choices)
        key = tuple(self.like(choice) for choice in choices)
        if key not in self._wholes:
            self._spent += 1
            self._wholes[key] = self._of_several(choices, (*self.goals, *self.kept_goals))
            for one in self._wholes[key]:
                self._note(one)
        if all(element(one) in ignored for one in self._wholes[key]):
            releases, result, _ = self._joined(choices, ())
            result = replace(result, name=self.scene.machine.name)
            return Found(self.scene, choices, dict(releases), result, self.limits)
        if len(choices) > 2:
            self._blame(choices, self._wholes[key])
        return None

    def _joined(
        self, choices: tuple[Choice, ...], goals: tuple[Goal, ...]
    ) -> tuple[Mapping[str, str | None], Machine, tuple[Reason, ...]]:
        """The shared releases, the machine, and what is wrong with it."""
        machine = self.scene.machine
        pins: tuple[Pin, ...] = ()
        if not all(choice.stays for choice in choices):
            pins += companion_pins(choices, machine, self.matrix, self.limits)
            made = [choice for choice in choices if not choice.installed]
            held = parts_of(machine.packages or ()) if staying(machine, made, self.matrix) else {}
            pins += tuple(Pin(name, "*", "what is installed", "installed packages") for name in held)
        both = self._shared(choices, pins)
        clash = both if isinstance(both, tuple) else ()
        releases: Mapping[str, str | None] = {} if isinstance(both, tuple) else both.releases
        result = applied(machine, choices, releases, self.matrix)
        return releases, result, (*clash, *faults(result, goals, self.matrix))

    def _of_several(self, choices: tuple[Choice, ...], goals: tuple[Goal, ...]) -> tuple[Reason, ...]:
        """What is wrong with a combination that is not wrong with one of its members alone."""
        alone = {one.rule for choice in choices for one in (*self._files.get(choice, ()), *self._alone.get(choice, ()))}
        alone |= self._of_platform()
        return tuple(one for one in self._joined(choices, goals)[2] if one.rule not in alone)

    def _blame(self, choices: tuple[Choice, ...], whole: tuple[Reason, ...]) -> None:
        """Which two of a combination that fails do so by themselves, for a reason that nothing added to them mends: no
        other combination with both is tried."""
        for number, one in enumerate(choices):
            for other in choices[number + 1 :]:
                key = (self.like(one), self.like(other))
                if not self._pairs[key]:
                    goals = tuple(parse(goal_of(choice.component, self.matrix)) for choice in (one, other))
                    found = self._of_several((one, other), goals)
                    self._pairs[key] = tuple(one for one in found if one in whole and one.rule not in _MENDED)

    def _note(self, one: Reason, component: str = "") -> None:
        key = (element(one, component), one)
        if key not in self._noted:
            self._noted.add(key)
            self.rejected.setdefault(key[0], []).append(one)


def element(one: Reason, component: str = "") -> str:
    """What a reason is an instance of: a rule, asked of one component or of several together."""
    return f"{one.rule}:{component}" if component else one.rule


@dataclass(frozen=True)
class _Enforced:
    """The judge of a search: its rules, without those that are ignored."""

    search: Search
    ignored: frozenset[str]
    most: int

    def enough(self) -> bool:
        return self.search._spent >= self.most

    def alone(self, one: Choice) -> bool:
        return self.search.passes(one, self.ignored)

    def like(self, one: Choice) -> int:
        return self.search.like(one)

    def pair(self, one: Choice, other: Choice) -> bool:
        return self.search.pair(one, other, self.ignored)

    def whole(self, choices: Sequence[Choice]) -> Found | None:
        return self.search.whole(choices, self.ignored)
