"""A command line of pip or uv: which installer, what it is to do, and for which interpreter.

The command is kept as an argument list from end to end; nothing is joined, quoted or handed to a shell.
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_PIP = re.compile(r"^pip(?:\d+(?:\.\d+)?)?(?:\.exe)?$")
_PYTHON = re.compile(r"^(?:python|py|pypy)(?:\d+(?:\.\d+)?)?(?:\.exe)?$")
_VERBS = {"pip": ("install", "uninstall"), "uv": ("install", "uninstall", "sync")}
# Options that lead away from the environment: what they install is not what the goals run.
_ELSEWHERE = ("--target", "-t", "--prefix", "--root")
# Options of pip and uv whose value is the next word.
_VALUED = frozenset(
    (
        "-r",
        "--requirement",
        "--requirements",
        "-c",
        "--constraint",
        "--constraints",
        "-i",
        "--index-url",
        "--extra-index-url",
        "--index",
        "--default-index",
        "-f",
        "--find-links",
        "-e",
        "--editable",
        "--platform",
        "--python-version",
        "--implementation",
        "--abi",
        "--src",
        "--no-binary",
        "--only-binary",
        "--progress-bar",
        "--report",
        "--cache-dir",
        "--trusted-host",
        "--proxy",
        "--timeout",
        "--retries",
        "--cert",
        "--client-cert",
        "--log",
        "--upgrade-strategy",
        "--config-settings",
        "-C",
        "--extra",
        "--index-strategy",
        "--torch-backend",
        "--resolution",
        "--prerelease",
        "--exclude-newer",
        "--link-mode",
        "-P",
        "--upgrade-package",
        "--python",
        "-p",
        "--override",
        "--overrides",
        "--build-constraint",
        "--keyring-provider",
        "--group",
        "--root-user-action",
        "--python-platform",
        "--refresh-package",
        "--reinstall-package",
        *_ELSEWHERE,
    )
)


class BadCommand(ValueError):
    """The words are no command that the guard knows; ``hint`` says which it does."""

    hint = "guard takes what you would type: compatcheck guard pip install ..., guard uv pip install ..."


@dataclass(frozen=True)
class Invocation:
    """``argv`` is the real command; ``verb`` is empty where it changes nothing."""

    installer: str  # pip, uv
    argv: tuple[str, ...]
    verb: str
    arguments: tuple[str, ...]  # the words behind the verb
    interpreter: str

    @property
    def judged(self) -> bool:
        """Does it change the environment that the interpreter belongs to?"""
        away = any(word.partition("=")[0] in _ELSEWHERE for word in self.arguments)
        return bool(self.verb) and not away

    @property
    def named(self) -> tuple[str, ...]:
        """Requirements that were typed, as written."""
        return tuple(word for word, valued in _words(self.arguments) if not valued and not word.startswith("-"))

    def values(self, *options: str) -> tuple[str, ...]:
        """The values of an option, in both spellings: ``-r FILE`` and ``--requirement=FILE``."""
        found = [word.partition("=")[2] for word in self.arguments if "=" in word and word.partition("=")[0] in options]
        return (*found, *(value for option, value in pairwise(self.arguments) if option in options))

    def with_words(self, *words: str) -> "Invocation":
        """The same command with more words at its end."""
        return Invocation(self.installer, (*self.argv, *words), self.verb, (*self.arguments, *words), self.interpreter)


def _words(arguments: Sequence[str]) -> list[tuple[str, bool]]:
    """Each word, and whether it is the value of the option before it."""
    found, valued = [], False
    for word in arguments:
        found.append((word, valued))
        valued = not valued and word in _VALUED
    return found


def read(words: Sequence[str], python: str | None = None, environ: Mapping[str, str] | None = None) -> Invocation:
    """Understand a command line. ``python`` is the interpreter that was named to the guard. Raises BadCommand."""
    environ = os.environ if environ is None else environ
    rest = list(words)
    program = os.path.basename(rest[0]) if rest else ""
    if _PYTHON.match(program) and rest[1:3] == ["-m", "pip"]:
        return _pip(rest[3:], python or shutil.which(rest[0]) or rest[0])
    if _PIP.match(program):
        beside = os.path.join(os.path.dirname(rest[0]), "python") if os.path.dirname(rest[0]) else None
        return _pip(rest[1:], python or beside or active(environ))
    if program in ("uv", "uv.exe") and rest[1:2] == ["pip"]:
        return _uv(rest, python, environ)
    raise BadCommand(f"not a command of pip or uv: {' '.join(words) or 'nothing'}")


def _pip(rest: list[str], interpreter: str) -> Invocation:
    at = _verb(rest, "pip")
    before = rest[:at] if at is not None else rest
    for option, value in pairwise(before):
        if option == "--python":
            interpreter = value
    verb, arguments = (rest[at], tuple(rest[at + 1 :])) if at is not None else ("", ())
    return Invocation("pip", (interpreter, "-m", "pip", *rest), verb, arguments, interpreter)


def _uv(words: list[str], python: str | None, environ: Mapping[str, str]) -> Invocation:
    rest = words[2:]
    at = _verb(rest, "uv")
    verb, arguments = (rest[at], tuple(rest[at + 1 :])) if at is not None else ("", ())
    plain = Invocation("uv", tuple(words), verb, arguments, "")
    asked = plain.values("--python", "-p")
    if asked:
        return Invocation("uv", plain.argv, verb, arguments, shutil.which(asked[-1]) or asked[-1])
    if python is not None:
        return Invocation("uv", (*words, "--python", python), verb, (*arguments, "--python", python), python)
    return Invocation("uv", plain.argv, verb, arguments, active(environ, near=os.getcwd()))


def _verb(rest: Sequence[str], installer: str) -> int | None:
    """Where the verb stands; None where the first word that is one is none that changes anything."""
    for at, (word, valued) in enumerate(_words(rest)):
        if not valued and not word.startswith("-"):
            return at if word in _VERBS[installer] else None
    return None


def active(environ: Mapping[str, str], near: str | None = None) -> str:
    """The interpreter of the active environment; ``near``: a ``.venv`` there or above it counts too, as uv has it."""
    folders = [environ[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if environ.get(name)]
    while near is not None:
        folders.append(os.path.join(near, ".venv"))
        near = None if os.path.dirname(near) == near else os.path.dirname(near)
    for folder in folders:
        for path in (os.path.join(folder, "bin", "python"), os.path.join(folder, "Scripts", "python.exe")):
            if os.path.exists(path):
                return path
    return shutil.which("python") or shutil.which("python3") or "python3"
