"""Measures how long the planner solves: ``python -m benchmarks.solving [--rounds N] [--made-up N] ...``.

Every request below is planned for every described machine, with what may be moved taken in turn, so that each set of
moves meets each kind of request; with ``--made-up`` so many joint ones instead that nobody wrote down (made_up.py).
Processor time counts, not the clock, and without the start of the interpreter and the reading of the matrix: the
tables are read once before. Garbage is collected as seldom as in the command, and what other problems left before each.
``first`` is the first time that a problem is met in the process, ``solving`` the fastest of the rounds after it. Exits
1 where a limit is not met.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

from benchmarks.made_up import Asked, joint
from compat.description import load
from compat.goals import parse
from compat.machine import Machine
from compat.matrix import Matrix
from compat.names import COMPONENTS
from compat.plan.asking.request import ALLOWED, packages, requests
from compat.plan.model import Request
from compat.plan.ways.several import plan_for
from compat.records import replace

LIMITS = {"single": 0.05, "joint": 1.0}  # seconds of processor time, issue 5
_ROOT = Path(__file__).resolve().parent.parent
MACHINES = (*sorted((_ROOT / "tests/machines/described").glob("*.toml")), _ROOT / "compat/examples/workstation.toml")
SINGLE: tuple[tuple[str, str | None], ...] = tuple(
    (text, None)
    for text in (
        "torch *",
        "torch 2.6",
        "torch 1.0",
        "torch 1.13.1",
        "torch 9.9",
        "tensorflow *",
        "tensorflow 2.15",
        "tensorflow 2.20",
        "tensorflow 1.15",
        "tensorflow 2.4.1",
        "jax *",
        "jax 0.4.30",
        "jax 0.3.25",
        "onnxruntime *",
        "onnxruntime 1.18",
        "onnxruntime 1.4",
        "tensorrt *",
        "tensorrt 8.6",
        "tensorrt 11.4",
        "vllm *",
        "xformers *",
        "cupy 13.3.0",
        "paddlepaddle 2.6.2",
        "torch-tensorrt 2.6.0",
        "ctranslate2 4.4.0",
    )
)
JOINT: tuple[tuple[str, str | None], ...] = (
    ("torch 2.x, tensorflow 2.x", None),
    ("torch 2.6, tensorflow 2.15", None),
    ("torch 1.13, tensorflow 2.11", None),
    ("torch 1.0, torchvision *", None),
    ("torch 2.1, torchvision 0.18.0", None),
    ("torch 2.6, tensorrt 10", None),
    ("torch 2.9, tensorrt 8.6", None),
    ("torch 2.4, jax 0.4.30", None),
    ("torch 2.x, tensorflow 2.x, onnxruntime *, tensorrt *", None),
    ("torch 2.x, tensorflow 2.x, jax *, onnxruntime *, tensorrt *", None),
    ("torch 2.6, tensorflow 2.15, onnxruntime 1.18, tensorrt 10.3", None),
    ("torch 2.12, tensorflow 2.20, jax 0.7.0", None),
    ("tensorflow 1.15, torch *", None),
    ("tensorflow 1.15, onnxruntime *, tensorrt *", None),
    ("tensorflow 2.15, jax *", None),
    ("tensorflow 2.15, onnxruntime 1.20", None),
    ("onnxruntime *, tensorrt *", None),
    ("onnxruntime 1.16.3, tensorrt 8.6", None),
    ("onnxruntime 1.26, tensorrt 10.14, torch *", None),
    ("torch 1.8, tensorflow 2.4, onnxruntime 1.7", None),
    ("vllm 0.9.2, tensorflow *", None),
    ("vllm *, jax *, onnxruntime *", None),
    ("xformers *, tensorflow 2.15", None),
    ("torch-tensorrt 2.6.0, onnxruntime *", None),
    ("cupy *, torch 2.6, tensorflow 2.18", None),
    ("paddlepaddle *, torch *", None),
    ("paddlepaddle *, tensorflow *, onnxruntime *, tensorrt *", None),
    ("jax *, jaxlib *, tensorflow *, torch *, tensorrt *", None),
    ("torch 2.x, onnxruntime *", "convert:torch-onnx"),
    ("torch *", "convert:onnx-tensorrt"),
    ("tensorflow *", "convert:onnx-tensorrt"),
    ("tensorflow *", "use:tf-trt"),
    ("tensorflow 2.18", "use:tf-trt"),
    ("onnxruntime 1.22", "use:onnxruntime-tensorrt"),
)
MOVES = tuple(",".join(one) for count in range(len(ALLOWED) + 1) for one in combinations(ALLOWED, count))


@dataclass(frozen=True)
class Timed:
    """One request on one machine (or on several), and how long it took in seconds of processor time."""

    kind: str
    machine: str
    asked: str
    allow: str
    outcome: str
    proven: bool
    first: float
    solving: float


def main() -> int:
    """Plan, tell, and exit 1 where a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="times that a problem is solved after the first")
    parser.add_argument("--worst", type=int, default=12, help="how many of the slowest to name")
    parser.add_argument("--every", type=int, default=1, help="take each Nth problem only")
    parser.add_argument("--made-up", type=int, default=0, help="take so many made-up joint requests instead")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up ones")
    parser.add_argument("--json", action="store_true", help="every figure, as one JSON list")
    options = parser.parse_args()
    gc.set_threshold(100_000, 50, 50)  # as compat.cli does
    matrix = Matrix.load()
    machines = {path.stem: next(iter(load(str(path)))) for path in MACHINES}
    chosen = list(problems(machines))
    if options.made_up:
        chosen = list(joint(options.made_up, options.seed, tuple(machines.values()), matrix))
    for asked, goal in (*SINGLE, *JOINT):  # the tables are read before
        solved(matrix, Asked((machines["cpu-only"],), _options(asked), goal, "", ()), 0)
    gc.freeze()  # so that to collect what a problem leaves takes little
    found = []
    for one in chosen[:: options.every]:
        gc.collect()
        found.append(solved(matrix, one, options.rounds))
    if options.json:
        print(json.dumps([asdict(one) for one in found]))
    else:
        for line in told(found, options.worst):
            print(line)
    return int(any(one.solving > LIMITS[one.kind] for one in found))


