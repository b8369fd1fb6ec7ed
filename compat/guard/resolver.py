"""Asks pip or uv what it would do. Both resolve for real and change nothing (`--dry-run`).

pip writes a report (format 1: https://pip.pypa.io/en/stable/reference/installation-report/), from pip 22.2 on. uv
prints what it would change, one package a line: `` + torch==2.6.0``, `` - numpy==1.26.4``, and whether any of it is not
in its cache yet: ``Would download 2 packages``.

Heavy modules are imported once the resolver has been started: uv is done in tenths of a second.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from compat.guard.invocation import Invocation
from compat.guard.transaction import Coming, Transaction, source_of

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

_UV_LINE = re.compile(r"^ ([+\-~]) ([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)(?: \(from (.+)\))?\s*$")
_UV_FETCHES = re.compile(r"(?m)^Would download ")
REPORT_LIMIT = 256 << 20
"""Bytes read of a report: one holds the whole metadata of each package, descriptions included."""


class NoAnswer(Exception):
    """The resolver has no answer; ``said`` is its own error output, ``status`` its exit status."""

    def __init__(self, message: str, said: str = "", status: int = 1) -> None:
        super().__init__(message)
        self.said = said
        self.status = status


class Answer(Protocol):
    """What a resolver is about to say."""

    def answer(self) -> Transaction:
        """Wait for it. Raises NoAnswer."""

    def stop(self) -> None:
        """It is no longer wanted."""


@dataclass(frozen=True)
class Known:
    """An answer that needs no resolver."""

    transaction: Transaction

    def answer(self) -> Transaction:
        """At once."""
        return self.transaction

    def stop(self) -> None:
        """Nothing is under way."""


class Question:
    """A resolver at work: started at once, so that the machine can be read meanwhile."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self._folder = folder() if invocation.installer == "pip" else None
        self._output = _unnamed()
        try:
            self._child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output
            )
        except OSError as error:
            raise NoAnswer(f"{self.argv[0]}: {error.strerror or error}", status=2) from None

    @property
    def argv(self) -> tuple[str, ...]:
        """The question as an argument list."""
        more = ("--dry-run",) if "--dry-run" not in self.invocation.arguments else ()
        if self._folder is not None:
            more = (*more, "--quiet", "--report", os.path.join(self._folder.name, "report.json"))
        return (*self.invocation.argv, *more)

    def stop(self) -> None:
        """End the resolver; it has changed nothing."""
        self._child.kill()
        self._child.wait()
        self._close()

    def _close(self) -> None:
        self._output.close()
        if self._folder is not None:
            self._folder.cleanup()

    def answer(self) -> Transaction:
        """Wait for the resolver. Raises NoAnswer."""
        try:
            status = self._child.wait()
            self._output.seek(0)
            said = self._output.read(1 << 20).decode("utf-8", "replace")
            if status != 0:
                raise NoAnswer(f"{self.invocation.installer} finds no set of packages to install", said, status)
            if self._folder is None:
                return of_uv(said)
            return of_report(load(os.path.join(self._folder.name, "report.json")))
        except ValueError as error:
            raise NoAnswer(f"pip wrote no report that can be read: {error}", said) from None
        finally:
            self._close()


def folder() -> "TemporaryDirectory[str]":
    """A folder for what goes between guard and installer."""
    from tempfile import TemporaryDirectory

    return TemporaryDirectory(prefix="compatcheck-")


def _unnamed() -> IO[bytes]:
    """A file without a name, in memory where the system has that: ``tempfile`` imports twenty modules."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("compatcheck"), "w+b")
    from tempfile import TemporaryFile

    return TemporaryFile()


def load(path: str) -> Any:
    """pip's report. Raises ValueError where it is none, or not whole yet, and NoAnswer."""
    import json

    try:
        if os.path.getsize(path) > REPORT_LIMIT:
            raise NoAnswer("pip's report is too long")
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise NoAnswer(f"pip wrote no report that can be read: {error}") from None


def of_report(report: Any) -> Transaction:
    """pip's installation report. What is installed already and stays is not in it. Raises NoAnswer."""
    try:
        if str(report["version"]).partition(".")[0] != "1":
            raise NoAnswer(f"pip's report is of a later format: {report['version']}")
        return Transaction(tuple(_coming(item) for item in report["install"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise NoAnswer(f"pip's report lacks {error}") from None


def _coming(item: Any) -> Coming:
    from compat.matrix.packages import normal

    metadata, url = item["metadata"], str(item["download_info"]["url"])
    return Coming(normal(str(metadata["name"])), str(metadata["version"]), source_of(url, bool(item.get("is_direct"))))


def of_uv(output: str) -> Transaction:
    """uv's list of changes. A line without an address is from the configured index, unless its version tells."""
    from compat.matrix.packages import normal

    installs, removes = [], []
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    for line in plain.splitlines():
        match = _UV_LINE.match(line)
        if match is None:
            continue
        sign, name, version, url = match.groups()
        if sign == "-":
            removes.append(normal(name))
            continue
        local = version.partition("+")[2]
        source = source_of(url, True) if url else ("pytorch" if re.match(r"(?:cu\d+|cpu)$", local) else "pypi")
        installs.append(Coming(normal(name), version, source))
    new = {one.name for one in installs}
    gone = tuple(name for name in removes if name not in new)
    return Transaction(tuple(installs), gone, cached=_UV_FETCHES.search(plain) is None)


def of_uninstall(invocation: Invocation, installed: Sequence[str]) -> Transaction:
    """An uninstallation needs no resolver: the names, as far as they are installed."""
    from compat.guard.nearest import typed_requirements
    from compat.matrix.packages import normal

    asked = [name for name, _ in typed_requirements(invocation)]
    here = {normal(name) for name in installed}
    return Transaction(removes=tuple(dict.fromkeys(normal(name) for name in asked if normal(name) in here)))
