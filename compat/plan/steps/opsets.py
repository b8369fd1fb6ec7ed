"""The chain of opsets: what the exporter of a plan writes, what onnx knows, what the reader takes.

An exporter writes any opset up to its own when it is told, so a chain always meets somewhere: the reasons name each
end with its source, and the highest opset that all take.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from compat.goals import Goal
from compat.plan.model import Choice, Reason
from compat.plan.solver.wholes import Found
from compat.rules.tensorrt.models import RULE, bounds

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

WRITERS = {"torch": "torch.onnx.export(..., opset_version={opset})", "tf2onnx": "tf2onnx's --opset {opset}"}
READERS = ("tensorrt", "onnxruntime")
_RUNS = ("onnx", "onnx-tensorrt", "torch-onnx", "tensorflow-onnx", "onnxruntime-tensorrt")


def chain(found: Found, goals: tuple[Goal, ...], matrix: "Matrix") -> Mapping[str, tuple[Reason, ...]]:
    """Component -> what it writes, knows or reads; the last of them with the opset to export with."""
    if not any(goal.object in _RUNS for goal in goals):
        return {}
    chosen = {choice.component: choice for choice in found.choices}
    links = [chosen[name] for name in (*WRITERS, "onnx", *READERS) if name in chosen]
    ceilings = {one.component: row for one in links if (row := _ceiling(one, matrix)) is not None}
    if len(ceilings) < 2:
        return {}
    opset = min(int(row["opset"]) for row in ceilings.values())
    said = {name: _said(chosen[name], row) for name, row in ceilings.items()}
    last = next((name for name in reversed(ceilings) if not chosen[name].installed), None)
    if last is not None:
        writer = next((name for name in ceilings if name in WRITERS), None)
        told = f", {WRITERS[writer].format(opset=opset)}" if writer else ""
        said[last] += f" All of them take opset {opset}{told}."
    return {
        name: (Reason(RULE, said[name], str(matrix.source(row, "opset")), role="holds"),)
        for name, row in ceilings.items()
    }


def _ceiling(choice: Choice, matrix: "Matrix") -> "Row | None":
    """The row that says which opset the release takes: its own, or that of the release before."""
    return bounds(matrix, choice.component, choice.public, "opset")[0] if choice.version else None


def _said(choice: Choice, row: "Row") -> str:
    high, low = row["opset"], row.get("opset_minimum")
    if choice.component in WRITERS:
        usual = row.get("opset_default")
        return f"{choice.label} exports opsets up to {high}{f' ({usual} unless told)' if usual else ''}."
    verb = "knows" if choice.component == "onnx" else "reads"
    return f"{choice.label} {verb} opset{f's {low} to {high}' if low else f's up to {high}'}."
