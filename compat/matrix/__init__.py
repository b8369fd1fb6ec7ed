"""The compatibility matrix: what fits together, with the source of each claim.

``Matrix`` loads the compiled form table by table, when first asked; the typed views (``cuda``, ``drivers``,
``gpus``, ``packages`` ...) are one file each beside this one.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from compat.matrix import tables

if TYPE_CHECKING:
    from compat.matrix.cuda import Cuda
    from compat.matrix.drivers import Drivers
    from compat.matrix.gpus import Gpus
    from compat.matrix.libraries import Libraries
    from compat.matrix.packages import Packages
    from compat.matrix.traits import Traits

Row = dict[str, Any]


class Source(NamedTuple):
    """Where a claim is from: the document or package, its date, and how good the evidence is."""

    id: str
    title: str
    where: str
    date: str
    level: str

    def __str__(self) -> str:
        return f"{self.title} ({self.date}, {self.level})"


class MatrixUnreadable(Exception):
    """The matrix's data cannot be read; the installation is damaged."""


class Matrix:
    """The whole matrix; each table is read from disk when it is first needed."""

    def __init__(self, content: dict[str, Any] | None = None, folder: str | None = None) -> None:
        self._tables: dict[str, Any] = dict(content or {})
        self._folder = folder

    @classmethod
    def load(cls) -> "Matrix":
        """The matrix that came with this installation and the user's overlay, compiled anew if their TOML is newer."""
        from compat.compiled import compiled_folder, data_folder

        return cls(folder=compiled_folder(data_folder()))

    @classmethod
    def from_folder(cls, folder: str) -> "Matrix":
        """Another folder of TOML files, compiled in memory."""
        from compat.matrix.compile import compile_folder

        return cls(content=compile_folder(folder))

    def _read(self, name: str) -> Any:
        """A table as it was compiled; None where there is none."""
        if name not in self._tables:
            if self._folder is None:
                return None
            try:
                with open(os.path.join(self._folder, tables.file_name(name)), "rb") as file:
                    self._tables[name] = tables.read(file.read())
            except FileNotFoundError:
                self._tables[name] = None
            except (OSError, ValueError) as error:
                raise MatrixUnreadable(f"the matrix's table {name} cannot be read: {error}") from error
        return self._tables[name]

    @cached_property
    def index(self) -> Row:
        index: Row | None = self._read("index")
        if index is None:
            raise MatrixUnreadable("the matrix has no index; install gpu-compatcheck again")
        return index

    @property
    def version(self) -> str:
        return str(self.index["version"])

    @property
    def date(self) -> str:
        return str(self.index["date"])

    @cached_property
    def _owners(self) -> dict[str, frozenset[str]]:
        """Table -> the components that have rows in it."""
        return {table: frozenset(owners) for table, owners in self.index["tables"].items()}

    def components(self, table: str) -> list[str]:
        """Names that have rows in this table."""
        return list(self.index["tables"].get(table, ()))

    def rows(self, table: str, component: str) -> list[Row]:
        """The rows of a component's table, each with its ``source``."""
        return self._read(f"{table}.{component}") if component in self._owners.get(table, ()) else []

    def every(self, table: str) -> list[Row]:
        """The rows of this table of all components."""
        return [row for component in self.components(table) for row in self.rows(table, component)]

    def builds(self, package: str) -> dict[str, list[Row]]:
        """Published builds of a distribution, by version."""
        return self._read(f"build.{package}") if package in self._owners.get("build", ()) else {}

    @cached_property
    def spoken(self) -> frozenset[str]:
        """The names of all distributions that any row speaks of, as indexes compare them."""
        return frozenset(self._read("spoken") or ())

    @cached_property
    def named(self) -> frozenset[str]:
        """Those, and what builds take in any release."""
        return self.spoken | frozenset(self._read("drawn") or ())

    def table(self, name: str) -> Mapping[str, Any]:
        """One of the tables by another key than the component (``compat.matrix.indexes``)."""
        table: Mapping[str, Any] | None = self._read(name)
        return {} if table is None else table

    def source(self, row: Row, field: str | None = None) -> Source:
        """Where the row (or one field of it) is from."""
        other = row.get("sources", {}).get(field)
        cited = other or row["source"]
        found = self._read("sources")[cited[0]]
        level = found["level"] if other else row.get("level", found["level"])
        return Source(cited[0], found["title"], found["where"], found["date"], level)

    @cached_property
    def addresses(self) -> dict[str, str]:
        """What a source is called, without its level -> its address, of those that have one."""
        found = self._read("sources").values()
        plain = (one for one in found if one["where"].startswith("https://") and " " not in one["where"])
        return {f"{one['title']} ({one['date']}": one["where"] for one in plain}

    @cached_property
    def cuda(self) -> "Cuda":
        from compat.matrix.cuda import Cuda

        return Cuda(self)

    @cached_property
    def drivers(self) -> "Drivers":
        from compat.matrix.drivers import Drivers

        return Drivers(self)

    @cached_property
    def gpus(self) -> "Gpus":
        from compat.matrix.gpus import Gpus

        return Gpus(self)

    @cached_property
    def packages(self) -> "Packages":
        from compat.matrix.packages import Packages

        return Packages(self)

    @cached_property
    def libraries(self) -> "Libraries":
        from compat.matrix.libraries import Libraries

        return Libraries(self)

    @cached_property
    def traits(self) -> "Traits":
        from compat.matrix.traits import Traits

        return Traits(self)
