"""The requirements that a command names, on its line and in the files that it reads."""

from __future__ import annotations

from compat.names import normal

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Iterator

    from compat.guard.invocation import Invocation

_ARCHIVES = (".whl", ".gz", ".zip")
_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def typed_requirements(invocation: Invocation) -> tuple[tuple[str, str], ...]:
    """(name, range) of each requirement on the command line and in the files that it names."""
    found = []
    for word in invocation.named:
        name, rest = _named(word)
        if name and "/" not in word and not word.endswith(_ARCHIVES):
            found.append((normal(name), rest or "*"))
    return (*found, *_listed(invocation))


def _named(word: str) -> tuple[str, str]:
    """A requirement's name and range, extras, markers and addresses left out; no name where it begins with none."""
    word = word.strip()
    size = next((at for at, sign in enumerate(word) if sign not in _IN_NAMES), len(word))
    rest = word[size:].lstrip()
    if rest.startswith("[") and "]" in rest:
        rest = rest.partition("]")[2]
    name = word[:size]
    return name if name[:1].isalnum() else "", rest.partition(";")[0].partition("@")[0].strip()


def _listed(invocation: Invocation) -> Iterator[tuple[str, str]]:
    """What the files ask for; one that cannot be read is the installer's to complain about."""
    if not invocation.files:
        return
    from compat.guard.files import BadFile, read

    for path in invocation.files:
        try:
            yield from ((one.name, one.range) for one in read(path).requirements)
        except BadFile:
            continue
