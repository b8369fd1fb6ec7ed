"""Versions and ranges as vendors write them: drivers, CUDA, cuDNN, L4T, PEP 440, compute capabilities.

Comparisons are three-valued, because a machine description may know only the release line: ``535`` is a
driver branch, ``2.17`` a TensorFlow line. A line stands for every release in it, so a comparison that
some of them pass and some fail is ``None`` (cannot be told), never a guess.
"""

import re
from functools import cached_property, lru_cache

from compat.records import dataclass

Release = tuple[int, ...]
Key = tuple[Release, tuple[int, int], tuple[int, int], tuple[int, int]]

_VERSION = re.compile(
    r"""^[vV]?(?P<release>\d+(?:\.\d+)*)
    (?:[-_.]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview|EA|ea|GA)[-_.]?(?P<pre_n>\d*))?
    (?:(?:-(?P<post_bare>\d+))|(?:[-_.]?(?:post|rev|r)[-_.]?(?P<post>\d*)))?
    (?:[-_.]?dev[-_.]?(?P<dev>\d*))?
    (?P<threaded>(?<=\d)t)?
    (?:\+(?P<local>[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*))?$""",
    re.VERBOSE,
)
_PRE = {"a": 1, "alpha": 1, "ea": 1, "b": 2, "beta": 2, "c": 3, "rc": 3, "pre": 3, "preview": 3}
_FINAL = (9, 0)  # sorts behind every pre-release
_ENDLESS = 10**9  # larger than any component of a version
_LONGEST = 200  # characters; the longest of any wheel has 70, and Python refuses numbers of thousands of digits


class BadVersion(ValueError):
    """The text is no version that a vendor of this stack would print."""


