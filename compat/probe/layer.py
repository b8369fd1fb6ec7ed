"""What a layer of the probe is: a function that reads one part of a system and says where it was read.

A layer is a function ``read(host, so_far) -> Reading``. It may look at what earlier layers found
(``so_far``), puts what it finds into a new `Reading` and leaves out what it cannot tell. It never raises for what
the system looks like, and asks files, variables and processes of `host` alone. Its module's ``WHERE`` says of each
fact where it looks, for docs/rules.md. ``assemble.LAYERS`` says in which order layers run; adding one is one file and
one line there.

Values are kept by field path: ``kernel``, ``driver.version``, ``gpus``. Readings are merged with one rule: a list
grows, a mapping takes the keys that it lacks, and any other field keeps the value of the layer that knew it first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from compat.machine import steers
from compat.records import dataclass, field

if TYPE_CHECKING:
    from compat.probe.host import Host


@dataclass(slots=True)
class Reading:
    """What is known so far.

    ``values`` maps a Machine field (``kernel``) or a field of one of its records (``driver.version``) to its value;
    ``sources`` maps a field path, also one inside a list (``gpus[0].name``), to the file, variable or call it was
    read from; ``aside`` hands later layers what the description itself does not hold.
    """

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    aside: dict[str, Any] = field(default_factory=dict)

    def put(self, path: str, value: Any, source: str = "") -> None:
        """Note `value` for the field `path`; None (unknown) is not noted, an empty tuple or mapping is.

        Neither is a string that is no text: a file of zero bytes says nothing.
        """
        if value is None or (isinstance(value, str) and steers(value)):
            return
        self.values[path] = value
        if source:
            self.sources[path] = source

    def get(self, path: str) -> Any:
        """The value of a field, None where it is unknown."""
        return self.values.get(path)

    def merge(self, other: Reading) -> None:
        """Take over what `other` found, by the rule of this module."""
        sources = dict(other.sources)
        for path, value in other.values.items():
            known = self.values.get(path)
            if isinstance(known, tuple):
                self.values[path] = self._grown(path, known, value, sources)
            elif isinstance(known, Mapping):
                self.values[path] = {**value, **known}
            elif known is None:
                self.values[path] = value
        for path, source in sources.items():
            self.sources.setdefault(path, source)
        for name, thing in other.aside.items():
            self.aside.setdefault(name, thing)

    def _grown(
        self, path: str, known: tuple[Any, ...], more: tuple[Any, ...], sources: dict[str, str]
    ) -> tuple[Any, ...]:
        """`known` and what is new in `more`; the sources of new entries take the entries' new numbers."""
        entries = list(known)
        inside = {name: sources.pop(name) for name in list(sources) if name.startswith(f"{path}[")}
        for index, entry in enumerate(more):
            if entry in entries:
                continue
            before, after = f"{path}[{index}]", f"{path}[{len(entries)}]"
            entries.append(entry)
            for name, source in inside.items():
                if name.startswith(before):
                    self.sources[after + name[len(before) :]] = source
        return tuple(entries)


Layer = Callable[["Host", Reading], Reading]
