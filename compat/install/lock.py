"""One run at a time on one environment.

The lock is the kernel's, on an open file, so a killed run leaves none behind. The installer's process inherits the open
file: as long as one that was orphaned still works, the environment stays locked.
"""

import contextlib
import os
import time
from types import TracebackType

from compat.install.errors import InstallError, Locked

_WAIT = 10.0  # s that an orphaned installer is given to end
_PAUSE = 0.05


class Lock:
    """``home/lock``; a context manager. ``left`` tells of a run that ended without giving the lock back."""

    def __init__(self, home: str, wait: float = _WAIT) -> None:
        self.home = home
        self.fd = -1
        self.left: str | None = None
        self._wait = wait

    def __enter__(self) -> "Lock":
        _own_folder(self.home)
        deadline = time.monotonic() + self._wait
        while True:
            try:
                fd = os.open(f"{self.home}/lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            except FileNotFoundError:  # the run before has just ended and taken the folder along
                _own_folder(self.home)
                continue
            if _try_lock(fd):
                # The folder may have been removed by the run that held the lock before.
                with contextlib.suppress(OSError):
                    if os.fstat(fd).st_ino == os.stat(f"{self.home}/lock").st_ino:
                        break
                os.close(fd)
                _own_folder(self.home)
                continue
            owner = _told(fd)
            os.close(fd)
            if time.monotonic() >= deadline or _alive(owner):
                raise Locked(
                    f"another compatcheck works on this environment ({owner or 'starting'})", "wait for it to end"
                )
            time.sleep(_PAUSE)
        self.fd = fd
        self.left = _told(fd) or None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self.fd, 0)
            if os.listdir(self.home) == ["lock"]:  # no journal to keep: the folder goes too
                os.unlink(f"{self.home}/lock")
                os.rmdir(self.home)
        os.close(self.fd)


def _own_folder(home: str) -> None:
    """The folder, made if it is not there; one that is somebody else's, or a link, is not used."""
    try:
        os.makedirs(home, 0o700, exist_ok=True)
        found = os.lstat(home)
    except OSError as error:
        raise InstallError(f"{home}: {error.strerror or error}", "the journal is kept beside the environment") from None
    if os.path.islink(home) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
        raise InstallError(f"{home}: is not this user's own folder", "remove it, or choose another environment")


def _try_lock(fd: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _told(fd: int) -> str:
    return os.read(fd, 200).decode("utf-8", "replace").strip() if os.lseek(fd, 0, os.SEEK_SET) == 0 else ""


def _alive(owner: str) -> bool:
    """Does the process that wrote itself down still live? Then it is no orphan's lock and waiting is of no use."""
    word = owner.partition(",")[0].rpartition(" ")[2]
    if not word.isdigit():
        return False
    try:
        os.kill(int(word), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
