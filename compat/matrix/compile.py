"""Turns ``matrix/`` (TOML, for people) into the compiled matrix (JSON, for start-up time).

Rows that have the same key are claims about one subject. They are merged field by field: the claim of the
stronger level wins, among equals the later one; which source each field came from is kept.
"""

import datetime
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compat import toml
from compat.matrix import tables
from compat.matrix.indexes import indexes
from compat.matrix.packages import CONDA, CONDA_INDEXES, requirement
from compat.whole import write_whole

LEVELS = ("reported", "vendor", "declared", "read", "measured")  # weakest first: the mechanism wins
META = ("source", "sources", "level", "note")  # fields that speak of the claim, not of its subject

Row = dict[str, Any]
Claims = list[tuple[int, Row]]


def source_files(folder: str) -> list[str]:
    """The matrix's TOML files, reviewed before observed, in a fixed order."""
    found = []
    for part in ("", "observed"):
        inside = os.path.join(folder, part)
        if os.path.isdir(inside):
            found += [os.path.join(inside, name) for name in sorted(os.listdir(inside)) if name.endswith(".toml")]
    return [path for path in found if os.path.basename(path) not in ("schema.toml", "matrix.toml")]


def read(path: str) -> dict[str, Any]:
    """One TOML file. Raises toml.TOMLDecodeError and OSError."""
    with open(path, encoding="utf-8") as file:
        return toml.loads(file.read())


def read_overlay(path: str) -> dict[str, Any]:
    """A file of the user's overlay: builds alone, and its sources under names that the matrix does not use."""
    document = read(path)
    return {
        "component": f"overlay/{document['component']}",
        "source": document.get("source", {}),
        "build": document.get("build", []),
    }


def plain(value: Any) -> Any:
    """The value without TOML's dates, which JSON has no word for."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def references(component: str, row: Mapping[str, Any]) -> list[str]:
    """The row's sources as global ids: ``torch:release-md``."""
    named = row["source"]
    return [f"{component}:{name}" for name in (named if isinstance(named, list) else [named])]


def claims(
    document: Mapping[str, Any], keys: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, int, Row, str, list[str]]]:
    """(table, number of its row in the file, row, level, sources) of each claim of a file."""
    component = document["component"]
    sources = document.get("source", {})
    for table, rows in document.items():
        for number, whole in enumerate(rows if isinstance(rows, list) else ()):
            for row in by_source(whole, keys[table]):
                cited = references(component, row)
                level = row.get("level") or sources[cited[0].partition(":")[2]].get("level", "vendor")
                yield table, number, row, level, cited


def by_source(row: Row, keys: Sequence[str]) -> list[Row]:
    """The claims of a row: its fields by their source, where ``sources`` names another than ``source`` for some."""
    elsewhere = row.get("sources")
    if not elsewhere:
        return [row]
    key = {name: row[name] for name in keys if name in row}
    found = [{name: value for name, value in row.items() if name not in elsewhere and name != "sources"}]
    for field, source in elsewhere.items():
        same = next((claim for claim in found[1:] if claim["source"] == source), None)
        if same is None:
            found.append(same := {**key, "source": source})
        same[field] = row[field]
    return found


