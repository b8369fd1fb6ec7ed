"""Python bindings that come with JetPack, which are made for JetPack's own Python."""

from compat import versions
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy
from compat.rules.case import Case
from compat.rules.packages.jetson import release_of, stays
from compat.rules.subject import Subject


def of_jetpack(case: Case, main: Subject) -> Outcome | None:
    """Are bindings asked for that only JetPack has, in another Python 3 than its own (JetPack 4's TensorRT: 3.6)?

    An image may have its own, and so may the Python into which somebody installed them. None where nothing is told.
    """
    python, module = case.machine.python, case.machine.jetson.module
    if python is None or case.goal.verb != "import" or not case.is_jetson:
        return None
    if main.state in ("absent", "requested") or case.machine.container.image or case.environment("docker"):
        return None
    found = release_of(case)
    every = case.matrix.rows("jetpack", "jetpack")
    rows = [found[0]] if found else [row for row in every if module and module in row.get("modules", ())]
    own = {row.get("python") if main.component in row and stays(case, row) else None for row in rows}
    if len(own) != 1 or None in own:
        return None
    line = str(own.pop())
    which = f"JetPack {rows[0]['jetpack']}" if found else f"every JetPack for {module}"
    told: tuple[Evidence, ...] = found[1] if found else (case.read("jetson.module", module),)
    made = case.cite(f"{which} has {main.component} for Python {line}", rows[0], "python")
    facts = (*case.of_jetsons, *told, made, case.read("python", python))
    if versions.same_line(python, line, 2):
        text = f"{main.label} of {which} is made for Python {line}"
        return Holds("python-unsupported", main.component, text, facts) if main.state == "installed" else None
    if main.state == "installed" or not versions.same_line(python, line, 1):
        return None
    places = [main.path, "container.image", *(["environment"] if case.machine.environment is None else [])]
    return Finding(
        "python-unsupported",
        "python",
        f"There are no bindings of {main.component} for Python {python}: {which} has them for Python {line} alone.",
        (*facts, *(case.assume(place, "no bindings but JetPack's") for place in places)),
        (Remedy(f"use Python {line}, which JetPack has", "python"), Remedy("or build the bindings for this Python")),
    )
