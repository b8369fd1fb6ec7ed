"""What an installer is about to do: packages that come, with the index they are from, and packages that go."""

from compat.compiled import text_of
from compat.records import dataclass

# Hosts of the vendors' indexes that code asks by itself -> the index. Publishers' own places are the matrix's (traits
# own-index and own-page); any other host serves the configured index.
_VENDORS = {
    "download.pytorch.org": "pytorch",
    "download-r2.pytorch.org": "pytorch",
    "pypi.nvidia.com": "nvidia",
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
    index = _VENDORS.get(host) or _own_place(host)
    return index or (None if direct else "pypi")


def _own_place(host: str) -> str | None:
    """The index whose builds lie there, as the matrix's compiled table has it."""
    found = text_of("hosts").partition(f'\n"{host}":"')[2] if host else ""
    return found.partition('"')[0] or None
