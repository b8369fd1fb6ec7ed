"""Holds what the GPU packages recorded at installation (RECORD) against the disk.

Damage is what a RECORD lists with a size and what is missing, empty, shorter than listed, or another package's file:
two distributions that list one path were installed over each other, and the size (or, at equal sizes, the
SHA-256 of a file of bounded size) tells whose file is there now. No RECORD (conda, Debian) is no damage.
Source: packaging specifications, "Recording installed projects", the RECORD file.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from compat.machine import Damage, Duplicate
from compat.probe.host import Host, Stat, Unreadable
from compat.probe.layer import Reading
from compat.probe.layers.distributions import Distribution, Installed
from compat.records import dataclass

WHERE = {
    "damaged": "RECORD against the disk: size, absence, another package's file",
}

CHECKED = (
    "torch",
    "nvidia-",
    "onnxruntime",
    "tensorflow",
    "tf-nightly",
    "jax",
    "tensorrt",
    "triton",
    "pytorch-triton",
    "cupy",
    "opencv",
    "ctranslate2",
    "paddlepaddle",
)
"""How the names begin whose files are checked."""

CODE = {True: (".pyd", ".dll"), False: (".so",)}
"""How the files are called that are checked, for Windows or not: compiled code. A wheel lists thousands of others."""

SHARED = ("nvidia-",)
"""Packages of libraries, which no module stands for: one that is written over is damaged, but no second copy."""

_RECORD_LIMIT = 8 << 20
_HASH_LIMIT = 4 << 20
_REPORTED = 40  # damages of one package that are named one by one


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a RECORD; `size` in bytes and `digest` as written (``sha256=...``), None where the line has none."""

    path: str
    size: int | None
    digest: str | None


def read(host: Host, so_far: Reading) -> Reading:
    """The layer: ``damaged``, and as ``duplicates`` the packages whose code another package has written over."""
    reading = Reading()
    installed: Installed | None = so_far.aside.get("installed")
    if installed is None:
        return reading
    checked = [d for name, d in sorted(installed.winners.items()) if name.startswith(CHECKED)]
    damaged = find(host, checked)
    reading.put("damaged", damaged)
    for index, damage in enumerate(damaged):
        by = next((d for d in checked if d.name == damage.package), None)
        reading.sources[f"damaged[{index}]"] = f"{by.info}/RECORD" if by else ""
    lost = {damage.package for damage in damaged if damage.by and not damage.package.startswith(SHARED)}
    duplicates = tuple(Duplicate(d.name, d.version, d.origin) for d in checked if d.name in lost)
    if duplicates:
        reading.put("duplicates", duplicates)
    return reading


def find(host: Host, distributions: Iterable[Distribution]) -> tuple[Damage, ...]:
    """The damage to these distributions, at most `_REPORTED` files each."""
    claims: dict[str, list[tuple[Distribution, Listed]]] = defaultdict(list)
    for distribution in distributions:
        for line in record(host, distribution):
            claims[f"{distribution.folder}/{line.path}"].append((distribution, line))
    found: dict[str, list[Damage]] = defaultdict(list)
    for path, claimants in claims.items():
        for damage in _of_path(host, path, claimants):
            if len(found[damage.package]) < _REPORTED:
                found[damage.package].append(damage)
    return tuple(damage for name in sorted(found) for damage in found[name])


def record(host: Host, distribution: Distribution) -> list[Listed]:
    """The files that matter in a distribution's RECORD; none where there is no readable one."""
    data = host.read_bytes(f"{distribution.info}/RECORD", _RECORD_LIMIT)
    found: list[Listed] = []
    endings = CODE[distribution.folder.endswith("/Lib/site-packages")]
    for row in _rows(data, endings) if isinstance(data, bytes) else ():
        path, digest, size = [*row.rsplit(",", 2), "", ""][:3]
        path = path.strip('"')
        if not path.startswith(("/", "..")) and "/../" not in path and _is_code(path.rpartition("/")[2], endings):
            told = size.isascii() and size.isdigit() and len(size) < 19
            found.append(Listed(path, int(size) if told else None, digest or None))
    return found


def _rows(data: bytes, endings: Iterable[str]) -> Iterator[str]:
    """The lines that name compiled code, found without a look at the thousands of others."""
    for ending in endings:
        at = data.find(ending.encode())
        while at >= 0:
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            yield data[data.rfind(b"\n", 0, at) + 1 : end].rstrip(b"\r").decode("utf-8", "surrogateescape")
            at = data.find(ending.encode(), end)


def _is_code(name: str, endings: tuple[str, ...]) -> bool:
    return ".so." in name or name.endswith(endings)


def _of_path(host: Host, path: str, claimants: Sequence[tuple[Distribution, Listed]]) -> list[Damage]:
    stat = host.stat(path)
    relative = claimants[0][1].path
    if isinstance(stat, Unreadable):
        gone = stat.reason == "absent"
        return [Damage(d.name, relative, "missing") for d, _ in claimants] if gone else []
    losers = [(d, line) for d, line in claimants if line.size is not None and line.size != stat.size]
    if len(claimants) > 1:
        return _overwritten(host, path, stat, claimants)
    if not losers or not stat.is_file:
        return []
    distribution, line = losers[0]
    if stat.size == 0:
        return [Damage(distribution.name, relative, "empty")]
    # Longer than listed is a library that was patched on purpose (patchelf); shorter is one that was cut.
    shorter = line.size is not None and stat.size < line.size
    return [Damage(distribution.name, relative, "truncated")] if shorter else []


def _overwritten(host: Host, path: str, stat: Stat, claimants: Sequence[tuple[Distribution, Listed]]) -> list[Damage]:
    """Several distributions claim the path: whose file is it, and who lost theirs?"""
    matching = _matching(host, path, stat, claimants)
    if not matching:
        problem = "empty" if stat.size == 0 else "truncated"
        return [Damage(d.name, line.path, problem) for d, line in claimants if stat.size < (line.size or 0)]
    return [Damage(d.name, line.path, "overwritten", matching[0].name) for d, line in claimants if d not in matching]


def _matching(
    host: Host, path: str, stat: Stat, claimants: Sequence[tuple[Distribution, Listed]]
) -> list[Distribution]:
    """The claimants whose line fits the file: by size, and where that leaves several by hash."""
    fitting = [(d, line) for d, line in claimants if line.size == stat.size]
    if len(fitting) > 1 and stat.size <= _HASH_LIMIT:
        data = host.read_bytes(path, _HASH_LIMIT)
        if isinstance(data, bytes):
            import hashlib

            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            fitting = [(d, line) for d, line in fitting if line.digest == f"sha256={digest}"]
    return [d for d, _ in fitting]


def writers(host: Host, distributions: Sequence[Distribution], path: str) -> list[Distribution]:
    """Those of the distributions whose RECORD fits the file at `path` as it is now."""
    stat = host.stat(path)
    claimants = [(d, line) for d in distributions for line in record(host, d) if f"{d.folder}/{line.path}" == path]
    return _matching(host, path, stat, claimants) if isinstance(stat, Stat) else []
