"""``check -r FILE``: what a file would install, held against a machine."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat.check import Report, check
from compat.goals import Goal
from compat.guard.described import dead_pins, described, goals
from compat.guard.files import Contents, Requirement, read
from compat.machine import Machine
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

# All that is wrong where the build for the processor was chosen.
_CHOSEN = frozenset(("cpu-only-build",))


def judge(path: str, machine: Machine | None, asked: tuple[Goal, ...], matrix: "Matrix") -> Iterator[Report]:
    """A report for each goal that the file suggests (or that is asked for). Raises BadFile."""
    ways = [_named(described(one, machine, matrix), group) for one, group in _ways(read(path), matrix)]
    reports = [report for here in ways for report in _reports(here, asked, matrix)]
    with_gpu = {report.goal for report in reports if not _processor(report)}
    said = set()
    for report in reports:
        if report.goal in with_gpu and _processor(report):
            continue  # the extra for the processor, beside one for the GPU
        told = (report.goal, report.verdict, report.findings)
        if told not in said:
            said.add(told)
            yield report


def _reports(here: Machine, asked: tuple[Goal, ...], matrix: "Matrix") -> Iterator[Report]:
    # What is asked for without a release will be there too, in some release.
    together = {**dict.fromkeys(here.request or {}), **(here.packages or {})}
    for goal in asked or goals(here, matrix):
        one = here if goal.verb == "install" else replace(here, request=None, packages=together)
        yield check(one, goal, matrix)
    for one, goal in dead_pins(here, matrix) if not asked else ():
        report = check(one, goal, matrix)
        if any(found.rule == "package-removed" for found in report.findings):
            yield report


def _ways(contents: Contents, matrix: "Matrix") -> Iterator[tuple[Contents, str]]:
    """The ways to install a project, each with the extra or group that makes it: of extras that differ in one package
    (``cpu`` beside ``gpu``) one is taken at a time."""
    rivals = dict.fromkeys(group for component in _components(contents, matrix) for group in _rivals(component))
    for group in rivals or ("",):
        kept = tuple(one for one in contents.requirements if one.group == group or one.group not in rivals)
        yield replace(contents, requirements=kept), group


def _components(contents: Contents, matrix: "Matrix") -> "list[list[Requirement]]":
    found: dict[str, list[Requirement]] = {}
    for one in contents.requirements:
        if one.group:
            found.setdefault(matrix.packages.component(one.name) or one.name, []).append(one)
    return list(found.values())


def _rivals(same: "list[Requirement]") -> Iterator[str]:
    """The groups that ask for one package in several ways: by another name, in another release, from another index."""
    ways: dict[str, set[tuple[str, str | None, str | None]]] = {}
    for one in same:
        ways.setdefault(one.group, set()).add((one.name, one.exact, one.url))
    if len(set(map(frozenset, ways.values()))) > 1:
        yield from ways


def _processor(report: Report) -> bool:
    return bool(report.errors) and {one.rule for one in report.errors} <= _CHOSEN


def _named(here: Machine, group: str) -> Machine:
    return replace(here, name=f"{here.name} ({group})") if group else here
