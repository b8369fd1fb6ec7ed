"""Which distributions a plan may name: those that the matrix speaks of, nothing else."""

from typing import TYPE_CHECKING

from compat.matrix.packages import normal

if TYPE_CHECKING:
    from compat.install.templates import Known
    from compat.matrix import Matrix


def names(matrix: "Matrix") -> "Known":
    """A function that knows the components' distributions, the packages of libraries, and what their builds require."""
    found = {normal(name) for name in matrix.components("build")}
    for table, fields in (("library", ("packages",)), ("soname", ("packages",)), ("break", ("package", "other"))):
        for row in matrix.every(table):
            for field in fields:
                value = row.get(field, ())
                found |= {normal(name) for name in ([value] if isinstance(value, str) else value) if name}
    required: set[str] = set()

    def known(name: str) -> bool:
        plain = normal(name)
        if plain in found or matrix.packages.component(plain) is not None:
            return True
        if not required:
            # All requirement lines of all builds: read only for a name that is nowhere else.
            required.update(
                other
                for package in matrix.components("build")
                for rows in matrix.builds(package).values()
                for row in rows
                for lines in (row.get("requires", ()), *row.get("extras", {}).values())
                for other, _, _ in matrix.packages.pins({"requires": lines})
            )
        return plain in required

    return known
