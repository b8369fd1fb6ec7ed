"""Known findings: an old project records what there is, and only what is new fails (compatcheck.baseline/1)."""

import json
from collections.abc import Iterable
from typing import Any

from compat.check import Report
from compat.rules.base import Finding

SCHEMA = "compatcheck.baseline/1"
LEVELS = ("error", "warning", "unknown")


class BadBaseline(ValueError):
    """The file is no baseline."""


def fingerprint(report: Report, found: Finding) -> str:
    """What makes two findings the same one: rule, component, goal and file. Neither line nor version: both move.

    Of a model's or engine's file one rule can say several things, and of several machines: what it says counts there.
    """
    import hashlib
    import re

    from compat.report.location import artifact, location

    place = location(report, found)
    parts = [found.rule, found.component, str(report.goal), place.path if place else ""]
    if artifact(report, found) is not None:
        parts += [re.sub(r"\d+(\.\d+)+", "", found.message), report.machine.name or ""]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def read(path: str) -> frozenset[str]:
    """The fingerprints of a baseline. Raises BadBaseline and OSError."""
    return frozenset(entries(path))


def entries(path: str) -> dict[str, str]:
    """What a baseline knows: fingerprint -> rule and goal, in words. Raises BadBaseline and OSError."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        if data["schema"] != SCHEMA:
            raise BadBaseline(f"{path}: expected schema {SCHEMA!r}, got {data['schema']!r}")
        return {str(entry["fingerprint"]): _said(entry) for entry in data["findings"]}
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, BadBaseline):
            raise
        raise BadBaseline(f"{path}: not a baseline: {error}") from None


def _said(entry: dict[str, Any]) -> str:
    return f"{entry.get('rule', '?')} of {entry.get('component', '?')} ({entry.get('goal', '?')})"


def write(path: str, reports: Iterable[Report]) -> int:
    """Record every error and warning; how many there are. Raises OSError."""
    entries: dict[str, dict[str, Any]] = {}
    for report in reports:
        for found in report.findings:
            if found.severity != "note":
                key = fingerprint(report, found)
                entries[key] = {
                    "fingerprint": key,
                    "rule": found.rule,
                    "component": found.component,
                    "goal": str(report.goal),
                    "message": found.message,
                }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(
            {"schema": SCHEMA, "findings": [entries[key] for key in sorted(entries)]},
            file,
            indent=2,
            ensure_ascii=False,
        )
        file.write("\n")
    return len(entries)


def fails(report: Report, level: str, known: frozenset[str] = frozenset()) -> bool:
    """Does the report fail at this level? ``warning`` includes errors, ``unknown`` both and unknown verdicts."""
    severities = ("error",) if level == "error" else ("error", "warning")
    new = any(
        found.severity in severities and (not known or fingerprint(report, found) not in known)
        for found in report.findings
    )
    return new or (level == "unknown" and report.verdict == "unknown")
