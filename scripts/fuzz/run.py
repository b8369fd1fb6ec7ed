"""One target's run: its examples, and what came of them.

Example N of a target under a seed is always the same bytes, so a number repeats a failure. Memory is how far the
process grew over all examples, seeds and matrix loaded beforehand; time is the processor's, the slowest single example.
"""

import hashlib
import random
import resource
import signal
import sys
import time
import traceback
from datetime import date
from types import FrameType

from scripts.fuzz import mutate
from scripts.fuzz.target import Target

MOST_SECONDS, MOST_MEMORY = 1.0, 64 << 20
_HANGING = 10.0  # s of processor time after which an example is given up


class Hanging(BaseException):
    """An example that does not end."""


def example(target: Target, seeds: list[bytes], seed: int, number: int) -> bytes:
    """Example ``number`` of a target."""
    rng = random.Random(f"{seed}/{target.name}/{number}")  # noqa: S311
    return target.change(rng, mutate.pick(rng, seeds))


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
        "code": code(),
        "seconds": seconds,
        "seeds": len(seeds),
        "examples": number,
        "slowest_ms": round(slowest * 1000, 1),
        "slowest_example": slowest_at,
        "memory_mib": round((highest - before) / (1 << 20), 1),
        "failures": failures,
    }


def code() -> str:
    """A digest of the code that the examples ran through: results of one digest are of one parser."""
    files = {getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("compat")}
    found = hashlib.sha256()
    for path in sorted(filter(None, files)):
        with open(path, "rb") as file:
            found.update(file.read())
    return found.hexdigest()[:16]


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
