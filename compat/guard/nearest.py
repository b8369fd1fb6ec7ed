"""The nearest command that breaks nothing: the same one with what it would move held, or what the planner says."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from compat.guard.invocation import Invocation
from compat.guard.transaction import Transaction
from compat.guard.typed import typed_requirements
from compat.guard.verdict import Harm
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.records import dataclass

if TYPE_CHECKING:
    from compat.matrix import Matrix


@dataclass(frozen=True)
class Nearest:
    """``argv`` does what was asked as far as it can be done; ``says`` what differs."""

    argv: tuple[str, ...]
    says: str

    @property
    def shell(self) -> str:
        """Quoted for reading and pasting."""
        import shlex

        return shlex.join(self.argv)


def nearest(
    invocation: Invocation,
    machine: Machine,
    transaction: Transaction,
    found: Sequence[Harm],
    matrix: "Matrix",
    ask: Callable[[Invocation], Transaction | None],
) -> tuple[Nearest, ...]:
    """Commands that pass, the nearest first. ``ask`` resolves and judges a command; None where it harms something."""
    held = _held(invocation, machine, transaction, matrix)
    if held:
        tried = invocation.with_words(*held)
        instead = ask(tried)
        if instead is not None and not _left_out(transaction, instead, machine, matrix):
            return (Nearest(tried.argv, f"keeps {', '.join(held)}"),)
    return tuple(_planned(invocation, machine, matrix))


def _left_out(asked: Transaction, instead: Transaction, machine: Machine, matrix: "Matrix") -> set[str]:
    """Parts of the frameworks that were to come and would not: an old release may not have the extra that brings CUDA,
    and resolvers leave out an extra that is not there."""
    there = {normal(name) for name, version in (machine.packages or {}).items() if version}
    wanted = {one.name for one in asked.installs if matrix.packages.component(one.name)}
    return wanted - there - {one.name for one in instead.installs}


def _held(invocation: Invocation, machine: Machine, transaction: Transaction, matrix: "Matrix") -> tuple[str, ...]:
    """Pins at what is installed, for what the command moves without being asked to and that bears on the GPU stack."""
    typed = {name for name, _ in typed_requirements(invocation)}
    here = {normal(name): version for name, version in (machine.packages or {}).items() if version}
    stack = {normal(row["other"]) for row in matrix.every("break") if row.get("other")}
    return tuple(
        f"{one.name}=={here[one.name].partition('+')[0]}"
        for one in transaction.installs
        if one.name in here
        and one.name not in typed
        and here[one.name] != one.version
        and (matrix.packages.component(one.name) or one.name.startswith("nvidia-") or one.name in stack)
    )


def _planned(invocation: Invocation, machine: Machine, matrix: "Matrix") -> list[Nearest]:
    from compat.names import COMPONENTS
    from compat.versions import BadVersion, parse_range

    asked: dict[str, str] = {}
    for name, spec in typed_requirements(invocation):
        component = matrix.packages.component(name)
        if component in COMPONENTS:
            try:
                asked[component] = parse_range(_public(spec)).text
            except BadVersion:
                asked[component] = "*"
    if not asked:
        return []
    # What was asked for first; where that has no plan, any release of the same component.
    return _commands(asked, invocation, machine, matrix) or _commands(
        dict.fromkeys(asked, "*"), invocation, machine, matrix
    )


def _public(spec: str) -> str:
    """The range without local parts: ``==2.6.0+cpu`` asks for a build, the planner chooses it."""
    return ",".join(clause.partition("+")[0] for clause in spec.split(","))


def _commands(asked: dict[str, str], invocation: Invocation, machine: Machine, matrix: "Matrix") -> list[Nearest]:
    from compat.plan.model import Request
    from compat.plan.solve import plan

    requests = tuple(Request(component, text, text, "guard") for component, text in asked.items())
    made = plan(machine, requests, matrix)
    if made.outcome == "nothing-to-do":
        return [Nearest((), f"{', '.join(asked)} is there already and works")]
    steps = made.steps if made.outcome == "planned" else ()
    return [
        Nearest(one.argv, f"{step.component} {step.after}")
        for step in steps
        for one in step.commands
        if one.installer in (invocation.installer, "apt", "dnf")
    ]
