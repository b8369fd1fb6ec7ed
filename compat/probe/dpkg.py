"""What dpkg says is installed: one read of its status file, shared by the layers that ask (dpkg(1), deb-control(5)).

Where there is none, rpm is asked (`compat.probe.rpm`): NVIDIA's packages have much the same names there.
"""

from __future__ import annotations

import re

from compat.probe.host import Host, Unreadable
from compat.probe.layer import Reading

STATUS = "/var/lib/dpkg/status"
RPM = ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite")


class Table(dict[str, str]):
    """Package name (without architecture) to version, of those that are installed, and where that was read."""

    source = STATUS


_LIMIT = 32 << 20
_OURS = (
    r"(?:python[0-9.]+-minimal|(?:lib)?(?:cud|cublas|cufft|curand|cusolver|cusparse|nccl|nv|npp|tensorrt)"
    r"|tensorrt|onnxruntime|python3-libnvinfer|graphsurgeon|uff-)"
)
# The literal line feed and word in front are what the search runs on: this is a pass over megabytes.
_NAMES = re.compile(rb"\nPackage: (" + _OURS.encode() + rb"[^\n]*)")
_VERSION = re.compile(r"^Version: (\S+)$", re.MULTILINE)


def table(host: Host, so_far: Reading, reading: Reading) -> Table:
    """Versions of the installed packages of this stack; read once and kept aside in `reading` for later layers."""
    known: Table | None = so_far.aside.get("dpkg")
    if known is None:
        known = reading.aside["dpkg"] = installed(host)
    return known


def installed(host: Host) -> Table:
    """The packages of this stack in dpkg's status file, else in rpm's database; none where there is neither."""
    found = Table()
    database = next((path for path in RPM if not host.exists(STATUS) and host.exists(path)), None)
    if database is not None:
        return _of_rpm(host, database)
    data = host.read_bytes(STATUS, _LIMIT)
    if isinstance(data, Unreadable):
        return found
    data = b"\n" + data
    for match in _NAMES.finditer(data):
        end = data.find(b"\n\n", match.end())
        entry = data[match.end() : end if end >= 0 else len(data)].decode("utf-8", "replace")
        version = _VERSION.search(entry)
        if version and "\nStatus: install ok installed" in entry:
            found[match[1].decode("utf-8", "replace").strip()] = version[1]
    return found


def _of_rpm(host: Host, path: str) -> Table:
    from compat.probe import rpm

    found = Table()
    found.source = path
    reader = host.open_at(path)
    if isinstance(reader, Unreadable):
        return found
    with reader:
        try:
            found.update(rpm.packages(reader.read, re.compile(_OURS).match))
        except rpm.Malformed as error:
            host.trouble.append(Unreadable(path, f"no rpm database: {error}"))
    return found


def upstream(version: str) -> str:
    """The upstream part: ``9.10.2.21`` of ``9.10.2.21-1``, ``10.3.0.30`` of ``10.3.0.30-1+cuda12.5``, ``11.5.117`` of
    ``11.5.117~11.5.1-1ubuntu1``."""
    return re.split(r"[-~+]", version.rpartition(":")[2], maxsplit=1)[0]
