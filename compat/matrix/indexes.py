"""What rules look up by another key than the component: made when the matrix is compiled, so that a diagnosis reads
the entries that it asks for and no more."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from compat.matrix.gpus import name_index
from compat.matrix.libraries import library_key
from compat.matrix.packages import normal

Row = dict[str, Any]


def indexes(content: Mapping[str, Any]) -> dict[str, Any]:
    """Table -> content, out of the tables of components."""
    made: dict[str, Any] = {
        "pairs": _by(content, "pair", lambda row: normal(row["package"])),
        "breaks": _by(content, "break", lambda row: row["rule"]),
        "sonames": _sonames(content),
        "hosts": _hosts(content),
    }
    made["sonames.of"] = _named(made["sonames"])
    if "gpu.gpu" in content:
        made["gpu.names"] = name_index(content["gpu.gpu"])
    return {name: table for name, table in made.items() if table}


def _every(content: Mapping[str, Any], table: str) -> Iterator[Row]:
    for name in content:
        if name.startswith(f"{table}."):
            yield from content[name]


def _by(content: Mapping[str, Any], table: str, key: Any) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in _every(content, table):
        found.setdefault(key(row), []).append(row)
    return found


def _hosts(content: Mapping[str, Any]) -> dict[str, str]:
    """Host of a publisher's own index or page -> the index of the builds that lie there: one named as the component,
    or the archives of those that have none."""
    tables = (table for name, table in content.items() if name.startswith("build."))
    named = {row["index"] for table in tables for rows in table.values() for row in rows}
    found: dict[str, str] = {}
    for name, rows in content.items():
        component = name.removeprefix("trait.")
        if component != name:
            own = [row["value"] for row in rows if row["name"] in ("own-index", "own-page")]
            index = component if component in named else "archive"
            found |= {urlsplit(address).hostname or "": index for address in own}
    return found


def _sonames(content: Mapping[str, Any]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in _every(content, "soname"):  # two components may tell of one soname
        found[row["soname"]] = {**found.get(row["soname"], {}), **row}
    return found


def _named(sonames: Mapping[str, Row]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for soname, row in sonames.items():
        found.setdefault(library_key(row["library"], row["os"]), []).append(soname)
    return found
