"""Pipfile (https://pipenv.pypa.io/en/latest/pipfile.html): [packages], [dev-packages] and other categories."""

from collections.abc import Mapping
from typing import Any

from compat.guard.files import BadFile, Contents, Passed, Requirement, bounded
from compat.guard.files.line import checked, unnamed
from compat.guard.files.toml_lines import items, load, table
from compat.matrix.packages import normal

_NO_PACKAGES = ("source", "requires", "scripts", "pipenv")


def read(path: str) -> Contents:
    """What the file asks for, each with the index that it names. Raises BadFile."""
    data, lines = load(path)
    given = ((one.get("name"), one.get("url")) for one in items(data.get("source")) if isinstance(one, dict))
    sources = {name: url for name, url in given if isinstance(name, str | None)}
    entries = (
        (group, name, said) for group in data if group not in _NO_PACKAGES for name, said in table(data, group).items()
    )
    found: list[Requirement] = []
    passed: list[Passed] = []
    for group, name, said in bounded(entries, path):
        line = lines.of(name, key=True)
        one = _requirement(name, said, path, line, "" if group == "packages" else f"group {group}", sources)
        if one is None:
            passed.append(Passed(path, line, name, unnamed(f"git+{said['git']}" if "git" in said else ".")))
        else:
            found.append(one)
    requires = table(data, "requires")
    python = requires.get("python_full_version") or requires.get("python_version")
    if not found and not sources:
        raise BadFile(path, 1, "no Pipfile: it has [packages]")
    return Contents(
        "pipfile",
        path,
        tuple(found),
        python=python if isinstance(python, str) and python[:1].isdigit() else None,
        python_line=lines.of("python_version", key=True),
        indexes=tuple(url for url in sources.values() if isinstance(url, str)),
        passed=tuple(passed),
    )


def _requirement(
    name: str, said: Any, path: str, line: int, group: str, sources: Mapping[Any, Any]
) -> Requirement | None:
    """None for a package of a repository or a folder."""
    if not isinstance(said, dict):
        return Requirement(normal(name), checked(str(said)), path, line, group=group)
    if "git" in said or "path" in said:
        return None
    named, spec, marker = said.get("index"), said.get("version", "*"), said.get("markers", "")
    index = sources.get(named) if isinstance(named, str | None) else None
    return Requirement(
        normal(name),
        checked(spec) if isinstance(spec, str) else "*",
        path,
        line,
        tuple(str(one) for one in items(said.get("extras"))),
        marker if isinstance(marker, str) else "",
        index if isinstance(index, str) and "download.pytorch.org" in index else None,
        group=group,
    )
