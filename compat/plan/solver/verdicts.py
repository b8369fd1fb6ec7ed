"""What the rules say of a machine, asked one rule at a time.

Most builds fail by the first rule that is asked, so nothing more is asked of them. What a rule says of a build is kept
for every driver, Python and system that it does not hang on: a rule is first shown the machine without them, and only
one that reaches for them is asked again with each.
"""

from collections.abc import Callable, Container, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from compat.goals import Goal
from compat.machine import Machine
from compat.plan.model import Reason
from compat.plan.solver.apply import on_library_path
from compat.plan.solver.judge import is_open, reason, weighs
from compat.records import dataclass, field, replace
from compat.rules import every_rule
from compat.rules.base import REGISTRY, Finding
from compat.rules.case import Case

if TYPE_CHECKING:
    from compat.matrix import Matrix

Facts = tuple[str, ...]
"""Which of the facts that a move changes a rule has reached for."""
_MOVED: Mapping[str, tuple[str, ...]] = {
    "driver": ("driver", "libcuda"),
    "python": ("python",),
    "system": ("distribution", "distribution_version", "glibc", "glibcxx"),
    "container": ("environment", "container"),
    "libraries": ("toolkits", "libraries"),
    "loader": ("variables", "loader_configuration", "device_nodes"),
}
_NOTHING = Machine()
_reached: dict[str, Facts] = {}  # rule -> facts; what a rule reached for once, it is always shown


class Task:
    """A rule of the catalogue, asked for a goal; ``files``: whether what is there can be loaded at all.

    There is one of each (``task``), so that they are told apart by identity: nothing is asked as often.
    """

    __slots__ = ("files", "goal", "rule")

    def __init__(self, goal: Goal, rule: str, files: bool) -> None:
        self.goal, self.rule, self.files = goal, rule, files


@cache
def task(goal: Goal, rule: str, files: bool = False) -> Task:
    """The task."""
    return Task(goal, rule, files)


class _Reached(Exception):
    """A rule asks for a fact that is kept from it."""


def _kept_from(fact: str) -> property:
    def reach(_: Machine) -> NoReturn:
        raise _Reached(fact)

    return property(reach)


@cache  # there are no more than the subsets of the facts
def _view(shown: Facts) -> type[Machine]:
    """Machines that keep the other facts to themselves."""
    hidden = {name: _kept_from(fact) for name, fact in _hidden(shown).items()}
    return type("View", (Machine,), hidden) if hidden else Machine


@cache
def _hidden(shown: Facts) -> Mapping[str, str]:
    """The fields that they keep, each with the fact that it is of."""
    return {name: fact for fact, names in _MOVED.items() if fact not in shown for name in names}


@cache  # until a rule reaches for more
def every_way() -> frozenset[Facts]:
    """The sets of facts that what a rule says may hang on."""
    return frozenset([hangs_on(rule) for rule in REGISTRY])


def reaches(rule: str, fact: str) -> bool:
    """Has the rule ever reached for a fact that a move changes?"""
    return fact in _reached.get(rule, ())


def hangs_on(rule: str) -> Facts:
    """The facts that a move changes and that a rule, or one that it may be the consequence of, has reached for."""
    reached = {fact for one in (rule, *_masking().get(rule, ())) for fact in _reached.get(one, ())}
    return tuple(fact for fact in _MOVED if fact in reached)


def without_moved(machine: Machine) -> Machine:
    """What is the same of the machine whatever is moved."""
    return replace(machine, **{name: getattr(_NOTHING, name) for names in _MOVED.values() for name in names})


def moved(machine: Machine) -> dict[str, object]:
    """The facts that a move changes."""
    found: dict[str, object] = {fact: [getattr(machine, name) for name in names] for fact, names in _MOVED.items()}
    # Which copies load once builds are installed hangs on the path (solver/apply.py).
    ahead = [on_library_path(machine, one) for one in machine.libraries or ()]
    return {**found, "libraries": (found["libraries"], ahead)}


@dataclass
class Told:
    """What was said of a build for some of the facts, and by which tasks something was."""

    said: dict[Task, tuple[Reason, ...]] = field(default_factory=dict)
    faulty: list[Task] = field(default_factory=list)


class Shared(Protocol):
    """What was said of the same build in other scenes, by the facts that rules reached for."""

    def told(self, facts: Facts) -> Told:
        """What was said by rules that reached for these facts; to be added to."""

    def faulty(self) -> list[Task]:
        """The tasks that said something where these facts are as here."""


class Alike(Protocol):
    """What was said of builds that a rule cannot tell from this one."""

    def silent(self, asked: Task) -> bool:
        """Does the task say nothing of those?"""

    def note_silent(self, asked: Task) -> None:
        """It says nothing of this one."""


