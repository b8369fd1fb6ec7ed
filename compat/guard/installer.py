"""The installer's real run, which installs what was judged and nothing else.

pip is held: one run resolves, waits for the verdict, and goes on (see pip_child.py). A dry run before the installation
would resolve twice, which takes as long again. Where pip cannot be held (Windows, Python 3.7, a report of the user's
own), and for uv, a dry run is asked first, and its releases are constraints of the real run.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from compat.guard.invocation import PROJECT, Invocation
from compat.guard.resolver import NoAnswer, load, of_report
from compat.guard.transaction import Transaction

_STOPS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))


def can_hold(invocation: Invocation) -> bool:
    """Is this an installation by pip that can be held? ``pip --python`` starts a second process, which cannot."""
    return (
        os.name == "posix"
        and invocation.installer == "pip"
        and invocation.verb == "install"
        and invocation.argv[1:4] == ("-m", "pip", "install")
        and not any(word.partition("=")[0] in ("--dry-run", "--report") for word in invocation.arguments)
    )


class CannotHold(Exception):
    """The interpreter has no audit events; nothing was begun."""


class Held:
    """pip at work; its output goes where the guard's goes."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self._folder = tempfile.TemporaryDirectory(prefix="compatcheck-")
        self._report = os.path.join(self._folder.name, "report.json")
        asked, ask = os.pipe()
        hear, told = os.pipe()
        self._asked, self._told = asked, told
        try:
            self._child = subprocess.Popen(
                self._argv(ask, hear),
                pass_fds=(ask, hear),
                # What pip leaves behind when it is ended goes with the folder.
                env={**os.environ, "TMPDIR": self._folder.name},
            )
        except OSError as error:
            self._close()
            raise NoAnswer(f"{invocation.argv[0]}: {error.strerror or error}", status=2) from None
        finally:
            os.close(ask)
            os.close(hear)

    def _argv(self, ask: int, hear: int) -> list[str]:
        source = Path(__file__).with_name("pip_child.py").read_text(encoding="utf-8")
        words = self.invocation.argv
        return [words[0], "-c", source, self._report, str(ask), str(hear), *words[3:], "--report", self._report]

    def answer(self) -> Transaction:
        """Wait until pip has resolved. Raises NoAnswer (pip has ended by itself) and CannotHold."""
        try:
            while True:
                said = os.read(self._asked, 1)
                if said == b"n":
                    raise CannotHold
                if not said:
                    return self._unasked(self._ended())
                with contextlib.suppress(ValueError):
                    return of_report(load(self._report))
                os.write(self._told, b"w")
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def _unasked(status: int) -> Transaction:
        """pip has ended before there was anything to change."""
        if status != 0:
            raise NoAnswer("pip finds no set of packages to install (it has said why)", status=status)
        return Transaction()

    def stop(self) -> None:
        """End pip, which has changed nothing."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        self._close()

    def go(self) -> int:
        """Let pip install; returns its exit status when it has ended."""
        with _passed_on(self._child):
            with contextlib.suppress(OSError):
                os.write(self._told, b"y")
            status = self._ended()
        self._close()
        return status

    def _ended(self) -> int:
        return exit_status(self._child.wait())

    def _close(self) -> None:
        for fd in (self._asked, self._told):
            with contextlib.suppress(OSError):
                os.close(fd)
        self._folder.cleanup()


@contextlib.contextmanager
def _passed_on(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Signals are the installer's: Ctrl-C reaches it by the terminal, others are handed on."""
    before = {number: signal.signal(number, lambda got, _: child.send_signal(got)) for number in _STOPS}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_status(code: int) -> int:
    """As a shell has it: 128 and the signal's number for a process that a signal ended."""
    return code if code >= 0 else 128 - code


def run(invocation: Invocation, judged: Transaction) -> int:
    """Run the command with the judged releases as constraints; returns its exit status. Raises OSError."""
    pins = "".join(f"{one.name}=={one.version}\n" for one in judged.installs if one.source is not None)
    if not pins or "--require-hashes" in invocation.arguments or invocation.verb == PROJECT:  # its lock file pins
        return _run(invocation.argv)
    with tempfile.TemporaryDirectory(prefix="compatcheck-") as folder:
        path = os.path.join(folder, "judged.txt")
        Path(path).write_text(pins, encoding="utf-8")
        return _run((*invocation.argv, "--constraint", path))


def _run(argv: Sequence[str]) -> int:
    child = subprocess.Popen(list(argv))
    with _passed_on(child):
        return exit_status(child.wait())
