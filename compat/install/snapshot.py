"""The record of an environment as it was, and putting it back.

The record is a manifest (one JSON array a line) and a folder with every file. Putting back compares each file with the
record and replaces what differs by renaming, so it may be stopped at any moment and begun again.
"""

import errno
import json
import os
from collections.abc import Iterator

from compat.install import files
from compat.install.errors import InstallError
from compat.install.files import Entry


class Snapshot:
    """The record in ``folder`` (``manifest`` and ``files/``) of some folders below a prefix."""

    def __init__(self, folder: str, prefix: str, roots: tuple[str, ...]) -> None:
        self.folder = folder
        self.prefix = prefix
        self.roots = roots

    def take(self, links: bool = True) -> int:
        """Record everything; returns the number of names. On an error nothing but the record is there to be removed."""
        count = 0
        os.makedirs(f"{self.folder}/files", 0o700)
        with open(f"{self.folder}/manifest", "w", encoding="ascii") as manifest:
            for entry in files.walk(self.prefix, self.roots):
                copy = self._copy(entry)
                if entry.kind == "d":
                    os.makedirs(copy, 0o700, exist_ok=True)
                elif entry.kind == "f":
                    os.makedirs(os.path.dirname(copy), 0o700, exist_ok=True)
                    entry = entry._replace(how=files.duplicate(self._place(entry), copy, entry.size, links))
                manifest.write(json.dumps(entry) + "\n")
                count += 1
        files.sync(self.folder)
        return count

    def restore(self) -> int:
        """Make the environment what it was; returns the number of names that were put right. Raises InstallError."""
        wanted = {entry.path: entry for entry in self.manifest()}
        os.makedirs(self.prefix, exist_ok=True)  # it may have been removed as a whole
        changed = self._remove_others(wanted)
        damaged = []
        for entry in wanted.values():
            if not self._is_there(entry):
                changed += 1
                if not self._put(entry):
                    damaged.append(entry.path)
        if damaged:
            said = f"{len(damaged)} files of the record itself were written to and cannot be put back exactly"
            raise InstallError(f"{said}: {', '.join(damaged[:5])}", f"the record is in {self.folder}")
        files.sync(self.prefix)
        return changed

    def differences(self) -> list[str]:
        """Names that are not as recorded."""
        wanted = {entry.path: entry for entry in self.manifest()}
        others = [entry.path for entry in files.walk(self.prefix, self.roots) if entry.path not in wanted]
        return others + [entry.path for entry in wanted.values() if not self._is_there(entry)]

    def manifest(self) -> Iterator[Entry]:
        """The recorded names, a folder before what is in it."""
        with open(f"{self.folder}/manifest", encoding="ascii") as lines:
            for line in lines:
                yield Entry(*json.loads(line))

    def _place(self, entry: Entry) -> str:
        return os.path.join(self.prefix, entry.path)

    def _copy(self, entry: Entry) -> str:
        return os.path.join(self.folder, "files", entry.path)

    def _remove_others(self, wanted: dict[str, Entry]) -> int:
        """First what was not there: on a full disk that makes room for the rest."""
        gone = [
            entry.path
            for entry in files.walk(self.prefix, self.roots)
            if entry.path not in wanted or wanted[entry.path].kind != entry.kind
        ]
        for path in gone:
            files.remove(os.path.join(self.prefix, path))
        return len(gone)

    def _is_there(self, entry: Entry) -> bool:
        place = self._place(entry)
        try:
            found = os.lstat(place)
        except OSError:
            return False
        if entry.kind == "l":
            return os.path.islink(place) and os.readlink(place) == entry.target
        if os.path.islink(place) or found.st_mode & 0o7777 != entry.mode:
            return False
        if entry.kind == "d":
            return os.path.isdir(place)
        if found.st_size != entry.size or found.st_mtime_ns != entry.modified:
            return False
        try:
            recorded = os.lstat(self._copy(entry))
        except FileNotFoundError:
            return True  # moved back on a full disk by an earlier attempt
        if (recorded.st_ino, recorded.st_dev) == (found.st_ino, found.st_dev):
            return True
        return files.same_content(place, self._copy(entry))

    def _put(self, entry: Entry) -> bool:
        """Put one name back; False where the record of it was written to since."""
        place, copy = self._place(entry), self._copy(entry)
        if entry.kind == "d":
            os.makedirs(place, exist_ok=True)
            os.chmod(place, entry.mode)
            return True
        draft = f"{place}.compatcheck-{os.getpid()}"
        if entry.kind == "l":
            os.symlink(entry.target, draft)
        else:
            recorded = os.stat(copy)
            if (recorded.st_size, recorded.st_mtime_ns) != (entry.size, entry.modified):
                return False
            try:
                files.duplicate(copy, draft, entry.size, links=entry.how == "link")
                os.chmod(draft, entry.mode)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                files.remove(draft)
                os.rename(copy, place)
                os.chmod(place, entry.mode)
                return True
        os.replace(draft, place)
        return True
