"""What may not happen when a description says less, more, or the same in another order (docs/machine.md)."""

import copy
import re
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from compat import description, goals, versions
from compat.check import Report, check
from compat.matrix import Matrix
from compat.matrix.gpus import read_capability
from compat.matrix.packages import normal
from compat.rules.base import Finding
from scripts.own_builds import own_builds
from scripts.rulebook import OF_JETSONS, READS

Facts = dict[str, Any]
Keys = tuple[str | int, ...]

# What says all there is: without one of its items such a list, or the variables that are set, says something else.
COMPLETE = (
    "gpus", "environment", "device_nodes", "toolkits", "libraries", "architectures", "compat_drivers", "loaded_by",
    "missing", "operators", "types", "variables",
)  # fmt: skip
# What a record cannot be without: a copy of nothing is no copy.
IDENTITY = {"libraries": ("name",), "duplicates": ("name",), "damaged": ("package", "path", "problem")}
# What is asked, not what is known.
ASKED = (("request",), ("model", "precision"), ("model", "device"), ("model", "target"))


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
        self.asked = 0
        self.excused = 0  # facts without which a build of one's own is a published one

    def __call__(self, goal: str, machine: Facts) -> Report:
        self.asked += 1
        return check(description.from_dict(machine), goals.parse(goal), self.matrix)


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


def less_is_never_worse(judge: Judge, goal: str, machine: Facts, before: Report) -> Iterator[Violation]:
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
    """Is it one of the distributions of a package that are there (onnxruntime, onnxruntime-gpu)? They are all."""
    if path[0] != "packages" or len(path) != 2:
        return False
    here = [name for name, version in machine["packages"].items() if version is not False]
    component = matrix.packages.component(str(path[1]))
    return component is not None and sum(matrix.packages.component(name) == component for name in here) > 1


def _is_one_half(machine: Facts, path: Keys) -> bool:
    """Is it one of two releases that a driver's halves have? The kernel's is taken; without it the other one stands."""
    driver = machine.get("driver") or {}
    halves = [driver.get(name) for name in ("version", "kernel_module_version")]
    return path[0] == "driver" and path[-1] in ("version", "kernel_module_version") and len({*halves, None}) == 3


def _worse(judge: Judge, goal: str, machine: Facts, path: Keys, before: Report, after: Report) -> str:
    """The faults that came, or went, with the fact and should not have; empty where none did."""
    had, have = errors(before), errors(after)
    allowed = had | {one.rule for one in before.behind}
    new = {
        one.rule
        for one in after.errors
        if one.rule not in allowed and not set(one.others) & allowed and not _by_default(path, one)
    }
    rests = {one.rule: (one.rule, *one.others) for one in before.errors}
    gone = had - have - {one.rule for one in after.behind}  # a consequence of what is shown instead is there
    unread = {rule for rule in gone if not any(is_read(path, other) for other in rests[rule])} if not new else set()
    if not new and not unread:
        return ""
    if _is_about_own_build(judge, goal, machine, path, new, unread):
        judge.excused += 1
        return ""
    if new:
        verb = "became incompatible" if before.verdict != "incompatible" else "new"
        return f"{verb}: {', '.join(sorted(new))}"
    return f"gone without reason: {', '.join(sorted(unread))}"


def _is_about_own_build(judge: Judge, goal: str, machine: Facts, path: Keys, new: set[str], unread: set[str]) -> bool:
    """Is it the fault of a package that, without the fact, is taken for a published build which it is not?

    It is if the fault is told of that package, or if nothing is left of it once nothing more is said of the package.
    """
    less = without(machine, path)
    own = own_builds(machine, judge.matrix)
    if not own:
        return False
    components = {judge.matrix.packages.component(name) or name for name in own}
    reports = (judge(goal, {**one, **_without_packages(one, own)}) for one in (less, machine))
    rest, all_of_it = (
        {found.rule for found in report.errors if not _by_default(("packages",), found)} for report in reports
    )
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


# -- more -------------------------------------------------------------------------------------------------------------


def _same(before: Report, after: Report) -> str:
    if (before.verdict, errors(before)) == (after.verdict, errors(after)):
        return ""
    return f"{before.verdict} {sorted(errors(before))} became {after.verdict} {sorted(errors(after))}"


# Packages whose wheels bring their CUDA: a toolkit is nothing to them.
_BRINGS_ITS_CUDA = ("use:gpu", "use:torch", "import:torch", "use:vllm", "use:torchvision", "use:torchaudio")
_PACKAGES = {"requests": "2.31.0", "pandas": None, "a-package-of-our-own": "0.1"}
_KITS = [{"version": "10.1", "origin": "system"}, {"version": "13.2", "origin": "system"}]
_UNUSED = [
    {"name": name, "version": version, "origin": "system", "path": "/opt/old", "loaded": False}
    for name, version in (("cudnn", "7.1"), ("cublas", "9.0"), ("tensorrt", "5.0"), ("nccl", "2.1"), ("ptxas", "9.0"))
]


