"""The one door to files, environment variables and processes (DESIGN, decision 5).

Everything the probe learns about a system passes through a `Host`. It reads below a root directory
("/" or an unpacked image or mounted disk), never follows a link out of that root, never blocks on a
FIFO or a device node, bounds every read and every child process, and gives each failure back as a
value: an `Unreadable` (which is false in a condition) or a `Failure`. What was there but could not be
read is remembered in `Host.trouble`; what is merely absent is not trouble.

A `Host` is a snapshot: listings and file attributes are cached for its lifetime.
"""
# os.path throughout: importing pathlib would cost more time than most of what is read here.

from __future__ import annotations

import os
import stat as modes
from collections.abc import Mapping, Sequence

from compat.probe.answer import (
    ABSENT,
    BAD_NAME,
    DENIED,
    LOOP,
    NOT_A_FILE,
    TOO_LARGE,
    Completed,
    Failure,
    Reader,
    Stat,
    Unreadable,
    reason_of,
)

__all__ = [
    "ABSENT",
    "BAD_NAME",
    "DENIED",
    "LOOP",
    "NOT_A_FILE",
    "TOO_LARGE",
    "Completed",
    "Failure",
    "Host",
    "Reader",
    "Stat",
    "Unreadable",
]

TEXT_LIMIT = 16 << 20
"""Most bytes that `read_bytes` and `read_text` read unless told otherwise."""

LIST_LIMIT = 200_000
"""Most names that `listdir` reads of one directory."""

LINK_LIMIT = 40
"""Symbolic links followed in one path: the kernel's MAXSYMLINKS (path_resolution(7))."""

_SHALLOW = 64  # components of a path up to which its parents are resolved, and remembered, one by one

PROGRAM_DIRECTORIES = (
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/bin",
    "/usr/local/cuda/bin",
    "/run/current-system/sw/bin",
    "/opt/bin",
)
"""Where a program given by its bare name is looked up; the user's PATH is deliberately not asked."""

_OPEN = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


