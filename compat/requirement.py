"""NVIDIA_REQUIRE_* expressions of container images, as the container toolkit evaluates them.

``cuda>=12.6 brand=tesla,driver>=535,driver<536``: words are alternatives, commas mean and. The properties are cuda
(what the driver offers), driver, arch (compute capability) and brand (nvidia-container-toolkit, requirements).
"""

import re
from functools import lru_cache

from compat import versions
from compat.records import dataclass

_CONSTRAINT = re.compile(r"^(cuda|driver|arch|brand)(>=|<=|!=|==|=|<|>)(.+)$")
_BRANDS = {
    "datacenter": "tesla",
    "geforce": "geforce",
    "titan": "titan",
    "workstation": "nvidiartx",
    "mobile-workstation": "nvidiartx",
    "grid": "grid",
}


@dataclass(frozen=True)
class Host:
    """What the expression is held against; None is unknown."""

    cuda: str | None = None
    driver: str | None = None
    arch: str | None = None
    brand: str | None = None


def brand_of(kind: str | None, name: str) -> str | None:
    """The driver's brand of a GPU class; Quadro cards and those that are named RTX have brands of their own."""
    if kind in ("workstation", "mobile-workstation") and "quadro" in name.lower():
        return "quadrortx" if "rtx" in name.lower() else "quadro"
    if kind == "geforce" and "rtx" in name.lower():
        return "geforcertx"
    return _BRANDS.get(kind or "")


Constraint = tuple[str, str, str, versions.Range | None]
"""Property, operator, value, and the range that both are; a brand has none."""


def satisfied(text: str, host: Host) -> bool | None:
    """Is the requirement met? None where a property that decides is unknown. Raises BadVersion."""
    words = _words(text)
    answers = set()
    for word in words:
        met = _all(word, host)
        if met:
            return True
        answers.add(met)
    return None if None in answers else not words


@lru_cache(maxsize=256)
def _words(text: str) -> tuple[tuple[Constraint, ...], ...]:
    """The alternatives, each with its constraints. Raises BadVersion."""
    return tuple(tuple(_constraint(one) for one in word.split(",") if one) for word in text.split())


def _constraint(text: str) -> Constraint:
    match = _CONSTRAINT.match(text)
    if match is None:
        raise versions.BadVersion(f"not a container requirement: {text!r}")
    name, operator, value = match.groups()
    if name == "brand":
        return name, operator, value, None
    return name, operator, value, versions.parse_range(("==" if operator == "=" else operator) + value)


def _all(word: tuple[Constraint, ...], host: Host) -> bool | None:
    answers = set()
    for constraint in word:
        met = _one(constraint, host)
        if met is False:
            return False
        answers.add(met)
    return None if None in answers else True


def _one(constraint: Constraint, host: Host) -> bool | None:
    name, operator, value, admitted = constraint
    have: str | None = getattr(host, name)
    if have is None:
        return None
    if admitted is None:
        # The toolkit's own names: `nvidia`, `geforce`, `geforcertx` and so on are compared as they stand.
        return (have == value) if operator in ("=", "==") else (have != value)
    return admitted.admits(have)
