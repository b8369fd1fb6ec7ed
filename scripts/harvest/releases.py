"""The builds of a project that publishes wheels: what METADATA declares, and what one reads inside.

Most families are this and a function that reads a wheel: ``inside(index, group)`` gives the fields of the build that
it found, which are then a claim of their own ("read"), beside METADATA's and the file tags' ("declared").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from . import progress
from .builds import Group, group, requirements
from .document import Document, Row
from .index import Index

Inside = Callable[[Index, Group], Row]


def document(index: Index, project: str, what: str, inside: Inside, groups: Iterable[Group] | None = None) -> Document:
    """One `[[build]]` row per release and platform. ``what`` names in the source's title what `inside` reads."""
    made = Document(project)
    where = f"package index: {project}"
    for one in progress.over(list(group(index.files(project)) if groups is None else groups), project):
        found = {name: value for name, value in inside(index, one).items() if value is not None}
        requires, extras = requirements(index.metadata(one.example))
        row: Row = {**one.row(), **found, "requires": requires, "extras": extras or None, "source": "metadata"}
        row["sources"] = dict.fromkeys(found, "wheels") or None
        made.add("build", row)
        day = max(file.uploaded or "" for file in one.files)
        made.source("metadata", f"{project} wheels: METADATA and file tags", where, day, "declared")
        if found:
            made.source("wheels", f"{project} wheels: {what}", where, day, "read")
    return made


def sources(made: Document, index: Index) -> None:
    """Add one `[[build]]` row per release that has a source archive: any platform compiles it, for whatever."""
    project = made.component
    for file in index.files(project):
        if file.version is None or file.is_wheel or file.version.is_prerelease:
            continue
        row: Row = {"package": project, "version": file.version.public, "os": "any", "arch": "any", "index": "pypi"}
        row.update(variant="", requires_python=file.requires_python, date=file.uploaded, yanked=file.yanked)
        made.add("build", {**row, "file": file.filename, "source": "archives"})
        title = f"{project}: its source archives"
        made.source("archives", title, f"package index: {project}", file.uploaded or "", "declared")
