"""The exact list of what is installed: versions, where from, and the hash of each distribution's file list."""

import hashlib
import json
import os
from typing import Any

from compat.install.target import Target
from compat.probe.host import Host
from compat.probe.layers import distributions


def freeze(target: Target) -> dict[str, Any]:
    """Every distribution with version, ``direct_url.json`` (PEP 610) and the SHA-256 of its RECORD; conda's records."""
    found = distributions.find(Host(), target.sites, target.prefix)
    listed = [
        {
            "name": one.name,
            "version": one.version,
            "folder": os.path.realpath(one.folder),  # whichever link led here
            "direct_url": _direct_url(one.info),
            "record": _digest(f"{one.info}/RECORD"),
        }
        for one in sorted(found.found, key=lambda one: (one.folder, one.name))
    ]
    conda = [{"name": one.name, "version": one.version, "build": one.build} for one in found.conda]
    return {"interpreter": target.interpreter, "python": target.line, "distributions": listed, "conda": conda}


def fingerprint(frozen: dict[str, Any]) -> str:
    """One hash for the whole list, by whichever of its names the interpreter was called."""
    listed = {key: value for key, value in frozen.items() if key != "interpreter"}
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()


def write(target: Target, path: str) -> str:
    """Write the list to a file; returns its fingerprint."""
    frozen = freeze(target)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(frozen, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return fingerprint(frozen)


def _direct_url(info: str) -> Any:
    try:
        with open(f"{info}/direct_url.json", encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def _digest(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return (
                hashlib.file_digest(file, "sha256").hexdigest()
                if hasattr(hashlib, "file_digest")
                else (hashlib.sha256(file.read()).hexdigest())
            )
    except OSError:
        return None
