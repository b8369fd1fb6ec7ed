"""What a span of releases has or does: the thresholds that rules and commands ask for, each with its source.

A rule asks for a trait by name, so that no version of a product stands in code: where the next release moves a bound, a
row of ``[[trait]]`` moves, with its source. Names that code asks for and rows that the matrix has are held together by
a test (tests/matrix/test_traits.py).
"""

from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.remembered import remembered

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


class Traits:
    """Traits of all components."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix
        self._owners = frozenset(matrix.components("trait"))

    @remembered
    def row(self, component: str, name: str, of: str = "") -> "Row | None":
        """The claim itself, to be cited; None where the matrix has none."""
        return next((row for row in self.every(component, name) if row.get("of", "") == of), None)

    @remembered
    def every(self, component: str, name: str) -> "tuple[Row, ...]":
        """Its claims of this name, whatever each is of."""
        rows = self._matrix.rows("trait", component) if component in self._owners else []
        return tuple(row for row in rows if row["name"] == name)

    @remembered
    def holds(self, component: str, name: str, version: str | None, of: str = "") -> bool | None:
        """Is the release one of those with the trait? None where its version does not tell, or nothing is claimed."""
        row = self.row(component, name, of)
        return None if row is None or version is None else versions.parse_range(row["range"]).admits(version)

    def claim(self, component: str, name: str, version: str | None, of: str = "") -> "Row | None":
        """The claim where the release surely has the trait, to be cited and read; else None."""
        return self.row(component, name, of) if self.holds(component, name, version, of) else None
