"""The compiled form of a table: JSON with one row or entry a line, of which only what is asked for is read.

A diagnosis asks for two rows of the four hundred of a table. The whole file is valid JSON all the same.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_NO_PATH = str.maketrans(dict.fromkeys(':/\\*?"<>|\0', "@"))


def file_name(table: str) -> str:
    """The name of the table's file: good on every system, and never a path whatever a package calls itself."""
    return f"{table.translate(_NO_PATH)}.json"


def write(table: Any) -> str:
    """The text of a table."""
    if isinstance(table, dict):
        return "{\n" + ",\n".join(f"{_json(key)}:{_json(value)}" for key, value in table.items()) + "\n}"
    if isinstance(table, list):
        return "[\n" + ",\n".join(map(_json, table)) + "\n]"
    return _json(table)


def read(text: str) -> Any:
    """The table of a text: a mapping or a sequence that reads its entries when asked. Raises ValueError."""
    lines = text.split("\n")
    if len(lines) > 2 and lines[0] == "[" and lines[-1] == "]":
        return Rows(lines[1:-1])
    if len(lines) > 2 and lines[0] == "{" and lines[-1] == "}":
        return Entries(lines[1:-1])
    return json.loads(text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Rows(Sequence[Any]):
    """The rows of a table, in order."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._rows: list[Any] | None = None
        self._single: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, number: Any) -> Any:
        if self._rows is not None or not isinstance(number, int):
            return self._all()[number]
        if number not in self._single:
            self._single[number] = json.loads(self._lines[number].rstrip(","))
        return self._single[number]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def _all(self) -> list[Any]:
        if self._rows is None:
            self._rows = json.loads(f"[{''.join(self._lines)}]")
            for number, row in self._single.items():  # one row is one object, however it was asked for
                self._rows[number] = row
        return self._rows


class Entries(Mapping[str, Any]):
    """The entries of a table by their key."""

    def __init__(self, lines: list[str]) -> None:
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        for line in lines:
            key, colon, text = line.partition('":')
            if not colon:
                raise ValueError(f"not an entry of a table: {line[:60]!r}")
            self._texts[key[1:] if "\\" not in key else json.loads(f'{key}"')] = text

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            self._values[key] = json.loads(self._texts[key].rstrip(","))
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)
