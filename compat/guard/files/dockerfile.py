"""Dockerfiles: the image of the last stage, and what its RUN lines install with pip, uv, conda and apt.

Read as text: variables are put in from ARG and ENV, commands are split into words; nothing is run. What a shell would
compute is unknown and left out.
"""

import json
import os
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile

from compat.guard.files import BadFile, Contents, Entries, Image, Requirement, logical_lines, text_of
from compat.guard.files.conda import match_spec
from compat.guard.files.line import of_text
from compat.guard.files.words import filled, split

_INSTRUCTION = re.compile(r"^([A-Za-z]+)\s+(.*)$", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_]\w*)\1")
_INSTALLER = re.compile("pip|conda|mamba|apt")
_MOST_TEXT = 16 << 20  # characters that a file may have once its variables are put in
_MOST_STAGES = 100
_KNOWN = frozenset(
    (
        "FROM",
        "RUN",
        "ARG",
        "ENV",
        "COPY",
        "ADD",
        "WORKDIR",
        "CMD",
        "ENTRYPOINT",
        "LABEL",
        "EXPOSE",
        "USER",
        "VOLUME",
        "SHELL",
        "HEALTHCHECK",
        "ONBUILD",
        "STOPSIGNAL",
        "MAINTAINER",
    )
)
_VALUED = (
    "-i",
    "--index-url",
    "--extra-index-url",
    "--index",
    "--default-index",
    "-f",
    "--find-links",
    "-c",
    "--constraint",
    "--python",
    "-p",
    "--target",
    "-t",
    "--prefix",
    "--cache-dir",
    "--trusted-host",
    "--timeout",
    "--retries",
    "-n",
    "--name",
    "--channel",
    "--index-strategy",
    "--torch-backend",
    "--no-binary",
    "--only-binary",
    "--platform",
)


