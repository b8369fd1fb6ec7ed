"""Carries ``--lock`` out: resolve, judge, write in one piece or not at all."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from compat.guard.files import Contents
from compat.lock import MADE_BY, Locked, NoLock, module_of
from compat.lock.judged import chain, goals, machine_of, wrong
from compat.lock.resolve import askers as resolve_askers
from compat.lock.resolve import resolve
from compat.lock.wanted import Wanted, wanted
from compat.plan.model import Plan, Reason
from compat.whole import write_whole

if TYPE_CHECKING:
    from compat.matrix import Matrix

_OURS = re.compile(rf'^(?:# Made by {MADE_BY} |created-by = "{MADE_BY}"$)', re.MULTILINE)


def lock(
    path: str, plans: Sequence[Plan], contents: Sequence[Contents], installer: str, here: bool, matrix: "Matrix"
) -> Iterator[str]:
    """Write the lock file of a plan; yields what there is to say of it. Raises NoLock, and then nothing was written.

    ``plans`` are the same packages for several machines of one kind; ``here``: the machine is this one.
    """
    module = module_of(path)
    _writable(path)
    asked = _one([wanted(one, contents, here, matrix) for one in plans if one.outcome != "impossible"], len(plans))
    locked = resolve(asked, installer)
    for one in plans:
        found = wrong(locked, one, machine_of(locked, one, matrix), matrix)
        if found:
            raise _refused(found, locked, one, resolve_askers(asked, locked, installer))
    lines = import_module(module).render(locked, asked, plans[0], matrix.date)
    _replace(path, "".join(f"{line}\n" for line in lines))
    size = locked.size
    yield (
        f"lock: {path}: {len(locked.packages)} packages with hashes, resolved by {locked.resolver}"
        f"{f', {_shown(size)} to download' if size is not None else ''}"
    )
    machine = machine_of(locked, plans[0], matrix)
    judged = ", ".join(str(goal) for goal in goals(locked, plans[0], machine, matrix))
    yield f"lock: with exactly these packages the rules find nothing wrong with {judged}"
    for text in asked.left_out:
        yield f"lock: not in the file: {text}"


def _one(found: list[Wanted], count: int) -> Wanted:
    """The one question for all machines. Raises NoLock."""
    if len(found) < count:
        raise NoLock("there is no plan, so there is nothing to lock")
    kinds = {(one.requirements, one.line, one.target.os, one.target.arch) for one in found}
    if len(kinds) > 1:
        raise NoLock(
            "the machines differ in system, Python or packages, and a lock file is for one kind",
            "write one for each, with its --machine",
        )
    # The oldest C library: what it takes all take.
    return min(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one.target.glibc or "999")])


def _refused(found: Sequence[Reason], locked: Locked, plan: Plan, askers: Mapping[str, str]) -> NoLock:
    return NoLock(
        f"the set that {locked.resolver} resolved does not work on {plan.machine.name or 'this machine'}",
        "ask for other releases (--alternatives shows some), or for two environments",
        tuple(_told(reason, locked, askers) for reason in found),
    )


def _told(reason: Reason, locked: Locked, askers: Mapping[str, str]) -> str:
    """The reason, and for each package that it names who brings it."""
    named = [
        one.name for one in locked.packages if re.search(rf"(?<![\w-]){re.escape(one.name)}(?![\w-])", reason.message)
    ]
    chains = "; ".join(text for name in named if (text := chain(name, askers)))
    source = f" [{reason.source}]" if reason.source else ""
    return f"- {reason.message} ({reason.rule}){f' {chains}' if chains else ''}{source}"


def _writable(path: str) -> None:
    """Before a resolver works for minutes. Raises NoLock."""
    whole = os.path.realpath(path)
    folder = os.path.dirname(whole)
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise NoLock(f"--lock {path}: its folder is not there, or cannot be written to", "make it first", status=2)
    if not os.path.lexists(whole):
        return
    try:
        with open(whole, encoding="utf-8") as file:
            ours = _OURS.search(file.read(1 << 16)) is not None
    except (OSError, UnicodeDecodeError):
        ours = False
    if not ours:
        raise NoLock(
            f"--lock {path}: is there already and was not made by {MADE_BY}: it stays as it is",
            "remove it, or name another file",
            status=2,
        )


def _replace(path: str, text: str) -> None:
    """The whole file or none. Raises NoLock."""
    try:
        write_whole(os.path.realpath(path), text)
    except OSError as error:
        raise NoLock(f"--lock {path}: {error.strerror or error}", "name a file that can be written", status=2) from None


def _shown(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(size / 1e6, 0.1):.1f} MB"
