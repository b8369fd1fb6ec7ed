"""A command line of pip or uv: which installer, what it is to do, and for which interpreter.

The command is kept as an argument list from end to end; nothing is joined, quoted or handed to a shell.
"""

from __future__ import annotations

import os
from itertools import pairwise

from compat.records import dataclass, replace

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VERBS = {"pip": ("install", "uninstall"), "uv": ("install", "uninstall", "sync")}
# Options that lead away from the environment: what they install is not what the goals run.
_ELSEWHERE = ("--target", "-t", "--prefix", "--root")
_LIMITS = ("-c", "--constraint", "--constraints", "--override", "--overrides", "--build-constraint")
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
        "--requirements-from-script",
        "--directory",
        "--project",
        "--config-file",
        "--color",
        "--allow-insecure-host",
        "--no-extra",
        "--no-group",
        "--only-group",
        "--package",
        "--no-install-package",
        "--no-binary-package",
        "--no-build-package",
        "--no-build-isolation-package",
        "--config-setting",
        "--fork-strategy",
        "-X",
        "-W",
        "--reinstall-package",
        *_ELSEWHERE,
    )
)


_SYNC = "writes the project's files only; then `compatcheck guard uv sync`"
_CONDA = "`compatcheck check -r environment.yml` judges what is to be installed, `compatcheck check` what is there"
_PROJECT = "`compatcheck check -r pyproject.toml` judges what is asked for, `compatcheck check` what is there"
_WAYS: dict[str | tuple[str, str], str] = {
    ("uv", "add"): f"`uv add --no-sync ...` {_SYNC}",
    ("uv", "remove"): f"`uv remove --no-sync ...` {_SYNC}",
    ("uv", "run"): "`compatcheck guard uv sync` first, then `uv run --no-sync ...`",
    "sudo": "put sudo in front of compatcheck: sudo compatcheck guard pip ...",
    **dict.fromkeys(("conda", "mamba", "micromamba", "pixi"), _CONDA),
    **dict.fromkeys(("poetry", "pdm", "hatch", "pipenv", "rye"), _PROJECT),
}
# What uv does besides: it changes no environment that a goal would run in.
_UV_ELSEWHERE = frozenset(
    ("build", "cache", "export", "help", "init", "lock", "publish", "python", "self", "tool", "tree", "venv", "version")
)
_APART = ("uvx", "pipx")  # each tool in an environment of its own
PROJECT = "sync project"


class BadCommand(ValueError):
    """The words are no command that the guard can judge; ``hint`` says which it can, or what to do instead."""

    def __init__(self, words: Sequence[str], hint: str = "") -> None:
        super().__init__(f"not a command that the guard can judge: {' '.join(words)[:200] or 'nothing'}")
        program = os.path.basename(words[0]) if words else ""
        usual = "guard takes what you would type: compatcheck guard pip install ..., guard uv pip install ..."
        verb = next((word for word in words[1:] if not word.startswith("-")), "")
        self.hint = hint or _WAYS.get((program, verb)) or _WAYS.get(program) or usual


