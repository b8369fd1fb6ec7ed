"""Makes real faults on a GPU machine, one at a time, and compares what happens with what compatcheck says.

    python -m scripts.faults [--only NAME] [--carry DIR] [--out FILE]

Each fault is made in a mount namespace of its own (or by a variable), so the machine is as before when it is over; no
setting of the card is touched. In it, real programs run (driver API, torch, JAX, ONNX Runtime: a small computation
each), and `compatcheck doctor` judges the same goals. A row is right where every goal that fails has the expected
finding and nothing else, and every goal that works has no error. `--carry` is a folder with what a fault needs and
the machine lacks (another release's libcuda, small wheels); faults whose material is absent are skipped and said so.
"""

import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

from scripts.faults.place import Place
from scripts.faults.run import Result, inside, judge
from scripts.faults.situations import FAULTS, Fault
from scripts.faults.table import table


def main() -> int:
    """Run every fault and print the table; exit 1 where a row is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only")
    parser.add_argument("--carry", default=".dev/faults")
    parser.add_argument("--out")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    carry = os.path.abspath(arguments.carry)
    site = next((path for path in sys.path if os.path.isdir(os.path.join(path, "torch"))), "")
    if arguments.inside is not None:
        # Never cleaned up: deleting what lies below a bind mount would delete the machine's own files.
        work = tempfile.mkdtemp(prefix="fault-")
        os.chmod(work, 0o755)
        print(json.dumps(inside(FAULTS[arguments.inside], Place(site, carry, work))))
        return 0
    gpus = len(glob.glob("/dev/nvidia[0-9]*"))
    results = [
        _apart(number, fault, carry)
        for number, fault in enumerate(FAULTS)
        if (not arguments.only or arguments.only in fault.name) and _is_possible(fault, carry, gpus)
    ]
    text = "\n".join(table(results)) + "\n"
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            file.write(text)
    print(text)
    wrong_rows = sum(bool(judge(result)) for result in results)
    print(f"{len(results)} situations, {len(results) - wrong_rows} right, {wrong_rows} wrong")
    return 1 if wrong_rows else 0


def _is_possible(fault: Fault, carry: str, gpus: int) -> bool:
    if fault.needs and not glob.glob(os.path.join(carry, fault.needs)):
        print(f"skipped: {fault.name}: {fault.needs} is not in {carry}", file=sys.stderr)
        return False
    return gpus >= fault.gpus


def _apart(number: int, fault: Fault, carry: str) -> Result:
    """One situation, in a process with a mount namespace of its own."""
    alone = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", "scripts.faults"]
    options = ["--inside", str(number), "--carry", carry]
    done = subprocess.run([*alone, *options], capture_output=True, text=True, timeout=500)
    result: Result
    try:
        result = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        result = {"name": fault.name, "real": {}, "failed": done.stderr[-500:]}
    wrong = judge(result)
    print(f"{'NO ' if wrong else 'ok '} {fault.name}: {'; '.join(wrong)} {result.get('failed', '')}", file=sys.stderr)
    return result


if __name__ == "__main__":
    sys.exit(main())
