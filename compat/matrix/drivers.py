"""Driver branches: what they offer, which GPU generations they serve, what cuda-compat may lift."""

from functools import cached_property
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.claim import Claim
from compat.matrix.remembered import remembered

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


class Drivers:
    """The ``driver`` component."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix

    @cached_property
    def branches(self) -> "list[Row]":
        """Every branch, oldest first."""
        return sorted(self._matrix.rows("branch", "driver"), key=lambda row: versions.parse(row["branch"]).key())

    @cached_property
    def newest(self) -> str:
        """The newest branch that the matrix knows."""
        return str(self.branches[-1]["branch"])

    @remembered
    def branch(self, driver: str, system: str = "linux") -> "Row | None":
        """The branch that a release belongs to.

        On Linux it is the first number. On Windows those of one branch run on from its number (531.61 is of 530).
        """
        number = versions.parse(driver).major
        exact = next((row for row in self.branches if row["branch"] == str(number)), None)
        if exact is not None or system != "windows":
            return exact
        older = [row for row in self.branches if int(row["branch"]) <= number]
        return older[-1] if older and int(self.newest) >= number else None

    @remembered
    def number(self, driver: str, system: str) -> int:
        """The branch of a release as a number, also where the matrix does not list it."""
        row = self.branch(driver, system)
        return int(row["branch"]) if row is not None else versions.parse(driver).major

    def is_newer_than_known(self, driver: str, system: str) -> bool:
        """Is the release of a branch behind the newest in the matrix?"""
        return self.number(driver, system) > int(self.newest)

    @remembered
    def forward(self, cuda: str) -> Claim | None:
        """Host driver branches that the cuda-compat package of this CUDA serves."""
        wanted = versions.major_minor(cuda)
        for row in self._matrix.rows("forward", "driver"):
            if row["cuda"] == wanted:
                return Claim(row["branches"], row, "branches")
        return None

    def packaged(self, distribution: str | None, release: str | None) -> "Row | None":
        """The branches that the archive of a distribution's release (``22.04``, ``12.5``) has itself; None where it was
        not read."""
        here = f"{distribution} {release}."
        return next((row for row in self._matrix.rows("packaged", "driver") if here.startswith(f"{row['of']}.")), None)
