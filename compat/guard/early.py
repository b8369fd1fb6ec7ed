"""The installer at work before all else is imported: that takes longer than uv does."""

from __future__ import annotations

from compat.guard.held import Held, can_hold
from compat.guard.resolver import NoAnswer, Question

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from compat.guard.invocation import Invocation
    from compat.guard.resolver import Answer

_begun: list[tuple[Invocation, bool, Answer]] = []


def begin(invocation: Invocation, only_judge: bool) -> None:
    """Ask the installer what the gate will ask it. An uninstallation needs no answer."""
    if invocation.verb == "uninstall":
        return
    try:
        _begun.append((invocation, only_judge, ask(invocation, only_judge)))
    except NoAnswer:  # the gate comes to it again, and says it
        return


def ask(invocation: Invocation, only_judge: bool) -> Answer:
    """The answer that was begun for this command, else it is begun now: for real, where the command is to be carried
    out and can be held before it changes anything. Raises NoAnswer."""
    if _begun and _begun[0][:2] == (invocation, only_judge):
        return _begun.pop()[2]
    dismiss()
    return Held(invocation) if not only_judge and can_hold(invocation) else Question(invocation)


def dismiss() -> None:
    """What was begun and not asked for changes nothing."""
    while _begun:
        _begun.pop()[2].stop()