@dataclass(frozen=True)
class Version:
    """A parsed version; ``release`` keeps as many numbers as were written (of Python 3.13t, free-threaded: of 3.13)."""

    text: str
    release: Release
    pre: tuple[int, int] = _FINAL
    post: int = -1
    dev: int = _ENDLESS
    local: str | None = None

    @property
    def major(self) -> int:
        return self.release[0]

    @property
    def minor(self) -> int | None:
        return self.release[1] if len(self.release) > 1 else None

    @property
    def public(self) -> str:
        """The text without its local part: ``2.1.0`` of ``2.1.0+cu118``."""
        return self.text.partition("+")[0]

    @property
    def base(self) -> str:
        """The release without pre-release, post and local parts: ``1.1.0`` of ``1.1.0a0+git``."""
        return ".".join(str(number) for number in self.release)

    @property
    def is_prerelease(self) -> bool:
        return self.pre != _FINAL or self.dev != _ENDLESS

    def key(self, fill: int = 0) -> Key:
        """Sort key; missing numbers count as ``fill`` (0: the first release of the line)."""
        if fill:
            return self._key(self.release + (fill,) * (6 - len(self.release)))
        return self._least

    @cached_property
    def _least(self) -> Key:
        release = self.release
        while len(release) > 1 and release[-1] == 0:
            release = release[:-1]
        return self._key(release)

    def _key(self, release: Release) -> Key:
        # PEP 440: 1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0rc1 < 1.0 < 1.0.post1.dev1 < 1.0.post1
        pre = self.pre
        if self.dev != _ENDLESS and pre == _FINAL and self.post < 0:
            pre = (0, 0)
        return release, pre, (self.post, 0), (self.dev, 0)

    def __lt__(self, other: "Version") -> bool:
        return self._least < other._least

    def __le__(self, other: "Version") -> bool:
        return self._least <= other._least

    def __gt__(self, other: "Version") -> bool:
        return self._least > other._least

    def __ge__(self, other: "Version") -> bool:
        return self._least >= other._least

    def same_as(self, other: "Version") -> bool:
        """Equal as releases: ``12.4`` and ``12.4.0`` are, local parts do not count."""
        return self._least == other._least

    def covers(self, other: "Version") -> bool:
        """Is ``other`` a release of the line that this text names (``2.17`` covers ``2.17.1``)?"""
        return other.release[: len(self.release)] == self.release

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=65536)
def parse(text: str) -> Version:
    """Read a version. Raises BadVersion where the text is none."""
    numbers = text.split(".")
    if len(text) <= _LONGEST and text.isascii() and all(map(str.isdecimal, numbers)):  # as most are
        return Version(text, tuple(map(int, numbers)))
    match = _VERSION.match(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise BadVersion(f"not a version: {text[:_LONGEST]!r}")
    part = match.groupdict()
    release = tuple(int(number) for number in part["release"].split("."))
    pre_name = (part["pre"] or "").lower()
    pre = (_PRE[pre_name], int(part["pre_n"] or 0)) if pre_name in _PRE else _FINAL
    post = part["post_bare"] or part["post"]
    has_post = part["post_bare"] is not None or part["post"] is not None
    dev = part["dev"]
    return Version(
        text=text.strip(),
        release=release,
        pre=pre,
        post=int(post or 0) if has_post else -1,
        dev=_ENDLESS if dev is None else int(dev or 0),
        local=part["local"],
    )


def try_parse(text: str | None) -> Version | None:
    """Like parse, but None for None and for texts that are no version."""
    if text is None:
        return None
    try:
        return parse(text)
    except BadVersion:
        return None


@lru_cache(maxsize=65536)
def at_least(have: str, need: str) -> bool | None:
    """Is ``have`` the release ``need`` or newer? None where ``have`` names a line that need cuts through."""
    mine, wanted = parse(have), parse(need)
    if mine >= wanted:
        return True
    if mine.is_prerelease or mine.key(fill=_ENDLESS)[0] < wanted.key()[0]:
        return False
    return None if mine.covers(wanted) and len(mine.release) < len(wanted.release) else False


@lru_cache(maxsize=65536)
def same_line(one: str, other: str, numbers: int) -> bool | None:
    """Do both agree in their first ``numbers`` numbers? None where one is too short to tell."""
    mine, its = parse(one).release[:numbers], parse(other).release[:numbers]
    common = min(len(mine), len(its))
    if mine[:common] != its[:common]:
        return False
    return True if common == numbers else None


_CLAUSE = re.compile(r"^\s*(===|==|!=|~=|<=|>=|<|>)?\s*([^\s,]+?)\s*$")


@dataclass(frozen=True)
class Range:
    """A PEP 440 specifier set, or ``*`` for any version."""

    text: str
    clauses: tuple[tuple[str, Version, bool], ...]

    def admits(self, text: str) -> bool | None:
        """Is the version inside? None where it names a line of which only a part is."""
        return _admits(self.text, text)

    def meets(self, other: "Range") -> bool:
        """May a release be in both? Told by the bounds of the two and by what lies just above each."""
        return _meet(self.text, other.text)

    @property
    def pinned(self) -> str | None:
        """The release, or the line, that ``==`` names; None where nothing is pinned."""
        return next((bound.public for operator, bound, _ in self.clauses if operator in ("==", "===")), None)

    @property
    def names_prerelease(self) -> bool:
        """Does it ask for pre-releases by naming one (PEP 440)?"""
        return any(bound.is_prerelease for _, bound, _ in self.clauses)

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=16384)
def parse_range(text: str) -> Range:
    """Read ``>=2.3,<2.5``, ``==2.15.*``, ``2.15`` (that line), ``2.x`` or ``*``. Raises BadVersion."""
    stripped = text.strip()
    if stripped in ("", "*", "any", "latest", "x"):
        return Range("*", ())
    clauses = []
    for clause in stripped.split(","):
        match = _CLAUSE.match(clause)
        if match is None:
            raise BadVersion(f"not a version range: {text!r}")
        operator, version = match.groups()
        wildcard = version.endswith((".*", ".x", ".X"))
        base = parse(version[:-2] if wildcard else version)
        if operator is None:
            # A bare number is what a person means by it: the whole line that it names.
            wildcard = wildcard or len(base.release) < 3
            operator = "=="
        if wildcard and operator not in ("==", "!="):
            if operator not in (">=", "<"):
                raise BadVersion(f"{operator} does not go with a wildcard: {text!r}")
            wildcard = False
        clauses.append((operator, base, wildcard))
    return Range(stripped, tuple(clauses))


@lru_cache(maxsize=65536)
def _admits(wanted: str, text: str) -> bool | None:
    version = try_parse(text)
    if version is None:
        return None
    verdict: bool | None = True
    for operator, bound, wildcard in parse_range(wanted).clauses:
        inside = _clause(version, operator, bound, wildcard)
        if inside is False:
            return False
        if inside is None:
            verdict = None
    return verdict


