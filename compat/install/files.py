"""Walking, copying and comparing the files of an environment."""

import contextlib
import errno
import os
import shutil
import stat as modes
from collections.abc import Iterator
from typing import NamedTuple

LINKED_FROM = 1 << 20
"""Files of at least this many bytes are recorded by a hard link where the file system cannot clone: no installer writes
into a shared library that is there, it puts a new file in its place. Smaller ones are copied."""

_FICLONE = 0x40049409  # ioctl_ficlone(2)
_PIECE = 1 << 20


class Entry(NamedTuple):
    """One name below a prefix: ``kind`` is d, f or l; ``how`` a file was recorded: copy, clone or link."""

    path: str
    kind: str
    mode: int
    size: int
    modified: int  # ns
    target: str = ""
    how: str = ""


def walk(prefix: str, roots: tuple[str, ...]) -> Iterator[Entry]:
    """Everything below some folders of a prefix, a folder before what is in it; links are not followed."""
    for root in roots:
        if root == "":
            yield from _inside(prefix, "")
            continue
        try:
            found = _entry(prefix, root)
        except FileNotFoundError:
            continue
        yield found
        if found.kind == "d":
            yield from _inside(prefix, root)


def _inside(prefix: str, folder: str) -> Iterator[Entry]:
    for name in sorted(os.listdir(os.path.join(prefix, folder))):
        path = os.path.join(folder, name)
        with contextlib.suppress(FileNotFoundError):
            found = _entry(prefix, path)
            if found.kind:
                yield found
            if found.kind == "d":
                yield from _inside(prefix, path)


def _entry(prefix: str, path: str) -> Entry:
    found = os.lstat(os.path.join(prefix, path))
    mode = modes.S_IMODE(found.st_mode)
    if modes.S_ISLNK(found.st_mode):
        return Entry(path, "l", mode, 0, 0, os.readlink(os.path.join(prefix, path)))
    if modes.S_ISDIR(found.st_mode):
        return Entry(path, "d", mode, 0, 0)
    # Sockets and pipes are no part of an installation.
    return Entry(path, "f" if modes.S_ISREG(found.st_mode) else "", mode, found.st_size, found.st_mtime_ns)


def duplicate(source: str, copy: str, size: int, links: bool) -> str:
    """Record a file: cloned where the file system can, large ones linked, others copied. Returns how."""
    if size >= LINKED_FROM:
        if _clone(source, copy):
            shutil.copystat(source, copy)
            return "clone"
        if links:
            try:
                os.link(source, copy)
                return "link"
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOTSUP):
                    raise
    shutil.copyfile(source, copy)
    shutil.copystat(source, copy)
    return "copy"


def _clone(source: str, copy: str) -> bool:
    """Share the blocks of a file (btrfs, XFS, bcachefs), so that writing into one leaves the other as it is."""
    try:
        import fcntl
    except ImportError:
        return False
    with open(source, "rb") as reader, open(copy, "wb") as writer:
        try:
            fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
            return True
        except OSError:
            pass
    os.unlink(copy)
    return False


def same_content(one: str, other: str) -> bool:
    """Do two files hold the same bytes?"""
    with open(one, "rb") as left, open(other, "rb") as right:
        while True:
            piece = left.read(_PIECE)
            if piece != right.read(_PIECE):
                return False
            if not piece:
                return True


def remove(path: str) -> None:
    """Remove whatever the name is: a file, a link, a whole folder."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def sync(path: str) -> None:
    """Everything written to the file system of a path is on the disk when this returns (Linux: syncfs(2))."""
    if os.name != "posix":
        return
    import ctypes

    fd = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None).syncfs(fd) != 0:
            os.sync()
    except (AttributeError, OSError):
        os.sync()
    finally:
        os.close(fd)
