"""Other plans than the best, with their costs to weigh: another way for each kind of change that is allowed, and in
the way of the best other release lines and other CUDA builds.

The search's next answers are alike, one release older each. So of each way a few are taken that differ in the release
line of something or in its CUDA.
"""

from collections.abc import Iterator
from itertools import islice

from compat import versions
from compat.plan.model import Choice, Plan
from compat.plan.solver.answers import streams
from compat.plan.solver.problem import Problem
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found
from compat.plan.steps.cost import cost
from compat.plan.steps.planned import planned

_OF_BEST = 3  # alternatives that make the same kind of change as the best plan
_LOOKED_AT = 40  # answers of one way that are looked at

Line = tuple[str, str, object]


def alternatives(problem: Problem, allow: frozenset[str], best: Plan) -> tuple[Plan, ...]:
    """The alternatives, the least kind of change first, in each the preferred first."""
    tried: list[Search] = []
    own = cost(best).kind
    found: dict[str, list[Plan]] = {}
    for moves, answers in streams(problem, allow, tried):
        if any(moves and moves[-1] == kind for kind in found):
            continue  # one way of a kind is enough
        lines = {_lines(best.choices)} if not found.get(own) else set()
        for answer in _various(islice(answers, _LOOKED_AT), lines, _OF_BEST):
            plan = planned(problem, answer, tried)
            kind = cost(plan).kind
            if plan.steps == best.steps or len(found.get(kind, ())) >= (_OF_BEST if kind == own else 1):
                continue
            found.setdefault(kind, []).append(plan)
    return tuple(sorted((plan for plans in found.values() for plan in plans), key=lambda plan: cost(plan).rank))


def _various(answers: Iterator[Found], seen: set[tuple[Line, ...]], most: int) -> Iterator[Found]:
    """A few that differ: the next release line, then another CUDA, then whatever comes."""
    fresh: list[Found] = []
    for answer in answers:
        if _lines(answer.choices) not in seen:
            seen.add(_lines(answer.choices))
            fresh.append(answer)
    if not fresh:
        return
    cudas = {_cudas(fresh[0])}
    other = next((one for one in fresh[1:] if _cudas(one) not in cudas), None)
    ranked = [fresh[0], *([other] if other else []), *(one for one in fresh[1:] if one is not other)]
    yield from ranked[:most]


def _lines(choices: tuple[Choice, ...]) -> tuple[Line, ...]:
    """Component, release line and CUDA of each build."""
    return tuple((one.component, versions.major_minor(one.public) or one.public, one.build.cuda) for one in choices)


def _cudas(found: Found) -> tuple[object, ...]:
    return tuple(one.build.cuda for one in found.choices)
