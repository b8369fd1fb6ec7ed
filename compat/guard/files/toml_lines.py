"""TOML files with the lines of what stands in them, which TOML readers do not tell."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from compat import toml
from compat.guard.files import BadFile, text_of

_NAMED = re.compile(r"""^\s*name\s*=\s*(["'])(.*?)\1\s*(?:#.*)?$""")
_STRING = re.compile(r"""(?=(["'])(.*?)\1)""")


class Lines:
    """Where the strings and keys of a file stand."""

    def __init__(self, text: str) -> None:
        self._strings: dict[str, list[int]] = {}
        self._keys: dict[str, list[int]] = {}
        self._names: dict[str, list[int]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            for _, one in _STRING.findall(line):
                self._strings.setdefault(one, []).append(number)
            key, equal, _ = line.partition("=")
            if equal:
                self._keys.setdefault(key.strip().strip("\"'"), []).append(number)
            named = _NAMED.match(line) if equal else None
            if named is not None:
                self._names.setdefault(named[2], []).append(number)

    def named(self, name: str, entry: int = 0) -> int:
        """Number of the line ``name = "NAME"`` of an array's table, of several with that name the ``entry``-th. What
        depends on it names it in lines of their own, inside braces."""
        found = self._names.get(name, ())
        return found[min(entry, len(found) - 1)] if found else self.of(name)

    def key(self, name: str, after: dict[str, int]) -> int:
        """Number of the next line with the key, which several tables may have; ``after`` remembers the last."""
        line = self.of(name, key=True, after=after.get(name, 0))
        if line > after.get(name, 0):
            after[name] = line
        return line if line > 1 else self.of(name, key=True)

    def of(self, text: str, key: bool = False, after: int = 0) -> int:
        """Number of the first line with the string (or the key), 1 where it is written otherwise (escaped)."""
        found = (self._keys if key else self._strings).get(text, ())
        at = bisect_right(found, after)
        return found[at] if at < len(found) else 1


def load(path: str) -> tuple[Mapping[str, Any], Lines]:
    """The file's data and its lines. Raises BadFile."""
    text = text_of(path)
    try:
        return toml.loads_foreign(text), Lines(text)
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
