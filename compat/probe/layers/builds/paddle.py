"""PaddlePaddle: ``paddle/version/__init__.py`` has cuda_version and cudnn_version as text; 'False' means without."""

from __future__ import annotations

from compat.machine import Build
from compat.probe.layers.builds import Context, Found, as_cuda, assigned, usable


def read(context: Context) -> Found:
    """CUDA and cuDNN of the build."""
    path = "paddle/version/__init__.py"
    text = context.text(path)
    written = assigned(text, "cuda_version")
    cuda: str | bool | None = False if written in (False, "False") else usable(written)
    cudnn = usable(assigned(text, "cudnn_version"))
    if not text and context.distribution.name == "paddlepaddle":
        cuda = False
    return Found(Build(cuda=as_cuda(cuda), cudnn=cudnn), f"{context.folder}/{path}")
