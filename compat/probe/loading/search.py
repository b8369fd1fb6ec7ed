"""The loader's view, made once for a machine and shared by the layers that ask it for a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compat.probe.host import Host
from compat.probe.layer import Reading

if TYPE_CHECKING:
    from compat.probe.loading.loader import Loader, Process, Resolution


def loader_of(host: Host, so_far: Reading, found: Reading) -> Loader:
    """The loader of `host`, kept aside for later layers."""
    known: Loader | None = so_far.aside.get("loader") or found.aside.get("loader")
    if known is None:
        from compat.probe.loading.loader import Loader

        known = Loader(host, machine=so_far.get("arch") or "x86_64")
        found.aside["loader"] = known
    return known


def resolve(host: Host, so_far: Reading, found: Reading, name: str) -> Resolution:
    """Where a process of the goal's interpreter (of any program, where that is unknown) gets library `name`."""
    process: Process | None = so_far.aside.get("process") or found.aside.get("process")
    if process is None:
        program = so_far.get("interpreter")
        real = host.realpath(program) if program else None
        process = loader_of(host, so_far, found).start(real if isinstance(real, str) else None)
        found.aside["process"] = process
    return process.resolve(name)
