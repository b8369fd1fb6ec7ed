"""The side file of an engine: what made it, as ``compatcheck convert`` recorded it beside the engine."""

import hashlib
import json
from typing import Any

from compat.artifacts.artifact import Artifact
from compat.probe.host import Host, Unreadable
from compat.records import replace

SCHEMA = "compatcheck.engine/1"
HEAD = 1 << 20  # bytes of the engine whose digest is compared; the whole of it would cost seconds
_LARGEST = 1 << 16


def path_of(engine: str) -> str:
    """Where the side file of an engine lies."""
    return f"{engine}.json"


def head_digest(head: bytes) -> str:
    """The digest of an engine's first bytes (SHA-256)."""
    return hashlib.sha256(head[:HEAD]).hexdigest()


def attach(artifact: Artifact, host: Host, path: str) -> Artifact:
    """The engine's artifact with what its side file says, if there is one and it is of this very file."""
    if not host.is_file(path_of(path)):
        return artifact
    text = host.read_text(path_of(path), _LARGEST)
    try:
        found: Any = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return artifact
    head = host.read_head(path, HEAD)
    if isinstance(head, Unreadable) or found.get("head_sha256") != head_digest(head):
        return replace(artifact, remarks=(*artifact.remarks, f"{path_of(path)} is of another file than this engine"))
    engine = artifact.engine
    if engine is not None:
        flags = {
            name: found[name]
            for name in ("version_compatible", "hardware_compatible")
            if isinstance(found.get(name), bool) and getattr(engine, name) is None
        }
        gpu = found.get("gpu")
        engine = replace(engine, **flags, gpu=engine.gpu or (gpu[:100] if isinstance(gpu, str) else None))
    return replace(artifact, facts={**artifact.facts, "made": found}, engine=engine)
