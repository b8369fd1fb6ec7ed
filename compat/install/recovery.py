"""What a journal says of an environment, and the way back (or to the end) from wherever a run was stopped."""

import contextlib
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from typing import Any, Literal

from compat.install import files, orphans, record
from compat.install.errors import InstallError
from compat.install.journal import Journal
from compat.install.snapshot import Snapshot
from compat.install.target import Target, at, choose, home_of
from compat.records import dataclass

State = Literal["untouched", "changing", "done", "restored"]
_NAME = re.compile(r"^\d{6}$")


@dataclass(frozen=True)
class Transaction:
    """One run that began: its folder, its journal, and what the journal says."""

    folder: str
    journal: Journal
    begun: dict[str, Any]

    @property
    def prefix(self) -> str:
        return str(self.begun["prefix"])

    @property
    def created(self) -> bool:
        """Did this run make the environment itself?"""
        return bool(self.begun["created"])

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(self.folder, self.prefix, tuple(self.begun["roots"]))

    @property
    def state(self) -> State:
        last = self.journal.last("begin", "recorded", "done", "restored")
        found = last["entry"] if last else "restored"
        if found in ("done", "restored"):
            return "done" if found == "done" else "restored"
        return "changing" if found == "recorded" or self.created else "untouched"

    @property
    def all_steps_done(self) -> bool:
        """Did every step of a run that never said so itself come to its end?"""
        done = [one for one in self.journal.entries() if one["entry"] == "after" and one["status"] == 0]
        return self.state == "changing" and len(done) == self.begun["steps"]

    def changed_since(self) -> bool:
        """Is something else installed now than at the end of the run?"""
        done = self.journal.last("done")
        try:
            target = at(self.prefix)
        except InstallError:
            return True
        return bool(done) and done is not None and done["fingerprint"] != record.fingerprint(record.freeze(target))


def transactions(home: str) -> list[Transaction]:
    """The runs that left their folders, oldest first. Raises InstallError for a journal that cannot be read."""
    found = []
    for name in sorted(os.listdir(home)) if os.path.isdir(home) else ():
        if _NAME.match(name):
            journal = Journal(f"{home}/{name}")
            try:
                found.append(Transaction(journal.folder, journal, journal.entries()[0]))
            except (OSError, ValueError, IndexError, KeyError) as error:
                raise InstallError(f"{journal.path}: cannot be read: {error}", "nothing was changed") from None
            if home_of(found[-1].prefix) != home:
                raise InstallError(f"{journal.path}: is of {found[-1].prefix}", "move the environment back to there")
    return found


def next_folder(home: str) -> str:
    """The folder of the next run."""
    numbers = [int(name) for name in os.listdir(home) if _NAME.match(name)]
    return f"{home}/{max(numbers, default=0) + 1:06d}"


def tidy(home: str, keep: str | None = None) -> None:
    """Remove what finished runs left, but for the one that ``rollback`` would need."""
    for one in transactions(home):
        if one.folder != keep:
            discard(one.folder)
    for name in os.listdir(home):
        if name.endswith((".draft", ".gone")):
            files.remove(f"{home}/{name}")


def discard(folder: str) -> None:
    """Remove a run's folder; half removed it is not taken for a run any more."""
    gone = f"{folder}.gone"
    shutil.rmtree(gone, ignore_errors=True)
    os.rename(folder, gone)
    shutil.rmtree(gone, ignore_errors=True)


def undo(transaction: Transaction, told: Callable[[str], None]) -> None:
    """Make the environment what it was before the run. May be stopped and repeated. Raises InstallError."""
    with undisturbed():
        if orphans.end(transaction.folder):
            told("what the earlier run had started was still at work; it is ended")
        transaction.journal.make_room()
        if transaction.created:
            told(f"removing {transaction.prefix}, which this run had made")
            _remove_created(transaction)
        elif transaction.state != "untouched":
            told(f"putting {transaction.prefix} back")
            count = transaction.snapshot.restore()
            left = transaction.snapshot.differences()
            if left:
                raise InstallError(
                    f"{len(left)} names are not as they were: {', '.join(left[:5])}", "run rollback again"
                )
            told(f"{count} names were put right")
        transaction.journal.write("restored")
        discard(transaction.folder)


def _remove_created(transaction: Transaction) -> None:
    gone = f"{transaction.folder}/environment"
    if os.path.lexists(gone):
        shutil.rmtree(gone)
    if os.path.lexists(transaction.prefix):
        os.rename(transaction.prefix, gone)  # at once, so that there never is half an environment
        shutil.rmtree(gone)


def recover(home: str, told: Callable[[str], None]) -> None:
    """Bring a run that was stopped to an end: finished if all its steps were, else undone."""
    for one in reversed(transactions(home)):
        if one.state == "restored":
            discard(one.folder)
        elif one.state != "done":
            orphans.end(one.folder)
            told(f"an earlier run (process {one.begun.get('process')}) was stopped")
            if one.all_steps_done and _as_planned(one):
                finish(one.journal, at(one.prefix))
                told("all its steps were done: it counts as finished")
            else:
                undo(one, told)


def _as_planned(transaction: Transaction) -> bool:
    try:
        return not unmet(at(transaction.prefix), transaction.begun["pins"], transaction.begun["absent"])
    except InstallError:
        return False


def finish(journal: Journal, target: Target) -> None:
    """Write that the environment is as planned, and what is in it."""
    journal.write("done", fingerprint=record.write(target, f"{journal.folder}/after.json"))


def unmet(target: Target, pins: dict[str, str], absent: list[str]) -> list[str]:
    """What the plan names and is not so."""
    from compat import versions
    from compat.matrix.packages import normal

    installed = {normal(name): version for name, version in target.installed().items()}
    wrong = []
    for name, version in pins.items():
        here = versions.try_parse(installed.get(normal(name)))
        if here is None or not versions.parse(version).same_as(here):
            wrong.append(f"{name} is {installed.get(normal(name)) or 'not there'} instead of {version}")
    return wrong + [f"{name} is still there" for name in absent if normal(name) in installed]


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Signals that would stop this process wait until the environment is whole again."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def chosen_home(given: str | None) -> str:
    """The journal's folder for an environment named by a person, which may have been lost or never been finished."""
    if given is not None and not os.path.isfile(given):
        return home_of(os.path.realpath(given))
    return choose(given).home
