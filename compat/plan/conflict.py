"""Why there is no plan: the smallest set of rules and requests that excludes every build, by deletion.

An element is a rule or a request. Without enforcing a rule, or with a request widened to any release, there may be a
plan; an element without which there is still none takes no part in the conflict. What is left is irreducible.
"""

from collections.abc import Callable, Iterable

from compat.plan.model import Reason, Request
from compat.plan.search import Search

# Elements that a user can move most easily are dropped first, so that what stays is what really stands in the way.
_EASY = (
    "package-versions-mismatch",
    "mixed-cuda-majors",
    "cudnn-mismatch",
    "numpy-abi",
    "protobuf-conflict",
    "python-unsupported",
    "driver-too-old",
    "ptx-newer-than-driver",
)


def conflict(searches: Iterable[Search], requests: tuple[Request, ...]) -> tuple[Reason, ...]:
    """The irreducible reasons; requests that take part come first."""
    tried = list(searches)
    elements = _elements(tried, requests)

    def possible(enforced: list[str]) -> bool:
        ignored = frozenset(elements) - frozenset(enforced)
        return any(
            next(search.solutions(_also_unseen(search, ignored, enforced)), None) is not None for search in tried
        )

    return tuple(_shown(one, tried, requests) for one in _shrink(elements, possible))


def _elements(tried: list[Search], requests: tuple[Request, ...]) -> list[str]:
    rules = list(dict.fromkeys(rule for search in tried for rule in search.rejected))
    rules.sort(key=lambda rule: _EASY.index(rule) if rule in _EASY else len(_EASY))
    asked = [f"request:{request.component}" for request in requests if request.text != "*"]
    return [*rules, *asked]


def _also_unseen(search: Search, ignored: frozenset[str], enforced: list[str]) -> frozenset[str]:
    """Widened requests bring builds into play that break other rules: those take no part either."""
    from compat.rules import CATALOGUE

    return ignored | (frozenset(CATALOGUE) - frozenset(enforced))


def _shrink(elements: list[str], possible: Callable[[list[str]], bool]) -> list[str]:
    kept = list(elements)
    for one in elements:
        without = [other for other in kept if other != one]
        if not possible(without):
            kept = without
    return kept


def _shown(element: str, tried: list[Search], requests: tuple[Request, ...]) -> Reason:
    if element.startswith("request:"):
        request = next(one for one in requests if f"request:{one.component}" == element)
        return Reason("request", f"{request.component} {request.text} is asked for.", request.where)
    return next(search.rejected[element][0] for search in tried if element in search.rejected)
