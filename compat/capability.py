"""Compute capabilities, and where machine code and PTX run (CUDA C++ Programming Guide, binary compatibility)."""

import re
from functools import lru_cache

from compat.records import dataclass

_CAPABILITY = re.compile(r"^(?:sm_|compute_|lto_)?(?:(\d+)\.(\d)|(\d{2,3}))([af]?)$")


@dataclass(frozen=True, order=True)
class Capability:
    """A compute capability or a code target: ``8.6``, ``9.0a`` (architecture-specific), ``10.0f`` (family)."""

    major: int
    minor: int
    suffix: str = ""

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}{self.suffix}"

    @property
    def sm(self) -> str:
        return f"sm_{self.major}{self.minor}{self.suffix}"

    @property
    def plain(self) -> "Capability":
        return Capability(self.major, self.minor)


class BadCapability(ValueError):
    """The text is no compute capability."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Capability:
    """Read ``8.6``, ``sm_86``, ``compute_90``, ``121a``. Raises BadCapability."""
    match = _CAPABILITY.match(text.strip())
    if match is None:
        raise BadCapability(f"not a compute capability: {text!r}")
    major, minor, digits, suffix = match.groups()
    if digits is not None:
        major, minor = digits[:-1], digits[-1]
    return canonical(Capability(int(major), int(minor), suffix))


def canonical(capability: Capability) -> Capability:
    """CUDA 13.0 renamed 10.1 (Thor) to 11.0; both names are one chip."""
    if (capability.major, capability.minor) == (10, 1):
        return Capability(11, 0, capability.suffix)
    return capability


# The integrated GPUs of Jetson: TX1 and Nano, TX2, Xavier, Orin, Thor. Between them and discrete GPUs no machine code
# is exchanged, in either direction (CUDA programming guide; DEVICE_REQUIREMENT in torch/cuda/__init__.py).
_INTEGRATED = frozenset({(5, 3), (6, 2), (7, 2), (8, 7), (11, 0)})


def sass_runs(target: Capability, gpu: Capability) -> bool:
    """Does machine code for ``target`` run on ``gpu``?

    Plain code runs on the same major with an equal or higher minor. ``a`` code runs on its very capability,
    ``f`` code on the family: the same major, equal or higher minor. Jetson's GPUs run the code of their very
    capability alone, and nothing else runs theirs: 8.0 does not run on Orin (8.7), nor 8.7 on 8.9.
    """
    built, runs_on = (target.major, target.minor), (gpu.major, gpu.minor)
    if target.suffix == "a" or built in _INTEGRATED or runs_on in _INTEGRATED:
        return built == runs_on
    return target.major == gpu.major and target.minor <= gpu.minor


def ptx_runs(target: Capability, gpu: Capability) -> bool:
    """Can the driver compile PTX of ``target`` for ``gpu``? Plain PTX goes to any newer GPU, ``a`` PTX does not."""
    if target.suffix:
        return sass_runs(target, gpu)
    return (target.major, target.minor) <= (gpu.major, gpu.minor)


def architecture_lists(entries: tuple[str, ...]) -> tuple[tuple[Capability, ...], tuple[Capability, ...]]:
    """Split ``["sm_80", "compute_90"]`` into (machine code, PTX); entries that are neither are left out."""
    sass: list[Capability] = []
    ptx: list[Capability] = []
    for entry in entries:
        try:
            (ptx if entry.startswith("compute_") else sass).append(parse(entry))
        except BadCapability:
            continue
    return tuple(sass), tuple(ptx)
