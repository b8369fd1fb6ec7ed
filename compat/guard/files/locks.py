"""uv.lock, poetry.lock and pdm.lock: ``[[package]]`` with the release of each.

A lock for several systems may hold a package in several releases; which of them counts here its markers decide, and
those are not read: such a package is passed over.
"""

from collections import Counter

from compat.guard.files import BadFile, Contents, Passed, Requirement, bounded
from compat.guard.files.line import checked
from compat.guard.files.toml_lines import items, load, table
from compat.matrix.packages import normal


def read(path: str) -> Contents:
    """Every locked package that has one release. Raises BadFile."""
    data, lines = load(path)
    packages = [one for one in items(data.get("package")) if isinstance(one, dict)]
    named = [one for one in packages if isinstance(one.get("name"), str) and isinstance(one.get("version"), str)]
    if not named:
        raise BadFile(path, 1, "no lock file of uv, Poetry or PDM: it has [[package]] with name and version")
    count = Counter(one["name"] for one in named)
    found: list[Requirement] = []
    passed: list[Passed] = []
    for one in bounded(named, path):
        if "virtual" in table(one, "source") or "editable" in table(one, "source"):
            continue  # the project itself
        line = lines.of(one["name"])
        if count[one["name"]] > 1:
            passed.append(
                Passed(path, line, f"{one['name']}=={one['version']}", "one of several releases in this lock")
            )
        else:
            found.append(Requirement(normal(one["name"]), checked(f"=={one['version']}"), path, line))
    python = data.get("requires-python") or table(data, "metadata").get("python-versions")
    within = checked(python) if isinstance(python, str) and python[:1] in "<>=~!" else None
    return Contents("lock", path, tuple(found), requires_python=within, passed=tuple(passed))
