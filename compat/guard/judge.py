"""``check -r FILE``: what a file would install, held against a machine."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat.check import Report, check
from compat.goals import Goal
from compat.guard.described import dead_pins, described, goals
from compat.guard.files import read
from compat.machine import Machine
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix


def judge(path: str, machine: Machine | None, asked: tuple[Goal, ...], matrix: "Matrix") -> Iterator[Report]:
    """A report for each goal that the file suggests (or that is asked for). Raises BadFile."""
    here = described(read(path), machine, matrix)
    # What is asked for without a release will be there too, in some release.
    together = {**dict.fromkeys(here.request or {}), **(here.packages or {})}
    for goal in asked or goals(here, matrix):
        one = here if goal.verb == "install" else replace(here, request=None, packages=together)
        yield check(one, goal, matrix)
    for one, goal in dead_pins(here, matrix) if not asked else ():
        report = check(one, goal, matrix)
        if any(found.rule == "package-removed" for found in report.findings):
            yield report
