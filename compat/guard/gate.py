"""The gate in front of pip and uv: ask the resolver, judge what it would leave, then let it happen or say why not."""

from __future__ import annotations

import os
import sys

from compat.guard import early
from compat.guard.held import CannotHold, Held
from compat.guard.installer import Waiting, run
from compat.guard.invocation import Invocation
from compat.guard.resolver import Known, NoAnswer, Question
from compat.guard.transaction import Transaction
from compat.guard.typed import typed_requirements
from compat.spoken import any_spoken

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from functools import cached_property

    from compat.guard.resolver import Answer
    from compat.guard.verdict import Harm, Standing
    from compat.machine import Machine
    from compat.matrix import Matrix
    from compat.rules.base import Finding
else:

    class cached_property:  # noqa: N801 - the standard one's name, without all that ``functools`` imports
        """Computed when it is first asked for, and kept."""

        def __init__(self, compute):
            self.compute = compute

        def __get__(self, instance, owner):
            made = instance.__dict__[self.compute.__name__] = self.compute(instance)
            return made


_SAYS = {
    "broken": "works now and would not any more",
    "worse": "is broken already, and more would be",
    "unusable": "would not work on this machine",
    "older": "would be left with an older library than it is linked with",
    "changed": "is broken already and would be broken otherwise; this does not stop the installation",
}


