"""A wheel read where it lies; it ships with the package (`matrix update`), see `compat.matrix.index.wheel`."""

from compat.matrix.index.wheel import RangeFile, RemoteWheel

__all__ = ["RangeFile", "RemoteWheel"]
