"""Kills real installations at random moments and looks at what is left: ``python -m scripts.kills --count 200``.

With ``--signal INT`` or ``TERM`` they are asked to stop instead: then everything has to be as before at once, without
any recovery. With ``--new`` it is the making of a new environment (``--into``) that is killed.

Each round starts `compatcheck install` of a plan of two steps (tiny wheels, real pip, no network), kills it by SIGKILL
at a random moment, and recovers by `rollback` (itself killed in every third round, then run again) or by the next
`install`. Afterwards every file of the environment, by content and mode, has to be as before or as planned.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "install"))

import tiny

sys.path.pop(0)


@dataclass
class Bench:
    """One environment that is killed over and over, with what it may look like afterwards."""

    folder: Path
    environment: Path
    plan: Path
    before: dict[str, str] = field(default_factory=dict)
    planned: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @classmethod
    def set_up(cls, folder: Path) -> "Bench":
        """Make the environment, install once to learn the planned state, put it back."""
        bench = cls(folder, tiny.environment(folder / "env"), tiny.write_plan(folder / "plan.json", tiny.plan()))
        bench.before = tiny.manifest(bench.environment, compiled=True)
        started = time.monotonic()
        bench.run("install", str(bench.plan), "--python", str(bench.environment), "--yes")
        bench.seconds = time.monotonic() - started
        bench.planned = tiny.manifest(bench.environment)
        bench.run("rollback", str(bench.environment), "--yes")
        if tiny.manifest(bench.environment, compiled=True) != bench.before or bench.planned == tiny.manifest(
            bench.environment
        ):
            raise SystemExit("the undisturbed round already fails")
        return bench

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start compatcheck."""
        variables = tiny.variables_of(PIP_NO_INDEX="1", PIP_FIND_LINKS=f"{self.environment}-wheels")
        return subprocess.Popen(
            tiny.argv(*arguments), env=variables, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run compatcheck to its end."""
        child = self.start(*arguments)
        output = child.communicate()[0].decode()
        return child.returncode, output

    def kill(
        self, after: float, *arguments: str, working: bool = False, number: int = signal.SIGKILL
    ) -> tuple[bool, int, str]:
        """Start compatcheck and send it a signal, some time after its start or (working) after it began to change
        things. Returns: was it still running, its exit status, its output."""
        child = self.start(*arguments)
        while working and child.poll() is None and not self.phase().startswith("before step"):
            time.sleep(0.005)
        time.sleep(after)
        running = child.poll() is None
        child.send_signal(number)
        output = child.communicate()[0].decode() if number != signal.SIGKILL else ""
        status = child.wait()
        if child.stdout is not None:
            child.stdout.close()
        return running, status, output

    def phase(self) -> str:
        """The last entry of the journal that the killed run left."""
        home = Path(f"{self.environment}.compatcheck")
        journals = sorted(home.glob("[0-9]*[0-9]/journal.jsonl"))
        try:
            lines = journals[-1].read_bytes().split(b"\n")[:-1] if journals else []
        except FileNotFoundError:  # the draft has just got its name
            return "nothing begun"
        if not lines:
            return "nothing begun"
        last = json.loads(lines[-1])
        return f"{last['entry']} step {last['step']}" if "step" in last else str(last["entry"])


def one_round(bench: Bench, number: int, chance: random.Random) -> tuple[str, str, str]:
    """Kill, recover, compare; returns (phase of the kill, way of recovery, what is wrong or "")."""
    install = ("install", str(bench.plan), "--python", str(bench.environment), "--yes")
    undo = ("rollback", str(bench.environment), "--yes")
    # Half of the rounds at any moment; half while pip is at work, which is where an environment could be lost.
    working = number % 2 == 1
    moment = chance.uniform(0.0, bench.seconds * (0.6 if working else 1.1))
    running, _, _ = bench.kill(moment, *install, working=working)
    phase = bench.phase() if running else "not killed: it had ended"
    if number % 3 == 0:
        bench.kill(chance.uniform(0.05, 1.0), *undo)
        way = "rollback, killed and run again"
        status, output = bench.run(*undo)
    elif number % 3 == 1:
        way = "rollback"
        status, output = bench.run(*undo)
    else:
        way = "next install"
        status, output = bench.run(*install)
        if tiny.manifest(bench.environment) != bench.planned or status not in (0, 2):
            return phase, way, f"not as planned (status {status}): {output[-500:]}"
        status, output = bench.run(*undo)
    if status != 0:
        return phase, way, f"rollback ended with {status}: {output[-500:]}"
    now = tiny.manifest(bench.environment, compiled=True)
    wrong = sorted(name for name in {*now, *bench.before} if now.get(name) != bench.before.get(name))
    return phase, way, f"differs: {wrong[:5]}" if wrong else ""


def stopped_round(bench: Bench, number: int, chance: random.Random, sent: int) -> tuple[str, str, str]:
    """Ask to stop, compare at once; returns as one_round."""
    install = ("install", str(bench.plan), "--python", str(bench.environment), "--yes")
    working = number % 2 == 1
    moment = chance.uniform(0.0, bench.seconds * (0.6 if working else 1.1))
    running, status, output = bench.kill(moment, *install, working=working, number=sent)
    phase = f"exit status {status}" if running else "not stopped: it had ended"
    if status == 0:
        if tiny.manifest(bench.environment) != bench.planned:
            return phase, "none", "installed, and not as planned"
        bench.run("rollback", str(bench.environment), "--yes")
    now = tiny.manifest(bench.environment, compiled=True)
    wrong = sorted(name for name in {*now, *bench.before} if now.get(name) != bench.before.get(name))
    if not wrong and os.path.lexists(f"{bench.environment}.compatcheck"):
        wrong = ["the journal is still there"]
    return phase, "itself", f"differs: {wrong[:5]}: {output[-500:]}" if wrong else ""


def new_round(bench: Bench, number: int, chance: random.Random) -> tuple[str, str, str]:
    """Kill the making of a new environment; afterwards it has to be gone, and to stay so. Returns as one_round."""
    place = bench.folder / "new"
    plan = tiny.plan(tiny.step("onnx", None, "1.18.0", "install", "onnx==1.18.0"))
    install = ("install", str(tiny.write_plan(bench.folder / "new.json", plan)), "--into", str(place), "--yes")
    running, _, _ = bench.kill(chance.uniform(0.2, 3 * bench.seconds), *install)
    phase = "while it was made" if running else "not killed: it had ended"
    way = "next install" if number % 2 else "rollback"
    if number % 2:
        status, output = bench.run(*install)
        if status not in (0, 2) or not (place / "bin" / "python").exists():
            return phase, way, f"not there (status {status}): {output[-500:]}"
    status, output = bench.run("rollback", str(place), "--yes")
    time.sleep(0.5)
    wrong = status != 0 or place.exists() or os.path.lexists(f"{place}.compatcheck")
    return phase, way, f"still there (status {status}): {output[-500:]}" if wrong else ""


def main() -> int:
    """Run the rounds and print the figures; 1 if any environment was lost."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--count", type=int, default=200)
    reader.add_argument("--seed", type=int, default=20261122)
    reader.add_argument("--signal", choices=("KILL", "INT", "TERM"), default="KILL")
    reader.add_argument("--new", action="store_true", help="kill the making of a new environment instead")
    options = reader.parse_args()
    sent = signal.Signals[f"SIG{options.signal}"]
    chance = random.Random(options.seed)  # noqa: S311 - repeatable moments, no secrets
    phases: Counter[str] = Counter()
    ways: Counter[str] = Counter()
    lost = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        bench = Bench.set_up(Path(os.path.realpath(folder)))
        for number in range(options.count):
            if options.new:
                phase, way, wrong = new_round(bench, number, chance)
            elif sent == signal.SIGKILL:
                phase, way, wrong = one_round(bench, number, chance)
            else:
                phase, way, wrong = stopped_round(bench, number, chance, sent)
            phases[phase] += 1
            ways[way] += 1
            if wrong:
                lost.append({"round": number, "phase": phase, "way": way, "wrong": wrong})
                print(json.dumps(lost[-1]), file=sys.stderr)
                break
    figures = {
        "signal": sent.name,
        "rounds": sum(phases.values()),
        "lost": len(lost),
        "killed_at": dict(phases.most_common()),
        "recovered_by": dict(ways),
        "install_s": round(bench.seconds, 2),
        "s": round(time.monotonic() - started),
    }
    print(json.dumps(figures, indent=1))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
