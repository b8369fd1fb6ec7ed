"""Packages that several builds share: one release that suits all of them, or the pair of demands that cannot be met."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability
from compat.machine import Machine
from compat.matrix.packages import fits_platform, normal, rivals
from compat.plan.model import Choice, Pin, Reason
from compat.plan.offers.parts import known_releases
from compat.plan.offers.published import gpus_of, serves
from compat.plan.solver.companions import breaks_of, is_known_to_break
from compat.records import dataclass

if TYPE_CHECKING:
    from compat.matrix import Matrix


CLASHES = frozenset(("package-versions-mismatch", "mixed-cuda-majors", "gpu-not-in-build"))
"""The rules that speak of pins that cannot be met (``shared``)."""


@dataclass(frozen=True)
class Shared:
    """The releases that suit all; None where the matrix knows no release of a package to name."""

    releases: Mapping[str, str | None]


def shared(found: Iterable[Pin], machine: Machine, matrix: "Matrix") -> Shared | tuple[Reason, ...]:
    """One release of each package that every pin admits, or all that cannot be met; what is installed stays where it
    fits."""
    by_name: dict[str, list[Pin]] = {}
    for pin in found:
        by_name.setdefault(pin.name, []).append(pin)
    if not by_name:
        return Shared({})
    pins = [pin for mine in by_name.values() for pin in mine]
    exact = [pin for pin in pins if pin.range[:2] == "==" and _exact(pin)]
    fixed = tuple(sorted({(pin.name, pin.range[2:]) for pin in exact})) if exact else ()
    apart = {pin.name for pin in pins if pin.soft or pin.unread}
    here = {normal(name): version for name, version in (machine.packages or {}).items() if version}
    clashes = [*_same_files(by_name, here, matrix)]
    chosen: dict[str, str | None] = {}
    target = target_of(matrix, gpus_of(machine, matrix), machine.os, machine.arch)
    for name, mine in by_name.items():
        asked = _apart if name in apart else _release
        release = asked(name, mine, here.get(name), target, matrix, fixed)
        if isinstance(release, Reason):
            clashes.append(release)
        else:
            chosen[name] = release
    return tuple(clashes) or Shared(chosen)


Fixed = tuple[tuple[str, str], ...]
"""Packages that have to be of one release, with that release."""


def _exact(pin: Pin) -> bool:
    """Does it name one release? (Its range begins with ``==``.)"""
    return not {",", "*"} & set(pin.range) and not pin.unread


def _apart(
    name: str, mine: list[Pin], installed: str | None, target: "Target", matrix: "Matrix", fixed: Fixed
) -> str | Reason | None:
    """The release of a package of which a pin gives way, or demands a release that is not known."""
    if [pin for pin in mine if pin.soft]:
        kept = None if any(pin.unread for pin in mine) else _fitting(name, mine, installed, target, matrix, fixed)
        mine = [pin for pin in mine if not pin.soft]
        if kept is not None or not mine:
            return kept or installed
    unread = [pin for pin in mine if pin.unread]
    if unread:
        others = [pin for pin in mine if pin.by != unread[0].by and not (pin.unread or pin.range == "*")]
        return _unknown(name, unread[0], others[0]) if others else None
    return _release(name, mine, installed, target, matrix, fixed)


def _release(
    name: str, mine: list[Pin], installed: str | None, target: "Target", matrix: "Matrix", fixed: Fixed
) -> str | Reason | None:
    fitting = _fitting(name, mine, installed, target, matrix, fixed)
    if fitting is not None:
        return fitting
    inside = admitted(matrix, name, _ranges(mine))
    if inside:
        return _no_code(name, mine[0], inside[0])
    exact = next(
        (pin for pin in mine if pin.range.startswith("==") and "," not in pin.range and "*" not in pin.range), None
    )
    if exact is not None:
        wanted = exact.range[2:].strip()
        against = next((pin for pin in mine if admits(pin, _in_full(wanted)) is False), None)
        return wanted if against is None else _clash(name, exact, against)
    return _overlap(name, mine)


def _in_full(release: str) -> str:
    """``1.19.0`` of ``==1.19``, which names that release and no line."""
    numbers = release.split(".")
    return release if not all(map(str.isdecimal, numbers)) else ".".join([*numbers, *["0"] * (3 - len(numbers))])


def _fitting(
    name: str, mine: list[Pin], installed: str | None, target: "Target", matrix: "Matrix", fixed: Fixed
) -> str | None:
    """What is installed, where every pin admits it, else the newest known release that all admit."""
    if installed is not None and all(admits(pin, installed) is not False for pin in mine):
        return installed
    ranges = _ranges(mine)
    own = tuple([one for one in fixed if one[0] != name]) if fixed and is_known_to_break(matrix, name) else ()
    found = target.newest(name, ranges, own)
    return found or (target.newest(name, ranges) if own else None)


def _ranges(mine: list[Pin]) -> tuple[str, ...]:
    return (mine[0].range,) if len(mine) == 1 else tuple(sorted({pin.range for pin in mine}))


@lru_cache(maxsize=16384)
def admitted(matrix: "Matrix", name: str, ranges: tuple[str, ...]) -> tuple[str, ...]:
    """Known releases that every range admits, newest first, without pre-releases."""
    return tuple(
        version
        for version in reversed(known_releases(matrix, name))
        if not versions.parse(version).is_prerelease and all(_inside(text, version) for text in ranges)
    )


class Target:
    """What packages are chosen for: GPUs and a platform. There is one of each (``target_of``), which remembers."""

    def __init__(self, matrix: "Matrix", gpus: tuple[Capability | None, ...], os: str | None, arch: str | None) -> None:
        self._matrix, self._gpus, self._platform = matrix, gpus, (os, arch)
        self._newest: dict[tuple[str, tuple[str, ...], Fixed], str | None] = {}

    def newest(self, name: str, ranges: tuple[str, ...], fixed: Fixed = ()) -> str | None:
        """The newest release that all ranges admit and that has code for the GPUs and a file for the platform, and goes
        with what is fixed."""
        key = (name, ranges, fixed)
        if key not in self._newest:
            fitting = (one for one in admitted(self._matrix, name, ranges) if self._serves(name, one, fixed))
            self._newest[key] = next(fitting, None)
        return self._newest[key]

    def _serves(self, name: str, version: str, fixed: Fixed) -> bool:
        matrix, platform = self._matrix, self._platform
        return (
            serves(matrix, name, version, self._gpus)
            and _has_file(matrix, name, version, platform)
            and not (fixed and _breaks(matrix, name, version, platform, fixed))
        )


@lru_cache(maxsize=64)
def target_of(matrix: "Matrix", gpus: tuple[Capability | None, ...], os: str | None, arch: str | None) -> Target:
    """The target."""
    return Target(matrix, gpus, os, arch)


def _has_file(matrix: "Matrix", name: str, version: str, platform: tuple[str | None, str | None]) -> bool:
    rows = matrix.packages.builds(name).get(version, ())
    return not rows or any(fits_platform(row, *platform) for row in rows)


def _breaks(matrix: "Matrix", name: str, version: str, platform: tuple[str | None, str | None], fixed: Fixed) -> bool:
    """Is it known to break with a release that is fixed?"""
    known = breaks_of(matrix, name, version, *platform)
    return any(
        _inside(outside, release) is False for other, outside, _ in known for own, release in fixed if own == other
    )


def _overlap(name: str, mine: list[Pin]) -> Reason | None:
    """None where the ranges may have a release in common; no release is known, so their bounds have to tell."""
    for one, other in combinations(mine, 2):
        if _above(one.range, other.range) or _above(other.range, one.range):
            return _clash(name, one, other)
    return None


Bound = tuple[versions.Version, bool]  # and whether the release itself is left out


@lru_cache(maxsize=16384)
def _above(upper: str, lower: str) -> bool:
    """Does one range begin where the other has ended?"""
    return any(
        low > high or (low.same_as(high) and (low_out or high_out))
        for low, low_out in _bounds(upper)[0]
        for high, high_out in _bounds(lower)[1]
    )


def _bounds(text: str) -> tuple[list[Bound], list[Bound]]:
    """The lower and the upper bounds of a range."""
    lows: list[Bound] = []
    highs: list[Bound] = []
    for operator, version, whole_line in versions.parse_range(text).clauses:
        if operator in (">=", ">", "==", "~="):
            lows.append((version, operator == ">"))
        if operator in ("<=", "<") or (operator == "==" and not whole_line):
            highs.append((version, operator == "<"))
        elif operator in ("==", "~="):
            line = version.release if operator == "==" else version.release[:-1]
            following = ".".join(str(number) for number in (*line[:-1], line[-1] + 1))
            highs.append((versions.parse(following), True))
    return lows, highs


def _no_code(name: str, pin: Pin, version: str) -> Reason:
    return Reason(
        "gpu-not-in-build",
        f"{pin.by} requires {name}{pin.range}; {name} {version} has no code for this GPU.",
        pin.source,
    )


def _unknown(name: str, unread: Pin, other: Pin) -> Reason:
    return Reason(
        "package-versions-mismatch",
        f"{other.by} requires {name}{other.range}; {unread.by} pins one release of it that the matrix does not know.",
        unread.source,
    )


def admits(pin: Pin, version: str) -> bool | None:
    """Is the release inside the pin's range? None where the release is not known."""
    return _inside(pin.range, version) if version else None


