"""The hook: one file below /etc/apt/apt.conf.d that lets apt ask, and what answers.

It fails open: only the answer STOP ends a transaction. A missing program, a broken interpreter, a crash, an alarm
after a minute: apt goes on, and a line says so on apt's terminal, in the system's log and in LOG.
"""

import os
import re
import shlex
import sys
from collections.abc import Iterator
from datetime import datetime, timezone

from compat.whole import write_whole

STOP = 10
"""Exit status of a transaction that must not happen; 1 to 3 are failures of compatcheck, 126 and 127 the shell's."""
TIME_LIMIT = 60
"""Seconds after which apt goes on unasked."""
CONFIGURATION = "etc/apt/apt.conf.d/80compatcheck"
LOG = "var/log/compatcheck.log"
_SAFE = re.compile(r"^/[A-Za-z0-9_./+~-]+$")
_HEAD = "// Written by `compatcheck guard apt install`; `compatcheck guard apt remove` deletes it.\n"


def configuration(program: str, pythons: tuple[str, ...] = ()) -> str:
    """The file's text. apt hands the command to a shell, so only plain absolute paths go in.

    Raises ValueError for a path with other characters.
    """
    for path in (program, *pythons):
        if not _SAFE.match(path):
            raise ValueError(f"not a plain absolute path: {path!r}")
    words = " ".join([program, "guard", "apt", "check", *(f"--python {shlex.quote(path)}" for path in pythons)])
    failed = "compatcheck could not judge this transaction; it goes on"
    command = (
        f"{words} || {{ [ $? -ne {STOP} ] || exit 1; cat >/dev/null; echo '{failed}' >&2; "
        f"logger -t compatcheck '{failed}' 2>/dev/null || true; }}"
    )
    # apt finds the tool's options by the first word of its command.
    return f'{_HEAD}DPkg::Pre-Install-Pkgs {{ "{command}"; }};\nDPkg::Tools::Options::{program}::Version "3";\n'


def install(root: str, program: str | None, pythons: tuple[str, ...] = ()) -> Iterator[str]:
    """Write the file below the root. Raises OSError and ValueError."""
    path = os.path.join(root, CONFIGURATION)
    text = configuration(program or own_program(), pythons)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_whole(path, text)
    yield f"{path} written: apt asks compatcheck before it unpacks anything"


def remove(root: str) -> Iterator[str]:
    """Delete the file. Raises OSError where it cannot be deleted."""
    path = os.path.join(root, CONFIGURATION)
    if not os.path.lexists(path):
        yield f"{path} is not there: nothing to remove"
        return
    os.unlink(path)
    yield f"{path} removed"


def own_program() -> str:
    """The compatcheck that runs now, as an absolute path."""
    path = os.path.abspath(sys.argv[0])
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "compatcheck")
    return path if os.path.basename(path) == "compatcheck" else beside


def check(root: str, pythons: tuple[str, ...] = ()) -> int:
    """Answer apt: 0 go on, STOP. Never raises; what fails is logged, and the transaction goes on."""
    try:
        _alarm()
        return _judge(root, pythons)
    except Exception as error:
        note(root, f"compatcheck failed ({type(error).__name__}: {error}); the transaction goes on unjudged")
        return 0


def _alarm() -> None:
    import signal

    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"no verdict within {TIME_LIMIT} s")

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, late)
        signal.alarm(TIME_LIMIT)


def _judge(root: str, pythons: tuple[str, ...]) -> int:
    from compat.guard.apt.protocol import read
    from compat.guard.apt.system import concerns

    changes = read(sys.stdin)
    if not any(concerns(one.name) for one in changes):
        return 0
    from compat.guard.apt import prebuilt
    from compat.guard.apt.judge import judge
    from compat.matrix import Matrix
    from compat.probe.assemble import read_machine
    from compat.probe.dpkg import installed
    from compat.probe.host import Host

    matrix, host = Matrix.load(), Host(root)
    table = {**installed(host), **prebuilt.installed(host)}
    changes = prebuilt.translated(changes)
    stopped = False
    for python in pythons or (None,):
        for harm in judge(read_machine(host, python), table, changes, matrix):
            stopped = True
            for found in harm.findings:
                print(f"compatcheck: {harm.goal}: {found.message} ({found.rule})", file=sys.stderr)
                for remedy in found.remedies[:2]:
                    print(f"compatcheck:   fix: {remedy.text}", file=sys.stderr)
    if stopped:
        note(root, "transaction stopped: " + ", ".join(one.name for one in changes if concerns(one.name))[:400])
        print("compatcheck: stopped. `compatcheck guard apt remove` takes this check away.", file=sys.stderr)
    return STOP if stopped else 0


def note(root: str, text: str) -> None:
    """A line on apt's terminal and in the log; a log that cannot be written stops nothing."""
    print(f"compatcheck: {text}", file=sys.stderr)
    try:
        with open(os.path.join(root, LOG), "a", encoding="utf-8") as file:
            file.write(f"{datetime.now(timezone.utc).isoformat(timespec='seconds')} {text}\n")
    except OSError:
        return
