"""Where things stand in a TOML file of the matrix: TOML readers tell values, not lines."""

import re
from dataclasses import dataclass, field

_HEADER = re.compile(r"\s*\[(\[)?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_FENCES = ('"""', "'''")


@dataclass
class Lines:
    """Line numbers (from 1) of a file's headers, and the comments above them.

    A row is known by its table and its number among that table's rows; a source by ``("source", name)``.
    """

    at: dict[tuple[str, int | str], int] = field(default_factory=dict)
    remarks: dict[tuple[str, int | str], str] = field(default_factory=dict)
    head: str = ""
    tail: str = ""
    text: list[str] = field(default_factory=list)

    def of(self, table: str, row: int | str) -> int:
        """The line on which the row begins; 1 where it cannot be found."""
        return self.at.get((table, row), 1)

    def of_field(self, table: str, row: int | str, name: str) -> int:
        """The line of a field of the row, else that of the row."""
        begin = self.of(table, row)
        pattern = re.compile(rf'\s*(?:"?{re.escape(name)}"?\s*=|\[{re.escape(table)}\.{re.escape(name)}\])')
        for number in range(begin, len(self.text)):
            line = self.text[number]
            if pattern.match(line):
                return number + 1
            if line.startswith(("[[", "[source.")):
                break
        return begin


def scan(text: str) -> Lines:
    """Find the headers and comments of a file."""
    found = Lines(text=text.splitlines())
    counts: dict[str, int] = {}
    block: list[str] = []
    fence, begun = "", False
    for number, line in enumerate(found.text, 1):
        if fence:
            fence = "" if fence in line else fence
            continue
        stripped = line.strip()
        if stripped.startswith("#"):
            block.append(stripped)
            continue
        if not stripped:
            continue
        if not begun:
            found.head, block, begun = _joined(block), [], True
        match = _HEADER.match(line)
        if match:
            _header(found, counts, number, bool(match.group(1)), match.group(2), block)
        fence = next((mark for mark in _FENCES if line.count(mark) % 2), "")
    if begun:
        found.tail = _joined(block)
    else:
        found.head = _joined(block)
    return found


def _header(found: Lines, counts: dict[str, int], number: int, row: bool, name: str, block: list[str]) -> None:
    if row:
        key: tuple[str, int | str] = (name, counts.get(name, 0))
        counts[name] = counts.get(name, 0) + 1
    elif name.startswith("source."):
        key = ("source", name.partition(".")[2].strip().strip('"'))
    elif name == "package":
        key = ("package", 0)
    else:
        return  # a map of the row above; its comment goes to the next row
    found.at[key] = number
    if block:
        found.remarks[key] = _joined(block)
        block.clear()


def _joined(block: list[str]) -> str:
    return "".join(f"{line}\n" for line in block)
