"""Is unknown said as unknown? Facts are taken away, added and turned, on described and on made-up machines.

``python -m scripts.metamorphic [--seeds N] [--minutes M] [--first SEED] [--machines N] [--pairs N] [--dense SHARE]``:
what may not happen (docs/machine.md, "Less is never worse") is printed with the smallest machine that shows it; exit 1
if there is any.
"""

import argparse
import copy
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

from compat.matrix import Matrix
from scripts.consistent import consistent
from scripts.harmless import more_that_does_not_matter, newer_driver, order_is_no_fact
from scripts.made_dense import Dense
from scripts.made_up import MadeUp
from scripts.relations import INDEX, Facts, Judge, Violation, facts, less_is_never_worse, without


def violations(judge: Judge, goal: str, machine: Facts, random: Random, pairs: int = 0) -> Iterator[Violation]:
    """Whatever may not happen and does, of one machine; ``pairs``: how many machines with one fact less it is also
    asked of."""
    before = judge(goal, machine)
    yield from less_is_never_worse(judge, goal, machine, before)
    yield from more_that_does_not_matter(judge, goal, machine, before)
    yield from newer_driver(judge, goal, machine, before)
    yield from order_is_no_fact(judge, goal, machine, before, random)
    paths = list(facts(machine))
    for path in random.sample(paths, min(pairs, len(paths))):
        less = without(machine, path)
        yield from less_is_never_worse(judge, goal, less, judge(goal, less))


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
            again = violations(judge, found.goal, less, Random(0))  # noqa: S311
            same = next((one for one in again if (one.relation, one.what.partition("->")[2]) == kind), None)
            if same is not None:
                found, shrunk = same, True
                break
    return found


def main(arguments: list[str]) -> int:
    """Run the relations on made-up machines; 1 if any is violated."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--first", type=int, default=None, help="the first seed; the time if it is left out")
    parser.add_argument("--machines", type=int, default=200, help="machines a seed")
    parser.add_argument("--minutes", type=float, default=None, help="begin no further seed after this time")
    parser.add_argument("--pairs", type=int, default=2, help="facts taken away before another one is, a machine")
    parser.add_argument("--dense", type=float, default=0.5, help="share of the machines made of few values")
    given = parser.parse_args(arguments)
    matrix = Matrix.load()
    judge = Judge(matrix)
    first = int(time.time()) if given.first is None else given.first
    kinds: Counter[str] = Counter()
    machines = 0
    verdicts: Counter[str] = Counter()
    start = time.monotonic()
    seeds = 0
    for seed in range(first, first + given.seeds):
        if given.minutes is not None and time.monotonic() - start > 60 * given.minutes:
            break
        seeds += 1
        made, dense = MadeUp(seed, matrix), Dense(seed, matrix)
        for _ in range(given.machines):
            goal, machine = (dense if made.often(given.dense) else made).machine()
            machines += 1
            verdicts[judge(goal, machine).verdict] += 1
            for found in violations(judge, goal, machine, made.random, given.pairs):
                kind = f"{found.relation}: {INDEX.sub('[]', found.what)}"
                kinds[kind] += 1
                if kinds[kind] == 1:
                    least = smallest(judge, found)
                    shown = f"seed {seed}: {least.relation}: {least.what}\n  {least.goal} {json.dumps(least.before)}"
                    print(shown, flush=True)
    print(
        f"{machines} machines ({dict(verdicts)}) of {seeds} seeds from {first}, {judge.asked} verdicts, "
        f"{judge.excused} builds of one's own, "
        f"{sum(kinds.values())} violations of {len(kinds)} kinds, {time.monotonic() - start:.0f} s"
    )
    for kind, times in kinds.most_common():
        print(f"{times:6} {kind}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
