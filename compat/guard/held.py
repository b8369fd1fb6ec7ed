"""pip, held between its answer and its work (see pip_child.py): one run resolves, waits for the verdict, and goes on.

A dry run before the installation would resolve twice, which takes as long again. Where pip cannot be held (Windows,
Python 3.7, a report of the user's own) a dry run is asked first, and its releases are constraints of the real run.
"""

from __future__ import annotations

import os

from compat.guard import child
from compat.guard.resolver import NoAnswer, folder

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from compat.guard.invocation import Invocation
    from compat.guard.transaction import Transaction


def can_hold(invocation: Invocation) -> bool:
    """Is this an installation by pip that can be held? ``pip --python`` starts a second process, which cannot."""
    return (
        os.name == "posix"
        and invocation.installer == "pip"
        and invocation.verb == "install"
        and invocation.argv[1:4] == ("-m", "pip", "install")
        and not any(word.partition("=")[0] == "--report" for word in invocation.arguments)
    )


class CannotHold(Exception):
    """The interpreter has no audit events; nothing was begun."""


class Held:
    """pip at work; its output goes where the guard's goes."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self._folder = folder()
        self._report = os.path.join(self._folder.name, "report.json")
        asked, ask = os.pipe()
        hear, told = os.pipe()
        self._asked, self._told = asked, told
        try:
            # What pip leaves behind when it is ended goes with the folder.
            environ = {**os.environ, "TMPDIR": self._folder.name}
            self._child = child.start(self._argv(ask, hear), environ, keep=(ask, hear))
        except OSError as error:
            self._close()
            raise NoAnswer(f"{invocation.argv[0]}: {error.strerror or error}", status=2) from None
        finally:
            os.close(ask)
            os.close(hear)

    def _argv(self, ask: int, hear: int) -> list[str]:
        with open(os.path.join(os.path.dirname(__file__), "pip_child.py"), encoding="utf-8") as file:
            source = file.read()
        words = self.invocation.argv
        return [words[0], "-c", source, self._report, str(ask), str(hear), *words[3:], "--report", self._report]

    def answer(self) -> Transaction:
        """Wait until pip has resolved. Raises NoAnswer (pip has ended by itself) and CannotHold."""
        from compat.guard import answers
        from compat.guard.transaction import Transaction

        try:
            while True:
                said = os.read(self._asked, 1)
                if said == b"n":
                    raise CannotHold
                if not said:
                    status = child.exit_status(self._child.wait())
                    if status != 0:
                        raise NoAnswer("pip finds no set of packages to install (it has said why)", status=status)
                    return Transaction()  # it has ended before there was anything to change
                try:
                    return answers.of_report(answers.load(self._report))
                except ValueError:  # not whole yet
                    os.write(self._told, b"w")
        except BaseException:
            self.stop()
            raise

    def ready(self) -> bool:
        """Does pip wait for the verdict, or has it ended?"""
        import select

        return bool(select.select([self._asked], [], [], 0)[0])

    def stop(self) -> None:
        """End pip, which has changed nothing."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        self._close()

    def go(self) -> int:
        """Let pip install; returns its exit status when it has ended."""
        from contextlib import suppress

        with suppress(OSError):  # it has ended; its exit status says why
            os.write(self._told, b"y")
        status = child.wait(self._child)
        self._close()
        return status

    def _close(self) -> None:
        for fd in (self._asked, self._told):
            try:
                os.close(fd)
            except OSError:
                continue
        self._folder.cleanup()
