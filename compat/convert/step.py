"""One step of the chain from a model file to an engine."""

from compat.records import dataclass


@dataclass(frozen=True)
class Step:
    """What it does, with which releases, and its argument lists (none where a person has to write code)."""

    kind: str  # prepare, export, build, verify
    text: str
    commands: tuple[tuple[str, ...], ...] = ()
