"""Carry out the build step: trtexec, or TensorRT's Python API, in a child with a time limit; then the record of what
made the engine."""

import hashlib
import json
import os
from typing import Any

from compat.artifacts import Artifact, side
from compat.machine import Machine
from compat.probe.host import Completed, Host, Unreadable
from compat.records import dataclass

PLACES = ("trtexec", "/usr/src/tensorrt/bin/trtexec", "/opt/tensorrt/bin/trtexec", "/workspace/tensorrt/bin/trtexec")
_CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "api_child.py")
_LOG_LIMIT = 64 << 20  # bytes; a verbose build writes some megabytes
_CHUNK = 1 << 20


class BuildFailed(Exception):
    """The engine was not built; the text says why, ``log`` is the end of what trtexec wrote."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True)
class Built:
    """An engine that was built, and its side file."""

    engine: str
    side: str
    record: dict[str, Any]


def find_trtexec(host: Host) -> str | None:
    """The path of trtexec: where Debian's packages, NVIDIA's archive and containers put it; no pip package holds it."""
    return next((found for place in PLACES if (found := host.exists_program(place))), None)


def program(host: Host, machine: Machine) -> tuple[str, ...]:
    """trtexec, or the environment's Python with TensorRT's API. Raises BuildFailed where neither is there."""
    trtexec = find_trtexec(host)
    if trtexec is not None:
        return (trtexec,)
    bound = any(name.startswith("tensorrt") and version for name, version in (machine.packages or {}).items())
    if bound and machine.interpreter is not None and host.exists_program(machine.interpreter):
        return (machine.interpreter, "-I", _CHILD)
    raise BuildFailed(
        "neither trtexec nor a tensorrt package is installed here (no pip package holds trtexec: it comes with the "
        "TensorRT archive, the libnvinfer-bin package, JetPack and the tensorrt containers)"
    )


def build(host: Host, machine: Machine, argv: tuple[str, ...], engine: str, timeout: float) -> tuple[str, ...]:
    """Build with trtexec's options and return what was run. ``timeout`` in s. Raises BuildFailed."""
    command = (*program(host, machine), *argv[1:])
    name = "trtexec" if len(command) == len(argv) else "TensorRT's Python API"
    done = host.run(command, timeout=timeout, limit=_LOG_LIMIT)
    if not isinstance(done, Completed):
        raise BuildFailed(f"{name} did not end: {done.reason}")
    if done.status != 0 or not host_sees(host, engine):
        raise BuildFailed(f"{name} ended with status {done.status}", (done.stdout + done.stderr)[-4000:])
    return command


def host_sees(host: Host, path: str) -> bool:
    """Is the file there now? The host that ran the build remembers how it was before."""
    return Host(host.root).is_file(path)


def record(host: Host, machine: Machine, model: Artifact, engine: str, argv: tuple[str, ...]) -> Built:
    """Write the side file of an engine that was just built. Raises OSError."""
    from datetime import datetime, timezone

    from compat.artifacts import open_artifact

    made = open_artifact(engine, host)
    gpus = [gpu.name for gpu in machine.gpus or () if gpu.name]
    content = {
        "schema": side.SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "engine": engine.rpartition("/")[2],
        "size": made.size,
        "sha256": digest(host, engine),
        "head_sha256": side.head_digest(_head(host, engine)),
        "model": model.path.rpartition("/")[2],
        "model_sha256": digest(host, model.path),
        "opset": machine.model.opset,
        "command": list(argv),
        "precision": machine.model.precision or "fp32",
        "gpu": ", ".join(gpus) or None,
        "compute_capability": made.facts.get("compute_capability"),
        "driver": machine.driver.version,
        "cuda": machine.driver.cuda,
        "tensorrt": made.facts.get("tensorrt"),
        "version_compatible": "--versionCompatible" in argv,
        "hardware_compatible": any(word.startswith("--hardwareCompatibilityLevel") for word in argv),
    }
    path = side.path_of(engine)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({key: value for key, value in content.items() if value is not None}, file, indent=1)
        file.write("\n")
    return Built(engine, path, content)


def _head(host: Host, path: str) -> bytes:
    head = host.read_head(path, side.HEAD)
    return b"" if isinstance(head, Unreadable) else head


def digest(host: Host, path: str) -> str | None:
    """SHA-256 of a file, None where it cannot be read."""
    source = host.open_at(path)
    if isinstance(source, Unreadable):
        return None
    found = hashlib.sha256()
    with source:
        for offset in range(0, source.size, _CHUNK):
            found.update(source.read(offset, _CHUNK))
    return found.hexdigest()