@lru_cache(maxsize=8192)
def _meet(wanted: str, other: str) -> bool:
    one, its = parse_range(wanted), parse_range(other)
    # Numbers enough that none of them names a line.
    bounds = ["0", *(bound.base for _, bound, _ in (*one.clauses, *its.clauses))]
    probes = [f"{bound}.0.0.{last}" for bound in bounds for last in (0, 1)]
    return any(one.admits(probe) is not False and its.admits(probe) is not False for probe in probes)


def _clause(version: Version, operator: str, bound: Version, wildcard: bool) -> bool | None:
    if operator in ("==", "==="):
        return _equal(version, bound, wildcard)
    if operator == "!=":
        equal = _equal(version, bound, wildcard)
        return None if equal is None else not equal
    if operator == "~=":
        line = Version(bound.text, bound.release[:-1])
        within = _equal(version, line, wildcard=True)
        return _both(_not_below(version, bound), within)
    if operator == ">=":
        return _not_below(version, bound)
    if operator == "<":
        below = _not_below(version, bound)
        # PEP 440: `<2.0` does not let 2.0rc1 in.
        if below is False and version.is_prerelease and not bound.is_prerelease:
            return version.release != bound.release
        return None if below is None else not below
    above = _not_below(version, bound)
    if operator == ">":
        if above and (version.same_as(bound) or (version.post >= 0 and version.release == bound.release)):
            return None if _is_line(version, bound) else False
        return above
    if above and version.same_as(bound):  # <=
        return None if _is_line(version, bound) else True
    return None if above is None else not above


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _is_line(version: Version, bound: Version) -> bool:
    return len(version.release) < len(bound.release) and version.covers(bound)


def _not_below(version: Version, bound: Version) -> bool | None:
    if version >= bound:
        return True
    return None if _is_line(version, bound) and not version.is_prerelease else False


def _equal(version: Version, bound: Version, wildcard: bool) -> bool | None:
    if wildcard:
        size = len(bound.release)
        padded = version.release + (0,) * (size - len(version.release))
        if padded[:size] == bound.release:
            return True if len(version.release) >= size else None
        return None if len(version.release) < size and version.covers(bound) else False
    if bound.local is not None and not same_local(version.local or "", bound.local):
        return False
    if _is_line(version, bound):
        return None  # 0.58 is a release of that line: 0.58.0, or 0.58.1
    return version.same_as(bound)


def same_local(one: str, other: str) -> bool:
    """Are two local parts one? Case and separators do not count, and numbers compare as numbers (PEP 440): pip calls
    nv22.01 nv22.1, and abiFALSE abifalse."""
    return one == other or _local_parts(one) == _local_parts(other)


@lru_cache(maxsize=4096)
def _local_parts(local: str) -> tuple[str, ...]:
    parts = local.lower().replace("-", ".").replace("_", ".").split(".")
    return tuple(str(int(part)) if part.isdecimal() else part for part in parts)


def cuda_of_tag(tag: str) -> str | None:
    """CUDA release of a variant tag: ``cu118`` 11.8, ``cu92`` 9.2, ``cuda12`` 12; None if it is none."""
    match = re.match(r"^cu(?:da)?(\d{1,3})(?:\.(\d+))?", tag)
    if match is None:
        return None
    digits, minor = match.groups()
    if minor is not None:
        return f"{digits}.{minor}"
    if tag.startswith("cuda") and len(digits) <= 2:
        return digits
    return (
        digits
        if len(digits) < 2 or (len(digits) == 2 and digits >= "10" and digits < "20")
        else (f"{digits[:-1]}.{digits[-1]}")
    )


def of_device_manager(text: str) -> str | None:
    """The driver's release in Windows' own number of it: its last five digits, 31.0.15.2686 is 526.86; else None."""
    parts = text.split(".")
    if len(parts) != 4 or len(parts[2]) != 2 or len(parts[3]) != 4 or not text.replace(".", "").isdecimal():
        return None
    return f"{parts[2][1]}{parts[3][:2]}.{parts[3][2:]}"


def major_minor(text: str) -> str:
    """``12.4`` of ``12.4.1``; a bare major stays as it is, and a free-threaded Python is one (``3.13t``)."""
    return ".".join(str(number) for number in parse(text).release[:2]) + ("t" if text.endswith("t") else "")
