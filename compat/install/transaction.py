"""Carrying a plan out: record, then step by step with the journal, and back on any failure."""

import os
import time
from collections.abc import Callable
from typing import Protocol

from compat.install import commands, execute, record, recovery
from compat.install import target as targets
from compat.install.errors import InstallError, StepFailed
from compat.install.journal import Journal
from compat.install.lock import Lock
from compat.install.planfile import PlanFile, PlannedStep
from compat.install.recovery import Transaction
from compat.install.snapshot import Snapshot
from compat.install.target import Target
from compat.install.templates import Conda, Create, Fetch, Install, Start, System, Uninstall
from compat.records import dataclass


class Progress(Protocol):
    """Told what happens."""

    def step(self, text: str) -> None: ...

    def line(self, text: str) -> None: ...


@dataclass(frozen=True)
class Options:
    """How a plan is carried out. ``into`` is the folder of a new environment, made with ``base``'s Python."""

    installer: str = "auto"
    wheels: str | None = None
    links: bool = True
    into: str | None = None
    base: str | None = None
    system: Callable[[PlannedStep], bool] | None = None  # runs a system step after asking; None: it is only told


def carry_out(plan: PlanFile, target: Target | None, options: Options, progress: Progress) -> Target:
    """Make the environment what the plan says; returns it. ``target`` None: one is made (``options.into``).

    Raises InstallError (the environment is as it was), KeyboardInterrupt (likewise) and OSError.
    """
    prefix = target.prefix if target is not None else os.path.abspath(str(options.into))
    home = targets.home_of(prefix)
    with Lock(home) as lock:
        if lock.left:
            progress.line(f"the lock of a run that ended without giving it back ({lock.left}) is taken over")
        recovery.recover(home, progress.line)
        if target is None and os.path.lexists(prefix):
            raise InstallError(f"{prefix}: is there already", "name another folder, or give it with --python")
        if target is not None:
            targets.writable(target)
            stale(plan, target)
        transaction = _begin(plan, target, prefix, home)
        try:
            made = _steps(plan, target, transaction, options, progress, lock.fd)
        except BaseException:
            _undo(transaction, progress)
            raise
        with recovery.undisturbed():
            recovery.tidy(home, keep=transaction.folder)
        return made


def _undo(transaction: Transaction, progress: Progress) -> None:
    """Back to what was. Raises InstallError, also where the disk or its rights are in the way."""
    try:
        recovery.undo(transaction, progress.step)
    except OSError as error:
        raise InstallError(
            f"{error.filename or transaction.prefix}: {error.strerror or error}: not everything could be put back",
            f"mend that, then `compatcheck rollback {transaction.prefix}`; the record is in {transaction.folder}",
        ) from None


def _begin(plan: PlanFile, target: Target | None, prefix: str, home: str) -> Transaction:
    folder = recovery.next_folder(home)
    pins, absent = expected(plan)
    said = {
        "prefix": prefix,
        "roots": list(target.roots if target else targets.EVERYTHING),
        "created": target is None,
        "plan": plan.digest,
        "process": os.getpid(),
        "pins": pins,
        "absent": absent,
        "steps": len(plan.steps),
    }
    journal = Journal.begin(folder, **said)
    with open(f"{folder}/plan.json", "w", encoding="ascii") as file:
        file.write(plan.text)
    return Transaction(folder, journal, said)


def expected(plan: PlanFile) -> tuple[dict[str, str], list[str]]:
    """(distribution -> release that has to be there afterwards, distributions that must not)."""
    pins: dict[str, str] = {}
    absent: list[str] = []
    for step in plan.steps:
        if isinstance(step.action, Install):
            pins |= step.action.pins
            absent = [name for name in absent if name not in step.action.names]
        if isinstance(step.action, Uninstall):
            absent += step.action.names
    return pins, absent


def stale(plan: PlanFile, target: Target) -> None:
    """Raises InstallError where the environment is not what the plan was made for."""
    from compat.matrix.packages import normal

    if not targets.matches(plan.result.python, target.line):
        raise InstallError(
            f"the plan is for Python {plan.result.python}, and {target.interpreter} is {target.line}",
            "choose the environment with --python, or make one with --into DIR",
        )
    installed = {normal(name): version for name, version in target.installed().items()}
    for step in plan.steps:
        if isinstance(step.action, Install) and step.before is not None:
            here = [installed.get(normal(name)) for name in step.action.names]
            if not all(one in here for one in step.before.split(", ")):
                raise InstallError(
                    f"the plan was made for {step.component} {step.before}, which is not what is installed now",
                    "plan again",
                )


def _steps(
    plan: PlanFile, target: Target | None, transaction: Transaction, options: Options, progress: Progress, lock: int
) -> Target:
    journal = transaction.journal
    if target is None:
        line = next((step.action.python for step in plan.steps if isinstance(step.action, Create)), None)
        # conda installs into its own environments only
        maker = "conda" if any(isinstance(step.action, Conda) for step in plan.steps) else options.installer
        argv = commands.create(line or _line_of(plan, options), options.base, transaction.prefix, maker)
        progress.step(f"making {transaction.prefix}")
        journal.write("creating", argv=list(argv))
        execute.run(argv, transaction.folder, progress.line, (lock,))
        target = targets.at(transaction.prefix)
        stale(plan, target)
    else:
        progress.step(f"recording {target.prefix} as it is")
        started = time.monotonic()
        record.write(target, f"{transaction.folder}/before.json")
        count = Snapshot(transaction.folder, target.prefix, target.roots).take(options.links)
        progress.line(f"{count} names in {time.monotonic() - started:.1f} s")
    journal.write("recorded")
    for number, step in enumerate(plan.steps, 1):
        progress.step(f"step {number} of {len(plan.steps)}: {step.component} {step.after}")
        journal.write("before", step=number)
        _step(step, target, options, progress, (lock,), transaction.folder)
        journal.write("after", step=number, status=0)
    wrong = recovery.unmet(target, *expected(plan))
    if wrong:
        raise StepFailed(
            f"the installer ended well, but {wrong[0]}", "another setting of the installer may lead it astray"
        )
    recovery.finish(journal, target)
    return target


def _line_of(plan: PlanFile, options: Options) -> str | None:
    from compat import versions

    return None if options.base or plan.result.python is None else versions.major_minor(plan.result.python)


def _step(
    step: PlannedStep, target: Target, options: Options, progress: Progress, keep: tuple[int, ...], folder: str
) -> None:
    if step.action is None or isinstance(step.action, Create | Start):
        return
    if isinstance(step.action, System):
        if options.system is None or not options.system(step):
            progress.line("left to you: it needs an administrator")
        return
    installer = commands.pick_installer(target, options.installer, step.action)
    wheels = options.wheels if isinstance(step.action, Install | Fetch | Uninstall) else None
    execute.run(commands.argv_of(step.action, target, installer, wheels), folder, progress.line, keep)
