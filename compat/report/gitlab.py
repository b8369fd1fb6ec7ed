"""GitLab's Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/): the artifact of a job."""

import json
from collections.abc import Iterable, Iterator

from compat.check import Report
from compat.report import Shown
from compat.report.baseline import fingerprint
from compat.report.location import Location, location

_SEVERITIES = {"error": "critical", "warning": "minor", "note": "info"}
_NOWHERE = Location("machine", 1)  # the format has no finding without a file


def render(reports: Iterable[Report], shown: Shown) -> Iterator[str]:
    """A list of new findings; those of the baseline are left out, as GitLab compares branches itself."""
    entries: dict[str, dict[str, object]] = {}
    for report in reports:
        for found in report.findings:
            key = fingerprint(report, found)
            if key in shown.known:
                continue
            place = location(report, found) or _NOWHERE
            entries[key] = {
                "description": f"{found.message} ({report.goal})",
                "check_name": f"compatcheck/{found.rule}",
                "fingerprint": key,
                "severity": _SEVERITIES[found.severity],
                "location": {"path": place.path, "lines": {"begin": place.line}},
            }
    yield json.dumps(list(entries.values()), ensure_ascii=False, indent=2)
