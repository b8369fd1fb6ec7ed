"""Which releases of TensorRT and ONNX Runtime take a model as it is: the rules asked of each release in turn."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from compat import versions
from compat.convert.judge import with_onnxruntime, with_tensorrt
from compat.goals import parse
from compat.machine import Machine
from compat.records import dataclass
from compat.rules.base import Finding, Holds, Outcome, Untold
from compat.rules.case import Case

if TYPE_CHECKING:
    from compat.matrix import Matrix

_RULES = ("gpu-unsupported-by-tensorrt", "onnx-version-unsupported", "precision-unsupported")


@dataclass(frozen=True)
class Answer:
    """What one release makes of the model: taken, refused with the reasons, or None where it cannot be told."""

    release: str
    takes: bool | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reader:
    """A reader of ONNX models and how a machine with a release of it is made."""

    component: str
    title: str
    goal: str
    install: Callable[[Machine, str], Machine]


TENSORRT = Reader("tensorrt", "TensorRT", "convert:onnx-tensorrt", with_tensorrt)
ONNXRUNTIME = Reader("onnxruntime", "ONNX Runtime", "run:onnx", with_onnxruntime)


def answers(machine: Machine, reader: Reader, matrix: "Matrix") -> tuple[Answer, ...]:
    """Every known release's answer for the machine's model and GPUs, oldest first."""
    found = []
    jetson = machine.in_environment("jetson")
    for row in matrix.packages.releases(reader.component):
        if row.get("platforms") == ["jetson"] and not jetson:
            continue  # there is none to install here
        case = Case(reader.install(machine, row["version"]), parse(reader.goal), matrix)
        found.append(_answer(row["version"], list(_outcomes(case))))
    return tuple(found)


def _outcomes(case: Case) -> "list[Outcome]":
    from compat.rules import every_rule

    return [outcome for entry in every_rule() if entry.name in _RULES for outcome in entry.judge(case)]


def _answer(release: str, outcomes: list[Outcome]) -> Answer:
    errors = tuple(one.message for one in outcomes if isinstance(one, Finding) and one.severity == "error")
    if errors:
        return Answer(release, False, errors)
    open_ends = any(isinstance(one, Untold) for one in outcomes)
    return Answer(release, True if not open_ends and any(isinstance(one, Holds) for one in outcomes) else None)


def spans(found: tuple[Answer, ...], takes: bool | None) -> str:
    """The releases with this answer, runs of them shortened: ``8.6.0 to 10.9.0, 11.0.0``."""
    parts: list[str] = []
    run: list[str] = []
    for one in (*found, Answer("", not takes)):
        if one.takes is takes and one.release:
            run.append(one.release)
        elif run:
            parts.append(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}")
            run = []
    return ", ".join(parts)


def nearest(found: tuple[Answer, ...], installed: str | None) -> str | None:
    """The release that takes the model with the least change: the next newer one, else the newest older one."""
    fitting = [one.release for one in found if one.takes]
    if not fitting or installed is None:
        return fitting[-1] if fitting else None
    newer = [release for release in fitting if versions.parse(release) >= versions.parse(installed)]
    return newer[0] if newer else fitting[-1]
