"""Extras that are asked for and that the release has not: installers warn, and leave out what they would draw in."""

from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import normal
from compat.rules.base import Evidence
from compat.rules.packages.by_python import for_python

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.case import Case
    from compat.rules.subject import Subject


def lacked(case: "Case", subject: "Subject") -> "tuple[str, Row, bool, tuple[Evidence, ...]] | None":
    """An extra that other releases have and that which an installer takes has not: its name, the newest build that is
    asked for, whether none that is asked for has it, and what tells so. None where each is there, or in no release."""
    names = [normal(one.strip()) for one in subject.distribution.partition("[")[2].rstrip("]").split(",")]
    taken, told = for_python(case, subject)
    rows = [row for row in taken.candidates if row["index"] == "pypi" and "+" not in row["version"]]
    if not any(names) or not rows:
        return None
    newest = max(rows, key=lambda row: versions.parse(row["version"]).key())
    every = [row for rows in case.matrix.packages.builds(normal(subject.distribution)).values() for row in rows]
    for name in filter(None, names):
        having = [row for row in every if name in _extras(row)]
        if having and name not in _extras(newest):
            said = f"{newest['package']} {newest['version']} has no extra {name}, which {having[0]['version']} has"
            lacks = not any(name in _extras(row) for row in rows)
            return name, newest, lacks, (case.read(subject.path, None), *told, case.cite(said, newest, "extras"))
    return None


def _extras(row: "Row") -> set[str]:
    return {normal(name) for name in row.get("extras", ())}
