"""Runs a resolver as an argument list, in this folder and environment, so that its own configuration counts."""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence

from compat.lock import Locked, NoLock
from compat.lock.wanted import Wanted

_LIMIT = 900.0  # s; a resolver that backtracks through releases takes minutes
_OUTPUT = 64 << 20  # bytes of its answer
_TAIL = 12  # lines of its own words that are shown
_UNREACHABLE = re.compile(
    r"dns error|error sending request|failed to fetch|network connectivity is disabled|network was disabled|"
    r"name or service not known|temporary failure in name resolution|newconnectionerror|max retries exceeded|"
    r"connection (?:refused|reset|to |timed out|broken)|connecttimeout|no route to host|network is unreachable|"
    r"proxyerror|read timed out|certificate verify failed|could not fetch url|could not resolve host",
    re.IGNORECASE,
)
# pip passes over an index that it does not reach, and then knows of no release at all.
_NOTHING = re.compile(r"satisfies the requirement (\S+) \(from versions: none\)")
_ELSEWHERE = "lock where the index is reached; for a machine without a network `compatcheck bundle` takes the files"
_HEAD = re.compile(r"\s*(?:error:|\u00d7)")  # where uv begins to say what is wrong: causes come behind it
# What pip repeats for each attempt and each folder.
_NOISE = re.compile(r"Retrying \(Retry\(|Location .* is ignored")
# What options and variables switch the index off with.
_SWITCHED_OFF = re.compile(r"--no-index|\bno_index\b|--offline|UV_OFFLINE", re.IGNORECASE)
_SAID_YES = ("1", "true", "yes", "on", "t", "y")


def resolve(wanted: Wanted, installer: str) -> Locked:
    """Ask the installer's resolver; first in the releases of the plan's result, then free of them. Raises NoLock."""
    from importlib import import_module

    ask: Callable[[Wanted, Sequence[str], str], Locked] = import_module(f"compat.lock.{installer}").ask
    with tempfile.TemporaryDirectory(prefix="compatcheck-lock-") as folder:
        try:
            return ask(wanted, (*wanted.constraints, *wanted.kept), folder)
        except Unanswered as error:
            if error.unreachable or not wanted.kept:
                raise
            return ask(wanted, wanted.constraints, folder)


def askers(wanted: Wanted, locked: Locked, installer: str) -> dict[str, str]:
    """Distribution -> one that asks for it, for an explanation; empty where the resolver does not say."""
    from importlib import import_module

    with tempfile.TemporaryDirectory(prefix="compatcheck-lock-") as folder:
        try:
            found: dict[str, str] = import_module(f"compat.lock.{installer}").askers(wanted, locked, folder)
        except NoLock:
            return {}
    return found


def question(wanted: Wanted) -> list[str]:
    """The lines of the file that the resolver reads. Addresses stand in it and not in the argument list, which every
    user of the machine can see: they may hold a password."""
    places = [f"--extra-index-url {url}" for url in wanted.indexes]
    return [*places, *(f"--find-links {place}" for place in wanted.links), *wanted.requirements]


def written(folder: str, name: str, lines: Sequence[str]) -> str:
    """A file of lines for the resolver to read."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    return path


class Unanswered(NoLock):
    """The resolver has no answer. ``unreachable``: because it did not reach an index."""

    def __init__(self, installer: str, said: str, printed: str) -> None:
        lines = [line.rstrip() for line in (said or printed).strip().splitlines() if line.strip()]
        lines = [line for line in lines if not _NOISE.search(line)]
        heads = [number for number, line in enumerate(lines) if _HEAD.match(line)]
        lines = lines[heads[-1] :][:_TAIL] if heads and installer == "uv" else lines[-_TAIL:]
        # What uv warns of before (a Python that it would have fetched) is not what stopped it.
        both = "\n".join(lines) if installer == "uv" else f"{said}\n{printed}"
        nothing = _NOTHING.search(both)
        # Of an extra uv tells only that there is no such version, where it was told to stay off the network.
        told = installer == "uv" and os.environ.get("UV_OFFLINE", "").lower() in _SAID_YES
        apart = told or bool(_UNREACHABLE.search(both) or _SWITCHED_OFF.search(both))
        self.unreachable = apart or nothing is not None
        what = f"{installer} finds no set of packages"
        if apart:
            what = f"{installer} does not reach an index that is needed, so the hashes are missing"
        elif nothing:
            what = (
                f"{installer} gets nothing of {nothing[1]} from the indexes that it reaches, so the hashes are missing"
            )
        super().__init__(what, _ELSEWHERE if self.unreachable else "", tuple(lines))


def run(installer: str, argv: Sequence[str]) -> str:
    """What the resolver writes to its standard output. Raises NoLock."""
    try:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            done = subprocess.run(
                list(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=errors, timeout=_LIMIT, check=False
            )
            for stream in (out, errors):
                stream.seek(0)
            answer, said = out.read(_OUTPUT + 1), errors.read(1 << 20)
    except OSError as error:
        what = f"{argv[0]}: {error.strerror or error}"
        raise NoLock(what, f"install {installer}, or name another", status=2) from None
    except subprocess.TimeoutExpired:
        raise NoLock(f"{installer} had no answer within {_LIMIT:.0f} s", "ask for narrower ranges") from None
    if len(answer) > _OUTPUT:
        raise NoLock(f"{installer}'s answer is too long")
    text = answer.decode("utf-8", "replace")
    if done.returncode:
        raise Unanswered(installer, said.decode("utf-8", "replace"), text)
    return text


def no_file(name: str) -> NoLock:
    """The refusal of what is taken from a repository or a folder."""
    return NoLock(
        f"{name} is taken from a repository or a folder, and only files have hashes", "ask for a release of it"
    )


def without_credentials(url: str) -> str:
    """The address without a user's name and password: the file is shared. And without a fragment, which is a hash."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
