"""What a file is and holds, as far as its bytes tell: the result of every reader in this package."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from compat.machine import Engine, Model
from compat.records import dataclass, field

Kind = Literal["engine", "model", "weights", "cache", "folder", "other"]


class Bytes(Protocol):
    """A file of which pieces are read: ``compat.probe.host.Reader``, or a window of one."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``offset``, fewer at the end."""


class Window:
    """The part of a file from ``base`` on, as a file of its own."""

    def __init__(self, source: Bytes, base: int, size: int | None = None) -> None:
        self._source = source
        self._base = base
        self.size = max(0, source.size - base) if size is None else size

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``offset`` of the window."""
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        return self._source.read(self._base + offset, min(length, self.size - offset))


class Malformed(ValueError):
    """The bytes contradict the format that their beginning names; the text says where and how."""


def printable(text: str) -> str:
    """The text without what would steer a terminal; a file's own names go to one."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


@dataclass(frozen=True)
class Artifact:
    """A file that was recognised. ``facts`` are what the file itself says, in the format's own terms."""

    kind: Kind
    format: str  # the name of the format, as in docs/artifacts.md
    title: str  # what it is, in words
    path: str = ""
    size: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()  # what the user has to know about this very file
    engine: Engine | None = None
    model: Model | None = None
    damaged: str | None = None  # why the file cannot be whole: cut short, lengths that do not fit
