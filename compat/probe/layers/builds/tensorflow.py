"""TensorFlow: ``tensorflow/python/platform/build_info.py``, written as a dictionary or as assignments (before 2.3)."""

from __future__ import annotations

import re

from compat.machine import Build
from compat.probe.layers.builds import Context, Found, as_cuda, usable

_FILE = "tensorflow/python/platform/build_info.py"


def read(context: Context) -> Found:
    """CUDA, cuDNN and compute capabilities that the build was made with; a build without CUDA says so."""
    text = context.text(_FILE)
    cuda: str | bool | None = usable(_value(text, "cuda_version") or _value(text, "cuda_version_number"))
    cudnn = usable(_value(text, "cudnn_version") or _value(text, "cudnn_version_number"))
    if _value(text, "is_cuda_build") == "False":
        cuda = cudnn = None
        cuda = False
    targets = re.search(r"cuda_compute_capabilities['\"]?\s*[,:=]\s*\[([^\]\n]*)\]", text)
    architectures = _architectures(targets[1]) if targets and cuda else None
    source = f"{context.folder}/{_FILE}"
    if not text and "cpu" in context.distribution.name:
        cuda, source = False, context.distribution.info
    return Found(Build(cuda=as_cuda(cuda), cudnn=cudnn, architectures=architectures or None), source)


def _architectures(listed: str) -> tuple[str, ...]:
    """What the list stands for: ``sm_XY`` is machine code, ``compute_XY`` and ``X.Y`` machine code and PTX (seen
    in the fat binaries: 2.17.1 lists compute_90 and holds cubins and PTX of it)."""
    found: dict[str, None] = {}
    for kind, number, dotted in re.findall(r"(sm|compute)_(\d+[af]?)|\b(\d+\.\d)\b", listed):
        digits = number or dotted.replace(".", "")
        found[f"sm_{digits}"] = None
        if kind != "sm":
            found[f"compute_{digits}"] = None
    return tuple(found)


def _value(text: str, key: str) -> str | None:
    """The value of ``('key', 'value')``, ``"key": "value"`` or ``key = value``."""
    match = re.search(rf"(?<![\w]){key}['\"]?\s*[,:=]\s*['\"]?([\w.]+)", text)
    return match[1] if match else None
