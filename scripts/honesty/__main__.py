"""Is unknown said as unknown? Facts are taken away, added and turned, on machines made up by chance.

``python -m scripts.honesty [--seeds N] [--minutes M] [--first SEED] [--machines N] [--pairs N] [--dense SHARE]``:
what may not happen (docs/machine.md, "Less is never worse") is printed with the smallest machine that shows it; exit 1
if there is any. tests/rules/test_honesty.py holds the described machines to the same.
"""

import argparse
import json
import sys
import time
from collections import Counter

from compat.matrix import Matrix
from scripts.honesty.made_dense import Dense
from scripts.honesty.made_era import OfAnEra
from scripts.honesty.made_up import MadeUp
from scripts.honesty.relations import INDEX, Judge
from scripts.honesty.search import RELATIONS, smallest, violations


def main(arguments: list[str]) -> int:
    """Run the relations on made-up machines; 1 if any is violated."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--first", type=int, default=None, help="the first seed; the time if it is left out")
    parser.add_argument("--machines", type=int, default=200, help="machines a seed")
    parser.add_argument("--minutes", type=float, default=None, help="begin no further seed after this time")
    parser.add_argument("--pairs", type=int, default=2, help="facts taken away before another one is, a machine")
    parser.add_argument("--dense", type=float, default=0.4, help="share of the machines made of few values")
    parser.add_argument("--era", type=float, default=0.5, help="share of the others that are of one piece and one time")
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
        made, dense, era = MadeUp(seed, matrix), Dense(seed, matrix), OfAnEra(seed, matrix)
        for _ in range(given.machines):
            others = era if made.often(given.era) else made
            goal, machine = (dense if made.often(given.dense) else others).machine()
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
    for name in RELATIONS:
        healthy, every = judge.drawn[name, "compatible"], sum(judge.drawn[name, verdict] for verdict in verdicts)
        print(f"{every:8} verdicts of {name}, {healthy} of them on machines in order")
    for kind, times in kinds.most_common():
        print(f"{times:6} {kind}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