class Verdict:
    """The rules' word on one machine: which tasks are asked, and what was said so far."""

    def __init__(
        self,
        made: Callable[[], Machine],
        tasks: tuple[Task, ...],
        matrix: "Matrix",
        shared: "Shared | None" = None,
        alike: "Alike | None" = None,
    ) -> None:
        """``made`` makes the machine when it is needed. Without ``shared`` rules are shown the machine as a whole."""
        self._alike = alike
        self._made = made
        self._tasks = tasks
        self._matrix = matrix
        self._shared = shared
        self._known: dict[Facts, Told] = {}
        self._machine: Machine | None = None
        self._cases: dict[Goal, dict[Facts, Case]] = {}

    @property
    def machine(self) -> Machine:
        if self._machine is None:
            self._machine = self._made()
        return self._machine

    def against(
        self,
        ignored: Container[str],
        name: Callable[[str], str],
        first: list[Task],
        excused: Callable[[str], bool] = lambda rule: False,
    ) -> tuple[Task, Reason] | None:
        """One thing that speaks against the machine, and which task said it. ``name``: the element of a rule; those
        that are ignored are not asked, and of those that are ``excused`` nothing counts. ``first``: tasks that others
        failed by, the last one first; they are asked before the rest."""
        for asked in self._known_faults():
            if name(asked.rule) not in ignored and (said := self.told(asked)) and not excused(asked.rule):
                return asked, said[0]
        for asked in (*[one for one in first if one in self._tasks], *self._tasks):
            if name(asked.rule) not in ignored and (said := self.told(asked)) and not excused(asked.rule):
                _put_first(asked, first)
                return asked, said[0]
        return None

    def refused(self, first: list[Task]) -> Task | None:
        """A task that speaks against the machine. Which one is whose consequence makes no difference here."""
        for asked in self._known_faults():
            return asked
        for asked in (*[one for one in first if one in self._tasks], *self._tasks):
            if self._said(asked):
                _put_first(asked, first)
                return asked
        return None

    def _known_faults(self) -> list[Task]:
        """Tasks that said something when the same build was asked before."""
        if self._shared is not None:
            return self._shared.faulty()
        return [asked for told in self._known.values() for asked in told.faulty]

    def _told(self, facts: Facts) -> Told:
        if facts not in self._known:
            self._known[facts] = Told() if self._shared is None else self._shared.told(facts)
        return self._known[facts]

    def every(self) -> tuple[Reason, ...]:
        """All that speaks against the machine."""
        return tuple(dict.fromkeys(one for asked in self._tasks for one in self.told(asked)))

    def of_rule(self, rule: str) -> tuple[Reason, ...]:
        """What one rule says, for whichever goal."""
        return tuple(dict.fromkeys(one for asked in self._tasks if asked.rule == rule for one in self.told(asked)))

    def told(self, asked: Task) -> tuple[Reason, ...]:
        """What a task says; nothing where that is the consequence of another rule's finding."""
        found = self._said(asked)
        if found and not asked.files:
            for masking in _masking().get(asked.rule, ()):
                cause = task(asked.goal, masking)
                if cause in self._tasks and self._said(cause):
                    return ()
        return found

    def _said(self, asked: Task) -> tuple[Reason, ...]:
        while True:
            shown = _reached.get(asked.rule, ()) if self._shared else tuple(_MOVED)
            known = self._told(shown)
            if asked in known.said:
                return known.said[asked]
            if self._alike is not None and self._alike.silent(asked):
                known.said[asked] = ()
                return ()
            try:
                found = known.said[asked] = self._ask(asked, shown)
            except _Reached as fact:
                _reached[asked.rule] = tuple(one for one in _MOVED if one in (*shown, str(fact)))
                every_way.cache_clear()
            else:
                if found:
                    known.faulty.append(asked)
                elif self._alike is not None:
                    self._alike.note_silent(asked)
                return found

    def _ask(self, asked: Task, shown: Facts) -> tuple[Reason, ...]:
        goal, rule = asked.goal, asked.rule
        found = REGISTRY[rule].judge(self._case(goal, shown))
        return tuple(dict.fromkeys(reason(one) for one in found if isinstance(one, Finding) and weighs(one)))

    def _case(self, goal: Goal, shown: Facts) -> Case:
        cases = self._cases.setdefault(goal, {})
        found = cases.get(shown)
        if found is None:
            found = Case(_seen(self.machine, shown), goal, self._matrix)
            for fewer, known in cases.items():
                if set(fewer) <= set(shown):
                    found.learn(known)
            cases[shown] = found
        return found

    def is_open(self) -> bool:
        """May one of the goals' packages be one of several builds?"""
        goals = {id(asked.goal): asked.goal for asked in self._tasks if not asked.files}
        return any(is_open(self._case(goal, tuple(_MOVED))) for goal in goals.values())


def _put_first(asked: Task, first: list[Task]) -> None:
    if asked in first:
        first.remove(asked)
    first.insert(0, asked)


def _seen(machine: Machine, shown: Facts) -> Machine:
    hidden = _hidden(shown)
    if not hidden:
        return machine
    view = object.__new__(_view(shown))
    vars(view).update({name: value for name, value in vars(machine).items() if name not in hidden})
    return view


@lru_cache(maxsize=512)
def tasks_of(
    goals: tuple[Goal, ...], files: tuple[str, ...] = (), masked: frozenset[str] = frozenset()
) -> tuple[Task, ...]:
    """The tasks of goals; ``files``: components whose files have to be installable. Rules of the platform are asked
    once for all builds, and what they mask is their consequence."""
    found = [task(Goal("import", name), rule.name, True) for name in files for rule in _rules("files")]
    rest = [entry.name for entry in every_rule() if entry.of != "platform" and entry.name not in masked]
    return (*found, *(task(goal, rule) for goal in goals for rule in rest))


@lru_cache(maxsize=4)
def _rules(of: str) -> tuple[Any, ...]:
    return tuple(entry for entry in every_rule() if entry.of == of)


@lru_cache(maxsize=1)
def _masking() -> dict[str, tuple[str, ...]]:
    """Rule -> the rules about packages that it may be the consequence of."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in every_rule():
        if entry.of != "platform":
            for name in entry.masks:
                found[name] = (*found.get(name, ()), entry.name)
    return found
