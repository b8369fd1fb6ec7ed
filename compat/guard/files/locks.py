"""uv.lock, poetry.lock and pdm.lock: ``[[package]]`` with the release of each.

A lock for several systems may hold a package in several releases. Each then says in markers where it counts (uv's
``resolution-markers``, Poetry's ``markers``, PDM's ``marker``); where one of them says nothing, all are passed over.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from compat.guard.files import BadFile, Contents, Passed, Requirement, bounded
from compat.guard.files.line import checked
from compat.guard.files.toml_lines import items, load, table
from compat.matrix.packages import normal


def read(path: str) -> Contents:
    """Every locked package, of several releases those whose markers are told. Raises BadFile."""
    data, lines = load(path)
    packages = [one for one in items(data.get("package")) if isinstance(one, dict)]
    named = [one for one in packages if isinstance(one.get("name"), str) and isinstance(one.get("version"), str)]
    if not named:
        raise BadFile(path, 1, "no lock file of uv, Poetry or PDM: it has [[package]] with name and version")
    markers = [_marker(one) for one in named]
    untold = {one["name"] for one, marker in zip(named, markers, strict=True) if not marker}
    count, entries = Counter(one["name"] for one in named), Counter[str]()
    found: list[Requirement] = []
    passed: list[Passed] = []
    for one, marker in bounded(zip(named, markers, strict=True), path):
        name, source = one["name"], table(one, "source")
        line = lines.named(name, entries[name])
        entries[name] += 1
        if "virtual" in source or "editable" in source:
            continue  # the project itself
        if count[name] > 1 and name in untold:
            passed.append(Passed(path, line, f"{name}=={one['version']}", "one of several releases in this lock"))
            continue
        of_many = marker if count[name] > 1 else ""
        found.append(Requirement(normal(name), checked(f"=={one['version']}"), path, line, marker=of_many))
    python = data.get("requires-python") or table(data, "metadata").get("python-versions")
    within = checked(python) if isinstance(python, str) and python[:1] in "<>=~!" else None
    return Contents("lock", path, tuple(found), requires_python=within, passed=tuple(passed))


def _marker(package: Mapping[str, Any]) -> str:
    """Where the entry counts; empty where it does not say."""
    told = package.get("resolution-markers") or package.get("markers") or package.get("marker")
    if isinstance(told, dict):  # Poetry's, a marker for each group
        told = list(told.values())
    each = [one for one in ([told] if isinstance(told, str) else items(told)) if isinstance(one, str)]
    return " or ".join(f"({one})" for one in each) if len(each) > 1 else "".join(each)
