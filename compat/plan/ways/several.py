"""Plans for one machine or for several; several get the same builds on each, where there are such.

The builds that suit the first machine are tried on the others, best first; so many of them, and as long as what is
asked stays below a bound of its own (solver/effort.py). Where none suits all, the smallest set of machines that have
none in common is the reason, and each machine's own plan is what would lift it; where not all was tried, that is said.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from compat.goals import Goal, parse
from compat.machine import Machine
from compat.plan.asking.request import goal_of, goals_for, with_goal
from compat.plan.model import Lift, Plan, Reason, Request
from compat.plan.offers.source import instead
from compat.plan.solve import plan
from compat.plan.solver.answers import answers
from compat.plan.solver.effort import Effort, Spent
from compat.plan.solver.elements import MOVABLE
from compat.plan.solver.memory import Memory
from compat.plan.solver.order import installed
from compat.plan.solver.problem import Problem
from compat.plan.solver.scene import Scene, emptied
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found
from compat.plan.steps.planned import planned
from compat.records import dataclass, replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

_TRIED = 400  # combinations of the first machine that are tried on the others
_AT_ONCE = 4  # of these, before it is told which builds may suit each machine


def plan_for(
    machines: Sequence[Machine],
    asked: tuple[Request, ...],
    matrix: "Matrix",
    goal: Goal | None,
    allow: frozenset[str],
    prefer: str,
    alternatives: bool,
    conda: bool = False,
) -> list[Plan]:
    """One plan a machine; of several machines all with the same builds, or all impossible. Raises BadRequest."""
    own = [
        plan(machine, asked, matrix, goal, allow, prefer, alternatives, conda, len(machines)) for machine in machines
    ]
    if len(machines) == 1 or any(one.outcome == "impossible" for one in own):
        return own
    requests = with_goal(asked, goal, matrix)
    goals = goals_for(requests, goal, matrix)
    effort = Effort.common()
    problems = [
        Problem(machine, requests, goals, matrix, prefer, conda=conda, memory=Memory(effort=effort))
        for machine in machines
    ]
    shared = _Shared(allow)
    common = shared.plans(problems)
    return _apart(problems, own, shared) if common is None else common


@dataclass
class _Shared:
    """The search for one set of builds that suits several machines. ``cut``: the last one left something untried."""

    allow: frozenset[str]
    cut: bool = False

    def plans(self, problems: list[Problem]) -> list[Plan] | None:
        """The first answer of the first machine that is one of the others. Where its first few are none, only builds
        that may suit each machine are combined further; images and conda-forge's environments are told by no builds.
        """
        self.cut = False
        try:
            found = self._first(problems, problems[0], _AT_ONCE)
            if found is not None or not self.cut:
                return found
            self.cut = False
            requests = tuple(replace(one, among=_among(problems, one)) for one in problems[0].requests)
            return self._first(problems, replace(problems[0], requests=requests), _TRIED)
        except Spent:
            self.cut = True
            return None

    def _first(self, problems: list[Problem], narrowed: Problem, most: int) -> list[Plan] | None:
        """``narrowed``: the first machine's problem, whose answers are tried on the others."""
        first, *others = problems
        tried: list[Search] = []
        seen: set[tuple[str, ...]] = set()
        for found in self._tried(narrowed, tried, most):
            labels = _builds_of(found)
            if labels in seen:
                continue
            seen.add(labels)
            matches = [self._same(other, found) for other in others]
            if all(match is not None for match in matches):
                return [planned(first, found, tried), *(match for match in matches if match is not None)]
        return None

    def _same(self, problem: Problem, found: Found) -> Plan | None:
        """The plan with the very builds on another machine, if they suit it."""
        exact = {choice.component: choice for choice in found.choices}
        requests = tuple(
            replace(one, text=f"=={exact[one.component].public}", among=frozenset((exact[one.component].label,)))
            if one.component in exact
            else one
            for one in problem.requests
        )
        tried: list[Search] = []
        labels = _builds_of(found)
        for match in self._tried(replace(problem, requests=requests), tried, _TRIED):
            if _builds_of(match) == labels:
                return planned(problem, match, tried)
        return None

    def _tried(self, problem: Problem, tried: list[Search], most: int) -> Iterator[Found]:
        """So many answers of a problem; notes whether others were left, or a search was cut."""
        for number, found in enumerate(answers(problem, self.allow, tried)):
            if number == most:
                self.cut = True
                return
            yield found
        self.cut = self.cut or any(search.cut for search in tried)


def _among(problems: list[Problem], request: Request) -> frozenset[str] | None:
    """The builds that may suit each machine; None where more than the published ones count."""
    if any(instead((request,), one.machine, one.matrix) for one in problems):
        return None
    return frozenset.intersection(*(_suiting(one, request) for one in problems))


def _suiting(problem: Problem, request: Request) -> frozenset[str]:
    """The builds that nothing which no move changes excludes from a machine by themselves."""
    asked = ("suiting", request)
    return problem.memory.once(asked, (problem.machine,), lambda: _not_excluded(problem, request))


def _not_excluded(problem: Problem, request: Request) -> frozenset[str]:
    # In a container the system is another one.
    machine = replace(emptied(problem.machine), python=None, glibc=None, glibcxx=None)
    goal = parse(goal_of(request.component, problem.matrix))
    search = Search(Scene(machine), (request,), (goal,), (), problem.matrix, memory=problem.memory)
    found = frozenset(choice.label for choice in search.asked_for(request) if search.fails(choice, MOVABLE) is None)
    here = installed(request.component, request.text, problem.machine, problem.matrix)
    return found if here is None else found | {here.label}


def _apart(problems: list[Problem], own: list[Plan], shared: _Shared) -> list[Plan]:
    proven = not shared.cut
    kept = list(range(len(problems)))
    for number in range(len(problems)):
        fewer = [one for one in kept if one != number]
        if len(fewer) > 1 and shared.plans([problems[one] for one in fewer]) is None and not shared.cut:
            kept = fewer
            proven = True
    none = "shares no set of builds" if proven else "shares no set of builds that was found"
    conflict = tuple(
        Reason(
            "machines",
            f"{problems[one].machine.name or 'a machine'} takes {_builds(own[one])} and {none} "
            "with the others named here.",
            "--machine",
        )
        for one in kept
    )
    return [
        replace(
            one,
            outcome="impossible",
            steps=(),
            result=one.machine,
            conflict=conflict,
            lifts=(Lift(("machines",), "a plan of its own for each machine", one.steps),),
            proven=proven,
        )
        for one in own
    ]


def _builds(one: Plan) -> str:
    return ", ".join(choice.label for choice in one.choices) or "what it has"


def _builds_of(found: Found) -> tuple[str, ...]:
    """What is installed; of an image or a conda environment its own name."""
    return tuple(choice.label for choice in found.choices) or tuple(step.after for step in found.scene.steps)
