"""Dockerfiles: the image of the last stage, and what its RUN lines install with pip, uv, conda and apt.

Read as text: variables are put in from ARG and ENV, files that commands name are looked for where COPY took them from;
nothing is run.
"""

import os
import posixpath
import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import takewhile

from compat.guard.files import BadFile, Contents, Image, gathered, logical_lines, text_of
from compat.guard.files.shell import run
from compat.guard.files.stage import Bounds, Stage
from compat.guard.files.words import split

_INSTRUCTION = re.compile(r"^([A-Za-z]+)\s+(.*)$", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_]\w*)\1")
_ENVIRONMENT = re.compile(  # where packages lie: an environment, a prefix, a folder of wheels
    r"(?:^|/)(?:\.?v?env|virtualenvs?|site-packages|dist-packages|(?:mini|ana)?conda\d?|miniforge\d?|\.local|wheels?"
    r"|wheelhouse|install|deps|python\d?(?:\.\d+)?)(?:/|$)|^/usr/local(?:/lib)?$|^/$"
)
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
_LOOKED_AT = 200  # lines of one instruction in which a word is looked for
_WIDE = 2000  # characters of each
_PROJECTS = ("pyproject.toml", "setup.py", "setup.cfg")
_ABOVE = 2  # folders above a Dockerfile that may be what it is built from


def read(path: str) -> Contents:
    """The last stage, with the stages that it stands on. Raises BadFile."""
    bounds = Bounds(path)
    text = text_of(path)
    lines = text.splitlines()
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for number, name, rest in _instructions(text, path):
        if name == "FROM":
            stage = _from(bounds.filled(rest, arguments, number), stages, bounds, number)
            context = _Context(path)
            stage.found, stage.line_of = context.found, _Place(lines).of
        elif stage is None and name == "ARG":
            arguments.update(_assignments(rest, arguments, bounds, number))
        elif stage is None:
            raise BadFile(path, number, f"{name} stands before the first FROM")
        elif name in ("ARG", "ENV"):
            known = ChainMap(stage.environment, arguments) if name == "ARG" else stage.environment
            outer = arguments if name == "ARG" else None
            stage.environment.update(_assignments(rest, known, bounds, number, outer))
        elif name == "RUN":
            run(rest, stage, path, number)
        elif name == "WORKDIR":
            stage.work = context.work = posixpath.join(
                context.work, bounds.filled(rest, stage.environment, number).strip("\"' ")
            )
        elif name in ("COPY", "ADD"):
            words = split(bounds.filled(rest, stage.environment, number))
            source = next((word[7:].lower() for word in words if word.startswith("--from=")), "")
            other = stages.get(source)
            if other is not None and other is not stage and _environment_in(words, other):
                stage.take(other, number)
            context.copy(words)
    if stage is None:
        raise BadFile(path, 0, "no FROM in it: not a Dockerfile")
    return gathered(
        "dockerfile",
        path,
        stage,
        python=stage.python[0] if stage.python else None,
        python_line=stage.python[1] if stage.python else 0,
        interpreter=f"python{stage.python[0]}" if stage.python and stage.named else None,
        image=stage.image,
        system=tuple(stage.system),
    )


def _environment_in(words: list[str], stage: Stage) -> bool:
    """Does a COPY from a stage take an environment, or the folder that one was made in?"""
    sources = [posixpath.normpath(word) for word in words if not word.startswith("--")][:-1]
    made = [posixpath.normpath(folder) for folder in stage.environments()]
    return any(
        _ENVIRONMENT.search(source) or any(one == source or one.startswith(f"{source.rstrip('/')}/") for one in made)
        for source in sources
    )


