"""Ubuntu's prebuilt kernel modules: packages that carry the kernel's version, and say in what they depend on which
driver release they hold (``nvidia-kernel-common-580 (>= 580.65.06)``); open modules have a ceiling besides.

Read in what apt says of unmet dependencies on Ubuntu 22.04, in a public repository's log (2026-11-22): of
``linux-modules-nvidia-535-open-5.15.0-106-generic``, ``nvidia-kernel-common-535 (<= 535.171.04-1)`` and
``nvidia-kernel-common-535 (>= 535.171.04)``; the same of 470, 550, ``-server`` and ``-server-open``.
"""

import re
from collections.abc import Sequence

from compat.guard.apt.protocol import Change
from compat.probe.dpkg import STATUS
from compat.probe.host import Completed, Host, Unreadable
from compat.records import replace

_PREBUILT = re.compile(r"^linux-(?:modules|objects|signatures)-nvidia-")
_ENTRY = re.compile(r"^Package: (linux-(?:modules|objects)-nvidia-\S+)$(.*?)(?=^$|\Z)", re.MULTILINE | re.DOTALL)
_RELEASE = re.compile(r"nvidia-kernel-common(?:-\d+)?(?:-server)? \((?:>=|=) ([0-9][0-9.]*)")
_STATUS_LIMIT = 32 << 20  # bytes


def installed(host: Host) -> dict[str, str]:
    """Installed packages of such modules, each with its driver release."""
    data = host.read_bytes(STATUS, _STATUS_LIMIT)
    if isinstance(data, Unreadable) or b"-nvidia-" not in data:
        return {}
    found = {}
    for name, entry in _ENTRY.findall(data.decode("utf-8", "replace")):
        match = _RELEASE.search(entry)
        if match and "\nStatus: install ok installed" in entry:
            found[name] = match[1]
    return found


def translated(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes, with driver releases in place of such packages' versions; those that do not tell are left out."""
    found = []
    for change in changes:
        if _PREBUILT.match(change.name) is None or change.new is None:
            found.append(change)
        elif (held := _of_archive(change.archive)) is not None:
            found.append(replace(change, new=held))
    return tuple(found)


def _of_archive(path: str | None) -> str | None:
    """What the package that is about to be unpacked holds."""
    if path is None:
        return None
    said = Host().run(("dpkg-deb", "--field", path, "Depends"))
    match = _RELEASE.search(said.stdout) if isinstance(said, Completed) else None
    return match[1] if match else None
