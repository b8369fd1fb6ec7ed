"""TOML through the standard library, or tomli before Python 3.11."""

import re
import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOMLDecodeError = tomllib.TOMLDecodeError
loads = tomllib.loads

_MOST_TABLES = 100_000  # a lock file of 500 packages with 100 files each has as many
# The parser's time and memory grow with the square of a key's parts; tables of real files are five deep.
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){32}""", re.ASCII)


def loads_foreign(text: str) -> dict[str, Any]:
    """A text that somebody else wrote: one that would take the parser long or much memory is refused.

    Raises ValueError (of which TOMLDecodeError is one) and RecursionError.
    """
    if text.count("[") + text.count("{") > _MOST_TABLES:
        raise ValueError(f"more than {_MOST_TABLES:,} tables and lists")
    deep = _DEEP_KEY.search(text)
    if deep is not None:
        line = text.count("\n", 0, deep.start()) + 1
        raise ValueError(f"a name of more than 32 parts (at line {line})")
    return loads(text)
