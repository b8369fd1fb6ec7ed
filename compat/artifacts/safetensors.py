"""Weights in safetensors: a u64 length, a JSON table of tensors, the data (huggingface/safetensors, Format)."""

import json
import re
from collections import Counter
from typing import Any

from compat.artifacts.artifact import Artifact, Bytes

_LONGEST = 100_000_000  # bytes of the table, by the format's own limit
_CHUNK = 1 << 18
_TYPE = re.compile(rb'"dtype"\s*:\s*"([A-Za-z0-9_]{1,16})"')
_METADATA = re.compile(rb'"__metadata__"\s*:\s*(\{[^{}]{0,65536}\})')


def recognise(head: bytes, size: int, name: str) -> bool:
    """Is there a length that fits the file, and JSON behind it?"""
    length = int.from_bytes(head[:8], "little")
    return (
        2 <= length <= min(_LONGEST, max(size - 8, 0))
        and head[8:9] == b"{"
        and (name.endswith(".safetensors") or b'"dtype"' in head or b'"__metadata__"' in head or head[8:10] == b"{}")
    )


def read(source: Bytes) -> Artifact:
    """Element types and how many tensors have each; the table is searched in pieces, never held whole."""
    length = int.from_bytes(source.read(0, 8), "little")
    types: Counter[str] = Counter()
    for start in range(8, 8 + length, _CHUNK):
        # Pieces overlap by the longest entry; a match counts where it begins.
        piece = source.read(start, min(_CHUNK + 40, 8 + length - start))
        types.update(found.group(1).decode() for found in _TYPE.finditer(piece) if found.start() < _CHUNK)
    return Artifact(
        "weights",
        "safetensors",
        "weights in safetensors; no graph, so a framework has to export it",
        facts={"tensors": sum(types.values()), "types": dict(sorted(types.items())), **_metadata(source, length)},
    )


def _metadata(source: Bytes, length: int) -> dict[str, Any]:
    found = _METADATA.search(source.read(8, min(length, 1 << 18)))
    try:
        return {"metadata": json.loads(found.group(1))} if found else {}
    except ValueError:
        return {}
