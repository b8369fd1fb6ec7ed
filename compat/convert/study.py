"""A model on a machine: facts, which releases take it, the verdict for what is installed, the least change."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from compat.artifacts import Artifact
from compat.check import Report, check
from compat.convert import model_ways, releases, steps
from compat.convert.prepare import EXPORT_GOALS
from compat.convert.remedies import Advice
from compat.goals import parse
from compat.machine import Machine
from compat.records import dataclass
from compat.rules.case import Case
from compat.rules.tensorrt.release import installed

if TYPE_CHECKING:
    from compat.matrix import Matrix
    from compat.report.style import Style

_READERS = (releases.TENSORRT, releases.ONNXRUNTIME)


@dataclass(frozen=True)
class Study:
    """All that is said of one model on one machine."""

    artifact: Artifact
    machine: Machine
    answers: dict[str, tuple[releases.Answer, ...]]
    precisions: tuple[tuple[str, str], ...]  # GPU -> what TensorRT computes in there
    reports: tuple[Report, ...]
    ways: tuple[Advice, ...]

    def lines(self, style: "Style") -> Iterator[str]:
        """The page for people."""
        from compat.report import artifact as pages
        from compat.report import model

        facts = list(model.rows(self.artifact))
        for reader in _READERS if self.answers else ():
            found = self.answers[reader.component]
            facts += [(f"{reader.title}:", "")] + [(f"  {name}", text) for name, text in model.readers(found)]
        facts += [(f"precisions of {name}", text) for name, text in self.precisions]
        yield from pages.lines(self.artifact, facts, self.reports, self.ways, style)

    def record(self) -> dict[str, Any]:
        """The same as data."""
        from compat.report import artifact as pages

        readers = {
            component: [{"release": one.release, "takes": one.takes, "reasons": list(one.reasons)} for one in found]
            for component, found in self.answers.items()
        }
        return pages.record(
            self.artifact,
            self.reports,
            self.ways,
            releases=readers,
            precisions={name: text.split(", ") for name, text in self.precisions},
        )


def study(artifact: Artifact, machine: Machine, matrix: "Matrix") -> Study:
    """Judge a model on a machine that has it."""
    if artifact.format != "onnx":
        return _other(artifact, machine, matrix)
    answers = {one.component: releases.answers(machine, one, matrix) for one in _READERS}
    case = Case(machine, parse("convert:onnx-tensorrt"), matrix)
    tensorrt = installed(case)
    runtime = case.subject("onnxruntime").version
    goals = [name for name, known in (("convert:onnx-tensorrt", tensorrt), ("run:onnx", runtime)) if known]
    reports = tuple(check(machine, parse(goal), matrix) for goal in goals or ["convert:onnx-tensorrt"])
    ways: list[Advice] = []
    if tensorrt is not None or runtime is None:
        ways += model_ways.ways(machine, releases.TENSORRT, tensorrt and tensorrt[0], answers["tensorrt"], matrix)
    if runtime is not None:
        ways += model_ways.ways(machine, releases.ONNXRUNTIME, runtime, answers["onnxruntime"], matrix)
    return Study(
        artifact, machine, answers, _precisions(case, tensorrt and tensorrt[0]), reports, tuple(dict.fromkeys(ways))
    )


def _precisions(case: Case, release: str | None) -> tuple[tuple[str, str], ...]:
    from compat.convert.tensorrt import precisions

    found = {
        gpu.name: ", ".join(precisions(case.matrix, gpu.capability, release)) for gpu in case.gpus if gpu.capability
    }
    return tuple((name, text or "none known") for name, text in found.items())


def _other(artifact: Artifact, machine: Machine, matrix: "Matrix") -> Study:
    """A model that has to be exported first: the packages that do it, then the chain."""
    if artifact.kind not in ("model", "weights"):
        return Study(artifact, machine, {}, (), (), ())
    goal = EXPORT_GOALS.get(artifact.format)
    reports = (check(machine, parse(goal), matrix),) if goal else ()
    chain = steps.chain(artifact, machine, matrix)
    ways = tuple(Advice(f"{step.kind}: {step.text}", step.commands) for step in chain)
    return Study(artifact, machine, {}, (), reports, ways)
