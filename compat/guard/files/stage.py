"""A stage of a Dockerfile, or a run of shell commands: what was installed so far, and how much a file may ask for."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from compat.guard.files import BadFile, Contents, Entries, Image, Passed, Requirement
from compat.guard.files.words import filled

_MOST_TEXT = 16 << 20  # characters that a file may have once its variables are put in
_ENVIRONMENTS = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "CONDA_PREFIX")  # variables that name one


class Bounds(Entries):
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


def _nowhere(name: str) -> str | None:
    return None


@dataclass
class Stage:
    """What was installed so far. ``found`` says where a file that a command names lies on this machine, None where it
    is not there; ``line_of`` where a word stands, from the command's first line on."""

    image: Image | None
    bounds: Bounds
    environment: dict[str, str] = field(default_factory=dict)
    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    python: tuple[str, int] | None = None
    named: bool = False  # the Python goes by its line's name (python3.11), as apt's do
    work: str = "/"  # the folder that commands start in
    made: list[str] = field(default_factory=list)  # folders of environments
    found: Callable[[str], str | None] = _nowhere
    line_of: Callable[[str, int], int] = lambda word, number: number

    def draw(self, contents: Contents, number: int) -> None:
        """Take what a file that a command names asks for."""
        self.bounds.spend(number, 1 + len(contents.requirements))
        self.requirements += contents.requirements
        self.constraints += contents.constraints
        self.indexes += contents.indexes
        self.passed += contents.passed
        if contents.python is not None:
            self.python, self.named = (contents.python, number), False

    def environments(self) -> Iterator[str]:
        """The folders that commands made environments in, and those that variables name."""
        known = (self.environment.get(name) for name in _ENVIRONMENTS)
        yield from (os.path.join(self.work, folder) for folder in (*self.made, *filter(None, known)))

    def take(self, other: "Stage", number: int) -> None:
        """What another stage installed comes along with its environment."""
        self.bounds.spend(number, 1 + len(other.requirements))
        self.requirements = list(dict.fromkeys((*self.requirements, *other.requirements)))
        self.constraints += [one for one in other.constraints if one not in self.constraints]
        self.indexes += other.indexes
        self.passed += other.passed
        if self.python is None:
            self.python = other.python

    def skip(self, text: str, path: str, number: int, why: str) -> None:
        """Note what was not read."""
        self.bounds.spend(number)
        self.passed.append(Passed(path, self.line_of(text, number), text, why))
