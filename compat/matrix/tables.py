"""The compiled form of a table: JSON with one row or entry a line, of which only what is asked for is read.

A diagnosis asks for two rows of the four hundred of a table. The whole file is valid JSON all the same.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
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


def read(text: bytes) -> Any:
    """The table of a file: a mapping or a sequence that reads its entries when asked. Raises ValueError."""
    if text.startswith(b"[\n") and text.endswith(b"\n]"):
        return Rows(text[2:-2].split(b"\n"))
    if text.startswith(b"{\n") and text.endswith(b"\n}"):
        return Entries(text)
    return json.loads(text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Rows(Sequence[Any]):
    """The rows of a table, in order."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._rows: list[Any] | None = None
        self._single: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, number: Any) -> Any:
        if self._rows is not None or not isinstance(number, int):
            return self._all()[number]
        if number not in self._single:
            self._single[number] = json.loads(self._lines[number].rstrip(b","))
        return self._single[number]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def _all(self) -> list[Any]:
        if self._rows is None:
            self._rows = json.loads(b"[%b]" % b"".join(self._lines))
            for number, row in self._single.items():  # one row is one object, however it was asked for
                self._rows[number] = row
        return self._rows


class Entries(Mapping[str, Any]):
    """The entries of a table by their key.

    The first few that are asked for are looked for in the text of the file; for more, the text is gone through once.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._values: dict[str, Any] = {}
        self._searches = 0

    @cached_property
    def _lines(self) -> dict[str, bytes]:
        """Key -> value as written."""
        found: dict[str, bytes] = {}
        for line in self._text[2:-2].split(b"\n"):
            key, colon, value = line.partition(b'":')  # in a key a quotation mark has a backslash before it
            if not colon:
                raise ValueError(f"not an entry of a table: {line[:60]!r}")
            found[key[1:].decode() if b"\\" not in key else json.loads(key + b'"')] = value
        return found

    def __getitem__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            found = self._value(key)
            if found is None:
                raise
        value = self._values[key] = json.loads(found.rstrip(b","))
        return value

    def _value(self, key: str) -> bytes | None:
        if self._searches > _FEW or "_lines" in self.__dict__:
            return self._lines.get(key)
        self._searches += 1
        mark = b"\n%b:" % _json(key).encode(errors="surrogatepass")
        start = self._text.find(mark)
        return self._text[start + len(mark) : self._text.index(b"\n", start + 1)] if start >= 0 else None

    def __contains__(self, key: object) -> bool:
        return key in self._values or self._value(str(key)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


_FEW = 8  # searches that take less time than to go through the whole of a large table
