"""What may not happen when a version is told less exactly: a short one is a line, any release of it."""

import copy
import re
from collections.abc import Iterator
from random import Random
from typing import Any

from compat import goals
from compat.check import Report
from compat.matrix.packages import normal
from compat.versions import of_device_manager
from scripts.honesty.own_builds import own_builds
from scripts.honesty.relations import Facts, Judge, Keys, Violation, new_faults, shown


def a_line_is_no_release(
    judge: Judge, goal: str, machine: Facts, before: Report, _random: Random | None = None
) -> Iterator[Violation]:
    """Of a line nothing is wrong that is right of one of its releases, where a build of that one is published here: of
    what is in no list nothing is known but its number."""
    own = own_builds(machine, judge.matrix, tuple(goals.parse(goal).subjects))
    for path, version in _versions(machine):
        if path[0] == "packages" and normal(str(path[1])) in own:
            continue
        for line in _lines(version, 1 if path[0] == "driver" else 2):
            less = _with(machine, path, line)
            new = new_faults(path, before, judge(goal, less))
            if new:
                what = f"{shown(path)} = {version}, {line} -> new: {', '.join(sorted(new))}"
                yield Violation("shorter", what, goal, machine, less)


def _versions(machine: Facts) -> Iterator[tuple[Keys, str]]:
    """Where versions of which lines are spoken of stand."""
    told: list[tuple[Keys, Any]] = [(("python",), machine.get("python"))]
    told += [
        (("driver", name), (machine.get("driver") or {}).get(name)) for name in ("version", "kernel_module_version")
    ]
    told += [(("packages", name), version) for name, version in (machine.get("packages") or {}).items()]
    for field in ("toolkits", "libraries"):
        told += [((field, at, "version"), one.get("version")) for at, one in enumerate(machine.get(field) or ())]
    yield from ((path, version) for path, version in told if version)


def _lines(version: str, least: int) -> Iterator[str]:
    """The lines that a release is of: 535.183 and 535 of 535.183.01, 2.17 of 2.17.1."""
    numbers = version.split(".") if re.fullmatch(r"[\d.]+", version) and not of_device_manager(version) else []
    yield from (".".join(numbers[:size]) for size in range(least, min(len(numbers), 3)))


def _with(machine: Facts, path: Keys, value: str) -> Facts:
    other = copy.deepcopy(machine)
    node: Any = other
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return other
