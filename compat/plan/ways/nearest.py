"""The nearest releases that do go together, where what is asked for does not.

Of the demands as few as possible are widened. How far a release is from a demand is counted in lines (2.15 to 2.17 is
two) among those that are published; another build or patch of a line that is asked for is no distance. With one demand
widened the nearest release is taken; with several the largest of their distances is made as small as it can be, and of
the releases within it those are taken that come first in the order of preference.
"""

from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

from compat import versions
from compat.plan.model import Choice, Request
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found

if TYPE_CHECKING:
    from compat.matrix import Matrix

_MOST = 30  # combinations that are held against the rules for one set of widened demands


def nearest(search: Search) -> Found | None:
    """The nearest answer in the scene of a search that has none; None where there is none within what is tried."""
    if not search.platform_passes():
        return None
    movable = [one for one in search.requests if one.text != "*" or one.build]
    for count in range(1, len(movable) + 1):
        tried = [_first(search, moved) for moved in combinations(movable, count)]
        found = [answer for answer in tried if answer is not None]
        if found:
            return min(found, key=lambda answer: answer[0])[1]
    return None


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
    ranked = {}
    for request in moved:
        away = {choice: distance(choice, request, search.matrix) for choice in search.asked_for(request, widened=True)}
        ranked[request.component] = sorted(away.items(), key=lambda entry: entry[1])
    limits = sorted({far for entries in ranked.values() for _, far in entries})
    least = [next((far for one, far in entries if search.passes(one)), None) for entries in ranked.values()]
    low, high = max((limits.index(far) for far in least if far is not None), default=0), len(limits) - 1
    if None in least or not limits:
        return None
    best = _within(search, ranked, limits[low])
    if best is not None:
        return limits[low], best
    best = _within(search, ranked, limits[high])
    if best is None:
        return None
    while low < high:  # what goes together within a distance does so within a larger one
        middle = (low + high) // 2
        answer = _within(search, ranked, limits[middle])
        low, high, best = (middle + 1, high, best) if answer is None else (low, middle, answer)
    return limits[high], best


def _within(search: Search, ranked: dict[str, list[tuple[Choice, int]]], limit: int) -> Found | None:
    columns = [
        tuple(choice for choice, far in ranked[one.component] if far <= limit)
        if one.component in ranked
        else search.asked_for(one)
        for one in search.requests
    ]
    if not all(any(search.passes(choice) for choice in column) for column in columns):
        return None
    return next(search.combined(columns, _MOST).answers(), None)


def distance(choice: Choice, request: Request, matrix: "Matrix") -> int:
    """How many lines of published releases lie between a build and a demand; 0 inside a line that it admits."""
    if not choice.version:
        return 0  # installed in a release that is not told
    lines, at = _lines(matrix, choice.distribution, request.text)
    where = lines.get(versions.major_minor(choice.public), len(lines))
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
