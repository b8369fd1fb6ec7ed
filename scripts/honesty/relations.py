"""What may not happen when a description says less (docs/machine.md); harmless.py: more, newer, otherwise."""

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from compat import description, goals
from compat.check import Report, check
from compat.matrix import Matrix
from compat.matrix.packages import normal
from compat.rules.base import Finding
from scripts.honesty.explained import names
from scripts.honesty.own_builds import own_builds
from scripts.rulebook import OF_JETSONS, READS

Facts = dict[str, Any]
Keys = tuple[str | int, ...]
INDEX = re.compile(r"\[\d+\]")  # a place in a list

# What says all there is: without one of its items such a list, or the variables that are set, says something else.
COMPLETE = (
    "gpus", "environment", "device_nodes", "toolkits", "libraries", "architectures", "compat_drivers", "loaded_by",
    "missing", "operators", "types", "variables",
)  # fmt: skip
# What a record cannot be without: a copy of nothing is no copy.
IDENTITY = {"libraries": ("name",), "duplicates": ("name",), "damaged": ("package", "path", "problem")}
# What is asked, not what is known.
ASKED = (("request",), ("model", "precision"), ("model", "device"), ("model", "target"))


_KEPT = 5000  # verdicts that are remembered: more than one machine without each two of its facts


class Violation(NamedTuple):
    """What may not happen, and the machine before and after."""

    relation: str
    what: str  # the fact, and the finding that came or went
    goal: str
    before: Facts
    after: Facts


class Judge:
    """check, on descriptions."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self.asked = 0  # verdicts, each machine's once
        self._known: dict[str, Report] = {}
        self.excused = 0  # facts without which a build of one's own is a published one
        self.drawn: Counter[tuple[str, str]] = Counter()  # verdicts asked for a relation, by that of the machine itself

    def __call__(self, goal: str, machine: Facts) -> Report:
        told = f"{goal} {json.dumps(machine)}"  # without two facts it is the same, whichever went first
        if told not in self._known:
            if len(self._known) > _KEPT:
                self._known.clear()
            self.asked += 1
            self._known[told] = check(description.from_dict(machine), goals.parse(goal), self.matrix)
        return self._known[told]


def errors(report: Report) -> set[str]:
    """The rules of the findings that make it incompatible."""
    return {one.rule for one in report.errors}


# -- less -------------------------------------------------------------------------------------------------------------


def facts(node: Any, path: Keys = ()) -> Iterator[Keys]:
    """Where the facts of a description stand: each value, each record and list as a whole."""
    items: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        here = (*path, key)
        if here in ASKED or here[0] in ("name", "schema", "sources") or key == "file":  # where facts were read
            continue
        if here == ("model",) and any(asked[-1] in value for asked in ASKED):
            yield from facts(value, here)
            continue
        if isinstance(key, int) or path == ("variables",):
            if path[-1] not in COMPLETE:
                yield here
        elif not (len(here) == 3 and key in IDENTITY.get(str(here[0]), ())):
            yield here
        yield from facts(value, here)
    if path == ("packages",):
        yield from ((*path, name, "version") for name, version in node.items() if version)


def without(machine: Facts, path: Keys) -> Facts:
    """The machine without one of its facts."""
    if path[0] == "packages" and len(path) == 3:
        return {**machine, "packages": {**machine["packages"], path[1]: None}}
    less = dict(machine)
    node: Any = less
    for key in path[:-1]:
        node[key] = copy.copy(node[key])
        node = node[key]
    del node[path[-1]]
    return less


def shown(path: Keys) -> str:
    """The field's name, as evidence and rules write it."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)[1:]


def _at(machine: Facts, path: Keys) -> Any:
    node: Any = machine
    for key in path:
        node = node[key]
    return node


def less_is_never_worse(
    judge: Judge, goal: str, machine: Facts, before: Report, _random: Random | None = None
) -> Iterator[Violation]:
    """No fact less brings a fault, and a fault goes only with a fact that it rested on."""
    for path in facts(machine):
        if _is_one_of_several(judge.matrix, machine, path) or _is_one_half(machine, path):
            continue
        less = without(machine, path)
        after = judge(goal, less)
        wrong = _worse(judge, goal, machine, path, before, after)
        if wrong:
            yield Violation("less", f"{shown(path)} -> {wrong}", goal, machine, less)


def _is_one_of_several(matrix: Matrix, machine: Facts, path: Keys) -> bool:
    """Is it one of the distributions of a package that are there (onnxruntime, onnxruntime-gpu)? They are all.

    Without the packages as a whole the one whose build is told is the only one that is spoken of.
    """
    if path[0] != "packages":
        return False
    here = [name for name, version in machine["packages"].items() if version is not False]
    here += [name for name in machine.get("builds") or () if name not in machine["packages"]]
    of = [component for name in here if (component := matrix.packages.component(name)) is not None]
    named = path[1:2] or machine.get("builds") or ()
    return any(of.count(component) > 1 for component in map(matrix.packages.component, map(str, named)) if component)


