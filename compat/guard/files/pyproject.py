"""pyproject.toml: the standard project table and dependency groups; Poetry's, pixi's and uv's tables (tables.py).

pixi.toml is the same manifest without its prefix.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from compat.guard.files import BadFile, Contents, Requirement, bounded
from compat.guard.files.line import checked, of_text
from compat.guard.files.tables import pixi, poetry, poetry_range, with_sources
from compat.guard.files.toml_lines import Lines, items, load, table


def read(path: str) -> Contents:
    """What the project requires, with every extra and group. Raises BadFile."""
    data, lines = load(path)
    project, uv = table(data, "project"), table(data, "tool", "uv")
    manifest = data if os.path.basename(path).lower() == "pixi.toml" else table(data, "tool", "pixi")
    of_pixi, python = pixi(path, lines, manifest)
    found = [
        *_standard(path, lines, project),
        *_groups(path, lines, table(data, "dependency-groups")),
        *poetry(path, lines, table(data, "tool", "poetry")),
        *of_pixi,
    ]
    indexes = [one.get("url") for one in items(uv.get("index")) if isinstance(one, dict)]
    return Contents(
        "pyproject",
        path,
        tuple(with_sources(found, uv)),
        python=python,
        python_line=lines.of("python", key=True) if python else 0,
        indexes=tuple(url for url in indexes if isinstance(url, str)),
        requires_python=_requires_python(project, table(data, "tool", "poetry", "dependencies")),
    )


def _requires_python(project: Mapping[str, Any], of_poetry: Mapping[str, Any]) -> str | None:
    text = project.get("requires-python")
    if isinstance(text, str):
        return checked(text)
    text = of_poetry.get("python")
    return poetry_range(text) if isinstance(text, str) else None


def _standard(path: str, lines: Lines, project: Mapping[str, Any]) -> Iterator[Requirement]:
    optional = [text for texts in table(project, "optional-dependencies").values() for text in items(texts)]
    for text in bounded((*items(project.get("dependencies")), *optional), path):
        if not isinstance(text, str):
            raise BadFile(path, 1, f"a dependency is a string, not {text!r:.60}")
        one = of_text(text, path, lines.of(text))
        if one is not None:
            yield one


def _groups(path: str, lines: Lines, groups: Mapping[str, Any]) -> Iterator[Requirement]:
    for text in bounded((text for texts in groups.values() for text in items(texts) if isinstance(text, str)), path):
        one = of_text(text, path, lines.of(text))
        if one is not None:
            yield one
