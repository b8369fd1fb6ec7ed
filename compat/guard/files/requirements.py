"""pip's requirements files: https://pip.pypa.io/en/stable/reference/requirements-file-format/."""

import os
import re

from compat.guard.files import BadFile, Contents, Entries, Requirement, logical_lines, text_of
from compat.guard.files.line import of_text

_DEPTH = 8
_OPTION = re.compile(r"^(-[a-zA-Z]|--[a-z][a-z-]*)(?:[ =]\s*|(?<=^-[a-zA-Z]))?(.*)$")
_NESTED = {"-r": "requirements", "--requirement": "requirements", "-c": "constraints", "--constraint": "constraints"}
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_PER_REQUIREMENT = re.compile(r"(?<!\s)\s+--(?:hash|config-settings|global-option|install-option)\b")
_INDEX = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links")


class _Reader:
    def __init__(self, path: str) -> None:
        self.requirements: list[Requirement] = []
        self.constraints: list[Requirement] = []
        self.indexes: list[str] = []
        self.open: list[str] = []
        self.entries = Entries(path)

    def file(self, path: str, into: list[Requirement], asked: tuple[str, int]) -> None:
        real = os.path.realpath(path)
        if real in self.open or len(self.open) >= _DEPTH:
            raise BadFile(*asked, f"{path}: nested too deep, or includes itself")
        if asked[1] and not os.path.isfile(path):
            raise BadFile(*asked, f"{path}: no such file")
        self.open.append(real)
        for number, line in logical_lines(text_of(path), path):
            self.line(_COMMENT.sub("", line).strip(), path, number, into)
        self.open.pop()

    def line(self, line: str, path: str, number: int, into: list[Requirement]) -> None:
        if not line:
            return
        self.entries.spend(number)
        if line.startswith("-"):
            self.option(line, path, number, into)
            return
        plain = _PER_REQUIREMENT.split(line, maxsplit=1)[0].strip()
        found = of_text(plain, path, number)
        if found is not None:
            into.append(found)

    def option(self, line: str, path: str, number: int, into: list[Requirement]) -> None:
        match = _OPTION.match(line)
        name, value = (match[1], match[2].strip().strip("\"'")) if match else (line, "")
        if name in _NESTED:
            if not value:
                raise BadFile(path, number, f"{name} names no file")
            if "\0" in value:
                raise BadFile(path, number, f"{name} names no file: there is a zero byte in it")
            if re.match(r"^[a-z+]+://", value) or "$" in value:
                return  # somewhere else: not read, nothing is fetched
            nested = self.constraints if _NESTED[name] == "constraints" else into
            self.file(os.path.join(os.path.dirname(path), value), nested, (path, number))
        elif name in _INDEX and value:
            self.indexes.append(value)


def read(path: str) -> Contents:
    """A requirements file with the files that it includes. Raises BadFile."""
    reader = _Reader(path)
    reader.file(path, reader.requirements, (path, 0))
    return Contents(
        "requirements",
        path,
        tuple(reader.requirements),
        tuple(reader.constraints),
        indexes=tuple(dict.fromkeys(reader.indexes)),
    )
