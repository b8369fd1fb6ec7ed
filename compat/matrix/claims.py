"""The claims behind the matrix: what each row of each file says on a subject, with its source, level and line.

The compiled matrix holds what won; `matrix why`, `export` and `diff` show all of it, by the rule that
``compile.merge`` states: the stronger level wins, among equals the later file and row.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from compat import versions
from compat.matrix import Row, Source
from compat.matrix.compile import (
    LEVELS,
    META,
    claims,
    key_fields,
    key_of,
    owner_of,
    plain,
    read,
    read_overlay,
    references,
    source_files,
)

# Fields that hold the version of a subject, whatever its table calls it.
VERSION_FIELDS = ("version", "branch", "major", "jetpack", "tag", "cuda", "capability", "range")


@dataclass(frozen=True)
class Statement:
    """What one row says: ``file`` and ``number`` (which row of its table in that file) tell where it stands."""

    row: Row
    level: str
    sources: tuple[Source, ...]
    file: str
    number: int

    @property
    def values(self) -> Row:
        """What it says of its subject."""
        return {name: plain(value) for name, value in self.row.items() if name not in META}


@dataclass(frozen=True)
class Subject:
    """Something that the matrix speaks of: a build, a release, a driver branch, a GPU."""

    table: str
    owner: str  # component, or distribution of a build
    key: tuple[tuple[str, str], ...]  # the fields that identify it; those that are absent are ""
    statements: list[Statement] = field(default_factory=list, compare=False)

    @property
    def id(self) -> tuple[str, str, tuple[str, ...]]:
        return self.table, self.owner, tuple(value for _, value in self.key)

    @property
    def name(self) -> str:
        """A short name for people: ``build torch 2.11.0 linux x86_64 pypi``."""
        return " ".join(
            [
                self.table,
                *([] if self.key[0][0] == "package" else [self.owner]),
                *(value for _, value in self.key if value),
            ]
        )

    @property
    def version(self) -> str | None:
        """Its version, by whatever name its table gives it."""
        said = dict(self.key)
        return next((said[name] for name in VERSION_FIELDS if said.get(name)), None)

    @cached_property
    def ranked(self) -> list[Statement]:
        """The statements, strongest first."""
        return sorted(self.statements, key=lambda one: LEVELS.index(one.level))[::-1]

    @cached_property
    def fields(self) -> dict[str, list[tuple[Any, Statement]]]:
        """Field -> (value, who says so), the one that wins first."""
        found: dict[str, list[tuple[Any, Statement]]] = {}
        for statement in self.ranked:
            for name, value in statement.values.items():
                found.setdefault(name, []).append((value, statement))
        return found

    @property
    def merged(self) -> Row:
        """The value of each field that wins."""
        return {name: said[0][0] for name, said in self.fields.items()}

    @property
    def disputed(self) -> dict[str, list[tuple[Any, Statement]]]:
        """The fields on which the statements do not agree."""
        return {
            name: said for name, said in self.fields.items() if not all(agree(said[0][0], value) for value, _ in said)
        }


def agree(one: Any, other: Any) -> bool:
    """Do two values say the same? A line agrees with its releases, ranges and lists in whatever order."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    if isinstance(one, str) and isinstance(other, str) and one != other:
        if any(sign in one + other for sign in "<>=,"):
            return sorted(one.split(",")) == sorted(other.split(","))
        mine, its = versions.try_parse(one), versions.try_parse(other)
        return mine is not None and its is not None and (mine.same_as(its) or mine.covers(its) or its.covers(mine))
    return bool(one == other)


def collect(folder: str, overlay: list[str] | None = None) -> dict[tuple[str, str, tuple[str, ...]], Subject]:
    """Every subject of a matrix folder. Raises OSError and toml.TOMLDecodeError.

    ``overlay`` are files of the user's own; they add subjects and never speak of those the folder knows.
    """
    keys = key_fields(read(os.path.join(folder, "schema.toml")))
    subjects: dict[tuple[str, str, tuple[str, ...]], Subject] = {}
    for path in source_files(folder):
        _add(subjects, read(path), os.path.relpath(path, folder), keys)
    known = frozenset(subjects)
    for path in overlay or ():
        _add(subjects, read_overlay(path), path, keys, known)
    return subjects


def _add(
    subjects: dict[tuple[str, str, tuple[str, ...]], Subject],
    document: Row,
    shown: str,
    keys: Mapping[str, Sequence[str]],
    known: frozenset[tuple[str, str, tuple[str, ...]]] = frozenset(),
) -> None:
    component, named = document["component"], document.get("source", {})
    for table, number, row, level, _ in claims(document, keys):
        sources = tuple(_source(reference, named) for reference in references(component, row))
        owner = owner_of(table, row, component)
        subject = Subject(table, owner, tuple(zip(keys[table], key_of(table, row, keys), strict=True)))
        if subject.id in known:
            continue
        subjects.setdefault(subject.id, subject).statements.append(Statement(row, level, sources, shown, number))


def _source(reference: str, named: Row) -> Source:
    said = named[reference.partition(":")[2]]
    return Source(reference, said["title"], said["where"], str(plain(said["date"])), said["level"])


def matching(
    subjects: "dict[tuple[str, str, tuple[str, ...]], Subject]", name: str, version: str | None = None
) -> Iterator[Subject]:
    """The subjects that a person means by ``torch`` and ``2.11.0``, or by ``NVIDIA L4``, ``breaks`` and an id."""
    from compat.matrix.packages import normal

    wanted, whole = normal(name), " ".join(name.lower().split())
    owned = [
        subject
        for subject in subjects.values()
        if wanted in (normal(subject.owner), _without_channel(subject.owner))
        or (subject.table == "container" and dict(subject.key)["image"] == whole)
    ]
    if not owned and version is None:
        owned = [
            subject
            for subject in subjects.values()
            if whole in (value.lower() for _, value in subject.key)
            or (subject.table == "gpu" and _is_gpu(subject, name))
        ]
    for subject in owned:
        said = {value.lower() for _, value in subject.key}
        if version is None or version.lower() in said or _covers(version, subject.version):
            yield subject


def _without_channel(owner: str) -> str:
    return owner.rpartition("::")[2]


def _is_gpu(subject: Subject, name: str) -> bool:
    from compat.matrix.gpus import simplify

    names = (dict(subject.key)["name"], *subject.merged.get("aliases", ()))
    return simplify(name) in map(simplify, names)


def _covers(wanted: str, version: str | None) -> bool:
    mine, its = versions.try_parse(wanted), versions.try_parse(version)
    return mine is not None and its is not None and (mine.same_as(its) or mine.covers(its))
