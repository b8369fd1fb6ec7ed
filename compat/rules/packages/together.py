"""What is asked for in one request and cannot be installed together: each resolver refuses it, whatever the machine."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.packages import fits_python, normal
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy
from compat.rules.case import Case

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.subject import Subject

_LOCAL = re.compile(r"\+[A-Za-z0-9._]+")  # which build of a release, and not which release


def asked_together(case: Case) -> Iterator[Outcome]:
    """Does every build that one thing of the request can be shut out what is asked for of another one?

    What its metadata requires does, and what it is compiled against by its release's row (torchvision and torch).
    """
    asked = {normal(name.partition("[")[0]): name for name in sorted(case.machine.request or {})}
    if len(asked) < 2:
        return
    for name in asked:
        component = case.matrix.packages.component(name)
        subject = case.subject(component) if component is not None else None
        if subject is None or subject.state != "requested" or normal(subject.distribution).partition("[")[0] != name:
            continue
        for other in asked:
            if other != name:
                yield from _judged(case, subject, asked[name], asked[other])


def _judged(case: Case, subject: "Subject", name: str, other: str) -> Iterator[Outcome]:
    """One thing of the request against one other."""
    request = case.machine.request or {}
    demands = _demands(case, subject, normal(other.partition("[")[0]))
    if not demands or None in demands:
        return  # some build of it asks nothing of the other
    together = [_go_together(case, other, request[other], one) for one, _ in filter(None, demands)]
    spec, source = next(filter(None, demands))
    spec = _LOCAL.sub("", spec)
    said = f"{name} {request[name]}"
    facts = (
        case.read(f"request.{name}", request[name]),
        case.read(f"request.{other}", request[other]),
        Evidence(f"{subject.label} goes with {other}{spec}", source),
        *(case.read(field, told) for field in ("os", "arch", "python") if (told := getattr(case.machine, field))),
    )
    if all(one is False for one in together):
        yield Finding(
            "package-versions-mismatch",
            subject.component,
            f"{said} goes with {other}{spec}; {other} {request[other]} is asked for beside it: nothing is both.",
            facts,
            (Remedy(f"ask for {other}{spec}"), Remedy(f"ask for the {subject.distribution} for that {other}")),
        )
    elif all(together):
        yield Holds("package-versions-mismatch", subject.component, f"{said} and {other} can be a pair", facts)


def _demands(case: Case, subject: "Subject", other: str) -> list[tuple[str, str] | None]:
    """(range, source) of what each build that the request can take asks of the other; None of one that asks nothing."""
    rows = _for_python(case, subject)
    found = [_pinned(case, row, other) for row in rows]
    if all(found):
        return found
    release = versions.parse_range((case.machine.request or {})[subject.distribution]).pinned
    if release is None:
        return found
    public = versions.parse(release).public
    pairs = case.matrix.packages.pairs.get(normal(subject.distribution.partition("[")[0]), ())
    return [
        (row["fits"], str(case.matrix.source(row)))
        for row in pairs
        if row["other"] == other and versions.parse_range(row["range"]).pinned == public
    ] or found


def _for_python(case: Case, subject: "Subject") -> "list[Row]":
    """Builds for the goal's Python; all of them where that leaves none, which is another rule's matter."""
    rows = [row for row in subject.candidates if not row.get("stub")]
    return [row for row in rows if fits_python(row, case.machine.python)] or rows


def _pinned(case: Case, row: "Row", other: str) -> tuple[str, str] | None:
    """The range of the other that a build's metadata requires, on every machine that this one can be."""
    from compat.markers import applies

    for name, spec, marker in case.matrix.packages.pins(row):
        counts = not marker or (applies(marker, case.machine) and not _asks_openly(case, marker))
        if name == other and spec != "*" and counts:
            return spec, str(case.matrix.source(row, "requires"))
    return None


def _asks_openly(case: Case, marker: str) -> bool:
    """Does the requirement's condition ask for what is not told of the machine?"""
    machine = case.machine
    told = (("python", machine.python), ("machine", machine.arch), ("system", machine.os), ("sys_platform", machine.os))
    return any(word in marker and value is None for word, value in told)


def _go_together(case: Case, other: str, wanted: str, demanded: str) -> bool | None:
    """Is there a release of the other that is asked for and that fits? None where its releases are not known."""
    ours, theirs = (versions.parse_range(_LOCAL.sub("", text)) for text in (wanted, demanded))
    if ours.pinned is not None and "*" not in wanted:
        return theirs.admits(ours.pinned)
    if theirs.pinned is not None and "*" not in demanded:
        return ours.admits(theirs.pinned)
    known = case.matrix.packages.versions(normal(other.partition("[")[0]))
    inside = any(ours.admits(one) and theirs.admits(one) for one in known)
    return inside or (None if not known else False)
