"""Any other package of this stack: what its name and its version say of CUDA."""

from __future__ import annotations

import re

from compat import versions
from compat.machine import Build
from compat.probe.layers.builds import Context, Found, as_cuda, cuda_of_local


def read(context: Context) -> Found:
    """CUDA from the local version (``0.5.0+pt28cu128``), else from the name (``nvidia-cudnn-cu12``)."""
    cuda = cuda_of_local(context.tag)
    if cuda is None:
        match = re.search(r"-(cu(?:da)?\d{2,3})(?:$|-)", context.distribution.name)
        cuda = versions.cuda_of_tag(match[1]) if match else None
    return Found(Build(cuda=as_cuda(cuda)), context.distribution.info)
