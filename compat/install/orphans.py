"""Processes that outlive a run which was killed.

The kernel ends an installer together with compatcheck (prctl(2), PR_SET_PDEATHSIG), but not what the installer itself
has started: venv starts ensurepip, which starts pip, which would go on to fill a folder that has just been removed. All
of them inherit one variable, and by that they are found (Linux: proc(5), ``environ``).
"""

import contextlib
import os
import signal
import time

MARK = "COMPATCHECK_TRANSACTION"
_WAIT = 10.0  # s that the kernel is given to end them
_PAUSE = 0.02


def end(folder: str) -> int:
    """End what still works for the transaction in this folder; returns how many processes that were."""
    ended: set[int] = set()
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline and (left := _of(folder)):
        ended.update(left)
        for process in left:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(_PAUSE)
    return len(ended)


def _of(folder: str) -> list[int]:
    wanted = f"{MARK}={folder}".encode()
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid() and _has(name, wanted)]


def _has(process: str, wanted: bytes) -> bool:
    try:
        with open(f"/proc/{process}/environ", "rb") as file:
            return wanted in file.read().split(b"\0")
    except OSError:  # ended meanwhile, or somebody else's
        return False
