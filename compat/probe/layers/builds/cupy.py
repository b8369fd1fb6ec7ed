"""CuPy: the CUDA of a wheel is in the distribution's name (``cupy-cuda12x``, ``cupy-cuda110``)."""

from __future__ import annotations

import re

from compat import versions
from compat.machine import Build
from compat.probe.layers.builds import Context, Found


def read(context: Context) -> Found:
    """A ``12x`` wheel serves the whole major; ``cuda110`` is one release. ``cupy`` itself was built on the spot."""
    match = re.match(r"^cupy-cuda(\d+)(x?)$", context.distribution.name)
    if match is None:
        return Found(Build(), context.distribution.info)
    cuda = match[1] if match[2] else versions.cuda_of_tag("cu" + match[1])
    return Found(Build(cuda=cuda), context.distribution.info)
