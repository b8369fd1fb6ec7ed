"""Captures of real machines as folders that a test may change before it is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from compat.check import Report, check
from compat.goals import parse
from compat.machine import Machine
from compat.matrix import Matrix
from compat.probe.assemble import read_machine
from compat.probe.host import Host
from scripts.fixtures.capture import unpack

CAPTURES = Path(__file__).parent / "captures"


class Replay:
    """One unpacked capture: its root, its variables and its interpreter."""

    def __init__(self, root: Path, about: dict[str, Any]) -> None:
        self.root = root
        self.environ: dict[str, str] = dict(about["environ"])
        self.interpreter: str = about["interpreters"][0]
        self.site = next(
            str(path)[len(str(root)) :]
            for path in (root / self.interpreter.lstrip("/")).parent.parent.glob("lib/python*/site-packages")
        )

    @classmethod
    def of(cls, name: str, folder: Path) -> Replay:
        """Unpack ``captures/NAME.json.xz`` into a folder."""
        return cls(folder, unpack(str(CAPTURES / f"{name}.json.xz"), str(folder)))

    def copy(self, folder: Path) -> Replay:
        """Another copy of the tree, to be changed."""
        shutil.copytree(self.root, folder, symlinks=True, copy_function=_linked, dirs_exist_ok=True)
        twin = Replay.__new__(Replay)
        twin.root, twin.environ, twin.interpreter, twin.site = folder, dict(self.environ), self.interpreter, self.site
        return twin

    def place(self, path: str) -> Path:
        """Where a path of the machine lies now; links in it lead inside the root."""
        real = Host(str(self.root)).realpath(path)
        return self.root / (real if isinstance(real, str) else path).lstrip("/")

    def write(self, path: str, content: bytes | str = b"") -> None:
        """A file of this content in the place of what is there; other copies of the tree keep theirs."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)

    def remove(self, path: str) -> None:
        """Let a file, or the link to it, be absent."""
        folder, _, name = path.rpartition("/")
        (self.place(folder) / name).unlink()

    def first(self, variable: str, folder: str) -> None:
        """Put a folder at the front of a search path."""
        self.environ[variable] = ":".join(filter(None, (folder, self.environ.get(variable))))

    def machine(self, redact: bool = False) -> Machine:
        """What the probe reads there."""
        return read_machine(Host(str(self.root), self.environ), self.interpreter, redact)

    def reports(self, *goals: str) -> dict[str, Report]:
        """The verdicts for some goals, by goal."""
        machine, matrix = self.machine(), Matrix.load()
        return {goal: check(machine, parse(goal), matrix) for goal in goals}


def errors(report: Report) -> list[str]:
    """The rules of a report's errors."""
    return sorted({finding.rule for finding in report.errors})


def library(replay: Replay, folder: str, names: Iterable[str], source: str) -> None:
    """Copies of libraries of the capture in another folder of it."""
    target = replay.place(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(replay.place(f"{source}/{name}"), target / name)


def _linked(source: str, target: str) -> str:
    """Hard links: a capture is thousands of files, and what a test changes it first takes away."""
    os.link(source, target, follow_symlinks=False)
    return target
