"""Running an installer: an argument list, its own process group, stopped as a whole, never outliving this process."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from compat.install import orphans
from compat.install.errors import StepFailed

_GRACE = 10.0  # s between asking an installer to end and killing it
_TAIL = 80  # lines of its output that are kept for the report
_PR_SET_PDEATHSIG = 1  # prctl(2)

# Options of pip and of Python that would lead an installation to another place than the one that is recorded.
_DIVERTING = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_DRY_RUN",
    "PIP_REPORT",
    "PIP_PYTHON",
    "PIP_SRC",
    "PIP_EDITABLE",
    "PIP_LOG",
    "UV_PYTHON",
    "UV_TARGET",
    "UV_PREFIX",
    "UV_SYSTEM_PYTHON",
)


def environment() -> dict[str, str]:
    """This process's variables without those that lead an installer astray; messages in English."""
    kept = {
        name: value for name, value in os.environ.items() if name not in _DIVERTING and not name.startswith("PYTHON")
    }
    return {**kept, "LC_ALL": "C.UTF-8" if sys.platform != "darwin" else "en_US.UTF-8", "PYTHONUNBUFFERED": "1"}


def run(
    argv: Sequence[str],
    folder: str,
    told: Callable[[str], None],
    keep: tuple[int, ...] = (),
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run a command in a folder, hand each line of its output to ``told``; returns the end of the output.

    ``keep`` are open files that the child inherits (the lock). Raises StepFailed, and KeyboardInterrupt after the whole
    process group has been stopped.
    """
    tail: deque[str] = deque(maxlen=_TAIL)
    try:
        child = subprocess.Popen(
            list(argv),
            cwd=folder,
            env={**(environment() if variables is None else variables), orphans.MARK: folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep if os.name == "posix" else (),
            preexec_fn=_die_with_parent() if sys.platform == "linux" else None,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise StepFailed(f"{argv[0]}: cannot be started: {error.strerror or error}") from None
    try:
        for line in child.stdout or ():
            tail.append(line.rstrip("\n"))
            told(line.strip())
        status = child.wait()
    except BaseException:
        stop(child)
        raise
    finally:
        if child.stdout is not None:
            child.stdout.close()
    if status != 0:
        how = f"was ended by signal {-status}" if status < 0 else f"failed with exit status {status}"
        raise StepFailed(f"{os.path.basename(argv[0])} {how}", status=status, output="\n".join(tail))
    return "\n".join(tail)


def stop(child: "subprocess.Popen[str]") -> None:
    """Ask the whole process group to end, then kill it."""
    for number, wait in ((signal.SIGTERM, _GRACE), (getattr(signal, "SIGKILL", signal.SIGTERM), _GRACE)):
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(child.pid, number)
            else:
                child.terminate()
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            try:
                child.wait(0.1)
                return
            except subprocess.TimeoutExpired:
                continue
            except KeyboardInterrupt:
                continue  # asked again: it is being stopped


def _die_with_parent() -> Callable[[], None]:
    """A function for the child, before it becomes the installer: the kernel kills it when this process is killed."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(127)

    return ask
