"""What an installer is about to do: packages that come, with the index they are from, and packages that go."""

from compat.records import dataclass

# Hosts of vendors' own indexes -> the matrix's name of the place. Any other host serves the configured index. A command
# that concerns nothing here has to pass at once, so the matrix is not read for it; a test holds its places to these.
_VENDORS = {
    "download.pytorch.org": "pytorch",
    "download-r2.pytorch.org": "pytorch",
    "pypi.nvidia.com": "nvidia",
    "aiinfra.pkgs.visualstudio.com": "onnxruntime",
    "www.paddlepaddle.org.cn": "archive",
    "data.pyg.org": "archive",
    "data.dgl.ai": "archive",
    "storage.googleapis.com": "jax",
    "pypi.jetson-ai-lab.io": "jetson-ai-lab",
    "pypi.jetson-ai-lab.dev": "jetson-ai-lab",
    "developer.download.nvidia.com": "jetson",
}


@dataclass(frozen=True)
class Coming:
    """A package that will be there. ``source`` is the index (docs/machine.md, builds), None where it cannot be told."""

    name: str
    version: str
    source: str | None = None


@dataclass(frozen=True)
class Transaction:
    """One run of an installer. ``cached``: it says that it has all that comes in its cache."""

    installs: tuple[Coming, ...] = ()
    removes: tuple[str, ...] = ()
    cached: bool = False

    @property
    def empty(self) -> bool:
        return not self.installs and not self.removes


def source_of(url: str, direct: bool = False) -> str | None:
    """The index that a file's address belongs to; None for a file that was named directly, which can be any build."""
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    if host in _VENDORS:
        return _VENDORS[host]
    return None if direct else "pypi"
