"""TensorRT's pip packages: the CUDA major is in the distribution's name, the release is its version."""

from __future__ import annotations

import re

from compat.machine import Build
from compat.probe.layers.builds import Context, Found


def read(context: Context) -> Found:
    """CUDA major from the name (``tensorrt-cu13``), or from the variant that is installed beside ``tensorrt``."""
    distribution = context.distribution
    match = re.search(r"[-_]cu(\d{2})(?:$|[-_])", distribution.name)
    if match is None and distribution.name == "tensorrt":
        beside = [re.match(r"^tensorrt-cu(\d{2})-libs$", name) for name in context.installed.winners]
        match = next((m for m in beside if m), None)
    public = (distribution.version or "").partition("+")[0] or None
    return Found(Build(cuda=match[1] if match else None, tensorrt=public), distribution.info)
