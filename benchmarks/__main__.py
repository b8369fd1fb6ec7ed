"""Measures what the README claims about speed: ratios to ``python -c pass`` of the same interpreter, in the same run.

    python -m benchmarks [--json] [--rounds N] [--machines N]

Each command is timed as a user starts it, with compiled modules, and in turn with the empty program; of each the
fastest of the rounds counts, so that other work on the machine does not. Exits 1 where a budget is not met.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from benchmarks.machines import descriptions, environment
from compat.description import load, to_dict

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_EXAMPLE = os.path.join(_ROOT, "compat", "examples", "workstation.toml")
_START = "import sys; from compat.cli import main; sys.argv[0] = 'compatcheck'; main()"  # what the console script does
BUDGETS = {"--help": 5.0, "check --machine": 7.0, "doctor": 10.0, "plan": 15.0}  # times `python -c pass`
RATE = 500.0  # machines a second, of a .jsonl, on one core
GROWTH = 16 * 1024  # kB by which the memory may grow from a tenth of the machines to all of them


def _environ() -> dict[str, str]:
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH", "PYTHONPATH")
    }
    return {**environ, "PYTHONPATH": _ROOT, "NO_COLOR": "1"}


def _seconds(arguments: Sequence[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environ(), check=False
    )
    passed = time.perf_counter() - start
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(arguments)}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    return passed


def start_up(folder: str, rounds: int) -> dict[str, float]:
    """Seconds of the empty program and of each command, the fastest of the rounds."""
    python = environment(os.path.join(folder, "environment"))
    machine = os.path.join(folder, "machine.json")  # the form that `facts` writes
    with open(machine, "w", encoding="utf-8") as file:
        json.dump(to_dict(next(iter(load(_EXAMPLE)))), file)
    commands = {
        "pass": ["-c", "pass"],
        "--help": ["-c", _START, "--help"],
        "check --machine": ["-c", _START, "check", "--machine", machine],
        "doctor": ["-c", _START, "doctor", "--python", python],
        "plan": ["-c", _START, "plan", "--torch", "2.x", "--onnxruntime", "*", "--machine", machine],
    }
    best = {name: _seconds(arguments) for name, arguments in commands.items()}  # this round compiles what is not yet
    for _ in range(rounds):
        for name, arguments in commands.items():
            best[name] = min(best[name], _seconds(arguments))
    return best


def stream(folder: str, count: int) -> tuple[float, int]:
    """CPU seconds and largest memory (kB) of judging a .jsonl of that many machines."""
    path = os.path.join(folder, f"machines{count}.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in descriptions(count))
    script = os.path.join(folder, "stream.py")
    with open(script, "w", encoding="utf-8") as file:
        file.write(
            "import atexit, resource, sys\n"
            "def tell():\n"
            "    used = resource.getrusage(resource.RUSAGE_SELF)\n"
            "    print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)\n"
            "atexit.register(tell)\n"
            "from compat.cli import main\n"
            "main()\n"
        )
    done = subprocess.run(
        [sys.executable, script, "check", "--machine", path, "--format", "json"],
        env=_environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    seconds, memory = done.stderr.split()[-2:]
    return float(seconds), int(memory)


def measure(rounds: int, machines: int) -> list[dict[str, object]]:
    """A row for each claim: what, the figure, the budget, whether it is met."""
    with tempfile.TemporaryDirectory(prefix="compatcheck-bench-") as folder:
        best = start_up(folder, rounds)
        few = stream(folder, machines // 10)
        many = stream(folder, machines)
    rows: list[dict[str, object]] = [
        {
            "what": name,
            "milliseconds": round(best[name] * 1000, 1),
            "figure": round(best[name] / best["pass"], 2),
            "unit": "x",
            "budget": budget,
            "met": best[name] / best["pass"] <= budget,
        }
        for name, budget in BUDGETS.items()
    ]
    rate, growth = (machines - machines // 10) / max(many[0] - few[0], 1e-9), many[1] - few[1]
    rows.append(
        {
            "what": f"{machines} machines in a .jsonl",
            "milliseconds": round(many[0] * 1000, 1),
            "figure": round(rate),
            "unit": "a second",
            "budget": RATE,
            "met": rate >= RATE,
        }
    )
    rows.append(
        {
            "what": "memory grown over them",
            "milliseconds": None,
            "figure": growth,
            "unit": "kB",
            "budget": GROWTH,
            "met": growth <= GROWTH,
        }
    )
    rows.insert(
        0,
        {
            "what": "python -c pass",
            "milliseconds": round(best["pass"] * 1000, 1),
            "figure": 1.0,
            "unit": "x",
            "budget": None,
            "met": True,
        },
    )
    return rows


def main() -> int:
    """Print the table (or JSON); 1 where a budget is not met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--machines", type=int, default=10_000)
    arguments = parser.parse_args()
    rows = measure(arguments.rounds, arguments.machines)
    if arguments.json:
        print(json.dumps({"python": sys.version.split()[0], "load": os.getloadavg()[0], "rows": rows}, indent=2))
    else:
        print(f"Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}, fastest of {arguments.rounds} rounds\n")
        print(f"{'':28}{'ms':>9}{'figure':>10} {'':9}{'budget':>8}")
        for row in rows:
            time_text = "" if row["milliseconds"] is None else row["milliseconds"]
            print(
                f"{row['what']:28}{time_text:>9}{row['figure']:>10} {row['unit']:9}{row['budget'] or '':>8}  "
                f"{'ok' if row['met'] else 'NOT MET'}"
            )
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
