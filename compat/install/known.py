"""Which distributions a plan may name: those that the matrix names, nothing else."""

from typing import TYPE_CHECKING

from compat.matrix.packages import normal

if TYPE_CHECKING:
    from compat.install.templates import Known
    from compat.matrix import Matrix


def names(matrix: "Matrix") -> "Known":
    """A function that knows them; what an archive is compiled by among them."""
    tools = {name for row in matrix.every("trait") if row["name"] == "compiled-by" for name in row["value"].split()}
    return lambda name: normal(name) in matrix.named or normal(name) in tools
