"""Plans for the described cases that are incompatible: ``python -m scripts.plans.cases [FILE] [--only ID ...]``.

Each machine is planned for its goal: as it is, then with everything that may be moved. A line a case: its rules, the
plan in one line, and what the check says of the machine that the plan describes. Exit status 1 where a planned machine
does not pass (where it is not told which release stays it may), or where an impossibility says no reason. Says so and
exits 0 where there are no cases.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

from compat.check import check
from compat.description import from_dict
from compat.goals import parse
from compat.matrix import Matrix
from compat.plan.asking.request import ALLOWED, BadRequest
from compat.plan.model import Plan, Step
from compat.plan.solve import plan
from scripts.cases import folder

UNTOLD = "unknown, as the plan says: which release stays is not told"


@dataclass(frozen=True)
class Line:
    """One case and its plan."""

    case: str
    goal: str
    rules: str
    outcome: str
    moved: str  # what had to be allowed
    what: str
    verdict: str  # of the planned machine, worst goal first; empty where there is no plan
    shown: tuple[str, ...] = ()

    @property
    def wrong(self) -> bool:
        return (self.outcome == "impossible" and not self.what) or self.verdict not in ("", "compatible", UNTOLD)


def main(arguments: list[str]) -> int:
    """Plan every incompatible case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="cases, one a line; the visible ones where none is named")
    parser.add_argument("--only", nargs="*", default=[], metavar="ID")
    parser.add_argument("--steps", action="store_true", help="show reasons and commands too")
    options = parser.parse_args(arguments)
    cases = folder()
    if options.file is None and cases is None:
        print("no shared/cases beside this checkout: nothing to plan")
        return 0
    with open(options.file or f"{cases}/dev.jsonl", encoding="utf-8") as file:
        read = [json.loads(line) for line in file if line.strip()]
    matrix = Matrix.load()
    lines = []
    for case in read:
        if case["expect"]["verdict"] == "incompatible" and (not options.only or case["id"] in options.only):
            lines.append(line_of(case, matrix))
            last = lines[-1]
            print(f"{last.case} | {last.goal} | {last.rules} | {last.moved} | {last.what} | {last.verdict}", flush=True)
            for text in last.shown if options.steps else ():
                print(f"    {text}")
    print(", ".join(f"{number} {name}" for name, number in sorted(Counter(one.outcome for one in lines).items())))
    return 1 if any(line.wrong for line in lines) else 0


def line_of(case: dict[str, Any], matrix: Matrix) -> Line:
    """The plan for one case: as the machine is, else with everything that may be moved."""
    machine, goal = from_dict(case["machine"]), parse(case["goal"])
    rules = ", ".join(case["expect"].get("rules", ()))
    try:
        answer, moved = plan(machine, (), matrix, goal), "as it is"
        if answer.outcome == "impossible":
            answer, moved = plan(machine, (), matrix, goal, ALLOWED), "all may move"
    except BadRequest as error:
        return Line(case["id"], case["goal"], rules, "no plan for the goal", "", str(error), "")
    if answer.outcome == "impossible":
        what = "; ".join(f"{one.rule}: {one.message}" for one in answer.conflict)
        return Line(case["id"], case["goal"], rules, "impossible", moved, what, "")
    verdicts = {check(answer.result, one, matrix).verdict for one in answer.goals}
    verdict = next(one for one in ("incompatible", "unknown", "compatible") if one in verdicts)
    if verdict == "unknown" and answer.untold:
        verdict = UNTOLD
    return Line(case["id"], case["goal"], rules, answer.outcome, moved, brief(answer), verdict, tuple(shown(answer)))


def brief(answer: Plan) -> str:
    """The steps of a plan in one line."""
    return "; ".join(_change(step) for step in answer.steps) or "nothing to do"


def _change(step: Step) -> str:
    return f"{step.component}: {step.before} -> {step.after}" if step.before else f"{step.component}: {step.after}"


def shown(answer: Plan) -> list[str]:
    """Reasons and first commands, step by step."""
    found = []
    for step in answer.steps:
        found += [f"- {reason.message} ({reason.rule}) [{reason.source}]" for reason in step.why]
        found += [f"$ {command.shell}" for command in step.commands[:1]]
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
