"""Shared objects: which library and which CUDA a soname belongs to, and which packages carry it."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import rivals

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def library_key(library: str, system: str) -> str:
    """What the sonames of a library on a system are listed under."""
    return f"{library.lower()} {system}"


class Libraries:
    """The soname rows of all components."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix

    def of_soname(self, soname: str) -> "Row | None":
        """The row of a soname or DLL name."""
        return self._matrix.table("sonames").get(soname)

    def sonames(self, library: str, system: str = "linux") -> "list[Row]":
        """Every soname that a library has had; its name in any case (cublasLt, as the probe writes it: cublaslt)."""
        rows = self._matrix.table("sonames")
        return [rows[name] for name in self._matrix.table("sonames.of").get(library_key(library, system), ())]

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

    def is_of_cuda(self, package: str, major: int) -> bool:
        """Is this part of CUDA's toolkit or this library packaged for that CUDA major, by its name? (``-cu12``; later
        majors' parts have no suffix.)"""
        suffix = package.rpartition("-cu")[2] if "-cu" in package else ""
        if suffix.isdigit():
            return suffix == str(major)
        return self._matrix.traits.holds("cuda", "packages-unsuffixed", str(major)) is True

    @cached_property
    def _written(self) -> "dict[str, list[Row]]":
        found: dict[str, list[Row]] = {}
        for row in self._matrix.every("writes"):
            found.setdefault(row["package"], []).append(row)
        return found

    def written(self, package: str, release: str | None) -> "list[Row]":
        """Files of this release that another CUDA major's package of the library writes as well; of an unknown
        release: those that it may write. The package is named as indexes compare it."""
        rows = self._written.get(package, [])
        return [row for row in rows if release is None or versions.parse_range(row["range"]).admits(release)]

    def shared(self, releases: Mapping[str, str | None]) -> "Iterator[dict[str, Row]]":
        """Packages, of these in these releases, that write one file: each with its row."""
        for names in rivals(releases):
            files: dict[str, dict[str, Row]] = {}
            for name in names:
                for row in self.written(name, releases[name]):
                    files.setdefault(row["file"], {})[name] = row
            yield from (writers for writers in files.values() if len(writers) > 1)
