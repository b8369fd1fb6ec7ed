"""NVIDIA_REQUIRE_* expressions of container images, as the container toolkit evaluates them.

``cuda>=12.6 brand=tesla,driver>=535,driver<536``: words are alternatives, commas mean and. The properties are cuda
(what the driver offers), driver, arch (compute capability) and brand (nvidia-container-toolkit, requirements).
"""

import re

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


def satisfied(text: str, host: Host) -> bool | None:
    """Is the requirement met? None where a property that decides is unknown. Raises BadVersion."""
    answers = [_all(word, host) for word in text.split()]
    if not answers or True in answers:
        return True
    return None if None in answers else False


def _all(word: str, host: Host) -> bool | None:
    answers = [_one(constraint, host) for constraint in word.split(",") if constraint]
    if False in answers:
        return False
    return None if None in answers else True


def _one(constraint: str, host: Host) -> bool | None:
    match = _CONSTRAINT.match(constraint)
    if match is None:
        raise versions.BadVersion(f"not a container requirement: {constraint!r}")
    name, operator, value = match.groups()
    have: str | None = getattr(host, name)
    if have is None:
        return None
    if name == "brand":
        # The toolkit's own names: `nvidia`, `geforce`, `geforcertx` and so on are compared as they stand.
        return (have == value) if operator in ("=", "==") else (have != value)
    return versions.parse_range(("==" if operator == "=" else operator) + value).admits(have)