@dataclass(frozen=True)
class Invocation:
    """``argv`` is the real command; ``verb`` is empty where it changes nothing."""

    installer: str  # pip, uv, or a tool that passes
    # (the interpreter is empty where the installer is to make the environment)
    argv: tuple[str, ...]
    verb: str
    arguments: tuple[str, ...]  # the words behind the verb
    interpreter: str

    @property
    def judged(self) -> bool:
        """Does it change the environment that the interpreter belongs to?"""
        away = any(word.partition("=")[0] in _ELSEWHERE or _short_target(word) for word in self.arguments)
        return bool(self.verb) and not away

    @property
    def pretends(self) -> bool:
        """Is the installer itself asked to change nothing?"""
        return "--dry-run" in self.arguments

    @property
    def quiet(self) -> bool:
        """Is it asked to say nothing?"""
        return any(word in ("-q", "--quiet", "-qq") for word in self.argv)

    @property
    def files(self) -> tuple[str, ...]:
        """Requirements files that it reads."""
        own = self.values("-r", "--requirement", "--requirements")
        return (*own, *self._plain) if self.verb == "sync" else own

    @property
    def named(self) -> tuple[str, ...]:
        """Requirements that were typed, as written."""
        return () if self.verb in ("sync", PROJECT) else self._plain

    @property
    def _plain(self) -> tuple[str, ...]:
        return tuple(word for word, valued in _words(self.arguments) if not valued and not word.startswith("-"))

    def values(self, *options: str) -> tuple[str, ...]:
        """The values of an option, in all spellings: ``-r FILE``, ``-rFILE``, ``--requirement=FILE``."""
        found = [word.partition("=")[2] for word in self.arguments if "=" in word and word.partition("=")[0] in options]
        found += [word[2:] for word in self.arguments if _joined(word, options)]
        return (*found, *(value for option, value in pairwise(self.arguments) if option in options))

    def of(self, interpreter: str) -> Invocation:
        """The same command for an interpreter."""
        return replace(self, interpreter=interpreter)

    @property
    def command(self) -> tuple[str, ...]:
        """The words up to the verb, that included."""
        return self.argv[: len(self.argv) - len(self.arguments)]

    def with_words(self, *words: str) -> Invocation:
        """The same command with more words at its end."""
        return Invocation(self.installer, (*self.argv, *words), self.verb, (*self.arguments, *words), self.interpreter)


def _joined(word: str, options: Sequence[str]) -> bool:
    """Is it one of these options and its value in one word, such as ``-rFILE``?"""
    return word[1:2] != "-" and len(word) > 2 and word[:2] in options


