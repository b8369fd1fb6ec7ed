"""pyproject.toml: the standard project table and dependency groups; Poetry's, pixi's and uv's tables (tables.py).

pixi.toml is the same manifest without its prefix.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from compat.guard.files import BadFile, Contents, Requirement, bounded, requirements
from compat.guard.files.line import checked, of_text
from compat.guard.files.project import with_own
from compat.guard.files.tables import pixi, poetry, poetry_range, with_sources
from compat.guard.files.toml_lines import Lines, items, load, table
from compat.records import replace


def read(path: str) -> Contents:
    """What the project requires, with every extra and group. Raises BadFile."""
    data, lines = load(path)
    project, uv = table(data, "project"), table(data, "tool", "uv")
    manifest = data if os.path.basename(path).lower() == "pixi.toml" else table(data, "tool", "pixi")
    of_pixi, python, within = pixi(path, lines, manifest)
    found = [
        *_standard(path, lines, project),
        *_groups(path, lines, table(data, "dependency-groups")),
        *poetry(path, lines, table(data, "tool", "poetry")),
        *of_pixi,
    ]
    found += _dynamic(path, table(data, "tool"))
    pdm, hatch = table(data, "tool", "pdm"), table(data, "tool", "hatch", "envs")
    found += _groups(path, lines, table(pdm, "dev-dependencies"))
    found += _groups(path, lines, {name: one.get("dependencies") for name, one in _tables(hatch)})
    included = _included(table(data, "dependency-groups"))
    found = list(with_own(with_sources(found, uv), project.get("name"), path, included))
    named = [*items(uv.get("index")), *items(table(data, "tool", "poetry").get("source")), *items(pdm.get("source"))]
    indexes = [one.get("url") for one in named if isinstance(one, dict)]
    return Contents(
        "pyproject",
        path,
        tuple(found),
        python=python,
        python_line=lines.of("python", key=True) if python else 0,
        indexes=tuple(url for url in indexes if isinstance(url, str)),
        requires_python=_requires_python(project, table(data, "tool", "poetry", "dependencies")) or within,
        own_python=bool(of_pixi) and python is None,
    )


def _requires_python(project: Mapping[str, Any], of_poetry: Mapping[str, Any]) -> str | None:
    text = project.get("requires-python")
    if isinstance(text, str):
        return checked(text)
    text = of_poetry.get("python")
    return poetry_range(text) if isinstance(text, str) else None


def _standard(path: str, lines: Lines, project: Mapping[str, Any]) -> Iterator[Requirement]:
    own = ((text, "") for text in items(project.get("dependencies")))
    extras = table(project, "optional-dependencies").items()
    optional = ((text, f"extra {name}") for name, texts in extras for text in items(texts))
    for text, group in bounded(chain(own, optional), path):
        if not isinstance(text, str):
            raise BadFile(path, 1, f"a dependency is a string, not {text!r:.60}")
        one = of_text(text, path, lines.of(text))
        if one is not None:
            yield replace(one, group=group)


def _groups(path: str, lines: Lines, groups: Mapping[str, Any]) -> Iterator[Requirement]:
    named = ((text, name) for name, texts in groups.items() for text in items(texts) if isinstance(text, str))
    for text, name in bounded(named, path):
        one = of_text(text, path, lines.of(text))
        if one is not None:
            yield replace(one, group=f"group {name}")


def _included(groups: Mapping[str, Any]) -> dict[str, list[str]]:
    """Group -> the groups that it includes (PEP 735)."""
    found: dict[str, list[str]] = {}
    for name, entries in groups.items():
        others = (one.get("include-group") for one in items(entries) if isinstance(one, dict))
        found[f"group {name}"] = [f"group {other}" for other in others if isinstance(other, str)]
    return found


def _dynamic(path: str, tools: Mapping[str, Any]) -> list[Requirement]:
    """What setuptools and Hatch are told to read from requirements files
    (https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html, dynamic metadata)."""
    dynamic = table(tools, "setuptools", "dynamic")
    of_hatch = table(tools, "hatch", "metadata", "hooks", "requirements_txt")
    named = [("", table(dynamic, "dependencies").get("file")), ("", of_hatch.get("files"))]
    named += [(f"extra {name}", one.get("file")) for name, one in _tables(dynamic.get("optional-dependencies"))]
    return [one for group, files in named for one in of_files(path, files, group)]


def _tables(data: Any) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, one) for name, one in data.items() if isinstance(one, dict)] if isinstance(data, dict) else []


def of_files(path: str, files: Any, group: str = "") -> Iterator[Requirement]:
    """The requirements of files beside a project's own, of those that are there. Raises BadFile."""
    for name in [files] if isinstance(files, str) else items(files):
        whole = os.path.join(os.path.dirname(path), name) if isinstance(name, str) and "\0" not in name else ""
        if whole and os.path.isfile(whole):
            for one in requirements.read(whole, projects=False).requirements:
                yield replace(one, group=group)
