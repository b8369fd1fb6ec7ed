"""Asks pip or uv what it would do. Both resolve for real and change nothing (`--dry-run`).

Heavy modules are imported once the resolver has been started: uv is done in tenths of a second.
"""

from __future__ import annotations

import os

from compat.guard import child

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from tempfile import TemporaryDirectory
    from typing import IO, Protocol

    from compat.guard.invocation import Invocation
    from compat.guard.transaction import Transaction

    class Answer(Protocol):
        """What a resolver is about to say."""

        def answer(self) -> Transaction:
            """Wait for it. Raises NoAnswer."""

        def ready(self) -> bool:
            """Is it there?"""

        def stop(self) -> None:
            """It is no longer wanted."""


_LETTERS = frozenset("qUnv")  # uv's short options without a value


class NoAnswer(Exception):
    """The resolver has no answer; ``said`` is its own error output, ``status`` its exit status."""

    def __init__(self, message: str, said: str = "", status: int = 1) -> None:
        super().__init__(message)
        self.said = said
        self.status = status


class Known:
    """An answer that needs no resolver."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def answer(self) -> Transaction:
        """At once."""
        return self._transaction

    def ready(self) -> bool:
        """Always."""
        return True

    def stop(self) -> None:
        """Nothing is under way."""


class Question:
    """A resolver at work: started at once, so that the machine can be read meanwhile."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.said = self.printed = ""
        self._known: Transaction | None = None
        self._folder = folder() if invocation.installer == "pip" else None
        self._output, self._errors = _unnamed(), _unnamed()
        try:
            with open(os.devnull, "rb") as nothing:
                places = nothing.fileno(), self._output.fileno(), self._errors.fileno()
                self._child = child.start(self.argv, None, *places)
        except OSError as error:
            raise NoAnswer(f"{self.argv[0]}: {error.strerror or error}", status=2) from None

    @property
    def argv(self) -> tuple[str, ...]:
        """The question as an argument list."""
        more: tuple[str, ...] = ("--dry-run",) if "--dry-run" not in self.invocation.arguments else ()
        if self._folder is not None:
            more = (*more, "--quiet", "--report", os.path.join(self._folder.name, "report.json"))
        words = self.invocation.argv if self.invocation.installer == "pip" else loud(self.invocation.argv)
        return (*words, *more)

    def ready(self) -> bool:
        """Has the resolver ended?"""
        return self._child.poll() is not None

    def stop(self) -> None:
        """End the resolver; it has changed nothing."""
        self._child.kill()
        self._child.wait()
        self._close()

    def _close(self) -> None:
        self._output.close()
        self._errors.close()
        if self._folder is not None:
            self._folder.cleanup()

    def answer(self) -> Transaction:
        """Wait for the resolver. Raises NoAnswer."""
        from compat.guard import answers

        if self._known is not None:
            return self._known
        try:
            status = self._child.wait()
            self.printed, self.said = _text(self._output), _text(self._errors)
            said = self.said or self.printed
            if status != 0:
                raise NoAnswer(f"{self.invocation.installer} finds no set of packages to install", said, status)
            if self._folder is None:
                self._known = answers.of_uv(said)
            else:
                self._known = answers.of_report(answers.load(os.path.join(self._folder.name, "report.json")))
            return self._known
        except ValueError as error:
            raise NoAnswer(f"pip wrote no report that can be read: {error}", said) from None
        finally:
            self._close()


def folder() -> TemporaryDirectory[str]:
    """A folder for what goes between guard and installer."""
    from tempfile import TemporaryDirectory

    return TemporaryDirectory(prefix="compatcheck-")


def loud(words: Sequence[str]) -> tuple[str, ...]:
    """uv's command without what keeps it quiet, alone or beside other letters (``-qU``): it would not answer."""
    found = []
    for word in words:
        letters = word[1:] if word[:1] == "-" and word[1:2] != "-" else ""
        if word != "--quiet" and not (letters and set(letters) == {"q"}):
            found.append("-" + letters.replace("q", "") if "q" in letters and set(letters) <= _LETTERS else word)
    return tuple(found)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(1 << 20).decode("utf-8", "replace")


def _unnamed() -> IO[bytes]:
    """A file without a name, in memory where the system has that: ``tempfile`` imports twenty modules."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("compatcheck"), "w+b")
    from tempfile import TemporaryFile

    return TemporaryFile()
