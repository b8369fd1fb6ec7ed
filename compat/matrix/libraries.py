"""Shared objects: which library and which CUDA a soname belongs to, and which packages carry it."""

from functools import cached_property
from typing import TYPE_CHECKING

from compat import versions

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


class Libraries:
    """The soname rows of all components."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix

    @cached_property
    def _by_soname(self) -> "dict[str, Row]":
        found: dict[str, Row] = {}
        for row in self._matrix.every("soname"):  # two components may tell of one soname
            found[row["soname"]] = {**found.get(row["soname"], {}), **row}
        return found

    def of_soname(self, soname: str) -> "Row | None":
        """The row of a soname or DLL name."""
        return self._by_soname.get(soname)

    def sonames(self, library: str, system: str = "linux") -> "list[Row]":
        """Every soname that a library has had; its name in any case (cublasLt, as the probe writes it: cublaslt)."""
        return [
            row for row in self._by_soname.values() if row["library"].lower() == library.lower() and row["os"] == system
        ]

    def soname_for(
        self, library: str, cuda: str | None = None, version: str | None = None, system: str = "linux"
    ) -> "Row | None":
        """The soname of a library in a CUDA release, or of a version of the library itself."""
        for row in self.sonames(library, system):
            if cuda is not None and "cuda" in row and versions.parse_range(row["cuda"]).admits(cuda):
                return row
            if version is not None and "versions" in row and versions.parse_range(row["versions"]).admits(version):
                return row
        return None
