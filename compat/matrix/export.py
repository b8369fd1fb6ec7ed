"""The whole matrix as one JSON document; `docs/matrix-export.md` describes it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from compat.matrix import Source
from compat.matrix.claims import Statement, Subject

if TYPE_CHECKING:
    from compat.matrix import Matrix

SCHEMA = "compatcheck.matrix-export/1"


def export(matrix: "Matrix", subjects: Iterable[Subject]) -> dict[str, Any]:
    """Every subject with its merged values and all claims, sorted by table, component and key."""
    tables: dict[str, list[dict[str, Any]]] = {}
    sources: dict[str, dict[str, str]] = {}
    for subject in sorted(subjects, key=lambda one: (one.table, one.owner)):
        tables.setdefault(subject.table, []).append(described(subject))
        for statement in subject.statements:
            for source in statement.sources:
                sources[source.id] = as_source(source)
    about = {name: matrix.index[name] for name in ("schema", "version", "date", "updated") if name in matrix.index}
    return {
        "schema": SCHEMA,
        "matrix": about,
        "packages": matrix.index["packages"],
        "sources": dict(sorted(sources.items())),
        "tables": tables,
    }


def described(subject: Subject) -> dict[str, Any]:
    """A subject: ``values`` is what wins, ``claims`` is all that is said, strongest first."""
    made: dict[str, Any] = {
        "component": subject.owner,
        "key": dict(subject.key),
        "values": subject.merged,
        "claims": [as_claim(statement) for statement in subject.ranked],
    }
    if subject.disputed:
        made["disputed"] = sorted(subject.disputed)
    return made


def as_claim(statement: Statement) -> dict[str, Any]:
    """A claim: level, sources, the file that makes it, and its values."""
    made = {
        "level": statement.level,
        "sources": [source.id for source in statement.sources],
        "file": statement.file,
        "values": statement.values,
    }
    if "note" in statement.row:
        made["note"] = statement.row["note"]
    return made


def as_source(source: Source) -> dict[str, str]:
    """A source without its id."""
    return {"title": source.title, "where": source.where, "date": source.date, "level": source.level}
