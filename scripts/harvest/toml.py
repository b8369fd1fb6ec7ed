"""The canonical TOML of the matrix; it ships with the package, see `compat.matrix.canonical`."""

from compat.matrix.canonical import Schema, canonical, capability_key, quote, read, version_key, write

__all__ = ["Schema", "canonical", "capability_key", "quote", "read", "version_key", "write"]
