"""One copy of a library, as the layers hand it on."""

from __future__ import annotations

from dataclasses import dataclass

from compat.machine import Library


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy: the description's entry, the real file behind it, and what told its version."""

    library: Library
    real: str
    source: str
