"""pip's requirements files: https://pip.pypa.io/en/stable/reference/requirements-file-format/."""

import os
import re

from compat.guard.files import (
    BadFile,
    Contents,
    Entries,
    Passed,
    Requirement,
    conda_list,
    gathered,
    logical_lines,
    text_of,
)
from compat.guard.files.line import of_text, unnamed
from compat.guard.files.project import folder_of, of_folder

_DEPTH = 8
_OPTION = re.compile(r"^(-[a-zA-Z]|--[a-z][a-z-]*)(?:[ =]\s*|(?<=^-[a-zA-Z]))?(.*)$")
_NESTED = {"-r": "requirements", "--requirement": "requirements", "-c": "constraints", "--constraint": "constraints"}
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_PER_REQUIREMENT = re.compile(r"(?<!\s)\s+(?=--?[A-Za-z])")  # pip reads options up to the end of the line
_SHOWN = 300  # characters of a name that are shown
_INDEX = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links")


class Reader:
    """Reads lines of a requirements file, from whatever file they stand in. ``projects``: a folder that is named
    (``-e .``) asks for what its project does. ``strict``: a file that is drawn has to be there."""

    def __init__(self, path: str, projects: bool = True, strict: bool = True) -> None:
        self.requirements: list[Requirement] = []
        self.constraints: list[Requirement] = []
        self.indexes: list[str] = []
        self.passed: list[Passed] = []
        self.projects = projects
        self.strict = strict
        self.open: list[str] = []
        self.entries = Entries(path)

    def file(self, path: str, into: list[Requirement], asked: tuple[str, int]) -> None:
        """A whole file, and those that it draws. Raises BadFile."""
        if asked[1] and not os.path.isfile(path):
            shown = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}..."
            raise BadFile(*asked, f"{shown}: no such file")
        real = os.path.realpath(path)  # of a file that is there: a name of 200 kB takes seconds
        if real in self.open or len(self.open) >= _DEPTH:
            raise BadFile(*asked, f"{path}: nested too deep, or includes itself")
        self.open.append(real)
        for number, line in logical_lines(text_of(path), path):
            self.line(_COMMENT.sub("", line).strip(), path, number, into)
        self.open.pop()

    def line(self, line: str, path: str, number: int, into: list[Requirement]) -> None:
        """One line without its comment. Raises BadFile."""
        if not line:
            return
        self.entries.spend(number)
        if line.startswith("-"):
            self.option(line, path, number, into)
            return
        self.package(_PER_REQUIREMENT.split(line, maxsplit=1)[0].strip(), path, number, into)

    def package(self, text: str, path: str, number: int, into: list[Requirement]) -> None:
        """A requirement, a folder with a project, or what names no package."""
        project = folder_of(text)
        if project is not None and self.projects:
            own = of_folder(os.path.normpath(os.path.join(os.path.dirname(path), project[0])), project[1])
            self.entries.spend(number, len(own))
            into += own
            if own:
                why = "a folder: what its project asks for is read; itself it goes in with `pip install --no-deps`"
                self.passed.append(Passed(path, number, text, why))
                return
        found = None if project is not None else of_text(text, path, number)
        if found is not None:
            into.append(found)
        else:
            self.passed.append(Passed(path, number, text, unnamed(text)))

    def option(self, line: str, path: str, number: int, into: list[Requirement]) -> None:
        match = _OPTION.match(line)
        name, value = (match[1], match[2].strip().strip("\"'")) if match else (line, "")
        if name in _NESTED:
            if not value:
                raise BadFile(path, number, f"{name} names no file")
            if "\0" in value:
                raise BadFile(path, number, f"{name} names no file: there is a zero byte in it")
            if re.match(r"^[a-z+]+://", value) or "$" in value:
                # somewhere else: nothing is fetched
                self.passed.append(Passed(path, number, f"{name} {value}", "elsewhere, and nothing is fetched"))
                return
            nested = self.constraints if _NESTED[name] == "constraints" else into
            drawn = os.path.join(os.path.dirname(path), value)
            if not self.strict and not os.path.isfile(drawn):
                self.passed.append(Passed(path, number, f"{name} {value}", "that file is not here"))
                return
            self.file(drawn, nested, (path, number))
        elif name in _INDEX and value:
            self.indexes.append(value)
        elif name in ("-e", "--editable") and value:
            self.package(value, path, number, into)


def read(path: str, projects: bool = True) -> Contents:
    """A requirements file with the files that it includes; what conda lists in such a file. Raises BadFile."""
    listed = conda_list.read(path)
    if listed is not None:
        return listed
    reader = Reader(path, projects)
    reader.file(path, reader.requirements, (path, 0))
    return gathered("requirements", path, reader)
