"""Child processes, started without ``subprocess``: to import it takes longer than uv takes to start."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence


# SIGPIPE and SIGXFSZ, by POSIX's numbers: Python ignores these two, and its children do not expect that. The module
# ``signal`` takes as long to import as a third of the interpreter's start.
_IGNORED = (13, 25)
_KILL = 9


class Child:
    """A process that was started; the methods are those of ``subprocess.Popen``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def wait(self) -> int:
        """Its exit status, or less than nothing: the number of the signal that ended it."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code

    def poll(self) -> int | None:
        """As ``wait``, or None while it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def send_signal(self, number: int) -> None:
        """To a process that runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it on the spot."""
        self.send_signal(_KILL)


def start(
    argv: Sequence[str],
    environ: Mapping[str, str] | None = None,
    stdin: int | None = None,
    output: int | None = None,
    errors: int | None = None,
    keep: Sequence[int] = (),
) -> Child | subprocess.Popen[bytes]:
    """Start a program, found on PATH. ``stdin``, ``output`` and ``errors`` are open files, None for this process's own;
    ``keep`` are others that it has too. Raises OSError where it cannot be started."""
    if not hasattr(os, "posix_spawnp"):
        import subprocess

        return subprocess.Popen(list(argv), env=environ, stdin=stdin, stdout=output, stderr=errors)
    places = ((stdin, 0), (output, 1), (errors, 2))
    actions = [(os.POSIX_SPAWN_DUP2, fd, place) for fd, place in places if fd is not None]
    for fd in keep:
        os.set_inheritable(fd, True)
    own = os.environ if environ is None else environ
    return Child(os.posix_spawnp(argv[0], list(argv), own, file_actions=actions, setsigdef=_IGNORED))


def exit_status(code: int) -> int:
    """As a shell has it: 128 and the signal's number for a process that a signal ended."""
    return code if code >= 0 else 128 - code


def wait(child: Child | subprocess.Popen[bytes]) -> int:
    """Let it work to its end and return its exit status. Signals are its: Ctrl-C reaches it by the terminal, others
    are handed on."""
    import _signal as signal  # type: ignore[import-not-found]  # what ``signal`` makes enumerations of

    stops = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda got, _: child.send_signal(got)) for number in stops}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return exit_status(child.wait())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