def split(arguments: Sequence[str], options: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values of some options, and all other options with theirs; what was typed by itself is in neither."""
    values: list[str] = []
    rest: list[str] = []
    before = ""
    for word, valued in _words(arguments):
        name, equals, value = word.partition("=")
        if valued:
            (values if before in options else rest).append(word)
        elif word.startswith("-") and name in options:
            values += [value] if equals else []
        elif _joined(word, options):
            values.append(word[2:])
        elif word.startswith("-"):
            rest.append(word)
        before = word
    return tuple(values), tuple(rest)


def _is(program: str, *names: str) -> bool:
    """Is it one of these, as it is or of a version: pip, pip3, pip3.11.exe?"""
    plain = program.removesuffix(".exe")
    return plain.rstrip("0123456789.") in names and not plain.endswith(".") and plain.count(".") < 2


def _short_target(word: str) -> bool:
    """``-tFOLDER``."""
    return word.startswith("-t") and word[2:3] not in ("", "-")


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
    if _is(program, "python", "py", "pypy"):
        module = next((at for at, word in enumerate(rest) if word == "-m"), 0)
        flags = rest[1:module]
        plain = all(word.startswith("-") or valued for word, valued in _words(flags))
        if rest[module + 1 : module + 2] == ["pip"] and module and plain:
            return _pip(rest[module + 2 :], python or _which(rest[0]) or rest[0], flags)
    if _is(program, "pip"):
        beside = os.path.join(os.path.dirname(rest[0]), "python") if os.path.dirname(rest[0]) else None
        return _pip(rest[1:], python or beside or active(environ))
    if program in ("uv", "uv.exe"):
        return _uv(rest, python, environ)
    if program in _APART:
        return Invocation(program, tuple(rest), "", (), "")
    raise BadCommand(words)


def _pip(rest: list[str], interpreter: str, flags: Sequence[str] = ()) -> Invocation:
    at = _verb(rest, "pip")
    before = rest[:at] if at is not None else rest
    for option, value in pairwise(before):
        if option == "--python":
            interpreter = value
    verb, arguments = (rest[at], tuple(rest[at + 1 :])) if at is not None else ("", ())
    return Invocation("pip", (interpreter, *flags, "-m", "pip", *rest), verb, arguments, interpreter)


def _uv(words: list[str], python: str | None, environ: Mapping[str, str]) -> Invocation:
    at = next((at for at, (word, valued) in enumerate(_words(words)) if at and not valued and word[:1] != "-"), 0)
    command = words[at] if at else ""
    if command == "sync":
        return _uv_sync(words, at, environ)
    if command != "pip":
        if at and command not in _UV_ELSEWHERE:
            raise BadCommand(words)
        return Invocation("uv", tuple(words), "", (), "")
    rest = words[at + 1 :]
    found = _verb(rest, "uv")
    verb, arguments = (rest[found], tuple(rest[found + 1 :])) if found is not None else ("", ())
    plain = Invocation("uv", tuple(words), verb, arguments, "")
    if any(map(_read_once, (*plain.files, *plain.values(*_LIMITS)))):
        raise BadCommand(words, "uv is asked before it installs, and a pipe can be read only once: name a file")
    asked = plain.values("--python", "-p")
    if asked:
        return plain.of(_named(asked[-1]))
    if "--system" in arguments:
        return plain.of(_named("--system"))
    if python is not None:
        return plain.with_words("--python", python).of(python)
    return plain.of(active(environ, near=_folder(words[:at])))


def _read_once(path: str) -> bool:
    """Standard input, or a pipe?"""
    return path == "-" or (os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path))


def _uv_sync(words: list[str], at: int, environ: Mapping[str, str]) -> Invocation:
    """A project's own environment: ``.venv`` beside its pyproject.toml, or the active one with ``--active``. Where
    there is none yet, ``interpreter`` is empty."""
    plain = Invocation("uv", tuple(words), PROJECT, tuple(words[at + 1 :]), "")
    near = _folder(words)
    if "--active" in words:
        return plain.of(active(environ, near=near))
    set_to = environ.get("UV_PROJECT_ENVIRONMENT")
    found = active({"VIRTUAL_ENV": os.path.join(near, set_to)} if set_to else {}, None if set_to else near, "")
    return plain.of(found)


def _folder(words: Sequence[str]) -> str:
    """Where uv works: here, or where ``--directory`` or ``--project`` says."""
    plain = Invocation("uv", (), "", tuple(words), "")
    return os.path.abspath((*plain.values("--directory"), *plain.values("--project"), os.getcwd())[0])


def _named(text: str) -> str:
    """The interpreter that ``uv pip --python TEXT`` means: a path, else what uv finds for it (3.11, --system)."""
    path = _which(text)
    if path is not None or os.path.sep in text:
        beneath = os.path.join(text, "bin", "python")  # a path to an environment's folder is allowed
        return path or (beneath if os.path.exists(beneath) else text)
    argv = ("uv", "python", "find", text)
    import subprocess

    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return text
    return done.stdout.strip() or text


def _which(name: str) -> str | None:
    if os.name == "posix" and os.path.sep not in name:
        places = (os.path.join(folder, name) for folder in os.get_exec_path())
        return next((path for path in places if os.access(path, os.X_OK) and os.path.isfile(path)), None)
    from shutil import which

    return which(name)


def _verb(rest: Sequence[str], installer: str) -> int | None:
    """Where the verb stands; None where the first word that is one is none that changes anything."""
    for at, (word, valued) in enumerate(_words(rest)):
        if not valued and not word.startswith("-"):
            return at if word in _VERBS[installer] else None
    return None


def active(environ: Mapping[str, str], near: str | None = None, otherwise: str | None = None) -> str:
    """The interpreter of the active environment; ``near``: a ``.venv`` there or above it counts too, as uv has it.
    Where there is none it is ``otherwise``, else the one on PATH."""
    folders = [environ[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if environ.get(name)]
    while near is not None:
        folders.append(os.path.join(near, ".venv"))
        near = None if os.path.dirname(near) == near else os.path.dirname(near)
    for folder in folders:
        for path in (os.path.join(folder, "bin", "python"), os.path.join(folder, "Scripts", "python.exe")):
            if os.path.exists(path):
                return path
    if otherwise is not None:
        return otherwise
    return _which("python") or _which("python3") or "python3"
