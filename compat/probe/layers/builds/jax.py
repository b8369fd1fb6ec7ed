"""JAX: jaxlib's local version before the plugins, and the ``jax-cudaNN-plugin`` and ``-pjrt`` distributions since."""

from __future__ import annotations

import re

from compat import versions
from compat.machine import Build
from compat.probe.layers.builds import Context, Found, as_cuda, cuda_of_local

_PLUGINS_SINCE = "0.4.26"
"""From this jaxlib on only the plugins bring CUDA; older wheels with CUDA have a local version (+cuda11.cudnn86)."""


def read(context: Context) -> Found:
    """The build of jaxlib, of a plugin, or (for ``jax``) of what its process will use."""
    name = context.distribution.name
    match = re.match(r"^jax-cuda(\d+)-(?:plugin|pjrt)$", name)
    if match:
        return Found(Build(cuda=match[1]), context.distribution.info)
    if name not in ("jax", "jaxlib"):
        return Found(Build(), "")
    library = context.installed.winners.get("jaxlib")
    tag = (library.version or "").partition("+")[2] if library else ""
    cuda: str | bool | None = cuda_of_local(tag or None)
    source = library.info if library else context.distribution.info
    if cuda is None:
        majors = sorted(_plugins(context))
        if majors:
            cuda, source = majors[-1], f"{context.folder}/jax_plugins/xla_cuda{majors[-1]}"
        elif library is not None and _is_plain(context, library.version):
            cuda = False
    cudnn = re.search(r"cudnn(\d)(\d+)?", tag)
    return Found(Build(cuda=as_cuda(cuda), cudnn=".".join(filter(None, cudnn.groups())) if cudnn else None), source)


def _plugins(context: Context) -> set[str]:
    """CUDA majors whose plugin has both its halves: the distribution pair, or the module folder."""
    found = set()
    for name in context.installed.winners:
        match = re.match(r"^jax-cuda(\d+)-plugin$", name)
        if match and f"jax-cuda{match[1]}-pjrt" in context.installed.winners:
            found.add(match[1])
    return found


def _is_plain(context: Context, version: str | None) -> bool:
    """Is this jaxlib one that cannot hold CUDA itself? conda-forge's builds with CUDA have no local version."""
    if any(record.name == "jaxlib" for record in context.installed.conda):
        return False
    return version is not None and versions.at_least(version, _PLUGINS_SINCE) is True
