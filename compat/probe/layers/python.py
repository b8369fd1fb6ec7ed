"""The Python that the goal runs in: which one, its version, and the folders it imports from; it is never run.

How a binary leads to its prefix follows CPython's Modules/getpath.py; the folders are in ``sitepath``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from compat.probe import dpkg, sitepath
from compat.probe.host import ABSENT, Host, Unreadable
from compat.probe.layer import Reading
from compat.records import dataclass

WHERE = {
    "python": "pyvenv.cfg, the interpreter's folder and name (it is never run)",
}

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IMAGE_PREFIXES = ("/opt/conda", "/opt/venv", "/venv", "/opt/nvidia/venv")
"""Where images keep an environment that only their own PATH would show."""

_CONFIG_LIMIT = 64 << 10
_SEARCH_LIMIT = 16 << 20
_LIBRARY = re.compile(r"^(python|pypy)(\d+\.\d+)(t?)$")
_PATCHED = re.compile(r"(?<![\d.])(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)(?![\d.]*\d)")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python as its files describe it; `path` holds the folders that can hold distributions, in import order."""

    prefix: str
    executable: str | None
    line: str | None  # "3.10"; "3.13t" where it is free-threaded
    version: str | None  # "3.10.12", "3.13.1t"; the line where no file tells the patch
    kind: str  # venv, conda, system, folder
    path: tuple[str, ...]
    source: str  # where the version was read
    base: str | None = None  # the prefix that a virtual environment was made from


@dataclass(frozen=True, slots=True)
class _Place:
    prefix: str
    executable: str | None


def read(host: Host, so_far: Reading) -> Reading:
    """The layer: ``python`` and ``interpreter``; ``aside['python']`` is the Interpreter."""
    reading = Reading()
    found = find(host, so_far.get("interpreter"), dpkg.table(host, so_far, reading))
    if isinstance(found, Unreadable):
        return reading
    reading.aside["python"] = found
    so_far.values.pop("interpreter", None)  # what was given may be a folder: a question, and this is the answer
    reading.put("python", found.version, found.source)
    reading.put("interpreter", found.executable or found.prefix, found.source)
    return reading


def find(
    host: Host, given: str | None = None, debian: dpkg.Table | None = None, own: str | None = None
) -> Interpreter | Unreadable:
    """The interpreter at `given` (binary, environment, project or site folder), else the active one.

    Active is, in this order: the activated environment, the one that compatcheck itself is installed in unless that
    is a tool's own, and the first ``python3`` on PATH. `debian` is dpkg's table; `own` stands for sys.prefix in tests.
    """
    if given is not None:
        place = _place(host, given)
        if place is None:
            return _folder(host, given) or Unreadable(given, "no Python interpreter or environment")
        return describe(host, place.prefix, place.executable, debian)
    for candidate in _active(host, own):
        place = _place(host, candidate)
        if place is not None:
            return describe(host, place.prefix, place.executable, debian)
    return Unreadable("python3", ABSENT)


