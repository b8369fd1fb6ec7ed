"""Environment markers of requirement lines (PEP 508), for the machine that is judged or planned for."""

import re
from collections.abc import Mapping
from functools import lru_cache

from compat import versions
from compat.machine import Machine

_TOKEN = re.compile(r"\s*(\(|\)|'[^']*'|\"[^\"]*\"|<=|>=|==|!=|~=|<|>|[A-Za-z_.]+)")
_SYSTEMS = {
    "linux": ("Linux", "linux", "posix"),
    "windows": ("Windows", "win32", "nt"),
    "macos": ("Darwin", "darwin", "posix"),
}
_MACHINES = {("windows", "x86_64"): "AMD64", ("macos", "aarch64"): "arm64"}


@lru_cache(maxsize=64)
def _variables(system: str | None, arch: str | None, python: str | None) -> Mapping[str, str]:
    platform, sys_platform, os_name = _SYSTEMS.get(system or "linux", ("", "", ""))
    number = (python or "").removesuffix("t")  # a free-threaded Python has the number of any other
    return {
        "platform_system": platform,
        "sys_platform": sys_platform,
        "os_name": os_name,
        "platform_machine": _MACHINES.get((system or "", arch or ""), arch or "x86_64"),
        "python_version": versions.major_minor(number) if number else "",
        "python_full_version": number,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


def applies(marker: str, machine: Machine, extra: str = "") -> bool:
    """Does the requirement count on this machine? An unknown system counts as Linux on x86-64, any unknown Python."""
    return not marker or _applies(marker, machine.os, machine.arch, machine.python, extra)


@lru_cache(maxsize=4096)
def _applies(marker: str, system: str | None, arch: str | None, python: str | None, extra: str) -> bool:
    known = {**_variables(system, arch, python), "extra": extra}
    return _Reader(tuple(_TOKEN.findall(marker)), known).read()


class _Reader:
    """Reads ``a == 'x' and (b != 'y' or c < '3')``."""

    def __init__(self, tokens: tuple[str, ...], known: Mapping[str, str]) -> None:
        self.tokens = tokens
        self.known = known
        self.at = 0

    def read(self) -> bool:
        value = self._both()
        while self._next("or"):
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._one()
        while self._next("and"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._next("("):
            value = self.read()
            self._next(")")
            return value
        left, operator = self._take(), self._take()
        if operator == "not":
            operator = "not " + self._take()
        return _compare(self._value(left), operator, self._value(self._take()))

    def _value(self, token: str) -> str:
        return token[1:-1] if token[:1] in "'\"" else self.known.get(token, "")

    def _next(self, token: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == token:
            self.at += 1
            return True
        return False

    def _take(self) -> str:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        return token


def _compare(left: str, operator: str, right: str) -> bool:
    if operator == "in":
        return left in right
    if operator == "not in":
        return left not in right
    if not left or not right:
        # Unknown system or Python; an extra that is not asked for is known.
        return operator != "==" or not (left or right)
    if versions.try_parse(left) and versions.try_parse(right) and "." in left + right:
        return versions.parse_range(f"{operator}{right}").admits(left) is not False
    return (left == right) if operator in ("==", "===") else left != right
