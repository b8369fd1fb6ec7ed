"""A command of pip or uv behind the guard, from its words to its exit status.

`compatcheck guard` may well be put in front of every installation, so it does not wait for click, which takes longer to
import than uv to install something small: plain words are understood here, all others (help, a described machine, wrong
usage) are left to click (compat/cli/guard.py), which ends in the same gate.
"""

from __future__ import annotations

import sys

from compat.guard import early

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compat.guard.gate import Gate
    from compat.guard.invocation import Invocation
    from compat.matrix import Matrix

_FLAGS = ("--dry-run", "--yes-anyway")
_STOPPED = 130


def run(words: Sequence[str]) -> int | None:
    """Carry out the words behind ``guard``. None where they are click's to understand; nothing has happened then."""
    understood = _understood(words)
    if understood is None:
        return None
    invocation, flags = understood
    early.begin(invocation, "--dry-run" in flags)
    from compat.guard.gate import Gate

    gate = Gate(invocation, _matrix, only_judge="--dry-run" in flags)
    try:
        return judge_and_run(gate, lambda line: print(line, file=sys.stderr), "--yes-anyway" in flags)
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        return _STOPPED
    except Exception:
        if gate.carried_out:
            raise
        return None  # click's way comes to the same, and says it as all commands do
    finally:
        early.dismiss()


def judge_and_run(gate: Gate, tell: Callable[[str], None], yes_anyway: bool) -> int:
    """Say what the gate finds, then let the command happen or not; returns the exit status."""
    try:
        for line in gate.judge():
            tell(line)
        if gate.only_judge or (gate.stopped and not yes_anyway):
            return gate.status
        return gate.carry_out()
    finally:
        gate.close()


def _understood(words: Sequence[str]) -> tuple[Invocation, frozenset[str]] | None:
    """The command and the guard's own flags, where nothing else is said than a command that changes an environment."""
    from compat.guard.invocation import BadCommand, read

    if len(words) < 2 or words[0] in ("apt", "constraints") or words[0].startswith("-"):
        return None
    flags, python, at = set(), None, 1
    while at < len(words) and words[at].startswith("-"):
        option, equals, value = words[at].partition("=")
        if option == "--python" and (equals or at + 1 < len(words)):
            at += not equals
            python = value if equals else words[at]
        elif words[at] in _FLAGS:
            flags.add(words[at])
        else:
            return None
        at += 1
    try:
        invocation = read((words[0], *words[at:]), python)
    except BadCommand:
        return None
    return (invocation, frozenset(flags)) if invocation.judged else None


def _matrix() -> Matrix:
    """The matrix of this installation; of old data it warns."""
    from compat.matrix import Matrix, age

    matrix = Matrix.load()
    old = age.warning(matrix)
    if old:
        print(f"warning: {old}", file=sys.stderr)
    return matrix
