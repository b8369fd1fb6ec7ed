"""Installed distributions: names and versions from the names of their folders, contents only where those do not tell.

Two hundred distributions cost a directory listing. The rules are those of the packaging specifications ("Recording
installed projects", "Name normalization", "Binary distribution format": escaping) and of conda's ``conda-meta``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from compat import versions
from compat.machine import Duplicate
from compat.probe.host import Host, Unreadable
from compat.probe.layer import Reading
from compat.probe.layers.python import Interpreter
from compat.records import dataclass, replace
from compat.spoken import spoken

WHERE = {
    "packages": "names of *.dist-info, *.egg-info and *.egg, conda-meta",
    "duplicates": "a second *.dist-info of the name on the import path, RECORDs that list one path",
}

_DEBIAN_SITE = "/dist-packages"
_SUFFIXES = (".dist-info", ".egg-info", ".egg")
_METADATA_LIMIT = 1 << 20
_EGG_TAG = re.compile(r"-py\d+(?:\.\d+)?(?:-[\w.-]+)?$")
_HEADER = re.compile(r"^(Name|Version):[ \t]*(\S+)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_OWN_VERSION = re.compile(r"""^(?:__version__|version)(?:\s*:[^=\n]+)?\s*=\s*['"]([^'"\n]+)['"]""", re.MULTILINE)
_CONDA_FILE = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json$")


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution; `record` is the folder (or file) that describes it, inside `folder`."""

    name: str  # normalised
    version: str | None
    folder: str
    record: str

    @property
    def info(self) -> str:
        """The path of the folder or file that describes it."""
        return f"{self.folder}/{self.record}"

    @property
    def origin(self) -> str:
        return "system" if self.folder.endswith(_DEBIAN_SITE) and self.folder.startswith("/usr/lib/") else "pip"


@dataclass(frozen=True, slots=True)
class CondaRecord:
    """A package in ``conda-meta``: name, version and build string from the record's file name."""

    name: str
    version: str
    build: str
    path: str


@dataclass(frozen=True, slots=True)
class Installed:
    """Everything found, in import order; `winners` has the copy of each name that an import gets."""

    found: tuple[Distribution, ...]
    winners: dict[str, Distribution]
    conda: tuple[CondaRecord, ...] = ()

    def duplicates(self) -> tuple[Duplicate, ...]:
        """Further copies of a name, in import order."""
        return tuple(Duplicate(d.name, d.version, d.origin) for d in self.found if self.winners.get(d.name) is not d)


def read(host: Host, so_far: Reading) -> Reading:
    """The layer: ``packages`` and ``duplicates``; ``aside['installed']`` keeps the folders for later layers."""
    reading = Reading()
    python: Interpreter | None = so_far.aside.get("python")
    if python is None:
        return reading
    installed = find(host, python.path, python.prefix)
    reading.aside["installed"] = installed
    reading.put("packages", packages(installed), ", ".join(python.path))
    reading.put("duplicates", installed.duplicates())
    for index, duplicate in enumerate(d for d in installed.found if installed.winners.get(d.name) is not d):
        reading.sources[f"duplicates[{index}]"] = duplicate.info
    for name, winner in installed.winners.items():
        if spoken(name):
            reading.sources[f"packages.{name}"] = winner.info
    return reading


def packages(installed: Installed) -> dict[str, str | None]:
    """Name to version, and of conda's own packages those of this stack that no Python distribution stands for."""
    found = {name: winner.version for name, winner in sorted(installed.winners.items())}
    for record in installed.conda:
        if spoken(record.name) and CONDA_NAMES.get(record.name, record.name) not in found:
            found[record.name] = _usable(record.version)
    return found


CONDA_NAMES = {
    "pytorch": "torch",
    "pytorch-gpu": "torch",
    "pytorch-cpu": "torch",
    "tensorflow-base": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-cpu": "tensorflow",
    "torch-tensorrt": "torch-tensorrt",
    "onnxruntime-cpp": "onnxruntime",
}
"""conda's name of a package to the name that its Python part has in site-packages, where they differ."""


