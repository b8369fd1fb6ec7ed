"""Fuzz the parsers: changed files in, an answer or the documented error out, within 1 s and 64 MB each.

    python -m scripts.fuzz [TARGET...] [--seconds 600] [--seed 1] [--short 60]
    python -m scripts.fuzz onnx --once 12345 > example
    python -m scripts.fuzz --table RESULTS.jsonl...     # the table of docs/artifacts.md

Each target runs in a process of its own, by seconds of its processor time. Example N of a target under a seed is always
the same bytes, so a number repeats a failure.
"""

import argparse
import json
import os
import subprocess
import sys

from scripts.fuzz.run import example, fuzz
from scripts.fuzz.table import table
from scripts.fuzz.target import Target
from scripts.fuzz.targets import TARGETS


def main() -> int:
    """Run the targets one after another and print a line of figures for each."""
    known = {target.name: target for target in TARGETS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="TARGET", help=", ".join(known))
    parser.add_argument("--seconds", type=float, default=600.0, help="processor time of each target")
    parser.add_argument("--short", type=float, default=60.0, help="the same, of targets that are no artifacts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", type=int, metavar="N", help="write example N of one target to standard output")
    parser.add_argument("--table", nargs="+", metavar="FILE", help="print the table of such results")
    parser.add_argument("--list", action="store_true", help="print the targets' names")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.list:
        print(*known)
        return 0
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
