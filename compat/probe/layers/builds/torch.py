"""torch, torchvision and torchaudio: ``version.py`` and the libraries that only a CUDA build has."""

from __future__ import annotations

import re

from compat.machine import Build
from compat.names import OF_TORCH
from compat.probe import libnames
from compat.probe.host import Unreadable
from compat.probe.layers.builds import Context, Found, as_cuda, assigned, cuda_of_local, has_assignment, usable

_FLAGS = re.compile(rb"((?:(?:sm|compute)_\d+[af]? ?){1,60})\x00")
_FIRST = b"\x00sm_"  # how the flags begin: a search for it takes a hundredth of the pattern's time
_SEARCH_LIMIT = 64 << 20
_PIECE = 1 << 20
_PUBLISHED = re.compile(r"(?:cu\d+|cpu|rocm[\d.]*|xpu)(?:[._-]|$)")  # local parts of builds that the matrix can know


def read(context: Context) -> Found:
    """CUDA as written in ``version.py``, else from the local version, else from the libraries present."""
    module = context.distribution.name if context.distribution.name in OF_TORCH else "torch"
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
    targets = architectures(context) if cuda and module == "torch" and _is_own(own) else None
    return Found(Build(cuda=as_cuda(cuda), cudnn=_cudnn(libraries) if cuda else None, architectures=targets), path)


def _is_own(version: str | None) -> bool:
    """Is this a build that nobody published (``2.9.0a0+git1a2b3c4``)? What the others hold the matrix says."""
    local = (version or "").partition("+")[2]
    return bool(local) and not _PUBLISHED.match(local)


def architectures(context: Context) -> tuple[str, ...] | None:
    """What ``torch.cuda.get_arch_list()`` would return: the flags string in ``libtorch_python.so``.

    This searches some thirty megabytes, so only builds that nobody published are asked.
    """
    reader = context.host.open_at(f"{context.folder}/torch/lib/libtorch_python.so")
    if isinstance(reader, Unreadable):
        return None
    with reader:
        for offset in range(0, min(reader.size, _SEARCH_LIMIT), _PIECE):
            found = _flags(reader.read(offset, _PIECE + 1024))
            if found:
                return found
    return None


def _flags(piece: bytes) -> tuple[str, ...]:
    at = piece.find(_FIRST)
    while at >= 0:
        match = _FLAGS.match(piece, at + 1)
        if match:
            return tuple(match[1].decode().split())
        at = piece.find(_FIRST, at + 1)
    return ()


def _cudnn(libraries: tuple[str, ...]) -> str | None:
    """The cuDNN bundled in ``torch/lib`` (builds before the nvidia packages), from its file name."""
    for name in libraries:
        version = libnames.version_of(name) if name.startswith("libcudnn.so") else None
        if version:
            return version
    return None
