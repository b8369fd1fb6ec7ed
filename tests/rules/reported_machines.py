"""Machines as people report them, of every kind of failure that the catalogue covers, with their contrasts.

``data/*.jsonl`` hold one a line: ``name``, ``goal``, ``machine`` (docs/machine.md), ``rules`` that count as the right
diagnosis (none for a machine that works), and where a public thread establishes it ``source``, ``date`` and ``why``.
Another machine is another line; versions, GPUs and systems differ from any collection of cases.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parent / "data"


class Reported(NamedTuple):
    """One reported machine and what is right about it."""

    name: str
    goal: str
    rules: tuple[str, ...]  # empty: compatible
    machine: dict[str, Any]
    source: str = ""
    date: str = ""
    why: str = ""

    @property
    def verdict(self) -> str:
        return "incompatible" if self.rules else "compatible"


@cache
def reported(file: Path) -> tuple[Reported, ...]:
    """The machines of one file, in its order."""
    lines = filter(None, file.read_text(encoding="utf-8").splitlines())
    return tuple(Reported(**{**entry, "rules": tuple(entry["rules"])}) for entry in map(json.loads, lines))


ALL = tuple(one for file in sorted(DATA.glob("*.jsonl")) for one in reported(file))
