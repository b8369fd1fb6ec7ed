"""What ``matrix/schema.toml`` says: which tables and fields there are, in which order, and what a field may hold."""

import datetime
import os
import re
from collections.abc import Callable
from typing import Any

from compat import capability, versions
from compat.compiled import data_folder
from compat.matrix.compile import LEVELS, META, Row, key_fields, read

SOURCE_FIELDS = {"title": "str", "where": "str", "date": "date", "level": "enum:" + "|".join(LEVELS)}
SOURCE_OPTIONAL = {"note": "str"}

_CAPABILITY = re.compile(r"\d{1,2}\.\d[af]?\Z")  # never sm_80 in the matrix


class Schema:
    """What ``schema.toml`` demands of each table; of the matrix that is used where no folder is named.

    ``tables`` are those that files may have as ``[[NAME]]``, in the order of a canonical file; ``keys`` the fields
    that identify the subject of a row of theirs.
    """

    def __init__(self, folder: str | None = None) -> None:
        schema = read(os.path.join(folder or data_folder(), "schema.toml"))
        self._tables: Row = schema["table"]
        self._common: dict[str, str] = schema["types"]["common"]
        self._fields: dict[str, dict[str, str]] = {}
        self.keys = key_fields(schema)
        self.tables = tuple(name for name in self._tables if name != "package")

    def required(self, table: str) -> dict[str, str]:
        """Fields that every row has, and their types."""
        return dict(self._tables[table].get("required", {}))

    def fields(self, table: str) -> dict[str, str]:
        """All fields a row may have, and their types; of a table that the schema does not know, those of every row."""
        if table not in self._fields:
            about = self._tables.get(table, {})
            self._fields[table] = {**about.get("required", {}), **about.get("optional", {}), **self._common}
        return self._fields[table]

    def order(self, table: str, row: Row) -> list[str]:
        """The fields of ``row`` in canonical order; those that the schema does not know go before the tail."""
        known = [name for name in self.fields(table) if name in row and name not in META]
        tail = [name for name in META if name in row]
        return known + sorted(set(row) - set(known) - set(tail)) + tail


def problem(value: Any, kind: str) -> str | None:
    """What is wrong with the value for a field of this type, or None."""
    name, _, rest = kind.partition(":")
    if name == "list":
        return _items(value, rest) if isinstance(value, list) else "not a list"
    if name == "map":
        return _items(list(value.values()), rest) if isinstance(value, dict) else "not a map"
    if name == "enum":
        return None if value in rest.split("|") else f"{value!r} is none of {', '.join(rest.split('|'))}"
    return _SIMPLE[name](value) if name in _SIMPLE else f"schema.toml has an unknown type: {kind}"


def _items(values: list[Any], kind: str) -> str | None:
    return next((found for found in (problem(value, kind) for value in values) if found), None)


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else f"not text: {value!r}"


def _bool(value: Any) -> str | None:
    return None if isinstance(value, bool) else f"not true or false: {value!r}"


def _date(value: Any) -> str | None:
    return None if isinstance(value, datetime.date) else f"not a date: {value!r}"


def _version(value: Any) -> str | None:
    good = isinstance(value, str) and versions.try_parse(value) is not None
    return None if good else f"not a version: {value!r}"


def _capability(value: Any) -> str | None:
    if isinstance(value, str) and _CAPABILITY.match(value):
        capability.parse(value)
        return None
    return f"not a compute capability: {value!r}"


def _range(value: Any) -> str | None:
    try:
        versions.parse_range(value)
    except (versions.BadVersion, AttributeError):
        return f"not a version range: {value!r}"
    return None


def _cuda(value: Any) -> str | None:
    return None if value is False else _version(value)


def _source(value: Any) -> str | None:
    named = value if isinstance(value, list) else [value]
    good = bool(named) and all(isinstance(one, str) and one for one in named)
    return None if good else f"not the name of a source, or a list of names: {value!r}"


def _sources(value: Any) -> str | None:
    if not isinstance(value, dict) or not value:
        return f"not a map of fields to sources: {value!r}"
    return next((wrong for wrong in map(_source, value.values()) if wrong), None)


_SIMPLE: dict[str, Callable[[Any], str | None]] = {
    "str": _text,
    "bool": _bool,
    "date": _date,
    "version": _version,
    "capability": _capability,
    "range": _range,
    "cuda": _cuda,
    "source": _source,
    "sources": _sources,
    "any": lambda value: None,
}
