"""Runs the layers in order and makes one Machine of what they found."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from compat.machine import Container, Driver, FabricManager, Jetson, Libcuda, Machine
from compat.probe.host import Host, Unreadable
from compat.probe.layer import Reading
from compat.records import fields

LAYERS: tuple[str, ...] = (
    "system",
    "python",
    "nodes",
    "environment",
    "jetson",
    "variables",
    "gpus",
    "cxx",
    "driver",
    "libcuda",
    "fabric",
    "distributions",
    "toolkits",
    "builds",
    "libraries",
    "loads",
    "integrity",
)
"""Modules of this package that have a ``read``, in the order in which they run.

Names and not functions, so that a caller that needs few layers imports few.
"""

_RECORDS: dict[str, type] = {
    "fabric_manager": FabricManager,
    "driver": Driver,
    "libcuda": Libcuda,
    "container": Container,
    "jetson": Jetson,
}


def read_machine(
    host: Host, interpreter: str | None = None, redact: bool = False, layers: tuple[str, ...] = LAYERS
) -> Machine:
    """Everything that can be told of `host`; what cannot be told stays unknown and ``host.trouble``
    says why.

    `interpreter` is the path of the Python (inside the host's root) that the goal runs in; None leaves its choice to
    the layers. With `redact` the description holds nothing that names the user, the computer or a single device.
    """
    found = Reading()
    if interpreter is not None:
        found.put("interpreter", interpreter, "given")
    for name in layers:
        found.merge(_run(name, host, found))
    machine = to_machine(found)
    if redact:
        from compat.probe.redact import redacted

        machine = redacted(machine, host)
    return machine


def _run(name: str, host: Host, so_far: Reading) -> Reading:
    """One layer. A layer does not raise; if one does all the same, the others still report."""
    try:
        reading = import_module(f"compat.probe.layers.{name}").read(host, so_far)
    except Exception as error:
        host.trouble.append(Unreadable(f"probe layer {name}", f"failed: {type(error).__name__}: {error}"))
        return Reading()
    assert isinstance(reading, Reading)
    return reading


def to_machine(found: Reading) -> Machine:
    """The description that holds what was found."""
    values: dict[str, Any] = {}
    records: dict[str, dict[str, Any]] = {}
    for path, value in found.values.items():
        record, _, name = path.partition(".")
        if name:
            records.setdefault(record, {})[name] = value
        else:
            values[path] = value
    for record, entries in records.items():
        values[record] = _RECORDS[record](**entries)
    known = {f.name for f in fields(Machine)}
    assert values.keys() <= known, values.keys() - known
    sources: Mapping[str, str] = dict(sorted(found.sources.items()))
    return Machine(**values, sources=sources)
