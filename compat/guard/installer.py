"""The installer's real run, which installs what was judged and nothing else.

uv cannot be held as pip is (held.py). Its dry run resolves, and the real run is handed the releases that it named,
which leaves it nothing to resolve: only to install, and where it has all of them in its cache, without the network.
Most of what so short a run takes is uv's own start. So it is started while the dry run is at work, and waits for the
releases on its standard input: if that is closed without a word (the guard was killed) there is nothing to install.
"""

from __future__ import annotations

import os

from compat.guard import child
from compat.guard.invocation import PROJECT, split
from compat.guard.resolver import folder

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Sequence

    from compat.guard.invocation import Invocation
    from compat.guard.transaction import Transaction

# With these uv does more than to install what is listed, or asks the index anew.
_MORE = ("--exact", "--refresh", "--refresh-package", "--no-cache", "-n", "--dry-run")
# Requirements that need not be typed again, and what needs a file of another kind than a requirements file.
_FILES = ("-r", "--requirement", "--requirements")
_NEEDS_MORE = ("-e", "--editable", "--extra", "--all-extras", "--group")


class Waiting:
    """uv, started before the verdict. ``go`` tells it what to install."""

    def __init__(self, invocation: Invocation) -> None:
        self.files, options = split(invocation.arguments, _FILES)
        options = tuple(word for word in options if word not in ("-U", "--upgrade"))
        hear, self._told = os.pipe()
        argv = (*invocation.command, "--no-deps", "--offline", "-r", "-", *options)
        try:
            self._child = child.start(argv, stdin=hear)
        finally:
            os.close(hear)

    @staticmethod
    def can(invocation: Invocation) -> bool:
        """Can the command be told on standard input what it installs? Requirements files bring their options along."""
        words = {word.partition("=")[0] for word in invocation.arguments}
        return (
            os.name == "posix"
            and _names(invocation)
            and not _hashed(invocation)
            and words.isdisjoint(_NEEDS_MORE)
            and all(path.endswith((".txt", ".in")) for path in invocation.files)
        )

    def go(self, pins: Sequence[str]) -> int:
        """Let it install these; returns its exit status."""
        text = "".join(f"{line}\n" for line in (*(f"-r {path}" for path in self.files), *pins))
        data = text.encode()
        try:
            while data:
                data = data[os.write(self._told, data) :]
        except OSError:  # it has ended; its exit status says why
            data = b""
        self._close()
        return child.wait(self._child)

    def stop(self) -> None:
        """It is not to install anything."""
        self._child.kill()
        self._child.wait()
        self._close()

    def _close(self) -> None:
        if self._told >= 0:
            os.close(self._told)
        self._told = -1


def run(invocation: Invocation, judged: Transaction, waiting: Waiting | None = None) -> int:
    """Run the command so that it installs the judged releases; returns its exit status. Raises OSError."""
    pins = [f"{one.name}=={one.version}" for one in judged.installs if one.source is not None]
    if waiting is not None and not (pins and judged.cached and len(pins) == len(judged.installs)):
        waiting.stop()
        waiting = None
    if not pins or invocation.verb == PROJECT or _hashed(invocation):  # its lock file or its hashes pin
        return _run(invocation.argv)
    if _names(invocation) and len(pins) == len(judged.installs):
        status = waiting.go(pins) if waiting is not None else _listed(invocation, pins, judged.cached)
        if status != 1 or not judged.cached:
            return status
        # The cache lacks something all the same. uv has said so, and has changed nothing.
    with folder() as place:
        path = os.path.join(place, "judged.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{pin}\n" for pin in pins)
        return _run((*invocation.command, "--constraint", path, *invocation.arguments))


def _listed(invocation: Invocation, pins: Sequence[str], cached: bool) -> int:
    """The judged releases, beside what was typed. --upgrade makes uv ask the index anew, as the dry run has done."""
    rest = (word for word in invocation.arguments if word not in ("-U", "--upgrade"))
    offline = ("--offline",) if cached else ()
    return _run((*invocation.command, "--no-deps", *offline, *pins, *rest))


def _hashed(invocation: Invocation) -> bool:
    """Does it take nothing without a hash? Then neither a constraint nor a requirement can be added."""
    in_variable = os.environ.get("UV_REQUIRE_HASHES", "") if invocation.installer == "uv" else ""
    return "--require-hashes" in invocation.arguments or in_variable.lower() in ("1", "true", "t", "yes", "y", "on")


def _names(invocation: Invocation) -> bool:
    """Can the judged releases, by name (a package from an address has none that leads there), be all that uv has to
    install? Then it need not resolve again."""
    words = {word.partition("=")[0] for word in invocation.arguments}
    return invocation.installer == "uv" and invocation.verb == "install" and words.isdisjoint(_MORE)


def _run(argv: Sequence[str]) -> int:
    return child.wait(child.start(argv))
