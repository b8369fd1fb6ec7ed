"""What comes back through the door to files and processes (`compat.probe.host`): values, failures among them."""
# Records are named tuples: a class of them costs a seventh of a dataclass to make, and start-up time counts.

from __future__ import annotations

import errno
import os
import stat as modes
from types import TracebackType
from typing import Literal, NamedTuple

from compat.records import dataclass

ABSENT = "absent"
DENIED = "permission denied"
NOT_A_FILE = "not a regular file"
TOO_LARGE = "larger than the limit"
LOOP = "too many symbolic links"
BAD_NAME = "not a usable file name"

_ABSENT_ERRORS = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A path that could not be read, and why; false in a condition."""

    path: str
    reason: str

    def __bool__(self) -> Literal[False]:
        return False


class Stat(NamedTuple):
    """Attributes of what a path leads to; `size` in bytes, `mode` as in stat(2), `modified` in s."""

    size: int
    mode: int
    inode: int
    device: int
    modified: float

    @property
    def is_file(self) -> bool:
        return modes.S_ISREG(self.mode)

    @property
    def is_dir(self) -> bool:
        return modes.S_ISDIR(self.mode)


class Completed(NamedTuple):
    """A child process that ended by itself, whatever its exit status."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A child process that was not started or was stopped, and why; false in a condition."""

    argv: tuple[str, ...]
    reason: str

    def __bool__(self) -> Literal[False]:
        return False


class Reader:
    """Reads pieces of one open file; use as a context manager, or call `close`."""

    __slots__ = ("_fd", "path", "size", "total")

    def __init__(self, fd: int, path: str, size: int) -> None:
        self._fd = fd
        self.path = path
        self.size = size
        self.total = 0

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes at `offset`; fewer at the end of the file, none on an error or once closed."""
        if self._fd < 0 or offset < 0 or length <= 0 or offset >= self.size:
            return b""
        try:
            data = os.pread(self._fd, min(length, self.size - offset), offset)
        except (OSError, OverflowError):
            return b""
        self.total += len(data)
        return data

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def reason_of(error: OSError | ValueError) -> str:
    """The failure of a system call in this vocabulary."""
    if isinstance(error, ValueError):  # a NUL byte or a lone surrogate in the name
        return BAD_NAME
    if error.errno in _ABSENT_ERRORS:
        return ABSENT
    if error.errno in (errno.EACCES, errno.EPERM):
        return DENIED
    if error.errno == errno.ELOOP:
        return LOOP
    return error.strerror or f"error {error.errno}"
