"""Holds a matrix folder against its schema and against itself: what a reviewer of the data would have to look for.

Each check is a generator of Problems over the files; ``check_folder`` runs all of them. What a row alone must
satisfy is here, what rows must satisfy together in ``consistency``.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from compat import toml
from compat.matrix.compile import META, Row, key_of, plain, source_files
from compat.matrix.lines import Lines, scan
from compat.matrix.schema import SOURCE_FIELDS, SOURCE_OPTIONAL, Schema, problem
from compat.whole import write_whole

# Hosts of package registries, which nothing in the matrix may name: the index's address is pip's affair, and data
# that names one would be wrong behind a mirror. Digests of the domains, so that this file names none either.
_REGISTRIES = frozenset(
    {
        "a4aa2ac280bb8d1a",
        "d6d7019ca9fcbf07",
        "8b5bb5eb9d758455",
        "8743857e3ea00fd1",
        "3ca29e55be4befa4",
        "56634d425a168d4c",
        "75adac515f0bd3db",
        "6f43afdf2d19b5e3",
    }
)
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
_ALLOWED = ("pypi.nvidia.com", "download.pytorch.org")


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong in a file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass
class File:
    """A file of the matrix as text and as data."""

    path: str
    shown: str
    text: str
    data: Row = field(default_factory=dict)

    @cached_property
    def lines(self) -> Lines:
        return scan(self.text)

    @property
    def observed(self) -> bool:
        return os.path.basename(os.path.dirname(self.path)) == "observed"

    def rows(self, table: str) -> list[Row]:
        """The rows of a table; empty where it is no list of rows."""
        found = self.data.get(table)
        return found if isinstance(found, list) else []

    def problem(self, message: str, table: str = "", row: int | str = 0, name: str = "") -> Problem:
        """A problem of this file, of a row or of a field of it."""
        line = self.lines.of_field(table, row, name) if name else self.lines.of(table, row) if table else 1
        return Problem(self.shown, line, message)


def check_folder(folder: str) -> list[Problem]:
    """All problems of a matrix folder, in the order of the files."""
    from compat.matrix import consistency

    problems: list[Problem] = []
    files = []
    schema = Schema(folder)
    for path in source_files(folder):
        shown = os.path.relpath(path)
        try:
            files.append(open_file(path, shown))
        except (OSError, UnicodeDecodeError, toml.TOMLDecodeError) as error:
            problems.append(Problem(shown, line_of(error), f"cannot be read: {error}"))
    for file in files:
        problems += check_file(file, schema)
    together = consistency.Files(files)
    for check in () if problems else consistency.CHECKS:  # they rely on rows that fit the schema
        problems += check(together)
    for file in files:
        problems += canonical_form(file, schema)
    return sorted(set(problems))


def open_file(path: str, shown: str = "") -> File:
    """Read a file. Raises OSError, UnicodeDecodeError and toml.TOMLDecodeError."""
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    return File(path, shown or path, text, toml.loads(text))


def line_of(error: Exception) -> int:
    """The line that a TOML reader's message names, else 1."""
    match = re.search(r"at line (\d+)", str(error))
    return int(match.group(1)) if match else 1


def check_file(file: File, schema: Schema) -> Iterator[Problem]:
    """What a file alone must satisfy: schema, sources, keys, names."""
    component = file.data.get("component")
    if not isinstance(component, str):
        yield file.problem('has no component = "..."')
        return
    stem = os.path.basename(file.path).removesuffix(".toml")
    if stem != component:
        yield file.problem(f"is of component {component!r}, so it has to be called {component}.toml")
    yield from _sources(file)
    for table, content in file.data.items():
        if table in ("component", "source"):
            continue
        if table == "package" and isinstance(content, dict):
            yield from _package(file, content, schema)
        elif table not in schema.tables or not isinstance(content, list):
            yield file.problem(f"unknown table {table!r}", table)
        else:
            for number, row in enumerate(content):
                yield from _row(file, table, number, row, schema)
            yield from _keys(file, table, schema)
    yield from _hosts(file)


def _sources(file: File) -> Iterator[Problem]:
    named = file.data.get("source", {})
    for name, source in named.items():
        fields = {**SOURCE_FIELDS, **SOURCE_OPTIONAL}
        for missing in sorted(set(SOURCE_FIELDS) - set(source)):
            yield file.problem(f"source {name!r} has no {missing}", "source", name)
        for key, value in source.items():
            wrong = problem(value, fields[key]) if key in fields else "unknown field"
            if wrong:
                yield file.problem(f"source {name!r}, {key}: {wrong}", "source", name, key)
            elif value == "":
                yield file.problem(f"source {name!r}, {key}: empty", "source", name, key)


