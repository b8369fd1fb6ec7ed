"""One rule on three small machines, and how they are judged."""

from typing import Any, NamedTuple

from compat import description, goals
from compat.check import Report, check
from compat.matrix import Matrix

MATRIX = Matrix.load()
Facts = dict[str, Any]


class Tried(NamedTuple):
    """One rule where it is violated, where it holds, and where it cannot be told."""

    rule: str
    goal: str
    violated: Facts
    holds: Facts
    unknown: Facts | None
    severity: str = "error"
    holding: str = ""  # the goal under which it holds, where it is another one
    beside: tuple[tuple[str, Facts], ...] = ()  # what is changed so that another rule is violated as well


T4 = {"gpus": [{"name": "Tesla T4"}]}
H100 = {"gpus": [{"name": "NVIDIA H100 PCIe"}]}
LINUX = {"os": "linux", "arch": "x86_64"}
PLUGIN = {"jax": "0.4.35", "jaxlib": "0.4.35", "jax-cuda12-plugin": "0.4.35", "jax-cuda12-pjrt": "0.4.35"}
ORIN = {
    "os": "linux",
    "arch": "aarch64",
    "environment": ["jetson"],
    "jetson": {"module": "AGX Orin", "jetpack": "5.1.2"},
}


def lib(name: str, version: str, origin: str = "system", **more: Any) -> Facts:
    """A copy of a library."""
    return {"name": name, "version": version, "origin": origin, **more}


def torch(version: str | None = None, **build: Any) -> Facts:
    """torch, and what is known of its build."""
    return {"packages": {"torch": version}, **({"builds": {"torch": build}} if build else {})}


def judge(goal: str, facts: Facts) -> Report:
    """The report for a goal."""
    return check(description.from_dict(facts), goals.parse(goal), MATRIX)


def errors(report: Report) -> list[str]:
    """The rules that are violated, in the report's order, each once."""
    return list(dict.fromkeys(found.rule for found in report.errors))