def problems(machines: dict[str, Machine]) -> Iterator[Asked]:
    """Each problem."""
    number = 0
    for asked, goal in (*SINGLE, *JOINT):
        for machine in machines.values():
            yield Asked((machine,), _options(asked), goal, MOVES[number % len(MOVES)], ())
            number += 7  # prime to the sixteen sets of moves: no machine always gets the same
    both = [pair for pair in combinations(machines, 2) if "cpu-only" not in pair]
    for number, (asked, goal) in enumerate(JOINT):
        pair = tuple(machines[name] for name in both[number % len(both)])
        yield Asked(pair, _options(asked), goal, MOVES[number % len(MOVES)], ())


def _options(asked: str) -> dict[str, str]:
    return dict(one.split() for one in asked.split(", "))


def _wanted(one: Asked, matrix: Matrix) -> tuple[Request, ...]:
    """The requests, as options make them."""
    own = requests({name: text for name, text in one.options.items() if name in COMPONENTS})
    rest = tuple(
        name if text == "*" else f"{name}{text}" if text[0] in "<>=!~" else f"{name}=={text}"
        for name, text in one.options.items()
        if name not in COMPONENTS
    )
    return tuple(replace(request, limits=one.limits) for request in (*own, *packages(rest, matrix)))


def solved(matrix: Matrix, one: Asked, rounds: int) -> Timed:
    """Plan, and again."""
    taken = []
    for _ in range(rounds + 1):
        start = time.process_time()
        wanted = _wanted(one, matrix)
        allowed = frozenset(one.allow.split(",")) - {""}
        goal = parse(one.goal) if one.goal else None
        plans = plan_for(one.machines, wanted, matrix, goal, allowed, "installed", False)
        taken.append(time.process_time() - start)
    several = len(one.options) > 1 or one.goal is not None or len(plans[0].requests) > 1 or len(one.machines) > 1
    asked = ", ".join(f"{name} {text}" for name, text in one.options.items())
    return Timed(
        "joint" if several else "single",
        " + ".join(str(machine.name) for machine in one.machines),
        asked + (f" ({one.goal})" if one.goal else ""),
        one.allow,
        plans[0].outcome,
        all(plan.proven for plan in plans),
        taken[0],
        min(taken[1:] or taken),
    )


def told(found: list[Timed], worst: int) -> Iterator[str]:
    """The figures as lines, and the slowest by name."""
    yield f"{'':<18}{'number':>8}{'median ms':>12}{'95 % ms':>10}{'max ms':>10}{'above':>8}{'first, max':>12}"
    for kind, limit in LIMITS.items():
        for outcome in ("planned", "impossible"):
            mine = [one for one in found if one.kind == kind and (one.outcome == "impossible") == (outcome[0] == "i")]
            if mine:
                taken = sorted(1000 * one.solving for one in mine)
                high = taken[min(len(taken) - 1, int(0.95 * len(taken)))]
                above = sum(one.solving > limit for one in mine)
                first = max(1000 * one.first for one in mine)
                yield (
                    f"{kind} {outcome:<{17 - len(kind)}}{len(mine):>8}{statistics.median(taken):>12.1f}"
                    f"{high:>10.1f}{taken[-1]:>10.1f}{above:>8}{first:>12.1f}"
                )
    yield f"not proven: {sum(not one.proven for one in found)} of {sum(one.outcome == 'impossible' for one in found)}"
    for kind in LIMITS:
        for one in sorted((one for one in found if one.kind == kind), key=lambda one: -one.solving)[:worst]:
            yield (
                f"{1000 * one.solving:8.0f} ms  {kind}, {one.outcome}{'' if one.proven else ' (not proven)'}: "
                f"{one.machine}: {one.asked}; --allow {one.allow or 'nothing'}"
            )


if __name__ == "__main__":
    raise SystemExit(main())
