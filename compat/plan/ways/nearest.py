"""The nearest releases that do go together, where what is asked for does not.

Of the demands as few as possible are widened. How far a release is from a demand is counted in lines (2.15 to 2.17 is
two) among those that are published; another build or patch of a line that is asked for is no distance. With one demand
widened the nearest release is taken; with several the largest of their distances is made as small as it can be, and of
the releases within it those are taken that come first in the order of preference.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

from compat import versions
from compat.plan.model import Choice, Request
from compat.plan.solver.effort import Spent
from compat.plan.solver.elements import NOTHING
from compat.plan.solver.enforced import Enforced
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found

if TYPE_CHECKING:
    from compat.matrix import Matrix

Ranked = dict[str, list[tuple[Choice, int]]]
"""By component its builds, the nearest first, each with how far it is."""
_MOST = 30  # combinations that are held against the rules for one set of widened demands


def nearest(search: Search, blamed: Collection[str] | None = None) -> Found | None:
    """The nearest answer in the scene of a search that has none; None where there is none within what is tried.
    ``blamed``: components of which one demand at least has to be widened, where that is known."""
    if not search.platform_passes():
        return None
    movable = [one for one in search.requests if one.text != "*" or one.build]
    blamed = {one.component for one in movable} if blamed is None else blamed
    stuck = {one.component for one in search.requests if not any(map(search.passes, search.asked_for(one)))}
    for count in range(max(len(stuck), 1), len(movable) + 1):
        sets = (moved for moved in combinations(movable, count) if _may_do(moved, stuck, blamed))
        found = _found(search, sets)
        if found:
            return min(found, key=lambda answer: answer[0])[1]
    return None


def _found(search: Search, sets: Iterable[tuple[Request, ...]]) -> list[tuple[int, Found]]:
    """The answers with each set of demands widened; where that may take no more, those that were found by then."""
    found: list[tuple[int, Found]] = []
    try:
        found += (answer for moved in sets if (answer := _first(search, moved)) is not None)
    except Spent:
        if not found:
            raise
    return found


def _may_do(moved: tuple[Request, ...], stuck: set[str], blamed: Collection[str]) -> bool:
    """May an answer be found with these demands widened? Not while a component that has no build by itself keeps its
    own, nor without one of those that are to blame."""
    components = {one.component for one in moved}
    return stuck <= components and not components.isdisjoint(blamed)


def needs(found: Found, requests: tuple[Request, ...]) -> str:
    """The releases that are other than asked for, in words."""
    chosen = {choice.component: choice for choice in found.choices}
    said = []
    for request in requests:
        choice = chosen[request.component]
        inside = versions.parse_range(request.text).admits(choice.public) is not False
        if not inside or (request.build and versions.cuda_of_tag(request.build) != choice.build.cuda):
            build = f" of {request.build}" if request.build else ""
            said.append(f"{request.component} {choice.version} in place of {request.text}{build}")
    return " and ".join(said)


def _first(search: Search, moved: tuple[Request, ...]) -> tuple[int, Found] | None:
    """The largest distance, as small as it can be, and the answer with these demands widened."""
    ranked: Ranked = {}
    for request in moved:
        away = {choice: distance(choice, request, search.matrix) for choice in search.asked_for(request, widened=True)}
        ranked[request.component] = sorted(away.items(), key=lambda entry: entry[1])
    limits = sorted({far for entries in ranked.values() for _, far in entries})
    least = [next((far for one, far in entries if search.passes(one)), None) for entries in ranked.values()]
    if None in least or not limits:
        return None
    low = max((limits.index(far) for far in least if far is not None), default=0)
    # As far as the rules tell one at a time it is found out soonest; the check itself has the last word on the answer.
    number = _least(search, ranked, limits[low:], rough=True)
    best = None if number is None else _within(search, ranked, number)
    if number is not None and best is None:
        number = _least(search, ranked, [far for far in limits if far > number])
        best = None if number is None else _within(search, ranked, number)
    return None if number is None or best is None else (number, best)


def _least(search: Search, ranked: Ranked, limits: list[int], rough: bool = False) -> int | None:
    """The least of these distances within which there is an answer. What goes together within a distance does so within
    a larger one."""
    if not limits or _within(search, ranked, limits[0], rough) is not None:
        return limits[0] if limits else None
    if len(limits) == 1 or _within(search, ranked, limits[-1], rough) is None:
        return None
    low, high = 0, len(limits) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _within(search, ranked, limits[middle], rough) is None else (low, middle)
    return limits[high]


def _within(search: Search, ranked: Ranked, limit: int, rough: bool = False) -> Found | None:
    columns = [
        tuple(choice for choice, far in ranked[one.component] if far <= limit)
        if one.component in ranked
        else search.asked_for(one)
        for one in search.requests
    ]
    if not all(any(map(search.passes, column)) for column in columns):
        return None
    judge = Enforced(search, NOTHING, rough=rough, silent=True)
    return next(search.combined(columns, _MOST, judge).answers(), None)


def distance(choice: Choice, request: Request, matrix: "Matrix") -> int:
    """How many lines of published releases lie between a build and a demand; 0 inside a line that it admits."""
    if not choice.version:
        return 0  # installed in a release that is not told
    return _between(matrix, choice.distribution, choice.public, request.text)


@lru_cache(maxsize=4096)
def _between(matrix: "Matrix", distribution: str, release: str, text: str) -> int:
    """How many lines of the distribution lie between a release and a range."""
    lines, at = _lines(matrix, distribution, text)
    where = lines.get(versions.major_minor(release), len(lines))
    return min((abs(where - one) for one in at), default=0)


@lru_cache(maxsize=256)
def _lines(matrix: "Matrix", distribution: str, text: str) -> tuple[dict[str, int], frozenset[int]]:
    """The lines of published releases, oldest first, by number; and the numbers of those that a range admits."""
    allowed = versions.parse_range(text)
    known = [one for one in matrix.packages.versions(distribution) if not versions.parse(one).is_prerelease]
    lines = {line: number for number, line in enumerate(dict.fromkeys(map(versions.major_minor, known)))}
    inside = {versions.major_minor(one) for one in known if allowed.admits(one) is not False}
    if inside:
        return lines, frozenset(lines[line] for line in inside)
    # Never published: where its bounds would stand.
    bounds = [version for _, version, _ in allowed.clauses]
    return lines, frozenset(sum(versions.parse(line) < bound for line in lines) for bound in bounds)
