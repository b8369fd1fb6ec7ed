"""Is unknown said as unknown? Facts are taken away, added and turned, on machines made up by chance.

``python -m scripts.honesty [--seeds N] [--minutes M] [--first SEED] [--machines N] [--pairs N] [--crossed SHARE]``:
what may not happen (docs/machine.md, "Less is never worse") is printed with the smallest machine that shows it; exit 1
if there is any. ``--described`` asks it of every described machine instead, with ``--pairs 999`` also of each of them
without each of its facts; tests/rules/test_honesty.py holds the described machines themselves to the same.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from compat.matrix import Matrix
from scripts.honesty.described import described
from scripts.honesty.made_crossed import Crossed
from scripts.honesty.made_dense import Dense
from scripts.honesty.made_era import OfAnEra
from scripts.honesty.made_up import MadeUp
from scripts.honesty.relations import INDEX, Judge
from scripts.honesty.search import RELATIONS, smallest, violations

Asked = tuple[str, str, dict[str, Any], Random]  # where it is from, goal, machine, chance


def main(arguments: list[str]) -> int:
    """Run the relations on made-up or described machines; 1 if any is violated."""
    given = _options().parse_args(arguments)
    judge = Judge(Matrix.load())
    kinds: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    start = time.monotonic()
    label = ""
    for label, goal, machine, random in _described(given) if given.described else _made(given, judge.matrix):
        verdicts[judge(goal, machine).verdict] += 1
        for found in violations(judge, goal, machine, random, given.pairs, given.relations):
            kind = f"{found.relation}: {INDEX.sub('[]', found.what)}"
            kinds[kind] += 1
            if kinds[kind] == 1:
                least = smallest(judge, found)
                shown = f"{label}: {least.relation}: {least.what}\n  {least.goal} {json.dumps(least.before)}"
                print(shown, flush=True)
    print(
        f"{verdicts.total()} machines ({dict(verdicts)}) up to {label}, {judge.asked} verdicts, "
        f"{judge.excused} builds of one's own, "
        f"{kinds.total()} violations of {len(kinds)} kinds, {time.monotonic() - start:.0f} s"
    )
    for name in given.relations:
        healthy, every = judge.drawn[name, "compatible"], sum(judge.drawn[name, verdict] for verdict in verdicts)
        print(f"{every:8} verdicts of {name}, {healthy} of them on machines in order")
    for kind, times in kinds.most_common():
        print(f"{times:6} {kind}")
    return 1 if kinds else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument(
        "--first", type=int, default=int(time.time()), help="the first seed; the time if it is left out"
    )
    parser.add_argument("--machines", type=int, default=200, help="machines a seed")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no further seed after this time")
    parser.add_argument("--pairs", type=int, default=2, help="facts taken away before another one is, a machine")
    parser.add_argument("--crossed", type=float, default=0.25, help="share of the machines crossed from described ones")
    parser.add_argument("--dense", type=float, default=0.4, help="share of the others made of few values")
    parser.add_argument("--era", type=float, default=0.5, help="share of the rest that is of one piece and one time")
    parser.add_argument("--described", action="store_true", help="every described machine instead of made-up ones")
    parser.add_argument(
        "--relations", nargs="+", choices=tuple(RELATIONS), default=tuple(RELATIONS), help="these alone"
    )
    parser.add_argument("--part", default="1/1", help="of the described ones: 3/16 is the third of each sixteen")
    return parser


def _made(given: argparse.Namespace, matrix: Matrix) -> Iterator[Asked]:
    """Machines made up by chance, a seed after the other."""
    end = time.monotonic() + 60 * given.minutes
    for seed in range(given.first, given.first + given.seeds):
        if time.monotonic() > end:
            return
        made, crossed = MadeUp(seed, matrix), Crossed(seed, matrix)
        dense, era = Dense(seed, matrix), OfAnEra(seed, matrix)
        for _ in range(given.machines):
            others: Crossed | Dense | MadeUp = era if made.often(given.era) else made
            others = dense if made.often(given.dense) else others
            if given.crossed and made.often(given.crossed):  # without a share earlier runs can be had again
                others = crossed
            yield f"seed {seed}", *others.machine(), made.random


def _described(given: argparse.Namespace) -> Iterator[Asked]:
    part, of = map(int, given.part.split("/"))
    end = time.monotonic() + 60 * given.minutes
    for name, goal, machine in described()[part - 1 :: of]:
        if time.monotonic() > end:
            return
        yield name, goal, machine, Random(name)  # noqa: S311 - not for cryptography


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
