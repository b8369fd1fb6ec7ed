"""Where the compiled matrix lies, and when it has to be made anew."""

import os

_COMPILED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compiled")


def compiled_folder(data: str) -> str:
    """The folder with the compiled form of ``data``, made now if it is absent or older than a TOML file.

    Where the package's own folder cannot be written (a system installation that was not compiled when it was
    built), a folder of the user's cache serves.
    """
    newest = _newest(data)
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    places = [_COMPILED, os.path.join(cache, "gpu-compatcheck", "matrix")]
    for place in places:
        if _is_current(place, newest):
            return place
    from compat.matrix.compile import compile_folder, write

    content = compile_folder(data)
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
    newest = 0.0
    for folder in (data, os.path.join(data, "observed")):
        try:
            with os.scandir(folder) as entries:
                times = [entry.stat().st_mtime for entry in entries if entry.name.endswith(".toml")]
        except OSError:
            continue
        newest = max([newest, *times])
    return newest


def _is_current(place: str, newest: float) -> bool:
    try:
        return os.stat(os.path.join(place, "index.json")).st_mtime >= newest
    except OSError:
        return False
