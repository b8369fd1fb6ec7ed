"""The folders that a Python imports from, in order, as CPython's Lib/site.py puts them together.

``PYTHONPATH``, a virtual environment's ``pyvenv.cfg``, the user's site folder, ``lib`` and ``lib64``, Debian's
``dist-packages`` and the plain lines of ``.pth`` files. Lines of ``.pth`` files that start with ``import`` are code and
are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator

from compat.probe.host import ABSENT, Host, Unreadable

_PTH_LIMIT = 64 << 10
_PTH_LINES = 1000


def folders(
    host: Host, prefix: str, base: str | None, name: str | None, config: dict[str, str] | None, line: str | None
) -> Iterator[str]:
    """Existing folders in the order of sys.path, each once by its real path."""
    seen: set[str] = set()

    def fresh(folder: str) -> bool:
        real = host.realpath(folder) if folder.startswith("/") else Unreadable(folder, ABSENT)
        if isinstance(real, Unreadable) or real in seen or not host.is_dir(folder):
            return False
        seen.add(real)
        return True

    for entry in host.environ.get("PYTHONPATH", "").split(":"):
        if entry and fresh(entry.rstrip("/")):
            yield entry.rstrip("/")
    isolated = config is not None and config.get("include-system-site-packages", "").lower() != "true"
    own = _site_folders(host, prefix, name)
    user = [] if isolated else _user_site(host, line, name)
    rest = _site_folders(host, base, name) if base and not isolated else []
    for folder in [*own, *user, *rest] if config is not None else [*user, *own]:
        if fresh(folder):
            yield folder
            for extra in _pth(host, folder):
                if fresh(extra):
                    yield extra


def _site_folders(host: Host, prefix: str, name: str | None) -> list[str]:
    """Site folders of one prefix: site.getsitepackages, with Debian's and Fedora's changes for /usr."""
    if name is None:
        return [f"{prefix}/Lib/site-packages"]
    if prefix == "/usr" and host.exists("/etc/debian_version"):
        shared = [] if name.startswith("python2") else ["/usr/lib/python3/dist-packages"]
        return [f"/usr/local/lib/{name}/dist-packages", *shared, f"/usr/lib/{name}/dist-packages"]
    local = ["/usr/local"] if prefix == "/usr" else []
    folders = []
    for p in [*local, prefix]:
        # Virtual environments have lib64 -> lib; only a real lib64 is a folder of its own, and then it comes first.
        both = host.is_dir(f"{p}/lib64/{name}") and host.readlink(f"{p}/lib64") is None
        folders += [f"{p}/{lib}/{name}/site-packages" for lib in (("lib64", "lib") if both else ("lib",))]
    return folders


def _user_site(host: Host, line: str | None, name: str | None) -> list[str]:
    base = host.environ.get("PYTHONUSERBASE") or (
        f"{host.environ['HOME']}/.local" if host.environ.get("HOME") else None
    )
    if base is None or line is None or host.environ.get("PYTHONNOUSERSITE"):
        return []
    return [f"{base}/lib/{name or 'python' + line}/site-packages"]


def _pth(host: Host, folder: str) -> Iterator[str]:
    """Folders that the ``.pth`` files of a site folder add; lines of code are skipped (Lib/site.py, addpackage)."""
    for name in host.listdir(folder):
        if not name.endswith(".pth") or name.startswith("."):
            continue
        text = host.read_text(f"{folder}/{name}", _PTH_LIMIT)
        for row in text.splitlines()[:_PTH_LINES] if isinstance(text, str) else ():
            entry = row.rstrip()
            if entry and not entry.startswith(("#", "import ", "import\t")):
                yield (entry if entry.startswith("/") else f"{folder}/{entry}").rstrip("/")
