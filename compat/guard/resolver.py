"""Asks pip or uv what it would do. Both resolve for real and change nothing (`--dry-run`).

Heavy modules are imported once the resolver has been started: uv is done in tenths of a second.
"""

from __future__ import annotations

import os

from compat.guard import child

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
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
        self.said = ""
        self._folder = folder() if invocation.installer == "pip" else None
        self._output = _unnamed()
        try:
            with open(os.devnull, "rb") as nothing:
                self._child = child.start(self.argv, stdin=nothing.fileno(), output=self._output.fileno())
        except OSError as error:
            raise NoAnswer(f"{self.argv[0]}: {error.strerror or error}", status=2) from None

    @property
    def argv(self) -> tuple[str, ...]:
        """The question as an argument list."""
        more: tuple[str, ...] = ("--dry-run",) if "--dry-run" not in self.invocation.arguments else ()
        if self._folder is not None:
            more = (*more, "--quiet", "--report", os.path.join(self._folder.name, "report.json"))
        return (*self.invocation.argv, *more)

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
        if self._folder is not None:
            self._folder.cleanup()

    def answer(self) -> Transaction:
        """Wait for the resolver. Raises NoAnswer."""
        from compat.guard import answers

        try:
            status = self._child.wait()
            self._output.seek(0)
            said = self.said = self._output.read(1 << 20).decode("utf-8", "replace")
            if status != 0:
                raise NoAnswer(f"{self.invocation.installer} finds no set of packages to install", said, status)
            if self._folder is None:
                return answers.of_uv(said)
            return answers.of_report(answers.load(os.path.join(self._folder.name, "report.json")))
        except ValueError as error:
            raise NoAnswer(f"pip wrote no report that can be read: {error}", said) from None
        finally:
            self._close()


def folder() -> TemporaryDirectory[str]:
    """A folder for what goes between guard and installer."""
    from tempfile import TemporaryDirectory

    return TemporaryDirectory(prefix="compatcheck-")


def _unnamed() -> IO[bytes]:
    """A file without a name, in memory where the system has that: ``tempfile`` imports twenty modules."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("compatcheck"), "w+b")
    from tempfile import TemporaryFile

    return TemporaryFile()
