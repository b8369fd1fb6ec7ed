"""The requirements that a command names, on its line and in the files that it reads."""

import re
from collections.abc import Iterator

from compat.guard.invocation import Invocation
from compat.matrix.packages import normal

_TYPED = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([^;@]*)")


def typed_requirements(invocation: Invocation) -> tuple[tuple[str, str], ...]:
    """(name, range) of each requirement on the command line and in the files that it names."""
    found = []
    for word in invocation.named:
        match = _TYPED.match(word)
        if match is not None and "/" not in word and not word.endswith((".whl", ".gz", ".zip")):
            found.append((normal(match[1]), match[2].strip() or "*"))
    return (*found, *_listed(invocation))


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
