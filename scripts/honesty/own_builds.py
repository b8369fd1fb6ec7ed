"""Is a package, as it is described, one of the published builds? What is taken for one rests on what is not stated."""

from typing import Any

from compat import description, goals, versions
from compat.capability import architecture_lists
from compat.capability import parse as parse_capability
from compat.machine import Build, Machine
from compat.matrix import Matrix
from compat.matrix.packages import normal, takes_python
from compat.records import replace
from compat.rules.candidates import find
from compat.rules.case import Case
from compat.rules.implied import implied
from compat.rules.runtimes import reaches
from compat.rules.subject import Subject

Facts = dict[str, Any]


def own_builds(machine: Facts, matrix: Matrix, users: tuple[str, ...] = ()) -> set[str]:
    """Packages of which so much is said that none of the published builds can be meant; of what the ``users`` get."""
    installed = {name: version for name, version in (machine.get("packages") or {}).items() if version is not False}
    found = set()
    for name in {*installed, *(machine.get("builds") or {}), *(machine.get("request") or {})}:
        component = matrix.packages.component(name)
        if component is None and not matrix.packages.builds(name):
            continue
        component = component or normal(name)
        others = [one for one in installed if one != name and matrix.packages.component(one) == component]
        alone = {key: version for key, version in installed.items() if key not in others}
        request = {key: spec for key, spec in (machine.get("request") or {}).items() if normal(key) == normal(name)}
        subject = find(_machine({**machine, "packages": alone, "request": request}, matrix), component, matrix, users)
        # A conda environment's CUDA is for a build that has it.
        rows = [row for row in subject.candidates if not subject.pinned_cuda or row.get("cuda") is not False]
        rows = [row for row in rows if _is_for(row, machine.get("python")) and _has_tag(row, subject.facts.python_tag)]
        agrees = any(_agrees(row, subject.facts) and not _has_more(row, subject, matrix) for row in rows)
        if not agrees:
            found.add(normal(name))
        if not _has_parts(machine, subject, matrix):  # then so is whatever else these would be parts of: JAX and jaxlib
            found |= set(matrix.packages.distributions(component))
            found |= {one for one in map(normal, installed) if _parts(one, matrix) == _parts(name, matrix)}
    return found


def _machine(facts: Facts, matrix: Matrix) -> Machine:
    """The machine, with the system that its other facts tell (glibc, device nodes)."""
    told = implied(description.from_dict(facts))
    systems = Case(told, goals.parse("use:gpu"), matrix).systems
    return replace(told, os=systems[0]) if told.os is None and len(systems) == 1 else told


def _is_for(row: Facts, python: str | None) -> bool:
    """Is a file of it for this Python, or may one be?"""
    line = versions.major_minor(python) if python else ""
    return not line or "python" not in row or takes_python(row["python"], line) is not False


def _has_tag(row: Facts, tag: str | None) -> bool:
    """Is one of its files tagged so, or may one be? Of a Python that the tag is not for none is."""
    return tag is None or not tag.startswith("cp") or _is_for(row, f"{tag[2]}.{tag[3:]}")


def _parts(name: str, matrix: Matrix) -> list[str]:
    return list(matrix.packages.about(matrix.packages.component(name) or name).get("parts", ()))


def _has_parts(machine: Facts, subject: Subject, matrix: Matrix) -> bool:
    """Of a package whose GPU code lies in its parts (JAX), is one of them published here, for the CUDA that is told?

    And in a release that what it is a part of can have?
    """
    parts = _parts(subject.component, matrix)
    if not parts or not (subject.facts.cuda or subject.facts.architectures):
        return True
    cuda = {"cuda": subject.facts.cuda} if subject.facts.cuda else {}
    releases = [one for name, one in (machine.get("packages") or {}).items() if one and _parts(name, matrix) == parts]
    told = ({**machine, "packages": {part: None}, "builds": {part: cuda}} for part in parts)
    return any(
        find(_machine(one, matrix), part, matrix).candidates
        and all(
            reaches(release, versions.parse(next(iter(matrix.packages.versions(part)), "9999"))) for release in releases
        )
        for one, part in zip(told, parts, strict=True)
    )


def _has_more(row: Facts, subject: Subject, matrix: Matrix) -> bool:
    """Has it code for a GPU below the least one that its release asks for?"""
    line = ".".join(str(number) for number in versions.parse(row["version"]).release[:2])
    least = [one.get("capability_minimum") for one in matrix.packages.of_line(subject.component, line)]
    if subject.facts.architectures is None or not least or None in least:
        return False
    sass, ptx = architecture_lists(subject.facts.architectures)
    return any(code < parse_capability(str(one)) for code in (*sass, *ptx) for one in least)


def _agrees(row: Facts, stated: Build) -> bool:
    for name in ("cudnn", "tensorrt"):
        have, said = row.get(name), getattr(stated, name)
        if have is not None and said is not None and not _same_release(str(have), said):
            return False
    if stated.architectures is not None and "sass" in row and "ptx" in row:
        sass, ptx = architecture_lists(stated.architectures)
        return (set(sass), set(ptx)) == (
            {parse_capability(one) for one in row["sass"]},
            {parse_capability(one) for one in row["ptx"]},
        )
    return True


def _same_release(one: str, other: str) -> bool:
    mine, its = versions.parse(one).release, versions.parse(other).release
    size = min(len(mine), len(its))
    return mine[:size] == its[:size]
