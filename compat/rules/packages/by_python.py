"""Which builds of a package there are for the goal's Python, where its release is not told."""

from compat import versions
from compat.matrix.packages import takes_python
from compat.records import replace
from compat.rules.base import Evidence
from compat.rules.candidates import JETSON
from compat.rules.case import Case
from compat.rules.subject import Subject


def for_python(case: Case, subject: Subject) -> tuple[Subject, tuple[Evidence, ...]]:
    """The package with those of its builds alone that the Python takes, and the Python where that leaves some out.

    What is there, or is to be installed, is one of them: each file is for one Python. A release that is told is
    ``python-unsupported``'s to judge, and so is a Python for which there is none at all.
    """
    python = case.machine.python
    if python is None or subject.version is not None or subject.facts.python_tag is not None or case.is_jetson:
        return subject, ()
    line = versions.major_minor(python)
    rows = tuple(row for row in subject.candidates if takes_python(row.get("python", (line,)), line) is not False)
    if not rows or len(rows) == len(subject.candidates) or any(row["index"] in JETSON for row in rows):
        return subject, ()
    return replace(subject, candidates=rows), (case.read("python", python),)
