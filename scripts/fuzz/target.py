"""What a target of the fuzzer is, and how its bytes are handed to a parser: in memory, or as a file in a folder."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scripts.fuzz import mutate

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Target:
    """A parser: its seeds, how they are changed, the call, and whether it belongs to the long run."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    call: Callable[[bytes], object]
    change: mutate.Mutator = mutate.plain
    long: bool = True


class Memory:
    """Bytes as the readers see a file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read(self, offset: int, length: int) -> bytes:
        """As ``compat.probe.host.Reader.read``."""
        return self.data[offset : offset + length] if offset >= 0 and length > 0 else b""


class Files:
    """A call that needs files: the bytes go to ``name`` in a folder of its own, beside what stands there already."""

    def __init__(
        self, name: str, beside: dict[str, bytes], call: Callable[[str], object], folder: bool = False
    ) -> None:
        self.name, self.beside, self.call, self.folder = name, beside, call, folder
        self.place = ""

    def __call__(self, data: bytes) -> object:
        if not self.place:
            self.place = _folder()
            os.makedirs(os.path.dirname(f"{self.place}/{self.name}"), exist_ok=True)
            for name, content in self.beside.items():
                (Path(self.place) / name).write_bytes(content)
        path = f"{self.place}/{self.name}"
        with open(path, "wb") as file:
            file.write(data)
        return self.call(self.place if self.folder else path)


def _folder() -> str:
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 (memory: a fuzzer writes much)
    made = tempfile.mkdtemp(prefix="compatcheck-fuzz-", dir=place)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def matrix() -> Any:
    """The matrix, loaded once in a process."""
    from compat.matrix import Matrix

    return Matrix.load()
