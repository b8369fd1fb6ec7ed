"""What was begun and what was finished: one JSON object a line, on the disk before the next thing happens.

Entries, in order: ``begin``; ``recorded`` (from here on the environment may differ from what it was); for each step
``before`` and ``after``; ``done`` when the environment is as planned; ``restored`` when it is as it was.
"""

import json
import os
import shutil
import time
from typing import Any

_RESERVE = 1 << 16  # bytes kept free for the journal on a full disk


class Journal:
    """The journal of one transaction, in the transaction's folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.path = f"{folder}/journal.jsonl"

    @classmethod
    def begin(cls, folder: str, **said: Any) -> "Journal":
        """A new transaction. The folder gets its name only when the first entry is on the disk."""
        draft = f"{folder}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        os.mkdir(draft, 0o700)
        with open(f"{draft}/reserve", "wb") as file:
            file.write(b"\0" * _RESERVE)
        journal = cls(draft)
        journal.write("begin", **said)
        os.rename(draft, folder)
        sync_folder(os.path.dirname(folder))
        return cls(folder)

    def write(self, entry: str, **said: Any) -> None:
        """Append an entry; returns when it is on the disk."""
        line = json.dumps({"entry": entry, "time": round(time.time(), 3), **said}, ensure_ascii=True) + "\n"
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._cut_torn_line(fd)
            data = line.encode("ascii")
            while data:
                data = data[os.write(fd, data) :]
            os.fsync(fd)
        finally:
            os.close(fd)

    def make_room(self) -> None:
        """Give back the bytes that were kept for a full disk."""
        if os.path.exists(f"{self.folder}/reserve"):
            os.unlink(f"{self.folder}/reserve")

    def entries(self) -> list[dict[str, Any]]:
        """What was written; a last line that was cut short was not written."""
        try:
            with open(self.path, "rb") as file:
                lines = file.read().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def last(self, *names: str) -> dict[str, Any] | None:
        """The newest entry of one of these names."""
        return next((one for one in reversed(self.entries()) if one["entry"] in names), None)

    @staticmethod
    def _cut_torn_line(fd: int) -> None:
        data = os.pread(fd, os.fstat(fd).st_size, 0) if hasattr(os, "pread") else b"\n"
        if data and not data.endswith(b"\n"):
            os.ftruncate(fd, data.rfind(b"\n") + 1)


def sync_folder(path: str) -> None:
    """Make the names in a folder durable (POSIX; Windows has no such call)."""
    if os.name == "posix":
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
