"""Fuzz the parsers: changed files in, an answer or the documented error out, within 1 s and 64 MB each.

    python -m scripts.fuzz [TARGET...] [--seconds 600] [--seed 1] [--short 60]
    python -m scripts.fuzz onnx --once 12345 > example
    python -m scripts.fuzz --table RESULTS.jsonl...     # the table of docs/artifacts.md

Example N of a target under a seed is always the same bytes, so a number repeats a failure. Each target runs in a
process of its own, by seconds of its processor time. Memory is how far the process grew over all examples, seeds and
matrix loaded beforehand; time is the processor's, the slowest single example.
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import traceback
from datetime import date
from types import FrameType
from typing import Any

from scripts import fuzz_mutate
from scripts.fuzz_targets import Target, targets

MOST_SECONDS, MOST_MEMORY = 1.0, 64 << 20
_HANGING = 10.0  # s of processor time after which an example is given up


class Hanging(BaseException):
    """An example that does not end."""


def example(target: Target, seeds: list[bytes], seed: int, number: int) -> bytes:
    """Example ``number`` of a target."""
    rng = random.Random(f"{seed}/{target.name}/{number}")  # noqa: S311
    return target.change(rng, fuzz_mutate.pick(rng, seeds))


def peak() -> int:
    """The most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(target: Target, seed: int, seconds: float) -> dict[str, object]:
    """Examples for so many seconds of processor time, and what came of them."""
    seeds = sorted(target.seeds(), key=len)
    for one in seeds:  # modules loaded, caches warm
        target.call(one)
    failures: list[dict[str, object]] = []
    number, slowest, slowest_at = 0, 0.0, 0
    before, highest, end = peak(), peak(), time.process_time() + seconds
    while time.process_time() < end and len(failures) < 20:
        data = example(target, seeds, seed, number)
        begin = time.process_time()
        wrong = problem(target, data)
        spent = time.process_time() - begin
        if spent > slowest:
            slowest, slowest_at = spent, number
        if peak() - highest > MOST_MEMORY:
            wrong = wrong or f"took {peak() - highest >> 20} MiB at once"
        highest = peak()
        if spent > MOST_SECONDS:
            wrong = wrong or f"took {spent:.1f} s"
        if wrong:
            failures.append({"number": number, "problem": wrong})
        number += 1
    return {
        "target": target.name,
        "seed": seed,
        "date": date.today().isoformat(),
        "seconds": seconds,
        "seeds": len(seeds),
        "examples": number,
        "slowest_ms": round(slowest * 1000, 1),
        "slowest_example": slowest_at,
        "memory_mib": round((highest - before) / (1 << 20), 1),
        "failures": failures,
    }


def _hangs(number: int, frame: FrameType | None) -> None:
    raise Hanging


def problem(target: Target, data: bytes) -> str | None:
    """What is wrong with a target's answer to an example; None where it gives one."""
    signal.signal(signal.SIGPROF, _hangs)
    signal.setitimer(signal.ITIMER_PROF, _HANGING)
    try:
        target.call(data)
    except Hanging:
        return f"no end after {_HANGING:.0f} s"
    except BaseException:  # a parser that leaves the program is a crash as well
        return traceback.format_exc(limit=-4)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return None


def table(paths: list[str]) -> str:
    """The results of runs as a table in Markdown, the longest run of each target."""
    best: dict[str, dict[str, Any]] = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for found in (json.loads(line) for line in file if line.startswith("{")):
                if found["seconds"] >= best.get(found["target"], found)["seconds"]:
                    best[found["target"]] = found
    lines = ["| parser | seconds | examples | slowest, ms | memory, MiB | failures |", "|---|---|---|---|---|---|"]
    for target in targets():
        one = best.get(target.name)
        if one is not None:
            figures = (one["seconds"], one["examples"], one["slowest_ms"], one["memory_mib"], len(one["failures"]))
            lines.append(f"| {target.name} | {' | '.join(f'{figure:,}' for figure in figures)} |")
    return "\n".join(lines)


def main() -> int:
    """Run the targets one after another and print a line of figures for each."""
    known = {target.name: target for target in targets()}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="TARGET", help=", ".join(known))
    parser.add_argument("--seconds", type=float, default=600.0, help="processor time of each target")
    parser.add_argument("--short", type=float, default=60.0, help="the same, of targets that are no artifacts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", type=int, metavar="N", help="write example N of one target to standard output")
    parser.add_argument("--table", nargs="+", metavar="FILE", help="print the table of such results")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.table:
        print(table(given.table))
        return 0
    unknown = [name for name in given.names if name not in known]
    if unknown:
        parser.error(f"no target: {', '.join(unknown)}")
    chosen = [known[name] for name in given.names or known]
    if given.once is not None:
        sys.stdout.buffer.write(example(chosen[0], sorted(chosen[0].seeds(), key=len), given.seed, given.once))
        return 0
    if given.child:
        print(json.dumps(fuzz(chosen[0], given.seed, given.seconds)))
        return 0
    return max([_in_child(target, given.seed, given.seconds if target.long else given.short) for target in chosen])


def _in_child(target: Target, seed: int, seconds: float) -> int:
    options = ["--child", "--seed", str(seed), "--seconds", str(seconds)]
    argv = [sys.executable, "-m", "scripts.fuzz", target.name, *options]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONHASHSEED": "0"})
    if done.returncode:
        print(f"{target.name}: the process ended with {done.returncode}", flush=True)
        return 1
    print(done.stdout.strip(), flush=True)
    return int(bool(json.loads(done.stdout)["failures"]))


if __name__ == "__main__":
    sys.exit(main())
