"""SARIF 2.1.0 (OASIS), as code-scanning services read it: one run, each rule with its page as help."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from compat import __version__
from compat.check import Report
from compat.report import Shown
from compat.report.baseline import fingerprint
from compat.report.location import location
from compat.rules.base import REGISTRY, Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(reports: Iterable[Report], shown: Shown) -> Iterator[str]:
    """The log as one JSON document. Findings of the baseline are there, suppressed."""
    rules: list[str] = []
    results = []
    for report in reports:
        for found in report.findings:
            if found.rule not in rules:
                rules.append(found.rule)
            results.append(_result(report, found, rules.index(found.rule), shown.known))
    driver = {
        "name": "compatcheck",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(name) for name in rules],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    yield json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _rule(name: str) -> dict[str, Any]:
    page = REGISTRY[name].page
    summary = " ".join(page.split("\n\n")[0].split())
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": summary or name},
        "help": {"text": page or name, "markdown": f"**{name}**: {page or name}"},
        "properties": {"tags": ["gpu", "compatibility"]},
    }


def _result(report: Report, found: Finding, index: int, known: frozenset[str]) -> dict[str, Any]:
    key = fingerprint(report, found)
    remedies = "".join(f" Fix: {remedy.text}." for remedy in found.remedies)
    result: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": found.severity,
        "message": {"text": f"{found.message}{remedies} (goal {report.goal})"},
        "partialFingerprints": {"compatcheck/v1": key},
        "properties": {
            "goal": str(report.goal),
            "machine": report.machine.name or "this machine",
            "component": found.component,
            "evidence": [{"fact": one.fact, "source": one.source} for one in found.evidence],
        },
        "locations": [_location(report, found)],
    }
    if key in known:
        result["suppressions"] = [{"kind": "external", "justification": "in the baseline"}]
    return result


def _location(report: Report, found: Finding) -> dict[str, Any]:
    """A physical place where there is a file; else the part of the machine, which has no line."""
    place = location(report, found)
    if place is None:
        return {"logicalLocations": [{"name": found.component, "kind": "resource"}]}
    from urllib.parse import quote

    where = {"artifactLocation": {"uri": quote(place.path)}, "region": {"startLine": place.line}}
    return {"physicalLocation": where, "logicalLocations": [{"name": found.component, "kind": "resource"}]}
