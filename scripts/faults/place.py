"""Where a fault is made: a mount namespace of its own, and what may be done to files in it."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Place:
    """What a fault may touch: paths of this machine, found when it starts."""

    site: str
    carry: str
    work: str

    def bind(self, source: str, target: str) -> None:
        # Recursive: a view of a folder is made of binds, and they have to come along.
        subprocess.run(["mount", "--rbind", source, target], check=True)

    def hide(self, path: str) -> None:
        """Let a file be absent: its folder is bound over with a copy of links that lacks it."""
        folder, name = os.path.split(path)
        self.without(folder, lambda entry: entry == name)

    def without(self, folder: str, absent: Callable[[str], bool]) -> None:
        """A view of a folder in which some names are absent."""
        moved = tempfile.mkdtemp(dir=self.work)
        subprocess.run(["mount", "--bind", folder, moved], check=True)
        view = tempfile.mkdtemp(dir=self.work)
        for entry in os.listdir(moved):
            if not absent(entry):
                source, target = os.path.join(moved, entry), os.path.join(view, entry)
                if os.path.islink(source):
                    os.symlink(os.readlink(source), target)
                elif os.path.isdir(source):
                    os.mkdir(target)
                    self.bind(source, target)
                else:
                    with open(target, "wb"):
                        pass
                    self.bind(source, target)
        self.bind(view, folder)

    def replace(self, path: str, content: bytes) -> None:
        """Another content in a file's place."""
        half = os.path.join(self.work, os.path.basename(path))
        with open(half, "wb") as file:
            file.write(content)
        shutil.copymode(path, half)
        self.bind(half, path)

    def unpack(self, pattern: str) -> str:
        """A carried .deb or wheel, unpacked."""
        found = sorted(glob.glob(os.path.join(self.carry, pattern)))[0]
        folder = tempfile.mkdtemp(dir=self.work)
        tool = (
            ["dpkg", "-x", found, folder]
            if found.endswith(".deb")
            else [sys.executable, "-m", "zipfile", "-e", found, folder]
        )
        subprocess.run(tool, check=True, stdout=subprocess.DEVNULL)
        return folder