class Host:
    """The system below `root`, with the environment variables of the process that is asked about.

    `root` is "/" or a directory that holds another system. `environ` defaults to this process's variables for
    "/" and to none for another root. Paths are absolute inside the root ("/etc/ld.so.conf"); a relative
    one counts from the working directory, or from the root's top when the root is another system.
    """

    def __init__(self, root: str = "/", environ: Mapping[str, str] | None = None) -> None:
        self.root = "/" + os.path.abspath(root).strip("/") if os.name == "posix" else os.path.abspath(root)
        self.native = self.root == "/" or os.name == "nt"
        if environ is None:
            environ = os.environ if self.native else {}
        self.environ: dict[str, str] = dict(environ)
        self.trouble: list[Unreadable] = []
        self._troubled: set[str] = set()
        self._stats: dict[str, Stat | Unreadable] = {}
        self._links: dict[str, str | Unreadable | None] = {}
        self._real: dict[str, str | Unreadable] = {}
        self._lists: dict[str, tuple[str, ...]] = {}

    @property
    def cwd(self) -> str:
        """The directory that relative paths count from."""
        try:
            return os.getcwd() if self.native else "/"
        except OSError:
            return "/"

    # Attributes

    def stat(self, path: str) -> Stat | Unreadable:
        """Attributes of what `path` leads to, links followed."""
        known = self._stats.get(path)
        if known is None:
            known = self._stats[path] = self._stat(path)
        return known

    def exists(self, path: str) -> bool:
        return isinstance(self.stat(path), Stat)

    def is_file(self, path: str) -> bool:
        found = self.stat(path)
        return isinstance(found, Stat) and found.is_file

    def is_dir(self, path: str) -> bool:
        found = self.stat(path)
        return isinstance(found, Stat) and found.is_dir

    def readlink(self, path: str) -> str | None:
        """What the symbolic link `path` holds; None where it is not a link or cannot be read."""
        directory, _, name = self._absolute(path).rpartition("/")
        parent = self.realpath(directory or "/")
        if isinstance(parent, Unreadable):
            return None
        link = self._link(f"{parent.rstrip('/')}/{name}")
        return link if isinstance(link, str) else None

    def realpath(self, path: str) -> str | Unreadable:
        """`path` with every link resolved inside the root: absolute, existing, still relative to the root."""
        known = self._real.get(path)
        if known is None:
            known = self._real[path] = self._resolve(path)
        return known

    def access(self, path: str, write: bool = False) -> bool:
        """Whether this process's effective user may read (and, if asked, write) what `path` leads to.

        This asks the file's permissions only: a container's device rules are not seen until it is opened.
        """
        place = self._place(path)
        if isinstance(place, Unreadable):
            return False
        mode = os.R_OK | os.W_OK if write else os.R_OK
        try:
            return os.access(place, mode, effective_ids=os.access in os.supports_effective_ids)
        except (OSError, ValueError):
            return False

    # Contents

    def listdir(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted; none where it is absent or cannot be read."""
        known = self._lists.get(path)
        if known is None:
            known = self._lists[path] = self._list(path)
        return known

    def read_bytes(self, path: str, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        """The whole of a regular file (also of procfs and sysfs) of at most `limit` bytes."""
        fd = self._open(path)
        if isinstance(fd, Unreadable):
            return fd
        try:
            data = _drain(fd, limit + 1)
        except OSError as error:
            return self._report(path, reason_of(error))
        finally:
            os.close(fd)
        return data if len(data) <= limit else self._report(path, TOO_LARGE)

    def read_text(self, path: str, limit: int = TEXT_LIMIT) -> str | Unreadable:
        """Like `read_bytes`, as UTF-8; other bytes come through as surrogates, so nothing is lost."""
        data = self.read_bytes(path, limit)
        return data if isinstance(data, Unreadable) else data.decode("utf-8", "surrogateescape")

    def read_head(self, path: str, length: int) -> bytes | Unreadable:
        """The first bytes of a regular file, at most `length`; of a procfs file no more is even generated."""
        fd = self._open(path)
        if isinstance(fd, Unreadable):
            return fd
        try:
            return _drain(fd, length)
        except OSError as error:
            return self._report(path, reason_of(error))
        finally:
            os.close(fd)

    def open_at(self, path: str) -> Reader | Unreadable:
        """A reader of pieces of a regular file, for files too large to be read whole."""
        fd = self._open(path)
        if isinstance(fd, Unreadable):
            return fd
        try:
            return Reader(fd, path, os.fstat(fd).st_size)
        except OSError as error:
            os.close(fd)
            return self._report(path, reason_of(error))

    # Processes

    def exists_program(self, program: str) -> str | None:
        """The path of an executable file: `program` itself if absolute, or found in PROGRAM_DIRECTORIES."""
        if "/" in program:
            candidates = [program] if program.startswith("/") else []
        else:
            candidates = [f"{directory}/{program}" for directory in PROGRAM_DIRECTORIES]
        for candidate in candidates:
            found = self.stat(candidate)
            if isinstance(found, Stat) and found.is_file and found.mode & 0o111:
                return candidate
        return None

    def run(self, argv: Sequence[str], timeout: float = 10.0, limit: int = 4 << 20) -> Completed | Failure:
        """Run a program of this machine: no shell, no input, LC_ALL=C, `timeout` in s, `limit` in bytes.

        A program given by its bare name is looked up in PROGRAM_DIRECTORIES. At the time or output limit its
        whole process group is killed. Nothing of another root is ever run.
        """
        words = tuple(argv)
        if not self.native:
            return Failure(words, "programs of another root are not run")
        program = self.exists_program(words[0]) if words else None
        if program is None:
            return Failure(words, ABSENT)
        from compat.probe.process import run

        return run(words, program, {**self.environ, "LC_ALL": "C"}, timeout, limit)

    # How paths become places

    def _absolute(self, path: str) -> str:
        return path if path.startswith("/") or os.name == "nt" else f"{self.cwd.rstrip('/')}/{path}"

    def _place(self, path: str) -> str | Unreadable:
        """The path to give to the kernel: below another root nothing is left for it to resolve."""
        if self.native:
            return path
        real = self.realpath(path)
        return real if isinstance(real, Unreadable) else self.root + real

    def _resolve(self, path: str) -> str | Unreadable:
        folder, _, name = path.rpartition("/")
        if name in ("", ".", "..") or not path.startswith("/") or path.count("/") > _SHALLOW or not folder:
            return self._walk(path)
        parent = self.realpath(folder)  # known as a rule: what is read lies in few folders
        if isinstance(parent, Unreadable):
            return Unreadable(path, parent.reason)
        plain = f"{parent.rstrip('/')}/{name}"
        link = self._link(plain)
        if link is None:
            return plain
        return self._walk(path) if isinstance(link, str) else self._report(path, link.reason)

    def _walk(self, path: str) -> str | Unreadable:
        pending = self._absolute(path).split("/")[::-1]
        done: list[str] = []
        links = 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if part == "..":
                del done[-1:]
                continue
            link = self._link("/" + "/".join([*done, part]))
            if isinstance(link, Unreadable):
                return self._report(path, link.reason)
            if link is None:
                done.append(part)
                continue
            links += 1
            if links > LINK_LIMIT:
                return self._report(path, LOOP)
            if link.startswith("/"):
                done.clear()
            pending.extend(link.split("/")[::-1])
        return "/" + "/".join(done)

    def _link(self, path: str) -> str | Unreadable | None:
        """What the link at `path` (its parents resolved) holds; None where it is something else."""
        if path not in self._links:
            self._links[path] = self._read_link(path)
        return self._links[path]

    def _read_link(self, path: str) -> str | Unreadable | None:
        place = path if self.native else self.root + path
        try:
            return os.readlink(place) if modes.S_ISLNK(os.lstat(place).st_mode) else None
        except (OSError, ValueError) as error:
            return Unreadable(path, reason_of(error))

    def _stat(self, path: str) -> Stat | Unreadable:
        place = self._place(path)
        if isinstance(place, Unreadable):
            return place
        try:
            found = os.stat(place)
        except (OSError, ValueError) as error:
            return self._report(path, reason_of(error))
        return Stat(
            found.st_size,
            found.st_mode,
            found.st_ino,
            found.st_dev,
            found.st_mtime,
        )

    def _list(self, path: str) -> tuple[str, ...]:
        place = self._place(path)
        if isinstance(place, Unreadable):
            return ()
        names: list[str] = []
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if len(names) == LIST_LIMIT:
                        self._report(path, TOO_LARGE)
                        break
                    names.append(entry.name)
        except (OSError, ValueError) as error:
            self._report(path, reason_of(error))
        return tuple(sorted(names))

    def _open(self, path: str) -> int | Unreadable:
        """A descriptor of a regular file. Its kind is asked first: opening a device can change the device."""
        found = self.stat(path)
        if isinstance(found, Unreadable):
            return found
        place = self._place(path)
        if isinstance(place, Unreadable):
            return place
        if not found.is_file:
            return self._report(path, NOT_A_FILE)
        try:
            fd = os.open(place, _OPEN if self.native else _OPEN | getattr(os, "O_NOFOLLOW", 0))
        except (OSError, ValueError) as error:
            return self._report(path, reason_of(error))
        if modes.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
        return self._report(path, NOT_A_FILE)

    def _report(self, path: str, reason: str) -> Unreadable:
        """The failure as a value; remembered, once for each path, unless the path is merely absent."""
        failure = Unreadable(path, reason)
        if reason != ABSENT and path not in self._troubled:
            self._troubled.add(path)
            self.trouble.append(failure)
        return failure


def _drain(fd: int, limit: int) -> bytes:
    """Up to `limit` bytes from the descriptor's position to its end."""
    pieces: list[bytes] = []
    left = limit
    while left > 0:
        piece = os.read(fd, min(left, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
