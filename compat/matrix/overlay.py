"""The overlay: what `compatcheck matrix update` found on the package index, in the user's data folder.

Files have the form of the matrix's own. They only add builds; a subject that the matrix itself knows is never
spoken of. A file that cannot be read or does not fit the schema is renamed to ``.broken`` with a warning, and the
rest is used.
"""

import os
import sys

from compat import toml
from compat.compiled import overlay_files
from compat.matrix.compile import plain, read
from compat.whole import write_whole


def sound_files(folder: str, data: str) -> list[str]:
    """The overlay's files that can be used; the others are set aside."""
    from compat.matrix.schema import Schema
    from compat.matrix.validate import check_file, open_file

    sound, schema = [], Schema(data)
    for path in overlay_files(folder):
        try:
            file = open_file(path)
            wrong = [str(problem) for problem in check_file(file, schema)]
            wrong += [
                f"{path}: only builds belong here, not {name}"
                for name in file.data
                if name not in ("component", "source", "build")
            ]
        except (OSError, UnicodeDecodeError, toml.TOMLDecodeError) as error:
            wrong = [f"{path}: {error}"]
        if wrong:
            set_aside(path, wrong[0])
        else:
            sound.append(path)
    return sound


def day_checked(folder: str) -> str | None:
    """The day on which the index was last asked, None where nothing says so."""
    path = os.path.join(folder, "checked.toml")
    try:
        return str(plain(read(path)["date"]))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, toml.TOMLDecodeError, KeyError) as error:
        set_aside(path, f"{path}: {error!r}")
        return None


def set_aside(path: str, reason: str) -> None:
    """Rename a broken file out of the way, keeping what was set aside earlier, and say so on stderr."""
    aside, number = f"{path}.broken", 1
    while os.path.exists(aside):
        number += 1
        aside = f"{path}.broken{number}"
    try:
        os.replace(path, aside)
        where = f"it is now {aside}"
    except OSError as error:
        where = f"it is ignored (and cannot be renamed: {error.strerror})"
    print(
        f"warning: a file of the matrix overlay is broken; {where}: {reason}\n"
        "hint: `compatcheck matrix update` fetches what it held again",
        file=sys.stderr,
    )


def write_file(folder: str, name: str, text: str) -> None:
    """Write a file of the overlay so that a reader sees the old one or the new one. Raises OSError."""
    os.makedirs(folder, exist_ok=True)
    write_whole(os.path.join(folder, name), text)
