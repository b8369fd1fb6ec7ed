"""One file of the matrix in memory: component, sources, rows by table, and the comments that a person wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class Document:
    """What one `matrix/**/*.toml` file says. `tables` maps a table's name (`build`) to its rows.

    `remarks` holds the comment above a row (by table and number of the row) or above a source ("source" and its
    name); `comment` the one at the head of the file, `tail` the one at its end.
    """

    component: str
    sources: dict[str, Row] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    package: Row | None = None
    comment: str = ""
    remarks: dict[tuple[str, int | str], str] = field(default_factory=dict)
    tail: str = ""

    def source(self, key: str, title: str, where: str, date: str, level: str) -> None:
        """Name a source. `date` is `YYYY-MM-DD`; of several calls with one key, the newest date stays."""
        known = self.sources.get(key)
        if known is None or known["date"] < date:
            self.sources[key] = {"title": title, "where": where, "date": date, "level": level}

    def add(self, table: str, row: Row) -> None:
        """Add a row; fields whose value is None are left out (unknown)."""
        self.tables.setdefault(table, []).append({k: v for k, v in row.items() if v is not None})
