"""Which distributions a plan may name: those that the matrix names, nothing else."""

from typing import TYPE_CHECKING

from compat.matrix.packages import normal

if TYPE_CHECKING:
    from compat.install.templates import Known
    from compat.matrix import Matrix


def names(matrix: "Matrix") -> "Known":
    """A function that knows them."""
    return lambda name: normal(name) in matrix.named
