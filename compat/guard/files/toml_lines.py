"""TOML files with the lines of what stands in them, which TOML readers do not tell."""

import re
from collections.abc import Mapping
from typing import Any

from compat import toml
from compat.guard.files import BadFile, text_of


class Lines:
    """Where a text stands in the file."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def of(self, text: str, key: bool = False, after: int = 0) -> int:
        """Number of the first line with the string (or the key), 1 where it is written otherwise (escaped)."""
        wanted = re.compile(rf"""^\s*["']?{re.escape(text)}["']?\s*=""" if key else rf"""["']{re.escape(text)}["']""")
        for number, line in enumerate(self._lines, 1):
            if number > after and wanted.search(line):
                return number
        return 1


def load(path: str) -> tuple[Mapping[str, Any], Lines]:
    """The file's data and its lines. Raises BadFile."""
    text = text_of(path)
    try:
        return toml.loads(text), Lines(text)
    except ValueError as error:  # TOMLDecodeError is one; so is what a number of thousands of digits gives
        at = re.search(r"line (\d+)", str(error))
        raise BadFile(path, int(at[1]) if at else 0, f"not TOML: {error}") from None
    except RecursionError:
        raise BadFile(path, 0, "not TOML: nested too deep") from None


def table(data: Any, *names: str) -> Mapping[str, Any]:
    """A table inside tables; empty where there is none or something else stands there."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def items(value: Any) -> list[Any]:
    """The entries of a list; empty where it is none."""
    return value if isinstance(value, list) else []