class Gate:
    """One command before it runs. ``described`` replaces the hardware and system of this machine, not its packages;
    ``only_judge`` is for a command that is not to be carried out."""

    def __init__(
        self,
        invocation: Invocation,
        matrix: Callable[[], Matrix],
        described: Machine | None = None,
        only_judge: bool = True,
    ) -> None:
        self.invocation = invocation
        self._load_matrix = matrix
        self._described = described
        self.only_judge = only_judge
        self._held: Held | None = None
        self._waiting: Waiting | None = None
        self._judged_as = Transaction()
        self._idle: Question | None = None  # uv's answer that leaves nothing to do
        self.stopped = False
        self.carried_out = False
        self.status = 0

    @cached_property
    def matrix(self) -> Matrix:
        return self._load_matrix()

    @cached_property
    def machine(self) -> Machine:
        """The machine that the change is judged for."""
        from compat.plan.solver.scene import emptied
        from compat.probe.assemble import read_machine
        from compat.probe.host import Host
        from compat.records import replace

        if self.invocation.interpreter:
            here = read_machine(Host("/"), os.path.abspath(self.invocation.interpreter))
        else:
            here = emptied(read_machine(Host("/")))
        if self._described is None:
            return here
        own = self._described
        return replace(
            own,
            python=here.python or own.python,
            packages=here.packages,
            builds=here.builds,
            libraries=here.libraries,
            interpreter=here.interpreter,
        )

    @cached_property
    def standing(self) -> Standing:
        """How the machine stands before the change."""
        from compat.guard.verdict import Standing

        return Standing(self.machine, self.matrix)

    def judge(self) -> Iterator[str]:
        """What there is to say, line by line; afterwards ``stopped`` and ``status`` are set."""
        if not self.invocation.judged:
            return
        try:
            yield from self._judged()
        except NoAnswer as error:
            yield from self._unanswered(error)

    def _judged(self) -> Iterator[str]:
        answer = self._begin()
        # From here on all happens while the resolver works, imports too: it is its network that takes the time.
        if any_spoken(name for name, _ in typed_requirements(self.invocation)):
            yield from self._dead_names()
            if self.stopped:
                answer.stop()
                self._held = None
                return
            for _ in self._prepared():
                if answer.ready():
                    break
        transaction = self._judged_as = self._answer(answer)
        if isinstance(answer, Question) and self.invocation.installer == "uv" and self._nothing_to_do(transaction):
            self._idle = answer
        found = self._harms(transaction)
        yield from _shown(found)
        if any(harm.blocks for harm in found):
            self.stopped, self.status = True, 1
            yield from self._way_out(transaction, found)

    def _prepared(self) -> Iterator[object]:
        """All that will be asked of the machine before the change, piece by piece."""
        yield self.machine
        yield from map(self.standing.errors, self.standing.goals)

    def _nothing_to_do(self, transaction: Transaction) -> bool:
        return self.invocation.pretends or (transaction.empty and self.invocation.verb == "install")

    def _begin(self) -> Answer:
        """Start asking, unless that has begun already."""
        answer = self._ask(self.invocation)
        if isinstance(answer, Held):
            self._held = answer
        elif not self.only_judge and not self.invocation.pretends and Waiting.can(self.invocation):
            self._waiting = Waiting(self.invocation)
        return answer

    def _answer(self, answer: Answer) -> Transaction:
        try:
            return answer.answer()
        except CannotHold:
            self._held = None
            return Question(self.invocation).answer()
        except NoAnswer:
            self._held = None
            raise

    def _ask(self, invocation: Invocation) -> Answer:
        """Start asking; of the command itself that may have begun already. An uninstallation needs no resolver."""
        if invocation.verb != "uninstall":
            own = invocation is self.invocation
            return early.ask(invocation, self.only_judge) if own else Question(invocation)
        from compat.guard.answers import of_uninstall

        installed = [name for name, version in (self.machine.packages or {}).items() if version]
        return Known(of_uninstall(invocation, installed))

    def _harms(self, transaction: Transaction) -> tuple[Harm, ...]:
        if not any_spoken((*(one.name for one in transaction.installs), *transaction.removes)):
            return ()
        from compat.guard.result import after
        from compat.guard.verdict import harms

        return harms(self.standing, after(self.machine, transaction, self.matrix))

    def _harmless(self, invocation: Invocation) -> Transaction | None:
        """What a command would do, where that harms nothing."""
        try:
            found = self._ask(invocation).answer()
        except NoAnswer:
            return None
        return None if any(one.blocks for one in self._harms(found)) else found

    def _dead_names(self) -> Iterator[str]:
        """Names that install nothing but an error, told before the resolver builds them."""
        from compat.guard.request import dead

        if self.invocation.verb == "uninstall":
            return
        for found in dead(typed_requirements(self.invocation), self.matrix):
            self.stopped, self.status = True, 1
            yield f"error: {found.message} ({found.rule})"
            yield from (f"  - {one.fact} [{one.source}]" for one in found.evidence[1:])
            yield from (f"fix: {remedy.text}" for remedy in found.remedies)

    def _unanswered(self, error: NoAnswer) -> Iterator[str]:
        self.stopped, self.status = True, error.status
        yield f"error: {error}"
        yield from (f"  {line}" for line in error.said.strip().splitlines()[-12:])
        if self.invocation.installer == "pip" and self._old_pip():
            from compat.guard.answers import FIRST_PIP

            yield f"hint: pip tells what it would do from {FIRST_PIP} on; upgrade it, or use --yes-anyway"
            return
        from compat.guard.request import hopeless

        for found in hopeless(typed_requirements(self.invocation), self.machine, self.matrix):
            yield f"because: {found.message} ({found.rule})"
            yield from (f"fix: {remedy.text}" for remedy in found.remedies)

    def _old_pip(self) -> bool:
        from compat import versions
        from compat.guard.answers import FIRST_PIP

        here = (self.machine.packages or {}).get("pip")
        return bool(here) and versions.at_least(str(here), FIRST_PIP) is False

    def _way_out(self, transaction: Transaction, found: tuple[Harm, ...]) -> Iterator[str]:
        from compat.guard.nearest import nearest

        ways = nearest(self.invocation, self.machine, transaction, found, self.matrix, self._harmless)
        for way in ways:
            yield f"nearest that breaks nothing: {way.says}"
            if way.argv:
                yield f"  $ {way.shell}"
        yield "stopped: nothing was changed; --yes-anyway installs it all the same"

    def close(self) -> None:
        """What is held and was not let go does not happen."""
        if self._held is not None:
            self._held.stop()
            self._held = None
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None

    def carry_out(self) -> int:
        """Let the command happen; its exit status is the guard's."""
        self.carried_out = True
        sys.stdout.flush()
        sys.stderr.flush()
        if self._held is not None:
            held, self._held = self._held, None
            return held.go()
        if self._idle is not None:
            return self._repeat(self._idle)
        try:
            waiting, self._waiting = self._waiting, None
            return run(self.invocation, self._judged_as, waiting)
        except OSError as error:
            print(f"error: {self.invocation.argv[0]}: {error.strerror or error}", file=sys.stderr)
            return 2

    def _repeat(self, answer: Question) -> int:
        """uv has said already all that its real run would say."""
        sys.stdout.write(answer.printed)
        said = answer.said if self.invocation.pretends else answer.said.replace("Would make no changes\n", "")
        sys.stderr.write("" if self.invocation.quiet else said)
        sys.stdout.flush()
        return 0


def _shown(found: tuple[Harm, ...]) -> Iterator[str]:
    """Each harm once, with all the goals that it is done to."""
    merged: dict[tuple[str, tuple[Finding, ...]], list[Harm]] = {}
    for harm in found:
        merged.setdefault((harm.kind, harm.findings), []).append(harm)
    for (kind, findings), same in merged.items():
        goals = ", ".join(str(harm.goal) for harm in same)
        yield f"{'error' if same[0].blocks else 'note'}: {goals}: {_SAYS[kind]}"
        for one in findings:
            yield f"  {one.rule}: {one.message}"
            yield from (f"    - {evidence.fact} [{evidence.source}]" for evidence in one.evidence)
            yield from (f"    fix: {remedy.text}" for remedy in one.remedies)
