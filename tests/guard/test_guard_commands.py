"""Twenty commands that break a GPU environment are stopped, twenty harmless ones pass (recorded answers)."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import ALL_BREAKING, ALL_HARMLESS, BREAKING, HARMLESS
from environments import MACHINES, built

from compat.guard.answers import of_report, of_uv
from compat.guard.gate import Gate
from compat.guard.invocation import Invocation, read
from compat.guard.resolver import Known
from compat.guard.transaction import Transaction
from compat.matrix import Matrix

if TYPE_CHECKING:
    from compat.guard.resolver import Answer

ANSWERS = json.loads((Path(__file__).parent / "data" / "answers.json").read_text())


class Replayed(Gate):
    """The gate with a described environment and the recorded answer of the resolver."""

    def __init__(self, matrix: Matrix, machine: str, environment: str, command: str) -> None:
        super().__init__(read(shlex.split(command), "/env/bin/python", {}), lambda: matrix, MACHINES[machine])
        self.asked = ANSWERS.get(f"{environment}: {command}")
        self.command = self.invocation
        self.__dict__["machine"] = built(machine, environment, matrix)

    def _ask(self, invocation: Invocation) -> "Answer":
        if invocation.verb == "uninstall":
            return super()._ask(invocation)
        if invocation is not self.command:
            return Known(Transaction())  # a nearest command that is tried
        if isinstance(self.asked, dict) and "failed" in self.asked:
            return Known(Transaction())  # stopped before the resolver's own failure is heard
        return Known(of_uv(self.asked) if invocation.installer == "uv" else of_report(self.asked))


def test_there_are_twenty_of_each() -> None:
    assert len(set(BREAKING)) >= 20
    assert len(set(HARMLESS)) >= 20


@pytest.mark.parametrize(("machine", "environment", "command"), ALL_BREAKING)
def test_what_breaks_is_stopped(matrix: Matrix, machine: str, environment: str, command: str) -> None:
    gate = Replayed(matrix, machine, environment, command)
    said = list(gate.judge())
    assert gate.stopped
    assert gate.status == 1
    assert any(line.startswith("error:") for line in said)


@pytest.mark.parametrize(("machine", "environment", "command"), ALL_HARMLESS)
def test_what_is_harmless_passes(matrix: Matrix, machine: str, environment: str, command: str) -> None:
    gate = Replayed(matrix, machine, environment, command)
    said = list(gate.judge())
    assert not gate.stopped, said
    assert gate.status == 0
