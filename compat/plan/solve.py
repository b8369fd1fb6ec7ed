"""The planner: scenes in the order of preference, a search in each; where none has an answer, why, and what would lift it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from compat import versions
from compat.check import check
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.plan import moves
from compat.plan.conflict import conflict
from compat.plan.model import Lift, Outcome, Plan, Reason, Request, Step
from compat.plan.repairs import repaired
from compat.plan.request import goals_for, with_goal
from compat.plan.scene import Scene, emptied
from compat.plan.search import Found, Search
from compat.plan.steps import package_steps
from compat.records import dataclass, replace
from compat.suggest import goals_of

if TYPE_CHECKING:
    from compat.matrix import Matrix

ALLOWED = ("python", "container", "driver")
_ALTERNATIVES = 3


@dataclass(frozen=True)
class Problem:
    """One machine and what is asked of it."""

    machine: Machine
    requests: tuple[Request, ...]
    goals: tuple[Goal, ...]
    matrix: "Matrix"
    prefer: str = "installed"

    @property
    def needs_gpu(self) -> bool:
        return any(goal.needs_gpu for goal in self.goals)


def plan(
    machine: Machine,
    asked: tuple[Request, ...],
    matrix: "Matrix",
    goal: Goal | None = None,
    allow: Iterable[str] = (),
    prefer: str = "installed",
    alternatives: bool = False,
) -> Plan:
    """The least change after which the machine passes the check for each goal, or why there is none.

    Raises BadRequest where the goal is one that no plan can be made for.
    """
    requests = with_goal(asked, goal, matrix)
    problem = Problem(machine, requests, goals_for(requests, goal), matrix, prefer)
    tried: list[Search] = []
    found = next(_answers(problem, frozenset(allow), tried), None)
    if found is None:
        return Plan(
            "impossible",
            machine,
            requests,
            problem.goals,
            result=machine,
            conflict=conflict(tried[:2], requests),
            lifts=tuple(_lifts(problem, frozenset(allow))),
        )
    best = _planned(problem, found, tried)
    if alternatives:
        others = islice((one for one in _answers(problem, frozenset(allow), []) if one.choices != found.choices), 60)
        best = replace(best, alternatives=tuple(_distinct(problem, others, tried)))
    return best


def _answers(problem: Problem, allow: frozenset[str], tried: list[Search]) -> Iterator[Found]:
    """Every answer, the least change first."""
    kept = _kept_goals(problem)
    for scene in _scenes(problem, allow):
        search = Search(
            scene, problem.requests, problem.goals, () if scene.fresh else kept, problem.matrix, problem.prefer
        )
        tried.append(search)
        yield from search.solutions()


def _scenes(problem: Problem, allow: frozenset[str]) -> Iterator[Scene]:
    base = repaired(Scene(problem.machine), problem.goals, problem.matrix, allow)
    yield from _environments(base)
    if "python" in allow:
        yield from _pythons(base, problem)
    if "driver" in allow:
        for scene in _with_drivers(base, problem):
            yield from _environments(scene)
            if "python" in allow:
                yield from _pythons(scene, problem)


def _pythons(base: Scene, problem: Problem) -> Iterator[Scene]:
    """New environments with another Python; none where what is asked for is impossible with any."""
    anyone = replace(base, machine=replace(emptied(base.machine), python=None))
    search = Search(anyone, problem.requests, problem.goals, (), problem.matrix, problem.prefer)
    if next(search.solutions(), None) is None:
        return
    for scene in moves.pythons(base.machine, problem.requests, problem.matrix, problem.needs_gpu):
        yield replace(scene, steps=(*base.steps, *scene.steps), moves=(*base.moves, *scene.moves))


def _environments(base: Scene) -> Iterator[Scene]:
    for scene in moves.as_it_is(base.machine):
        yield replace(scene, steps=(*base.steps, *scene.steps), moves=(*base.moves, *scene.moves))


def _with_drivers(base: Scene, problem: Problem) -> Iterator[Scene]:
    """One scene for each driver floor, oldest first; the driver that is installed is the newest branch kept up."""
    seen = set()
    for least in moves.driver_floors(base.machine, problem.matrix):
        branch, release = moves.target_driver(base.machine, least, problem.matrix)
        if not versions.at_least(release, least) or release in seen:
            continue
        seen.add(release)
        step = moves.driver_step(base.machine, branch, release, (), problem.matrix)
        yield Scene(moves.with_driver(base.machine, release), (*base.steps, step), (*base.moves, "driver"))


def _kept_goals(problem: Problem) -> tuple[Goal, ...]:
    """Goals of what is installed and not asked for, that are reached now and have to stay so."""
    if not problem.machine.packages:
        return ()
    suggested = [goal for goal in goals_of(problem.machine) if goal not in problem.goals and str(goal) != "use:gpu"]
    return tuple(
        goal
        for goal in suggested
        if goal.subjects[0] not in {one.component for one in problem.requests}
        and check(problem.machine, goal, problem.matrix).verdict == "compatible"
    )


def _planned(problem: Problem, found: Found, tried: list[Search]) -> Plan:
    passed_over = tried[-1].rejected if tried else {}
    steps = (
        *_explained(problem, found, tried),
        *package_steps(problem.machine, found, problem.goals, passed_over, problem.matrix),
    )
    outcome: Outcome = "planned" if steps else "nothing-to-do"
    return Plan(outcome, problem.machine, problem.requests, problem.goals, steps, found.result, choices=found.choices)


def _explained(problem: Problem, found: Found, tried: list[Search]) -> Iterator[Step]:
    """The steps of the scene; a move says which rule stood in the way without it."""
    before = next(
        (
            search.rejected
            for search in tried
            if "python" not in search.scene.moves and "driver" not in search.scene.moves
        ),
        {},
    )
    for step in found.scene.steps:
        if step.why:
            yield step
            continue
        wanted = {
            "python": ("python-unsupported",),
            "driver": ("driver-too-old", "driver-dropped-gpu", "ptx-newer-than-driver", "driver-missing"),
        }
        rules = wanted.get(step.kind, ())
        reasons = [said[0] for key, said in before.items() if key.partition(":")[0] in rules]
        yield replace(step, why=tuple(reasons))


def _distinct(problem: Problem, others: Iterable[Found], tried: list[Search]) -> Iterator[Plan]:
    seen: set[tuple[str, ...]] = set()
    for found in others:
        key = tuple(choice.label for choice in found.choices)
        if key not in seen and len(seen) < _ALTERNATIVES:
            seen.add(key)
            yield _planned(problem, found, tried)


def _lifts(problem: Problem, allowed: frozenset[str]) -> Iterator[Lift]:
    """What would make it possible, the smallest first: each move alone, then pairs; none that another one contains."""
    seen: list[frozenset[str]] = []
    split = _split(problem)
    if split is not None:
        yield split
    for more in (("python",), ("driver",), ("python", "driver")):
        wanted = frozenset(more)
        if wanted <= allowed or any(one <= wanted for one in seen):
            continue
        tried: list[Search] = []
        found = next(_answers(problem, allowed | wanted, tried), None)
        if found is not None:
            seen.append(wanted)
            planned = _planned(problem, found, tried)
            yield Lift(more, _needs(problem, found, more), planned.steps)


def _needs(problem: Problem, found: Found, more: tuple[str, ...]) -> str:
    parts = []
    if "python" in more and found.result.python:
        parts.append(f"Python {found.result.python}")
    if "driver" in more and found.result.driver.version:
        parts.append(f"driver >= {_least_driver(problem, found)}")
    return " and ".join(parts)


def _least_driver(problem: Problem, found: Found) -> str:
    """The oldest driver on which the machine that was found still passes."""
    for least in moves.driver_floors(problem.machine, problem.matrix):
        older = moves.with_driver(found.result, least)
        if all(check(older, goal, problem.matrix).verdict != "incompatible" for goal in problem.goals):
            return least
    return str(found.result.driver.version)


def _split(problem: Problem) -> Lift | None:
    """A second environment: the first request alone, the others apart, where each has a plan of its own."""
    if len(problem.requests) < 2:
        return None
    steps: list[Step] = []
    for request in problem.requests:
        goals = goals_for((request,), None)
        one = replace(problem, requests=(request,), goals=goals)
        found = next(_answers(one, frozenset(), []), None)
        if found is None:
            return None
        steps += _planned(one, found, []).steps
    return Lift(("environment",), "a second environment", tuple(steps))


__all__ = ["ALLOWED", "Problem", "Reason", "parse", "plan"]
