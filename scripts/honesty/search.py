"""Whatever may not happen and does, of one machine, and the smallest machine that still shows it."""

import copy
from collections.abc import Callable, Iterable, Iterator
from random import Random

from compat.check import Report
from scripts.honesty.consistent import consistent
from scripts.honesty.explained import untrue
from scripts.honesty.harmless import another_of_its_gpus, more_that_does_not_matter, newer_driver, order_is_no_fact
from scripts.honesty.relations import Facts, Judge, Violation, facts, less_is_never_worse, without
from scripts.honesty.retold import told_otherwise
from scripts.honesty.shorter import a_line_is_no_release

RELATIONS: dict[str, Callable[[Judge, str, Facts, Report, Random], Iterator[Violation]]] = {
    "less": less_is_never_worse,
    "more": more_that_does_not_matter,
    "driver": newer_driver,
    "gpu": another_of_its_gpus,
    "order": order_is_no_fact,
    "otherwise": told_otherwise,
    "shorter": a_line_is_no_release,
}


def violations(
    judge: Judge, goal: str, machine: Facts, random: Random, pairs: int = 0, relations: Iterable[str] = tuple(RELATIONS)
) -> Iterator[Violation]:
    """Whatever may not happen and does, of one machine; ``pairs``: how many machines with one fact less it is also
    asked of, all of it of those in order: of them there are few by chance."""
    before = judge(goal, machine)
    yield from _told(goal, machine, before)
    yield from _drawn(judge, goal, machine, before, random, relations)
    paths = list(facts(machine))
    for path in random.sample(paths, min(pairs, len(paths))):
        less = without(machine, path)
        after = judge(goal, less)
        yield from _drawn(judge, goal, less, after, random, relations if after.verdict == "compatible" else ("less",))


def _told(goal: str, machine: Facts, report: Report) -> Iterator[Violation]:
    """What findings say that is not so."""
    for found in report.errors:
        for what in untrue(found, machine):
            yield Violation("told", f"{found.rule} -> {found.rule} says {what}", goal, machine, machine)


def _drawn(
    judge: Judge, goal: str, machine: Facts, before: Report, random: Random, relations: Iterable[str]
) -> Iterator[Violation]:
    """What violates these relations; how many verdicts they asked for is counted."""
    for name in relations:
        asked = judge.asked
        yield from RELATIONS[name](judge, goal, machine, before, random)
        judge.drawn[name, before.verdict] += judge.asked - asked


def _again(judge: Judge, found: Violation, machine: Facts) -> Iterator[Violation]:
    """What violates the relation of a violation on a smaller machine."""
    before, random = judge(found.goal, machine), Random(0)  # noqa: S311 - not for cryptography
    if found.relation in RELATIONS:
        return RELATIONS[found.relation](judge, found.goal, machine, before, random)
    return _told(found.goal, machine, before)


def smallest(judge: Judge, found: Violation) -> Violation:
    """The violation on the machine with the fewest facts that still shows one of its kind."""
    kind = (found.relation, found.what.partition("->")[2])
    shrunk = True
    while shrunk:
        shrunk = False
        for path in list(facts(found.before)):
            less = without(found.before, path)
            if consistent(copy.deepcopy(less), judge.matrix) != less:
                continue
            again = _again(judge, found, less)
            same = next((one for one in again if (one.relation, one.what.partition("->")[2]) == kind), None)
            if same is not None:
                found, shrunk = same, True
                break
    return found
