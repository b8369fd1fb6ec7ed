"""torch, torchvision and torchaudio: ``version.py`` and the libraries that only a CUDA build has."""

from __future__ import annotations

import re

from compat.machine import Build
from compat.probe import libnames
from compat.probe.builds import Context, Found, as_cuda, assigned, cuda_of_local, has_assignment, usable
from compat.probe.host import Unreadable

_FLAGS = re.compile(rb"\x00((?:(?:sm|compute)_\d+[af]? ?){2,60})\x00")
_SEARCH_LIMIT = 64 << 20
_PIECE = 1 << 20


def read(context: Context) -> Found:
    """CUDA as written in ``version.py``, else from the local version, else from the libraries present."""
    module = context.distribution.name if context.distribution.name in ("torchvision", "torchaudio") else "torch"
    path = f"{context.folder}/{module}/version.py"
    text = context.text(f"{module}/version.py")
    own = usable(assigned(text, "__version__"))
    written = assigned(text, "cuda")
    cuda: str | bool | None = usable(written)
    if cuda is None and has_assignment(text, "cuda") and written is None and not assigned(text, "hip"):
        cuda = False
    if cuda is None:
        cuda = cuda_of_local(context.tag or (own or "").partition("+")[2] or None)
    libraries = context.host.listdir(f"{context.folder}/torch/lib") if module == "torch" else ()
    if cuda is None and libraries:
        path = f"{context.folder}/torch/lib"
        cuda = None if any(name.startswith("libtorch_cuda") for name in libraries) else False
    targets = architectures(context) if context.deep and cuda and module == "torch" else None
    return Found(Build(cuda=as_cuda(cuda), cudnn=_cudnn(libraries) if cuda else None, architectures=targets), path)


def architectures(context: Context) -> tuple[str, ...] | None:
    """What ``torch.cuda.get_arch_list()`` would return: the flags string in ``libtorch_python.so``.

    This searches megabytes, so only a `deep` reading asks for it.
    """
    reader = context.host.open_at(f"{context.folder}/torch/lib/libtorch_python.so")
    if isinstance(reader, Unreadable):
        return None
    with reader:
        for offset in range(0, min(reader.size, _SEARCH_LIMIT), _PIECE):
            match = _FLAGS.search(reader.read(offset, _PIECE + 1024))
            if match:
                return tuple(match[1].decode().split())
    return None


def _cudnn(libraries: tuple[str, ...]) -> str | None:
    """The cuDNN bundled in ``torch/lib`` (builds before the nvidia packages), from its file name."""
    for name in libraries:
        version = libnames.version_of(name) if name.startswith("libcudnn.so") else None
        if version:
            return version
    return None
