"""Where the matrix lies, its TOML and its compiled form, and when that has to be made anew.

Apart from ``compat.matrix``, whose import costs more than a whole answer of the guard.
"""

import os
import sys
from binascii import crc32

from compat import __version__

_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "matrix")
_COMPILED = os.path.join(_HERE, "compiled")
_CHECKOUT = os.path.join(os.path.dirname(os.path.dirname(_HERE)), "matrix")
_PACKAGED = os.path.join(_HERE, "data")
_texts: dict[str, str] = {}


def data_folder() -> str:
    """Where the TOML lies: in a checkout ``matrix/``, in an installation beside the reader."""
    return _CHECKOUT if os.path.isfile(os.path.join(_CHECKOUT, "schema.toml")) else _PACKAGED


def compiled_folder(data: str) -> str:
    """The folder with the compiled form of ``data``, made now if it is absent or older than a TOML file.

    Where the package's own folder cannot be written (a system installation that was not compiled when it was
    built), a folder of the user's cache serves. The user's overlay (`matrix update`) is compiled in where there is
    one; that costs a run without one a single stat.
    """
    overlay = overlay_folder()
    try:
        changed = os.stat(overlay).st_mtime
    except OSError:
        return shipped_folder(data)
    merged = _with_overlay(data, overlay, changed)
    return merged if merged is not None else shipped_folder(data)


def text_of(table: str) -> str:
    """A compiled table as it is written, an entry a line: for those to whom importing the matrix costs too much."""
    if table not in _texts:
        with open(os.path.join(compiled_folder(data_folder()), f"{table}.json"), encoding="utf-8") as file:
            _texts[table] = file.read()
    return _texts[table]


def overlay_folder() -> str:
    """Where `matrix update` keeps what it found: the user's data folder."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Local")
    else:
        base = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(base, "gpu-compatcheck", "matrix-overlay")


def overlay_files(folder: str) -> list[str]:
    """The overlay's files, in a fixed order; ``checked.toml`` only says when the index was asked."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(".toml") and name != "checked.toml"]


def cache_folder(name: str, data: str) -> str:
    """A folder of the user's cache for what is made from ``data`` by this version."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    mark = crc32(f"{data}\n{__version__}".encode())
    return os.path.join(base, "gpu-compatcheck", f"{name}-{mark:08x}")


def shipped_folder(data: str) -> str:
    """The compiled form of ``data`` alone, without the user's overlay."""
    if data == _PACKAGED and os.path.isfile(os.path.join(_COMPILED, "index.json")):
        return _COMPILED  # compiled when the wheel was built; the times of installed files tell nothing
    newest = _newest(data)
    places = [_COMPILED, cache_folder("matrix", data)]
    for place in places:
        if _is_current(place, newest):
            return place
    from compat.matrix.compile import compile_folder

    return _written(compile_folder(data), places)


def _with_overlay(data: str, overlay: str, changed: float) -> str | None:
    """The compiled form of the matrix and the overlay; None where the overlay says nothing that can be used."""
    files = [*overlay_files(overlay), os.path.join(overlay, "checked.toml")]
    place = cache_folder("matrix-with-overlay", data)
    if _is_current(place, max(changed, _newest(data), *map(_time, files))):
        return place
    from compat.matrix.compile import compile_folder
    from compat.matrix.overlay import day_checked, sound_files

    sound, day = sound_files(overlay, data), day_checked(overlay)
    if not sound and day is None:
        return None
    return _written(compile_folder(data, sound, day), [place])


def _written(content: "dict[str, object]", places: list[str]) -> str:
    from compat.matrix.compile import write

    for place in places:
        try:
            write(content, place)
            return place
        except OSError:
            continue
    import tempfile

    place = tempfile.mkdtemp(prefix="gpu-compatcheck-")
    write(content, place)
    return place


def _newest(data: str) -> float:
    """When the data, or the code that compiles it, last changed."""
    newest = max(_time(os.path.join(_HERE, name)) for name in ("compile.py", "tables.py", "indexes.py", "gpus.py"))
    for folder in (data, os.path.join(data, "observed")):
        try:
            with os.scandir(folder) as entries:
                times = [entry.stat().st_mtime for entry in entries if entry.name.endswith(".toml")]
        except OSError:
            continue
        newest = max([newest, *times])
    return newest


def _time(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _is_current(place: str, newest: float) -> bool:
    return 0.0 < _time(os.path.join(place, "index.json")) >= newest
