"""What apt tells a ``DPkg::Pre-Install-Pkgs`` hook, version 3 of its protocol (apt.conf(5), apt's own SendPkgsInfo).

``VERSION 3``, the configuration one ``key=value`` a line, an empty line, then one package a line:
``name old-version arch multi-arch direction new-version arch multi-arch action``; ``-`` is no version, the action is
the path of an archive, ``**CONFIGURE**`` or ``**REMOVE**``. Version 2 has no architectures.
"""

import re
from collections.abc import Iterable

from compat.records import dataclass

_NAME = re.compile(r"^[a-z0-9][a-z0-9+.-]+$")
LIMIT = 200_000
"""Lines that are read: a whole distribution upgrade has some thousands."""


class BadProtocol(ValueError):
    """Not what apt writes."""


@dataclass(frozen=True)
class Change:
    """One package of a transaction; None where it was not, or will not be, there. ``archive`` is what is unpacked."""

    name: str
    old: str | None
    new: str | None
    archive: str | None = None


def read(lines: Iterable[str]) -> tuple[Change, ...]:
    """The changes. A package is spoken of when it is unpacked and when it is configured: once is enough.

    Raises BadProtocol.
    """
    stream = iter(lines)
    first = next(stream, "").strip()
    match = re.fullmatch(r"VERSION ([23])", first)
    if match is None:
        raise BadProtocol(f"expected VERSION 3, got {first[:40]!r}; DPkg::Tools::Options::...::Version is not set")
    old_version, new_version = (1, 5) if match[1] == "3" else (1, 3)
    found: dict[str, Change] = {}
    inside = False
    for number, raw in enumerate(stream, 2):
        line = raw.strip()
        if number > LIMIT:
            raise BadProtocol(f"more than {LIMIT} lines")
        if not inside:
            inside = not line
            continue
        if not line:
            continue
        words = line.split(" ", 8 if match[1] == "3" else 4)
        if len(words) != (9 if match[1] == "3" else 5) or not _NAME.match(words[0]):
            raise BadProtocol(f"line {number} is no package: {line[:60]!r}")
        removed = words[-1] == "**REMOVE**"
        new = None if removed or words[new_version] == "-" else words[new_version]
        old = None if words[old_version] == "-" else words[old_version]
        known = found.get(words[0])
        archive = words[-1] if words[-1].startswith("/") else known.archive if known else None
        found[words[0]] = Change(words[0], known.old if known else old, new, archive)
    return tuple(found.values())