def key_fields(schema: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Table -> the fields that identify the subject of a row, by what schema.toml says."""
    return {name: table["key"] for name, table in schema["table"].items()}


def key_of(table: str, row: Mapping[str, Any], keys: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What identifies the row's subject, by the key fields of its table."""
    return tuple(str(row.get(field, "")) for field in keys[table])


def owner_of(table: str, row: Mapping[str, Any], component: str) -> str:
    """Whose the row is: the component's, or the distribution's. What conda calls jaxlib is not what pip does."""
    if table != "build":
        return component
    return f"{CONDA}{row['package']}" if row["index"] in CONDA_INDEXES else str(row["package"])


def merge(rows: Claims) -> Row:
    """One row out of all claims on a subject; ``sources`` tells where fields beside the main claim are from."""
    rows = sorted(rows, key=lambda item: item[0])  # stable: the later file wins among equals
    merged: Row = {}
    origin: dict[str, list[str]] = {}
    for _, row in rows:
        for field, value in row.items():
            if field not in META:
                merged[field] = plain(value)
                origin[field] = row["source"]
    main = rows[-1][1]["source"]
    merged["source"] = main
    if "level" in rows[-1][1]:
        merged["level"] = rows[-1][1]["level"]
    others = {field: cited for field, cited in origin.items() if cited != main}
    if others:
        merged["sources"] = others
    return merged


def compile_folder(folder: str, overlay: Sequence[str] = (), updated: str | None = None) -> dict[str, Any]:
    """Everything that is written to disk: file name -> content.

    ``overlay`` are files of the user's own; they add subjects and never speak of those that the folder knows.
    ``updated`` is the day on which they were looked for.
    """
    keys = key_fields(read(os.path.join(folder, "schema.toml")))
    about = plain(read(os.path.join(folder, "matrix.toml")))
    grouped: dict[tuple[str, str], dict[tuple[str, ...], Claims]] = {}
    sources: dict[str, Any] = {}
    packages: dict[str, Any] = {}
    reviewed = source_files(folder)
    known: dict[tuple[str, str], frozenset[tuple[str, ...]]] = {}
    for number, path in enumerate([*reviewed, *overlay]):
        if number == len(reviewed):
            known = {owner: frozenset(subjects) for owner, subjects in grouped.items()}
        document = read_overlay(path) if number >= len(reviewed) else read(path)
        component = document["component"]
        for name, source in document.get("source", {}).items():
            sources[f"{component}:{name}"] = plain(source)
        if "package" in document:
            packages[component] = document["package"]
        for table, _, row, level, cited in claims(document, keys):
            owner = owner_of(table, row, component)
            key = key_of(table, row, keys)
            if key in known.get((table, owner), ()):
                continue
            subject = grouped.setdefault((table, owner), {}).setdefault(key, [])
            subject.append((LEVELS.index(level), {**row, "source": cited}))
    content: dict[str, Any] = {"sources": sources}
    owners: dict[str, list[str]] = {}
    for (table, owner), subjects in sorted(grouped.items()):
        owners.setdefault(table, []).append(owner)
        merged = [merge(rows) for rows in subjects.values()]
        content[f"{table}.{owner}"] = _by_version(merged) if table == "build" else merged
    content |= indexes(content)
    if updated is not None:
        about["updated"] = updated
    content["index"] = {**about, "tables": owners, "packages": packages}
    content["spoken"] = spoken(content)
    content["drawn"] = sorted({requirement(line)[0] for line in _requirements(content)} - {*content["spoken"]})
    return content


def _requirements(content: Mapping[str, Any]) -> set[str]:
    """What builds require, by themselves or for an extra, as they write it."""
    tables = [found for table, found in content.items() if table.startswith("build.")]
    rows = [row for found in tables for builds in found.values() for row in builds]
    lines = [row.get("requires", ()) for row in rows]
    lines += [asked for row in rows for asked in row.get("extras", {}).values()]
    return {line for asked in lines for line in asked}


def spoken(content: Mapping[str, Any]) -> list[str]:
    """The distributions that the matrix speaks of: components, builds and what they require in some releases only, the
    packages of libraries, and what breaks. Of what a build takes in any release (flash-attn and einops) no rule speaks.
    """
    packages = content["index"]["packages"].values()
    found = {name for about in packages for names in about["distributions"].values() for name in names}
    found |= {line for line in _requirements(content) if requirement(line)[1] != "*"}
    for table, rows in content.items():
        kind, _, owner = table.partition(".")
        if kind == "build":
            found.add(owner.removeprefix(CONDA))
        elif kind in ("library", "soname"):
            found |= {name for row in rows for name in row.get("packages", ())}
        elif kind in ("break", "pair", "name"):
            found |= {row[field] for row in rows for field in ("package", "other", "distribution") if row.get(field)}
    return sorted({requirement(one)[0] for one in found})


def _by_version(rows: list[Row]) -> dict[str, list[Row]]:
    index: dict[str, list[Row]] = {}
    for row in rows:
        index.setdefault(row["version"], []).append(row)
    return index


def write(content: Mapping[str, Any], folder: str) -> None:
    """Write the compiled matrix; a reader never sees half of it (files are renamed into place, the index last).

    Tables of an earlier compilation that are no more are removed.
    """
    os.makedirs(folder, exist_ok=True)
    for stale in set(os.listdir(folder)) - set(map(tables.file_name, content)):
        if stale.endswith(".json"):
            os.remove(os.path.join(folder, stale))
    for name in sorted(content, key=lambda item: item == "index"):
        write_whole(os.path.join(folder, tables.file_name(name)), tables.write(content[name]), durable=False)
