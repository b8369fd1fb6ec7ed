"""What a terminal can show: width, colour, UTF-8. Everything stays legible without any of them."""

import os
import sys
from typing import TextIO

from compat.records import dataclass

_COLOURS = {"error": "31;1", "warning": "33;1", "note": "36", "ok": "32", "unknown": "35", "dim": "2", "bold": "1"}
VERDICTS = {"compatible": "ok", "incompatible": "error", "unknown": "unknown"}  # verdict -> kind of mark
_MARKS = {
    "ok": ("✓", "ok"),
    "error": ("✗", "XX"),
    "warning": ("!", "!!"),
    "note": ("i", "--"),
    "unknown": ("?", "??"),
    "none": ("·", "--"),
}


@dataclass(frozen=True)
class Style:
    """How to print."""

    width: int = 80
    colour: bool = False
    utf8: bool = False

    @classmethod
    def of(cls, stream: TextIO | None = None) -> "Style":
        """The style for a stream: colour on a terminal unless NO_COLOR is set (no-color.org), 80 columns elsewhere.

        FORCE_COLOR asks for colour where there is no terminal.
        """
        stream = stream or sys.stdout
        encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
        terminal = stream.isatty()
        wanted = bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")
        width = 80
        if terminal:
            try:
                width = max(60, min(120, os.get_terminal_size(stream.fileno()).columns))
            except (OSError, ValueError):
                width = 80
        return cls(width, wanted and not os.environ.get("NO_COLOR"), encoding == "utf8")

    def paint(self, text: str, kind: str) -> str:
        """The text in the colour of its kind."""
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour and kind in _COLOURS else text

    def mark(self, kind: str) -> str:
        """A sign two columns wide; words and ASCII where there is no UTF-8."""
        sign, plain = _MARKS[kind]
        return self.paint(f"{sign if self.utf8 else plain:<2}", kind)

    def wrap(self, text: str, indent: str, first: str | None = None) -> list[str]:
        """The text in lines that fit, behind ``first`` and then ``indent``; long words stay whole."""
        lines, line = [], first if first is not None else indent
        start = line
        for word in text.split():
            if line != start and len(line) + len(word) + 1 > self.width:
                lines.append(line)
                line = start = indent
            line += word if line == start else f" {word}"
        return [*lines, line]
