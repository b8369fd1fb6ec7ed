"""Layer: the libstdc++ that a process gets, by the newest symbol version that it defines."""

from __future__ import annotations

from compat.probe.binary.elf import Elf, read_elf
from compat.probe.host import Host
from compat.probe.layer import Reading
from compat.probe.loading.search import resolve

WHERE = {
    "glibcxx": "newest GLIBCXX_ version defined by the libstdc++.so.6 that the loader finds",
}

SONAME = "libstdc++.so.6"


def read(host: Host, so_far: Reading) -> Reading:
    """glibcxx."""
    found = Reading()
    if so_far.get("os") != "linux":
        return found
    path = resolve(host, so_far, found, SONAME).path
    library = read_elf(host, path) if path else None
    if isinstance(library, Elf):
        found.put("glibcxx", library.newest_defined("GLIBCXX"), path or "")
    return found
