"""A value of the matrix together with the row that says so."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from compat.matrix import Matrix, Source


class Claim(NamedTuple):
    """``value`` as ``row`` states it; ``field`` is the row's field that holds it."""

    value: Any
    row: dict[str, Any]
    field: str

    def source(self, matrix: "Matrix") -> "Source":
        return matrix.source(self.row, self.field)
