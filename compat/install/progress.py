"""What an installation is doing, on standard error: one line that changes on a terminal, one line a step elsewhere."""

import sys
import time
from typing import TextIO


class Progress:
    """Tells steps, and the last line that the installer wrote."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty()
        self.started = time.monotonic()
        self._shown = False

    def step(self, text: str) -> None:
        """A new step begins."""
        self.end()
        self.stream.write(f"[{time.monotonic() - self.started:6.1f} s] {_clean(text)}\n")
        self.stream.flush()

    def line(self, text: str) -> None:
        """What is going on within the step: on a terminal only, in place of the line before."""
        if self.terminal and text:
            self.stream.write(f"\r\x1b[K  {_clean(text)[: self._width() - 4]}")
            self.stream.flush()
            self._shown = True

    def end(self) -> None:
        """Clear the line that changes."""
        if self._shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self._shown = False

    @staticmethod
    def _width() -> int:
        import shutil

        return shutil.get_terminal_size().columns


def _clean(text: str) -> str:
    """An installer's line without what would steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