def _is_one_half(machine: Facts, path: Keys) -> bool:
    """Is it one of two releases that a driver's halves have? The kernel's is taken; without it the other one stands."""
    driver = machine.get("driver") or {}
    halves = [driver.get(name) for name in ("version", "kernel_module_version")]
    return path[0] == "driver" and path[-1] in ("version", "kernel_module_version") and len({*halves, None}) == 3


def _worse(judge: Judge, goal: str, machine: Facts, path: Keys, before: Report, after: Report) -> str:
    """The faults that came, or went, with the fact and should not have; empty where none did."""
    had, have = errors(before), errors(after)
    new = new_faults(path, before, after)
    rests = {one.rule: (one.rule, *one.others) for one in before.errors}
    gone = had - have - {one.rule for one in after.behind}  # a consequence of what is shown instead is there
    unread = {rule for rule in gone if not any(is_read(path, other) for other in rests[rule])} if not new else set()
    named = {one.rule for one in before.errors if one.others or names(one, machine, path)}
    unread |= set() if new else gone - named
    if not new and not unread:
        return ""
    if _is_about_own_build(judge, goal, machine, path, new, unread):
        judge.excused += 1
        return ""
    if new:
        verb = "became incompatible" if before.verdict != "incompatible" else "new"
        return f"{verb}: {', '.join(sorted(new))}"
    return f"gone without reason: {', '.join(sorted(unread))}"


def new_faults(path: Keys, before: Report, after: Report) -> set[str]:
    """The rules of faults that came: none behind another one before, and none that is said to be taken by default."""
    allowed = errors(before) | {one.rule for one in before.behind}
    return {
        one.rule
        for one in after.errors
        if one.rule not in allowed and not set(one.others) & allowed and not _by_default(path, one)
    }


def _is_about_own_build(judge: Judge, goal: str, machine: Facts, path: Keys, new: set[str], unread: set[str]) -> bool:
    """Is it the fault of a package that, without the fact, is taken for a published build which it is not?

    It is if the fault is told of that package, or if nothing is left of it once nothing more is said of the package.
    """
    less = without(machine, path)
    own = own_builds(machine, judge.matrix, tuple(goals.parse(goal).subjects))
    if not own:
        return False
    components = {judge.matrix.packages.component(name) or name for name in own}
    own |= {normal(one) for name in components for one in judge.matrix.packages.distributions(name)}
    after, before = (judge(goal, {**one, **_without_packages(one, own)}) for one in (less, machine))
    by_default = {found.rule for found in after.errors if _by_default(("packages",), found)}
    rest = new_faults(path, before, after) - by_default
    all_of_it = {found.rule for found in before.errors if not _by_default(("packages",), found)}
    about = {one.rule for one in judge(goal, less).errors if one.component in components}
    return not new - about & rest and not unread & all_of_it


def _without_packages(machine: Facts, names: set[str]) -> Facts:
    """What is said of packages, their builds and requests, without these."""
    told = ((field, machine.get(field)) for field in ("packages", "builds", "request"))
    return {
        field: {name: one for name, one in spoken.items() if normal(name) not in names}
        for field, spoken in told
        if spoken is not None
    }


def _by_default(path: Keys, found: Finding) -> bool:
    """Does the finding say that it takes the missing fact to be what it is by default?"""
    names = [_parts(shown(path[:3]))]
    if path[0] == "builds" and path[2:] != ("missing",):
        names.append(_parts(shown(("packages", *path[1:2]))))
    told = [
        field
        for one in found.evidence
        if one.source == "default"
        for field in one.fact.removeprefix("not stated, ").partition(":")[0].split(", ")
    ]
    return any(name.startswith(fact) or fact.startswith(name) for fact in map(_parts, told) for name in names)


def _parts(field: str) -> str:
    """A field so that one inside of another begins with it."""
    return field.replace("[", ".[") + "."


def is_read(path: Keys, rule: str) -> bool:
    """Is the fact, or one inside of it, among those that the rule says it reads?"""
    names = [key for key in path if isinstance(key, str)]
    if names[0] in ("builds", "packages", "variables", "request"):
        names = [names[0], *names[2:]] if names[0] == "builds" else names[:1]
    field = ".".join(names)
    told = READS[rule]
    if {"os", "arch"} & set(told):
        told = (*told, *OF_JETSONS)
    return any(fact == field or fact.startswith(f"{field}.") or field.startswith(f"{fact}.") for fact in told)
