"""Results of runs as a table in Markdown."""

import json
from collections.abc import Iterable
from typing import Any

from scripts.fuzz.targets import TARGETS

Result = dict[str, Any]

_HEAD = ("| parser | seconds | examples | slowest, ms | memory, MiB | failures |", "|---|---|---|---|---|---|")


def table(paths: Iterable[str]) -> str:
    """The results that stand in files, one JSON object a line, later ones later: one row a target."""
    runs: dict[str, list[Result]] = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for found in (json.loads(line) for line in file if line.startswith("{")):
                runs.setdefault(found["target"], []).append(found)
    return "\n".join([*_HEAD, *(_row(name, counted(runs[name])) for name in (t.name for t in TARGETS) if name in runs)])


def counted(runs: list[Result]) -> list[Result]:
    """The runs of a target that are about today's code, one a seed, the longest.

    Those are the last one's code, by its digest. A run of no digest (of before there was one) counts as long as it says
    the same as the last: one with failures that the last has not is of code since mended.
    """
    last = runs[-1]
    known = [run for run in runs if run.get("code", last.get("code")) == last.get("code")]
    alike = [run for run in known if "code" in run or not run["failures"] or last["failures"]]
    longest: dict[int, Result] = {}
    for run in alike:
        if run["seconds"] >= longest.get(run["seed"], run)["seconds"]:
            longest[run["seed"]] = run
    return list(longest.values())


def _row(name: str, runs: list[Result]) -> str:
    figures = (
        sum(run["seconds"] for run in runs),
        sum(run["examples"] for run in runs),
        max(run["slowest_ms"] for run in runs),
        max(run["memory_mib"] for run in runs),
        sum(len(run["failures"]) for run in runs),
    )
    return f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} |"
