"""The canonical TOML of the matrix; it ships with the package, see `compat.matrix.canonical`."""

from compat.matrix.canonical import canonical, capability_key, quote, read, version_key, write
from compat.matrix.schema import Schema

__all__ = ["Schema", "canonical", "capability_key", "quote", "read", "version_key", "write"]
