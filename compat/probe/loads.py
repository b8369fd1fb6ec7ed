"""Which copy of each library each framework's process gets."""

from __future__ import annotations

from dataclasses import dataclass, replace

from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.libraries import Copy


@dataclass(frozen=True, slots=True)
class Loads:
    """The copies with who loads them, and the sonames that some framework needs and nothing provides."""

    copies: tuple[Copy, ...]
    missing: tuple[str, ...] | None


def resolve(host: Host, so_far: Reading, copies: tuple[Copy, ...]) -> Loads:
    return Loads(copies, None)