class _Bounds(Entries):
    """Counts what the whole file asks for, and how far its variables make its text grow."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._text = _MOST_TEXT

    def filled(self, text: str, known: Mapping[str, str], line: int) -> str:
        """The text with its variables. Raises BadFile where they have grown without end."""
        made = filled(text, known)
        self._text -= len(made)
        if self._text < 0:
            raise BadFile(self.path, line, f"variables make more than {_MOST_TEXT >> 20} MiB of it")
        return made


@dataclass
class _Stage:
    image: Image | None
    bounds: _Bounds
    environment: dict[str, str] = field(default_factory=dict)
    requirements: list[Requirement] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    python: tuple[str, int] | None = None


def read(path: str) -> Contents:
    """The last stage, with the stages that it stands on. Raises BadFile."""
    bounds = _Bounds(path)
    arguments: dict[str, str] = {}
    stages: dict[str, _Stage] = {}
    stage: _Stage | None = None
    for number, name, rest in _instructions(text_of(path), path):
        if name == "FROM":
            stage = _from(bounds.filled(rest, arguments, number), stages, bounds, number)
        elif stage is None and name == "ARG":
            arguments.update(_assignments(rest, arguments, bounds, number))
        elif stage is None:
            raise BadFile(path, number, f"{name} stands before the first FROM")
        elif name in ("ARG", "ENV"):
            known = ChainMap(stage.environment, arguments) if name == "ARG" else stage.environment
            outer = arguments if name == "ARG" else None
            stage.environment.update(_assignments(rest, known, bounds, number, outer))
        elif name == "RUN":
            _run(rest, stage, path, number)
    if stage is None:
        raise BadFile(path, 0, "no FROM in it: not a Dockerfile")
    return Contents(
        "dockerfile",
        path,
        tuple(stage.requirements),
        python=stage.python[0] if stage.python else None,
        python_line=stage.python[1] if stage.python else 0,
        indexes=tuple(dict.fromkeys(stage.indexes)),
        image=stage.image,
        system=tuple(stage.system),
    )


def commands(said: Iterable[tuple[int, str]], path: str) -> tuple[tuple[Requirement, ...], tuple[str, ...]]:
    """What shell commands (line, text) install, and the indexes that they name."""
    stage = _Stage(None, _Bounds(path))
    for number, text in said:
        _run(text, stage, path, number)
    return tuple(stage.requirements), tuple(dict.fromkeys(stage.indexes))


def _instructions(text: str, path: str) -> Iterator[tuple[int, str, str]]:
    lines = iter(logical_lines(text, path))
    for number, line in lines:
        if not line:
            continue
        match = _INSTRUCTION.match(line)
        name = match[1].upper() if match else line.split()[0].upper()
        if name not in _KNOWN:
            raise BadFile(
                path,
                number,
                f"not an instruction: {line.split()[0][:40]!r}",
                "a Dockerfile's lines begin with FROM, RUN ...",
            )
        rest = match[2] if match else ""
        body: list[str] = []
        for _, end in _HEREDOC.findall(rest) if name in ("RUN", "COPY", "ADD") else ():
            body += takewhile(lambda inner, end=end: inner != end, (inner for _, inner in lines))  # type: ignore[misc]
        yield number, name, rest if name != "RUN" else " ; ".join([_HEREDOC.sub(" ", rest), *body])


def _assignments(
    rest: str, known: Mapping[str, str], bounds: _Bounds, number: int, outer: Mapping[str, str] | None = None
) -> Iterator[tuple[str, str]]:
    words = split(rest)
    if words and "=" not in words[0] and outer is None and len(words) > 1:
        yield words[0], bounds.filled(" ".join(words[1:]), known, number)  # the old form: ENV NAME value
        return
    for word in words:
        bounds.spend(number)
        name, equal, value = word.partition("=")
        if equal:
            yield name, bounds.filled(value, known, number)
        elif outer is not None and name in outer:
            yield name, outer[name]


def _from(rest: str, stages: dict[str, _Stage], bounds: _Bounds, number: int) -> _Stage:
    words = rest.split()
    platform = next((word.partition("=")[2] for word in words if word.startswith("--platform=")), None)
    words = [word for word in words if not word.startswith("--")]
    if not words:
        raise BadFile(bounds.path, number, "FROM names no image")
    if len(stages) >= _MOST_STAGES:
        raise BadFile(bounds.path, number, f"more than {_MOST_STAGES} stages")
    base = stages.get(words[0].lower())
    if base is not None:
        stage = _Stage(
            base.image,
            bounds,
            dict(base.environment),
            list(base.requirements),
            list(base.indexes),
            list(base.system),
            base.python,
        )
    else:
        name, _, tag = words[0].partition("@")[0].rpartition(":")
        if not name or "/" in tag:
            name, tag = words[0].partition("@")[0], "latest"
        stage = _Stage(Image(name, tag, bounds.path, number, platform), bounds)
    if len(words) == 3 and words[1].lower() == "as":
        stages[words[2].lower()] = stage
    return stage


def _run(rest: str, stage: _Stage, path: str, number: int) -> None:
    text = stage.bounds.filled(re.sub(r"^(?:--\S+\s+)+", "", rest), stage.environment, number)
    for words in _commands(text) if _INSTALLER.search(text) else ():
        words = list(dropwhile(_before_program, words))
        if len(words) > 2 and re.match(r"^(?:.*/)?python[\d.]*$", words[0]) and words[1:3] == ["-m", "pip"]:
            words = ["pip", *words[3:]]
        if words[:2] == ["uv", "pip"]:
            words = words[1:]
        if not words:
            continue
        program = words[0].rpartition("/")[2]
        if re.fullmatch(r"pip[\d.]*", program) and "install" in words[1:4]:
            _pip(words[words.index("install") + 1 :], stage, path, number)
        elif program in ("conda", "mamba", "micromamba") and {"install", "create"} & set(words[1:4]):
            _conda(words[2:], stage, path, number)
        elif program in ("apt", "apt-get") and "install" in words:
            stage.system += [word for word in words[words.index("install") + 1 :] if not word.startswith("-")]


def _before_program(word: str) -> bool:
    return word in ("sudo", "exec", "command", "time") or re.match(r"^[A-Za-z_]\w*=", word) is not None


def _commands(text: str) -> Iterator[list[str]]:
    if text.lstrip().startswith("["):
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            yield words
            return
    words = []
    for word in split(text, signs=True):
        if word and set(word) <= set(";&|()<>"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def _pip(words: list[str], stage: _Stage, path: str, number: int) -> None:
    from compat.guard.files.requirements import read as requirements

    at = 0
    while at < len(words):
        option, equal, value = words[at].partition("=")
        at += 1
        if not option.startswith("-"):
            stage.bounds.spend(number)
            found = _requirement(words[at - 1], path, number)
            stage.requirements += [found] if found is not None else []
            continue
        if not equal and (option in _VALUED or option in ("-r", "--requirement", "--requirements")) and at < len(words):
            value, at = words[at], at + 1
        if (
            option in ("-i", "--index-url", "--extra-index-url", "--index", "--default-index", "-f", "--find-links")
            and value
        ):
            stage.indexes.append(value)
        elif option in ("-r", "--requirement", "--requirements") and value:
            # COPY may have put it anywhere; in the build context it lies beside the Dockerfile.
            beside = [os.path.join(os.path.dirname(path), name) for name in (value, os.path.basename(value))]
            for file in (
                one for one in beside if (os.path.isfile(one) and not os.path.isabs(value)) or one == beside[1]
            ):
                if os.path.isfile(file):
                    nested = requirements(file)
                    stage.bounds.spend(number, 1 + len(nested.requirements))
                    stage.requirements += nested.requirements
                    stage.indexes += nested.indexes
                    break


def _requirement(word: str, path: str, number: int) -> Requirement | None:
    """A word of a command line; one that is no requirement (a shell's doing) is left out."""
    try:
        return of_text(word, path, number)
    except BadFile:
        return None


def _conda(words: list[str], stage: _Stage, path: str, number: int) -> None:
    valued = False
    for word in words:
        if valued or word.startswith("-"):
            valued = not valued and word in ("-c", "--channel", "-n", "--name", "-p", "--prefix", "-f", "--file")
            continue
        stage.bounds.spend(number)
        try:
            found = match_spec(word, path, number)
        except BadFile:
            continue
        if found.name == "python":
            line = re.search(r"\d+\.\d+(?:\.\d+)?", found.range)
            stage.python = (line[0], number) if line else stage.python
        else:
            stage.requirements.append(found)