def demand(pin: Pin, owner: Choice, matrix: "Matrix") -> Reason | None:
    """Why the choice is not what the pin demands of it; None where it is.

    The pin may name the choice, what it brings, a package that only draws it (tensorrt draws tensorrt-cu12 of its own
    release), or another distribution of the same module, which cannot be installed beside it.
    """
    brought = dict(owner.brings)
    version = owner.version if pin.name == owner.distribution else brought.get(pin.name)
    if version is None and not _draws(matrix, pin.name, owner):
        said = f"{pin.by} requires {pin.name}, which is the same module as {owner.label}: one environment cannot"
        return Reason("duplicate-install", f"{said} hold both.", pin.source)
    if admits(pin, version or owner.version) is not False:
        return None
    said = f"{pin.by} requires {pin.name}{pin.range}, not {version or owner.version}."
    return Reason("package-versions-mismatch", said, pin.source)


def _draws(matrix: "Matrix", name: str, owner: Choice) -> bool:
    """Is the distribution, in the choice's release, only a requirement for the choice? So is what is not known."""
    rows = matrix.packages.builds(name).get(owner.public, [])
    if not rows:
        return owner.installed or not matrix.packages.builds(name)
    return any(required == owner.distribution for row in rows for required, _, _ in matrix.packages.pins(row))