def find(host: Host, path: Iterable[str], prefix: str | None = None) -> Installed:
    """The distributions in the folders of an import path, and conda's records of the prefix."""
    found: list[Distribution] = []
    winners: dict[str, Distribution] = {}
    for folder in path:
        for distribution in _in_folder(host, folder):
            found.append(distribution)
            first = winners.get(distribution.name)
            if first is None or (first.folder == folder and _is_code_of(host, distribution, first)):
                winners[distribution.name] = distribution
    conda = tuple(_conda(host, f"{prefix}/conda-meta")) if prefix is not None else ()
    return Installed(tuple(found), winners, conda)


def normalised(name: str) -> str:
    """PEP 503: lower case, each run of ``-_.`` one dash."""
    return (
        re.sub(r"[-_.]+", "-", name).lower()
        if "--" in name.replace("_", "-").replace(".", "-")
        else (name.replace("_", "-").replace(".", "-").lower())
    )


def _is_code_of(host: Host, one: Distribution, other: Distribution) -> bool:
    """Two records of one name in one folder: is the code there that of `one`? By its own word, else the later's."""
    own = _own_version(host, one.folder, one.name.replace("-", "_"))
    public = [(d.version or "").partition("+")[0] for d in (one, other)]
    if own in public and public[0] != public[1]:
        return public[0] == own
    mine, its = host.stat(one.info), host.stat(other.info)
    return bool(mine and its and mine.modified > its.modified)


def _own_version(host: Host, folder: str, module: str) -> str | None:
    """The version that a module's own file assigns, without its local part."""
    for file in ("version.py", "_version.py", "__init__.py"):
        text = host.read_text(f"{folder}/{module}/{file}", _METADATA_LIMIT)
        match = _OWN_VERSION.search(text) if isinstance(text, str) else None
        if match:
            return match[1].partition("+")[0]
    return None


def _in_folder(host: Host, folder: str) -> Iterator[Distribution]:
    for entry in host.listdir(folder):
        # "~orch-2.1.0.dist-info" is what an interrupted pip leaves behind; nothing imports it.
        if entry.endswith(_SUFFIXES) and not entry.startswith(("~", "-", ".")):
            distribution = _distribution(host, folder, entry)
            if distribution is not None:
                yield distribution


def _distribution(host: Host, folder: str, entry: str) -> Distribution | None:
    stem, _, kind = entry.rpartition(".")
    if kind != "dist-info":
        stem = _EGG_TAG.sub("", stem)
    name, dash, version = stem.rpartition("-")
    told = bool(dash) and version[:1].isdigit() and "_" not in version
    plain = Distribution(normalised(name if told else stem), _usable(version) if told else None, folder, entry)
    if not plain.name.isprintable() or not plain.name.isascii():
        return None
    if told and not spoken(plain.name):
        return plain
    headers = _headers(host, plain.info, kind)
    if headers is None:
        # A record without its METADATA: pip does not know the version either.
        return replace(plain, version=None)
    return replace(plain, name=normalised(headers.get("name", plain.name)), version=_usable(headers.get("version", "")))


def _headers(host: Host, info: str, kind: str) -> dict[str, str] | None:
    """Name and Version of the METADATA or PKG-INFO; None where there is none or it cannot be read as text."""
    files = {"dist-info": ("METADATA",), "egg": ("EGG-INFO/PKG-INFO",)}.get(kind, ("PKG-INFO", ""))
    for file in files:
        reader = host.open_at(f"{info}/{file}" if file else info)
        if isinstance(reader, Unreadable):
            continue
        with reader:
            head = reader.read(0, 4096)
        try:
            text = head.partition(b"\n\n")[0].decode("utf-8")
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                return None
            text = head[: error.start].decode("utf-8")
        headers = {key.lower(): value for key, value in _HEADER.findall(text)}
        return headers if "version" in headers else None
    return None


def _usable(version: str) -> str | None:
    return version if versions.try_parse(version) is not None else None


def _conda(host: Host, folder: str) -> Iterator[CondaRecord]:
    for entry in host.listdir(folder):
        match = _CONDA_FILE.match(entry)
        if match:
            yield CondaRecord(match["name"].lower(), match["version"], match["build"], f"{folder}/{entry}")
