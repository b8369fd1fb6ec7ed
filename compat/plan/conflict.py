"""Why there is no plan: the smallest set of rules and requests that excludes every build, by deletion.

An element is a rule or a request. Without enforcing a rule, or with a request widened to any release, there may be a
plan; an element without which there is still none takes no part in the conflict. What is left is irreducible. Where
the search for a plan without an element was cut short, the element stays.
"""

from compat.machine import Machine
from compat.plan.commands.container import REGISTRY
from compat.plan.model import Reason, Request
from compat.plan.published import is_jetson
from compat.plan.request import IMAGES
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


def conflict(tried: list[Search], requests: tuple[Request, ...]) -> tuple[Reason, ...]:
    """The irreducible reasons; rules first, then the requests that take part."""
    for request in requests:
        if not any(search.offered(request.component, "*") for search in tried):
            return (_unpublished(tried, request),)
    return tuple(_shown(one, tried, requests) for one in elements_of(tried, requests))


def elements_of(tried: list[Search], requests: tuple[Request, ...]) -> list[str]:
    """The irreducible set: ``rule:component`` (about one build), ``rule`` (about several), ``request:component``."""
    asked = [f"request:{request.component}" for request in requests if request.text != "*" or request.build]
    needed: list[str] = []
    dropped: set[str] = set()
    while True:
        # Without one rule, builds get far enough to break others: those are elements from then on.
        left = [one for one in (*_rules(tried), *asked) if one not in dropped and one not in needed]
        if not left:
            return needed
        if _possible(tried, frozenset({*dropped, left[0]})):
            needed.append(left[0])
        else:
            dropped.add(left[0])


def _possible(tried: list[Search], ignored: frozenset[str]) -> bool:
    return any(search.possible(ignored) for search in tried)


def _rules(tried: list[Search]) -> list[str]:
    rules = list(dict.fromkeys(rule for search in tried for rule in search.rejected))
    rules.sort(key=lambda rule: _ease(rule.partition(":")[0]))
    return rules


def _ease(rule: str) -> int:
    return _EASY.index(rule) if rule in _EASY else len(_EASY)


def _shown(element: str, tried: list[Search], requests: tuple[Request, ...]) -> Reason:
    if element.startswith("request:"):
        request = next(one for one in requests if f"request:{one.component}" == element)
        build = f" of {request.build}" if request.build else ""
        said = f"{request.component} {request.text}{build} is asked for{_instead(tried, request)}."
        return Reason("request", said, request.where)
    return next(search.rejected[element][0] for search in tried if element in search.rejected)


def _unpublished(tried: list[Search], request: Request) -> Reason:
    """No release at all is published for the platform: no rule has to be asked."""
    machine = tried[0].scene.machine
    rule = "jetson-build-mismatch" if is_jetson(machine) else "no-gpu-build-for-platform"
    if request.component in IMAGES:
        said = f"{request.component} is published as an image only, {REGISTRY}/{IMAGES[request.component]}."
        return Reason(rule, said, f"matrix, {tried[0].matrix.date}")
    return Reason(
        rule,
        f"No build of {request.component} that uses the GPU is published for {_where(machine)}.",
        f"matrix, {tried[0].matrix.date}",
    )


def _where(machine: Machine) -> str:
    if is_jetson(machine) and machine.jetson.jetpack:
        return f"JetPack {machine.jetson.jetpack}"
    return " on ".join(part for part in (machine.os, machine.arch) if part) or "this platform"


def _instead(tried: list[Search], request: Request) -> str:
    """Where nothing is published for the platform inside the range: what there is."""
    if any(search.asked_for(request) for search in tried):
        return ""
    there = list(dict.fromkeys(choice.version for search in tried for choice in search.offered(request.component, "*")))
    shown = ", ".join(there[:6]) + (" and older" if len(there) > 6 else "")
    return f", and no such release is published for {_where(tried[0].scene.machine)}: there is {shown}"
