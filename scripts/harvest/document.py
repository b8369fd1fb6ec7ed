"""One file of the matrix in memory; it ships with the package, see `compat.matrix.document`."""

from compat.matrix.document import Document, Row

__all__ = ["Document", "Row"]