class _Context:
    """The folder that an image is built from, as far as a Dockerfile tells: where what it copies lies on this machine.

    The folder is the Dockerfile's own or one above it, since ``docker build -f docker/Dockerfile .`` is as usual.
    """

    def __init__(self, path: str) -> None:
        folder = os.path.dirname(os.path.abspath(path))
        self.folders = [folder]
        for _ in range(_ABOVE):
            self.folders.append(os.path.dirname(self.folders[-1]))
        self.shown = os.path.dirname(path)
        self.work = "/"
        self.copied: dict[str, str] = {}

    def copy(self, words: list[str]) -> None:
        """Note a COPY or ADD of the context; what comes from another stage or by address is not here."""
        if any(word.startswith("--from=") for word in words):
            return
        plain = [word for word in words if not word.startswith("--")]
        for source in plain[:-1][:100]:
            target = posixpath.join(self.work, plain[-1])
            if plain[-1].endswith("/") or len(plain) > 2 or (plain[-1] in (".", "..") and source not in (".", "./")):
                target = posixpath.join(target, posixpath.basename(source.rstrip("/")))
            self.copied[posixpath.normpath(target)] = source

    def found(self, name: str) -> str | None:
        """The file or folder that a path inside the image is a copy of."""
        if "\0" in name:
            return None
        inside = posixpath.normpath(posixpath.join(self.work, name))
        for target in sorted(self.copied, key=len, reverse=True):
            if inside == target or inside.startswith(target.rstrip("/") + "/"):
                there = self._at(posixpath.join(self.copied[target], posixpath.relpath(inside, target)))
                if there is not None:
                    return there
        plain = name if not posixpath.isabs(name) else posixpath.basename(name)
        return self._at(plain) or self._at(posixpath.basename(name))

    def _at(self, name: str) -> str | None:
        """A path of the context; None where it leads out of it, or nothing is there."""
        plain = posixpath.normpath(name.lstrip("/")) if name else ".."
        if plain.startswith(".."):
            return None
        for up, folder in enumerate(self.folders):
            # A folder above is the context where what is looked for is there: of the whole, a project.
            wanted = [plain] if plain != "." or up == len(self.folders) - 1 else _PROJECTS
            if any(os.path.exists(os.path.join(folder, one)) for one in wanted):
                return os.path.normpath(os.path.join(self.shown, *([".."] * up), plain))
        return None


class _Place:
    """Where in an instruction of several lines a word stands."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._alone: dict[int, bool] = {}

    def _is_one_line(self, number: int) -> bool:
        """Does an instruction end where it begins? Told once: its line may be long, and have many words."""
        if number not in self._alone:
            first = self.lines[number - 1] if number <= len(self.lines) else ""
            self._alone[number] = not first.rstrip().endswith("\\") and "<<" not in first
        return self._alone[number]

    def of(self, word: str, number: int) -> int:
        """The first line from the instruction's own on that has the word, or its name; that one if none has."""
        if self._is_one_line(number):
            return number  # it has one line; a pattern for each of its words would take long
        name = re.split(r"[\[=<>!~;@\s]", word, maxsplit=1)[0] or word
        if len(name) > _WIDE:
            return number
        pattern = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
        for at in range(number - 1, min(number - 1 + _LOOKED_AT, len(self.lines))):
            if pattern.search(self.lines[at], 0, _WIDE):  # every word of a long line would look through all of it
                return at + 1
            if self.lines[at].lstrip().startswith("#"):
                continue
            if not self.lines[at].rstrip().endswith("\\") and "<<" not in self.lines[number - 1]:
                break
        return number


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
    rest: str, known: Mapping[str, str], bounds: Bounds, number: int, outer: Mapping[str, str] | None = None
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


def _from(rest: str, stages: dict[str, Stage], bounds: Bounds, number: int) -> Stage:
    words = rest.split()
    platform = next((word.partition("=")[2] for word in words if word.startswith("--platform=")), None)
    words = [word for word in words if not word.startswith("--")]
    if not words:
        raise BadFile(bounds.path, number, "FROM names no image")
    if len(stages) >= 2 * _MOST_STAGES:  # each by its number and by its name
        raise BadFile(bounds.path, number, f"more than {_MOST_STAGES} stages")
    base = stages.get(words[0].lower())
    if base is not None:
        stage = replace(
            base,
            environment=dict(base.environment),
            requirements=list(base.requirements),
            constraints=list(base.constraints),
            indexes=list(base.indexes),
            system=list(base.system),
            passed=list(base.passed),
            made=list(base.made),
        )
    else:
        name, _, tag = words[0].partition("@")[0].rpartition(":")
        if not name or "/" in tag:
            name, tag = words[0].partition("@")[0], "latest"
        stage = Stage(Image(name, tag, bounds.path, number, platform), bounds)
    stages[str(len({id(one) for one in stages.values()}))] = stage  # COPY --from=0 names it by its number
    if len(words) == 3 and words[1].lower() == "as":
        stages[words[2].lower()] = stage
    return stage
