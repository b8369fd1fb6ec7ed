"""The installer's real run, which installs what was judged and nothing else.

pip is held: one run resolves, waits for the verdict, and goes on (see pip_child.py). A dry run before the installation
would resolve twice, which takes as long again. Where pip cannot be held (Windows, Python 3.7, a report of the user's
own) a dry run is asked first, and its releases are constraints of the real run.

uv cannot be held. Its dry run resolves, and the real run is handed the releases that it named, which leaves it nothing
to resolve: only to install, and where it has all of them in its cache, without the network.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence

from compat.guard.invocation import PROJECT, Invocation
from compat.guard.resolver import NoAnswer, folder, load, of_report
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
        self._folder = folder()
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
        with open(os.path.join(os.path.dirname(__file__), "pip_child.py"), encoding="utf-8") as file:
            source = file.read()
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
    """Run the command so that it installs the judged releases; returns its exit status. Raises OSError."""
    pins = [f"{one.name}=={one.version}" for one in judged.installs if one.source is not None]
    if not pins or invocation.verb == PROJECT or _hashed(invocation):  # its lock file or its hashes pin
        return _run(invocation.argv)
    if _listed(invocation, judged):
        # --upgrade makes uv ask the index anew, as the dry run has just done.
        rest = (word for word in invocation.arguments if word not in ("-U", "--upgrade"))
        offline = ("--offline",) if judged.cached else ()
        status = _run((*invocation.command, "--no-deps", *offline, *pins, *rest))
        if status != 1 or not judged.cached:
            return status
        # The cache lacks something all the same. uv has said so, and has changed nothing.
    with folder() as place:
        path = os.path.join(place, "judged.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{pin}\n" for pin in pins)
        return _run((*invocation.command, "--constraint", path, *invocation.arguments))


def _hashed(invocation: Invocation) -> bool:
    """Does it take nothing without a hash? Then neither a constraint nor a requirement can be added."""
    in_variable = os.environ.get("UV_REQUIRE_HASHES", "") if invocation.installer == "uv" else ""
    return "--require-hashes" in invocation.arguments or in_variable.lower() in ("1", "true", "t", "yes", "y", "on")


def _listed(invocation: Invocation, judged: Transaction) -> bool:
    """Are the judged releases, beside what was typed, all that uv has to install? Then it need not resolve again.

    Not where a package comes from an address (its name and version do not lead there), nor where what is not listed is
    removed (``--exact``), nor where uv is to ask the index anew.
    """
    words = {word.partition("=")[0] for word in invocation.arguments}
    return (
        invocation.installer == "uv"
        and invocation.verb == "install"
        and all(one.source is not None for one in judged.installs)
        and words.isdisjoint(("--exact", "--refresh", "--refresh-package", "--no-cache", "-n", "--dry-run"))
    )


def _run(argv: Sequence[str]) -> int:
    child = subprocess.Popen(list(argv))
    with _passed_on(child):
        return exit_status(child.wait())
