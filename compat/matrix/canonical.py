"""The canonical TOML of the matrix: one spelling for one content, so that a diff shows only what changed.

Order: `component`, the sources by name, `[package]`, then the tables as `matrix/schema.toml` lists them; the
rows of a table by their key fields, versions in version order; the fields of a row as the schema lists them,
then `source`, `sources`, `level`, `note`. A list stands on one line up to 110 columns, else one item a line.
Comments stand at the head of the file, at its end, or above a source or row; one above a row begins a section, and
rows are sorted within their section.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

from compat import toml
from compat.matrix.document import Document, Row
from compat.matrix.lines import Lines, scan
from compat.matrix.schema import SOURCE_FIELDS, SOURCE_OPTIONAL, Schema

WIDTH = 110

_OF_SOURCE = (*SOURCE_FIELDS, *SOURCE_OPTIONAL)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_SPECIAL = re.compile(r'[\x00-\x1f\x7f"\\]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def version_key(value: Any) -> tuple[tuple[int, int, str], ...]:
    """Sort key of a version or name: runs of digits as numbers, pre-releases before their release."""
    parts: list[tuple[int, int, str]] = []
    for number, word in re.findall(r"(\d+)|([^\d.+]+)", str(value).lower()):
        if number:
            parts.append((2, int(number), ""))
        else:
            early = word.strip("-_") in {"a", "b", "rc", "dev", "alpha", "beta"} and bool(parts)
            parts.append((0 if early else 3, 0, word))
    return (*parts, (1, 0, ""))


def capability_key(value: str) -> tuple[tuple[int, ...], str]:
    """Sort key of a compute capability: "9.0" before "9.0a" before "10.0"."""
    digits = value.rstrip("af")
    return tuple(int(part) for part in digits.split(".")), value[len(digits) :]


def _row_key(keys: Sequence[str], row: Row) -> tuple[Any, ...]:
    fields = tuple(version_key(row.get(k, "")) for k in keys)
    return (*fields, repr(sorted((k, repr(v)) for k, v in row.items())))


def quote(text: str) -> str:
    """A TOML basic string."""
    return f'"{_SPECIAL.sub(_escaped, text)}"'


def _escaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match.group()) or f"\\u{ord(match.group()):04x}"


def _key(name: str) -> str:
    return name if _BARE_KEY.match(name) else quote(name)


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, datetime.date)):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_inline(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in sorted(value.items())) + " }" if value else "{}"
    if isinstance(value, str):
        return quote(value)
    raise TypeError(f"the matrix holds no {type(value).__name__}: {value!r}")


def _field(name: str, value: Any, date: bool) -> str:
    if date and isinstance(value, str) and _DATE.match(value):
        return f"{_key(name)} = {value}\n"
    line = f"{_key(name)} = {_inline(value)}"
    if isinstance(value, list) and len(line) > WIDTH:
        items = "".join(f"    {_inline(v)},\n" for v in value)
        return f"{_key(name)} = [\n{items}]\n"
    return line + "\n"


def _table(schema: Schema, name: str, row: Row) -> tuple[str, str]:
    """The lines of a row, and its maps as sub-tables where they are too long for a line."""
    lines, below = "", ""
    for field in schema.order(name, row):
        value = row[field]
        text = _field(field, value, schema.fields(name).get(field) == "date")
        if isinstance(value, dict) and len(text) > WIDTH + 1:
            below += f"\n[{name}.{_key(field)}]\n"
            below += "".join(_field(k, v, date=False) for k, v in sorted(value.items()))
        else:
            lines += text
    return lines, below


def sections(document: Document, schema: Schema, name: str) -> list[tuple[str, list[Row]]]:
    """The rows of a table as (comment, sorted rows) of each section."""
    parts: list[tuple[str, list[Row]]] = [("", [])]
    for number, row in enumerate(document.tables.get(name, [])):
        remark = document.remarks.get((name, number), "")
        if remark:
            parts.append((remark, []))
        parts[-1][1].append(row)
    keys = schema.keys.get(name, [])
    return [(remark, sorted(rows, key=lambda row: _row_key(keys, row))) for remark, rows in parts if rows]


def write(document: Document, schema: Schema | None = None) -> str:
    """The canonical text of a document."""
    schema = schema or Schema()
    text = document.comment + f"component = {quote(document.component)}\n"
    for key in sorted(document.sources):
        source = document.sources[key]
        order = [k for k in _OF_SOURCE if k in source] + sorted(set(source) - set(_OF_SOURCE))
        text += f"\n{document.remarks.get(('source', key), '')}[source.{_key(key)}]\n"
        text += "".join(_field(k, source[k], k == "date") for k in order)
    if document.package is not None:
        text += f"\n{document.remarks.get(('package', 0), '')}[package]\n"
        text += "".join(_table(schema, "package", document.package))
    for name in [*schema.tables, *sorted(set(document.tables) - set(schema.tables))]:
        for remark, rows in sections(document, schema, name):
            for number, row in enumerate(rows):
                text += "\n" + ("" if number else remark) + f"[[{_key(name)}]]\n" + "".join(_table(schema, name, row))
    return text + (f"\n{document.tail}" if document.tail else "")


def read(text: str) -> Document:
    """A document from TOML text. Raises `toml.TOMLDecodeError`, or `KeyError` without `component`."""
    return document(toml.loads(text), scan(text))


def document(data: dict[str, Any], lines: Lines) -> Document:
    """A document from a file's values and the lines that they stand on. Raises `KeyError` without `component`."""
    tables = {name: rows for name, rows in data.items() if name not in ("component", "source", "package")}
    return Document(
        data["component"], data.get("source", {}), tables, data.get("package"), lines.head, lines.remarks, lines.tail
    )


def canonical(text: str, schema: Schema | None = None) -> str:
    """The canonical spelling of a matrix file's text; `canonical(canonical(x)) == canonical(x)`."""
    return write(read(text), schema)