def more_that_does_not_matter(judge: Judge, goal: str, machine: Facts, before: Report) -> Iterator[Violation]:
    """A package, toolkit or copy that the goal does not use changes nothing."""
    changed = {
        "unrelated packages": {**machine, "packages": {**(machine.get("packages") or {}), **_PACKAGES}},
    }
    if "libraries" in machine:  # else the list would say that these are all there are
        changed["unused copies"] = {**machine, "libraries": [*machine["libraries"], *_UNUSED]}
    if goal in _BRINGS_ITS_CUDA and not _has_compat(machine):  # whose release is its toolkit's
        changed["toolkits"] = {**machine, "toolkits": [*(machine.get("toolkits") or []), *_KITS]}
    for what, more in changed.items():
        difference = _same(before, judge(goal, more))
        if difference:
            yield Violation("more", f"{what} -> {difference}", goal, machine, more)


def newer_driver(judge: Judge, goal: str, machine: Facts, before: Report) -> Iterator[Violation]:
    """Every newer branch that still has the GPUs serves a healthy machine."""
    driver = machine.get("driver") or {}
    release = driver.get("version")
    if before.verdict == "incompatible" or not release or _driver_is_not_free(machine):
        return
    system = "windows" if machine.get("os") == "windows" else "linux"
    last = _last_branch(judge.matrix, machine)
    if "driver" in ((machine.get("container") or {}).get("requires") or ""):
        return  # an image may name the branches that it takes
    if any(one.rule == "driver-too-old" and "cuda-compat" in one.because for one in before.holds):
        return  # what lifts the driver serves some branches, and not each between them: 384 and not 396 of CUDA 10.0
    for row in judge.matrix.drivers.branches:
        branch = int(row["branch"])
        newest = row.get(f"latest_{system}")
        if branch <= versions.parse(release).major or branch > last or newest is None:
            continue
        raised = _raised(machine, newest)
        after = judge(goal, raised)
        if after.errors:
            yield Violation("driver", f"{release} to {newest} -> {sorted(errors(after))}", goal, machine, raised)


def _has_compat(machine: Facts) -> bool:
    configured = f"{machine.get('loader_configuration')}{(machine.get('variables') or {}).get('LD_LIBRARY_PATH')}"
    return bool((machine.get("libcuda") or {}).get("compat")) or "compat" in configured


def _driver_is_not_free(machine: Facts) -> bool:
    """A Jetson's driver is its L4T; cuda-compat in front of the driver is of one release with the old one."""
    return "jetson" in machine or "jetson" in (machine.get("environment") or ()) or _has_compat(machine)


def _last_branch(matrix: Matrix, machine: Facts) -> int:
    last = 10**6
    for gpu in description.from_dict({"gpus": machine.get("gpus") or []}).gpus or ():
        row = matrix.gpus.find(gpu.name, gpu.pci_id)
        capability = read_capability(gpu.compute_capability or (row["capability"] if row else None))
        generation = matrix.gpus.architecture(capability) if capability else None
        last = min(last, int((generation or {}).get("driver_last", last)))
    return last


def _raised(machine: Facts, release: str) -> Facts:
    raised = copy.deepcopy(machine)
    raised["driver"].pop("cuda", None)
    for holder, field in (
        (raised["driver"], "version"),
        (raised["driver"], "kernel_module_version"),
        (raised["driver"], "nvidia_smi_version"),
        (raised.get("fabric_manager") or {}, "version"),
        (raised.get("libcuda") or {}, "version"),
    ):
        if holder.get(field) is not None:
            holder[field] = release
    return raised


# -- order ------------------------------------------------------------------------------------------------------------


def shuffled(node: Any, random: Random) -> Any:
    """The same description, written in another order."""
    if isinstance(node, dict):
        keys = random.sample(list(node), len(node))
        return {key: shuffled(node[key], random) for key in keys}
    if isinstance(node, list):
        return [shuffled(item, random) for item in random.sample(node, len(node))]
    return node


INDEX = re.compile(r"\[\d+\]")


def _without_places(report: Report) -> str:
    told = [report.verdict, *map(str, report.findings), *map(str, report.holds), *map(str, report.untold)]
    return INDEX.sub("[]", "\n".join(told))


def order_is_no_fact(judge: Judge, goal: str, machine: Facts, before: Report, random: Random) -> Iterator[Violation]:
    """However the lists are written, the answer is the same to the letter, but for the places in the lists."""
    turned = shuffled(machine, random)
    one, other = _without_places(before), _without_places(judge(goal, turned))
    if one != other:
        lines = [
            f"{mine} / {its}" for mine, its in zip(one.split("\n"), other.split("\n"), strict=False) if mine != its
        ]
        yield Violation("order", f"-> {lines[0] if lines else 'more or less'}", goal, machine, turned)
