"""Why there is no plan: the smallest set of rules and requests that excludes every build, by deletion.

An element is a rule or a request. Without enforcing a rule, or with a request widened to any release, there may be a
plan; an element without which there is still none takes no part in the conflict. What is left is irreducible.

Each search that finds nothing leaves a certificate: elements that exclude everything in its scene. What no certificate
has needs no search to be left out, and a scene is searched again only where something of its certificates is ignored.
"""

from collections.abc import Sequence
from itertools import combinations, islice, product

from compat.machine import Machine
from compat.plan.asking.request import IMAGES
from compat.plan.commands.container import REGISTRY
from compat.plan.model import Choice, Reason, Request
from compat.plan.offers.source import by_publisher
from compat.plan.solver.elements import FIXED, MOVABLE, NOTHING, REQUEST, Ignored, can_move
from compat.plan.solver.search import Search
from compat.records import dataclass, replace

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


_LOOKED_AT = 8  # scenes, and builds of a component, of which the one is shown that misses least
_OPEN = "(Whether this one takes part is not settled: not all was tried without it.)"


@dataclass(frozen=True)
class Elements:
    """``names`` as ``rule:component`` (about one build), ``rule`` (about several), ``request:component``. ``open``:
    those of which it was not settled whether they take part, as a search was cut."""

    names: tuple[str, ...]
    open: frozenset[str] = frozenset()

    @property
    def movable(self) -> bool:
        """Has a move a say in any of the rules? Else none can help."""
        return any(map(can_move, self.names))


class _Certificates:
    """What excludes everything in each scene."""

    def __init__(self, tried: Sequence[Search]) -> None:
        self._known = [(search, [search.certificate] if search.certificate is not None else []) for search in tried]
        self._current: list[frozenset[str]] = []
        self.unsettled = False

    def possible(self, ignored: Ignored) -> bool:
        """Is there an answer in some scene? True as well where that could not be settled: ``unsettled`` tells."""
        self.unsettled = False
        current = []
        for search, certificates in self._known:
            fitting = next((one for one in reversed(certificates) if not ignored.meets(one)), None)
            if fitting is None:
                fitting = search.fixed if ignored == MOVABLE else search.refuted(ignored)
                if fitting is None:
                    self.unsettled = search.unsettled
                    return True
                certificates.append(fitting)
            current.append(fitting)
        self._current = current
        return False

    @property
    def used(self) -> frozenset[str]:
        """The elements of the certificates that the last impossibility stood on."""
        return frozenset(one for certificate in self._current for one in certificate)


def conflict(tried: list[Search], requests: tuple[Request, ...], found: Elements | None = None) -> tuple[Reason, ...]:
    """The irreducible reasons; rules first, then the requests that take part."""
    for request in requests:
        if not any(_offered(search, request) for search in tried):
            return (_unpublished(tried, request),)
    found = found or elements_of(tried)
    shown = [(one, _shown(one, tried, requests)) for one in found.names]
    return tuple(
        replace(reason, message=f"{reason.message} {_OPEN}") if one in found.open else reason for one, reason in shown
    )


def elements_of(tried: Sequence[Search]) -> Elements:
    """The irreducible set. What no move changes is enough wherever it can be."""
    certificates = _Certificates(tried)
    if certificates.possible(MOVABLE) and certificates.possible(NOTHING):
        # Cut: what was cited is all that can be told.
        used = {one for search in tried for one in search.rejected}
        return Elements(tuple(sorted(used, key=_ease)), frozenset(used))
    kept = certificates.used
    needed: list[str] = []
    unsettled: set[str] = set()
    while left := [one for one in kept if one not in needed]:
        one = min(left, key=_ease)
        if certificates.possible(Ignored(kept=kept - {one})):
            needed.append(one)
            unsettled |= {one} if certificates.unsettled else set()
        else:
            kept = certificates.used
    return Elements(tuple(needed), frozenset(unsettled))