@lru_cache(maxsize=65536)  # a joint search asks the same of the same releases tens of thousands of times
def _inside(spec: str, version: str) -> bool | None:
    return versions.parse_range(spec).admits(versions.parse(version).public)


def _clash(name: str, one: Pin, other: Pin) -> Reason:
    return Reason(
        "package-versions-mismatch",
        f"{one.by} requires {name}{one.range}, {other.by} requires {name}{other.range}.",
        "; ".join(dict.fromkeys(text for text in (one.source, other.source) if text)),
    )


def _same_files(by_name: Mapping[str, list[Pin]], here: Mapping[str, str], matrix: "Matrix") -> Iterator[Reason]:
    if not _are_rivals(tuple(by_name)):
        return
    releases = {
        name: here.get(name) if mine[0].range == "*" else least(mine[0].range) for name, mine in by_name.items()
    }
    for writers in matrix.libraries.shared(releases):
        one, other = (by_name[name][0] for name in (min(writers), max(writers)))
        yield Reason(
            "mixed-cuda-majors",
            f"{one.by} requires {one.name}, {other.by} requires {other.name}, which writes the "
            "same files: one environment cannot hold both.",
            one.source or other.source,
        )
        return


@lru_cache(maxsize=4096)
def _are_rivals(names: tuple[str, ...]) -> bool:
    """Are there any among these? Most releases of a component draw the same packages."""
    return bool(rivals(names))


def least(text: str) -> str | None:
    """The least release that a range admits, where it names one."""
    return next(
        (bound.text for sign, bound, _ in versions.parse_range(text).clauses if sign in ("==", ">=", "~=")), None
    )
