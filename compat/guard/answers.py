"""What pip and uv answer, read.

pip writes a report (format 1: https://pip.pypa.io/en/stable/reference/installation-report/). uv
prints what it would change, one package a line: `` + torch==2.6.0``, `` - numpy==1.26.4``, and whether any of it is not
in its cache yet: ``Would download 2 packages``.
"""

from __future__ import annotations

import os

from compat.guard.resolver import NoAnswer
from compat.guard.transaction import Coming, Transaction, source_of
from compat.names import normal

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from compat.guard.invocation import Invocation

_UV_FETCHES = "Would download "
FIRST_PIP = "22.2"
"""The first release of pip that writes a report (its changelog, 22.2)."""

REPORT_LIMIT = 256 << 20
"""Bytes read of a report: one holds the whole metadata of each package, descriptions included."""


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
    metadata, url = item["metadata"], str(item["download_info"]["url"])
    return Coming(normal(str(metadata["name"])), str(metadata["version"]), source_of(url, bool(item.get("is_direct"))))


def of_uv(output: str) -> Transaction:
    """uv's list of changes. A line without an address is from the configured index, unless its version tells."""
    lines = _plain(output).splitlines()
    installs, removes = [], []
    for sign, name, version, url in _changes(lines):
        if sign == "-":
            removes.append(normal(name))
            continue
        source = source_of(url, True) if url else ("pytorch" if _variant(version.partition("+")[2]) else "pypi")
        installs.append(Coming(normal(name), version, source))
    new = {one.name for one in installs}
    gone = tuple(name for name in removes if name not in new)
    return Transaction(tuple(installs), gone, cached=not any(line.startswith(_UV_FETCHES) for line in lines))


def _plain(output: str) -> str:
    """The text without colours."""
    if "\x1b" not in output:
        return output
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", output)


def _changes(lines: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """(sign, name, version, address) of each package that is listed."""
    for line in lines:
        named, _, url = line[3:].rstrip().partition(" (from ")
        name, equal, version = named.partition("==")
        if line[:3] in (" + ", " - ", " ~ ") and name and equal and version and " " not in named:
            yield line[1], name, version, url.removesuffix(")")


def _variant(local: str) -> bool:
    """Is a version's local part one of PyTorch's builds: cpu, cu126?"""
    return local == "cpu" or (local[:2] == "cu" and local[2:].isdecimal())


def of_uninstall(invocation: Invocation, installed: Sequence[str]) -> Transaction:
    """An uninstallation needs no resolver: the names, as far as they are installed."""
    from compat.guard.typed import typed_requirements

    asked = [name for name, _ in typed_requirements(invocation)]
    here = {normal(name) for name in installed}
    return Transaction(removes=tuple(dict.fromkeys(normal(name) for name in asked if normal(name) in here)))