def _ease(one: str) -> tuple[int, str]:
    """Rules that a move can mend, then the others, at last the requests."""
    rule = one.partition(":")[0]
    if rule == REQUEST:
        return len(_EASY) + 2, one
    return (_EASY.index(rule) if rule in _EASY else len(_EASY) + (rule in FIXED)), one


def _shown(element: str, tried: list[Search], requests: tuple[Request, ...]) -> Reason:
    """The element in words, of a build that was asked for where it is true of one."""
    rule, _, component = element.partition(":")
    request = next((one for one in requests if one.component == component), None)
    if rule == REQUEST and request is not None:
        build = f" of {request.build}" if request.build else ""
        said = f"{request.component} {request.text}{build} is asked for{_instead(tried, request)}."
        return Reason(REQUEST, said, request.where)
    if request is not None:
        for search in tried:
            own = next((one for one in search.requests if one.component == component), request)
            for choice in search.asked_for(own):
                against = search.said(choice, rule)
                if against:
                    return by_publisher(against[0], (choice,), search.matrix)
    where = [search for search in tried if element in search.rejected]
    noted = where[0].rejected[element][0] if where else None
    return (None if component else _nearest_miss(rule, where, requests)) or noted or Reason(rule, f"{rule}.")


def _nearest_miss(rule: str, tried: list[Search], requests: tuple[Request, ...]) -> Reason | None:
    """What a rule has against the two builds that were asked for and of which it says the least, in the first scene
    that has such builds."""
    for search in tried[:_LOOKED_AT] if len(requests) > 1 else ():
        columns = [_fitting(search, request) for request in requests]
        said = [search.pair(one, other) for two in combinations(columns, 2) for one, other in product(*two)]
        found = [reasons for reasons in said if any(one.rule == rule for one in reasons)]
        if found:
            return next(one for one in min(found, key=len) if one.rule == rule)
    return None


def _fitting(search: Search, request: Request) -> list[Choice]:
    """The first builds that pass alone."""
    return list(islice((one for one in search.asked_for(request) if search.passes(one)), _LOOKED_AT))


def _offered(search: Search, request: Request) -> bool:
    """Is anything of a component published, or can it be compiled?"""
    asked = (one for one in search.requests if one.component == request.component)
    return bool(search.offered(request.component, "*")) or any(search.asked_for(one, widened=True) for one in asked)


def _unpublished(tried: list[Search], request: Request) -> Reason:
    """No release at all is published for the platform: no rule has to be asked."""
    machine = tried[0].scene.machine
    rule = "jetson-build-mismatch" if machine.is_jetson else "no-gpu-build-for-platform"
    if request.component in IMAGES:
        image = IMAGES[request.component]
        how = "is published as an image only" if request.component == image else "has no wheel with code in the matrix"
        said = f"{request.component} {how}: it is planned as {REGISTRY}/{image}."
        return Reason(rule, said, f"matrix, {tried[0].matrix.date}")
    # Of the public indexes the matrix lists what there is; what is made for a Jetson stands in many places.
    is_ = "known" if machine.is_jetson else "published"
    return Reason(
        rule,
        f"No build of {request.component} that uses the GPU is {is_} for {_where(machine)}.",
        f"matrix, {tried[0].matrix.date}",
    )


def _where(machine: Machine) -> str:
    if machine.is_jetson and machine.jetson.jetpack:
        return f"JetPack {machine.jetson.jetpack}"
    return " on ".join(part for part in (machine.os, machine.arch) if part) or "this platform"


def _instead(tried: list[Search], request: Request) -> str:
    """Where nothing is published for the platform inside the range: what there is."""
    # Scenes that differ by the driver or the environment are offered the same.
    places = {(one.scene.machine.os, one.scene.machine.arch, one.scene.machine.python): one for one in reversed(tried)}
    if any(search.asked_for(request) for search in places.values()):
        return ""
    offered = [one for search in places.values() for one in search.offered(request.component, "*") if one.version]
    there = list(dict.fromkeys(choice.version for choice in offered))
    shown = ", ".join(there[:6]) + (" and older" if len(there) > 6 else "")
    return f", and the matrix has no such release for {_where(tried[0].scene.machine)}: there is {shown}"