def cited(row: Row) -> list[str]:
    """The names of the sources that a row cites, its own first."""
    elsewhere = row.get("sources", {})
    found = [row.get("source", []), *(elsewhere.values() if isinstance(elsewhere, dict) else ())]
    names = [name for named in found for name in (named if isinstance(named, list) else [named])]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _package(file: File, content: Row, schema: Schema) -> Iterator[Problem]:
    if file.observed:
        yield file.problem("[package] belongs in the reviewed file", "package", 0)
    for missing in sorted(set(schema.required("package")) - set(content)):
        yield file.problem(f"[package] has no {missing}", "package", 0)
    yield from _fields(file, "package", 0, content, schema)


def _row(file: File, table: str, number: int, row: Row, schema: Schema) -> Iterator[Problem]:
    for missing in sorted(set(schema.required(table)) - set(row)):
        yield file.problem(f"{table} has no {missing}", table, number)
    if "source" not in row:
        yield file.problem(f"{table} has no source", table, number)
    yield from _fields(file, table, number, row, schema)


def _fields(file: File, table: str, number: int, row: Row, schema: Schema) -> Iterator[Problem]:
    fields = schema.fields(table)
    for name, value in row.items():
        wrong = problem(value, fields[name]) if name in fields else "unknown field"
        if wrong:
            yield file.problem(f"{table}, {name}: {wrong}", table, number, name)
    for name in cited(row):
        if name not in file.data.get("source", {}):
            yield file.problem(f"{table}: no [source.{name}] in this file", table, number, "source")
    elsewhere = row.get("sources")
    for name in elsewhere if isinstance(elsewhere, dict) else ():
        if name not in row or name in META or name in schema.keys[table]:
            yield file.problem(f"{table}, sources: {name!r} is no field of this row's claim", table, number, "sources")


def _keys(file: File, table: str, schema: Schema) -> Iterator[Problem]:
    seen: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    for number, row in enumerate(file.rows(table)):
        identity = (key_of(table, row, schema.keys), tuple(sorted(cited(row))))
        if identity in seen:
            first = file.lines.of(table, seen[identity])
            subject = " ".join(part for part in identity[0] if part)
            yield file.problem(f"{table} {subject} is stated twice by the same source (line {first})", table, number)
        seen.setdefault(identity, number)


def _hosts(file: File) -> Iterator[Problem]:
    for number, line in enumerate(file.text.splitlines(), 1):
        for host in _HOST.findall(line):
            if is_registry(host):
                yield Problem(file.shown, number, "names the host of a package registry; write `package index: NAME`")


def is_registry(host: str) -> bool:
    """Is it the host of a public package registry (not NVIDIA's or PyTorch's own index)?"""
    labels = host.lower().split(".")
    return host.lower() not in _ALLOWED and any(
        hashlib.sha256(".".join(labels[start:]).encode()).hexdigest()[:16] in _REGISTRIES
        for start in range(len(labels) - 1)
    )


def canonical_form(file: File, schema: Schema) -> Iterator[Problem]:
    """Is the file spelled as the canonical writer spells it?"""
    made = canonical_text(file, schema)
    if made is None or made == file.text:
        return
    both = zip(made.splitlines(), file.lines.text, strict=False)
    line = next((number for number, (want, have) in enumerate(both, 1) if want != have), 0)
    yield Problem(
        file.shown,
        line or min(len(made.splitlines()), len(file.lines.text)) + 1,
        "not in canonical form from here on; `compatcheck matrix validate --fix` writes it",
    )


def canonical_text(file: File, schema: Schema) -> str | None:
    """The canonical spelling, None where the file cannot be spelled (its schema problems come first)."""
    from compat.matrix.canonical import document, write

    try:
        return write(document(file.data, file.lines), schema)
    except (KeyError, TypeError, AttributeError):
        return None


def _content(data: Row) -> dict[str, list[str]]:
    """What a file says, whatever the order of its rows and fields."""

    def said(value: object) -> str:
        return json.dumps(plain(value), sort_keys=True, ensure_ascii=False)

    return {table: sorted(map(said, rows if isinstance(rows, list) else [rows])) for table, rows in data.items()}


def fix(folder: str) -> list[str]:
    """Write the canonical form of every file that can be read and has another; the files' paths."""
    changed, schema = [], Schema(folder)
    for path in source_files(folder):
        try:
            file = open_file(path)
        except (OSError, UnicodeDecodeError, toml.TOMLDecodeError):
            continue
        made = canonical_text(file, schema)
        if made is None or made == file.text:
            continue
        if _content(toml.loads(made)) != _content(file.data):
            raise ValueError(f"{path}: the canonical form would say something else; nothing was written")
        write_whole(path, made)
        changed.append(path)
    return changed