def _active(host: Host, own: str | None) -> Iterator[str]:
    searched = host.environ.get("PATH", DEFAULT_PATH).split(":")
    activated = [host.environ[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if host.environ.get(name)]
    # With both set, the one whose programs come first on PATH is the one that a command meets.
    activated.sort(key=lambda p: searched.index(f"{p}/bin") if f"{p}/bin" in searched else len(searched))
    yield from activated
    own = own or (sys.prefix if host.native else None)
    if own is not None and not _is_tool(host, own):
        yield own
    for folder in searched:
        if folder.startswith("/"):
            for name in ("python3", "python"):
                if host.is_file(f"{folder}/{name}"):
                    yield f"{folder}/{name}"
    if not host.native:
        yield from IMAGE_PREFIXES


def _is_tool(host: Host, prefix: str) -> bool:
    """Is this the private environment that pipx or uv made for one tool? Both leave a receipt; uvx works in a cache."""
    receipts = ("pipx_metadata.json", "uv-receipt.toml")
    return any(host.exists(f"{prefix}/{name}") for name in receipts) or "/uv/archive-v" in prefix


def _place(host: Host, path: str) -> _Place | None:
    """The prefix and binary that a path given by a person means."""
    if "/" not in path and not host.exists(path):
        searched = host.environ.get("PATH", DEFAULT_PATH).split(":")
        path = next((f"{folder}/{path}" for folder in searched if host.is_file(f"{folder}/{path}")), path)
    path = path.rstrip("/") or "/"
    if host.is_dir(path):
        parent = path.rpartition("/")[0] or "/"
        inside = path.rpartition("/")[2] in ("bin", "Scripts")
        for prefix in (path, f"{path}/.venv", f"{path}/venv", *([parent] if inside else [])):
            if _is_prefix(host, prefix):
                return _Place(prefix, _binary(host, prefix))
        return None
    return _of_binary(host, path) if host.is_file(path) else None


def _of_binary(host: Host, path: str) -> _Place | None:
    folder = path.rpartition("/")[0] or "/"
    parent = folder.rpartition("/")[0] or "/"
    for prefix in (folder, parent):
        if host.is_file(f"{prefix}/pyvenv.cfg"):
            return _Place(prefix, path)
    if folder.endswith("/shims"):
        return _behind_shim(host, parent, path.rpartition("/")[2])
    real = host.realpath(path)
    if isinstance(real, Unreadable):
        return None
    prefix = real.rpartition("/")[0]
    while prefix:
        if any(_libraries(host, prefix)):
            return _Place(prefix, path)
        prefix = prefix.rpartition("/")[0]
    return None


def _behind_shim(host: Host, root: str, name: str) -> _Place | None:
    """The interpreter that a pyenv shim starts: PYENV_VERSION, ``.python-version`` up from here, the global file."""
    wanted = host.environ.get("PYENV_VERSION", "").split(":")[0]
    folder = host.cwd
    while folder and not wanted:
        wanted = _first_word(host.read_text(f"{folder}/.python-version", _CONFIG_LIMIT))
        folder = folder.rpartition("/")[0]
    wanted = wanted or _first_word(host.read_text(f"{root}/version", _CONFIG_LIMIT))
    fitting = [v for v in host.listdir(f"{root}/versions") if v == wanted or v.startswith(wanted + ".")]
    if not wanted or not fitting:
        return None
    prefix = f"{root}/versions/{fitting[-1]}"
    return _Place(prefix, _binary(host, prefix) or f"{prefix}/bin/{name}") if _is_prefix(host, prefix) else None


def _first_word(text: str | Unreadable) -> str:
    words = text.split() if isinstance(text, str) else []
    return words[0] if words else ""


def _is_prefix(host: Host, prefix: str) -> bool:
    return (
        host.is_file(f"{prefix}/pyvenv.cfg")
        or host.is_dir(f"{prefix}/Lib/site-packages")
        or any(_libraries(host, prefix))
    )


def _libraries(host: Host, prefix: str) -> list[str]:
    """Names of the library folders (``python3.10``) of a prefix that hold a standard library or distributions."""
    names = {n for folder in ("lib", "lib64") for n in host.listdir(f"{prefix}/{folder}") if _LIBRARY.match(n)}
    parts = ("os.py", "site-packages", "dist-packages")
    return sorted(
        n for n in names if any(host.exists(f"{prefix}/{lib}/{n}/{part}") for lib in ("lib", "lib64") for part in parts)
    )


def _binary(host: Host, prefix: str) -> str | None:
    names = ("bin/python3", "bin/python", "bin/pypy3", "Scripts/python.exe", "python.exe")
    return next((f"{prefix}/{name}" for name in names if host.is_file(f"{prefix}/{name}")), None)


def _folder(host: Host, path: str) -> Interpreter | None:
    """A bare folder of distributions (``pip install --target``), of no known interpreter."""
    if not any(name.endswith((".dist-info", ".egg-info")) for name in host.listdir(path)):
        return None
    match = re.search(r"/python(\d+\.\d+t?)/(?:site|dist)-packages/?$", path)
    line = match[1] if match else None
    return Interpreter(path, None, line, line, "folder", (path.rstrip("/"),), path)


def describe(host: Host, prefix: str, executable: str | None, debian: dpkg.Table | None = None) -> Interpreter:
    """What the files of a prefix say of its interpreter."""
    config = configuration(host, prefix)
    conda = _conda_version(host, prefix)
    kind = "venv" if config is not None else "conda" if host.is_dir(f"{prefix}/conda-meta") else "system"
    base = None
    if config and config.get("home"):
        home = config["home"].rstrip("/")
        base = home.rpartition("/")[0] if home.rpartition("/")[2] in ("bin", "Scripts") else home
    written = (config or {}).get("version") or (config or {}).get("version_info") or ""
    match = _PATCHED.search(written.replace(".final.0", ""))
    name = _library_of(host, prefix, executable, match[1] if match else conda)
    parsed = _LIBRARY.match(name or "")
    line = parsed[2] if parsed else ".".join((match[1] if match else conda or "").split(".")[:2]) or None
    version, source = (match[1], f"{prefix}/pyvenv.cfg") if match else (conda, f"{prefix}/conda-meta")
    if version is None or (line and not version.startswith(line)):
        version, source = _patch(host, base or prefix, executable, line, debian)
    path = tuple(sitepath.folders(host, prefix, base, name, config, line))
    # A free-threaded Python has library folders of its own (python3.13t): its ABI flag, as CPython's getpath.py has it.
    flag = parsed[3] if parsed else ""
    full = version or line
    return Interpreter(prefix, executable, line and line + flag, full and full + flag, kind, path, source, base)


def configuration(host: Host, prefix: str) -> dict[str, str] | None:
    """The keys of ``pyvenv.cfg``, None where there is none."""
    text = host.read_text(f"{prefix}/pyvenv.cfg", _CONFIG_LIMIT)
    if isinstance(text, Unreadable):
        return None
    pairs = (row.partition("=") for row in text.splitlines() if "=" in row)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _conda_version(host: Host, prefix: str) -> str | None:
    for name in host.listdir(f"{prefix}/conda-meta"):
        match = re.match(r"^python-(\d+\.\d+\.\d+\w*)-[^-]+\.json$", name)
        if match:
            return match[1]
    return None


def _library_of(host: Host, prefix: str, executable: str | None, version: str | None) -> str | None:
    """Which library folder (``python3.10``) is this interpreter's, where a prefix has several."""
    names = _libraries(host, prefix)
    if version is not None:
        line = ".".join(version.split(".")[:2])
        plain, threaded = f"python{line}", f"python{line}t"
        wanted = (threaded, plain) if (executable or "").endswith("t") else (plain, f"pypy{line}", threaded)
        return next((name for name in wanted if name in names), None)
    if len(names) > 1 and executable:
        real = host.realpath(executable)
        called = real.rpartition("/")[2] if isinstance(real, str) else ""
        needed = called if called in names else _needed_python(host, executable)
        return needed if needed in names else None
    return names[0] if names else None


def _needed_python(host: Host, executable: str) -> str | None:
    from compat.probe.binary.elf import Elf, read_elf

    elf = read_elf(host, executable, full=False)
    for soname in elf.needed if isinstance(elf, Elf) else ():
        match = re.match(r"^lib(python\d+\.\d+t?)m?\.so", soname)
        if match:
            return match[1]
    return None


def _patch(
    host: Host, prefix: str, executable: str | None, line: str | None, debian: dpkg.Table | None
) -> tuple[str | None, str]:
    """The version with its patch number, from the cheapest file that tells it."""
    if host.native and executable and prefix == sys.base_prefix:
        own = ".".join(map(str, sys.version_info[:3]))
        if line is None or own.startswith(line + "."):
            return own, "the running interpreter"
    if line is None:
        return None, prefix
    for suffix in ("", "m", "t"):
        header = f"{prefix}/include/python{line}{suffix}/patchlevel.h"
        text = host.read_text(header, _CONFIG_LIMIT)
        match = re.search(r'#define\s+PY_VERSION\s+"([^"+]+)', text) if isinstance(text, str) else None
        if match:
            return match[1], header
    packaged = (debian or dpkg.Table()).get(f"python{line}-minimal") if prefix == "/usr" else None
    match = _PATCHED.match(packaged.replace("~", "")) if packaged else None
    if match:
        return match[1], dpkg.STATUS
    match = re.search(rf"(?<![\d.])({re.escape(line)}\.\d+)(?![\d.])", prefix)
    if match:
        return match[1], prefix
    return _searched(host, prefix, executable, line)


def _searched(host: Host, prefix: str, executable: str | None, line: str) -> tuple[str | None, str]:
    """PY_VERSION as it lies in the library or the binary, within a bounded number of bytes."""
    pattern = re.compile(rb"\x00(" + re.escape(line).encode() + rb"\.\d+(?:(?:a|b|rc)\d+)?)\+?\x00")
    libraries = [f"{prefix}/{lib}/libpython{line}{flag}.so.1.0" for lib in ("lib", "lib64") for flag in ("", "t", "m")]
    for path in [*libraries, executable or ""]:
        if not host.is_file(path):
            continue
        reader = host.open_at(path)
        if isinstance(reader, Unreadable):
            continue
        with reader:
            for offset in range(0, min(reader.size, _SEARCH_LIMIT), 1 << 20):
                match = pattern.search(reader.read(offset, (1 << 20) + 32))
                if match:
                    return match[1].decode(), path
    return None, prefix
