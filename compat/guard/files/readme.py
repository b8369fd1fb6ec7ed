"""READMEs (.md): the lines of their code blocks that install something.

Blocks are often several ways to the same (a CUDA each), so each is a group of its own.
"""

import re

from compat.guard.files import LONGEST, Contents, Requirement, text_of
from compat.guard.files.shell import commands
from compat.records import replace

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_INSTALLS = re.compile(r"^\s*(?:[$>!%]\s*)?(?=\S*(?:pip|conda|mamba|uv|python)\S*\s.*\b(?:install|create|add)\b)")
_MOST = 300  # lines that install something


def read(path: str) -> Contents:
    """The packages of every block. Raises BadFile. What stands in running text is not read."""
    said: list[tuple[int, str, int]] = []
    fenced, block = False, 0
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if len(line) > LONGEST:
            continue
        if _FENCE.match(line):
            fenced, block = not fenced, block + (not fenced)
        elif (fenced or re.match(r"^(?: {4}|\t)", line)) and _INSTALLS.match(line) and len(said) < _MOST:
            said.append((number, _INSTALLS.sub("", line).rstrip(" \\"), block if fenced else -number))
    found: list[Requirement] = []
    indexes: list[str] = []
    for number, text, group in said:
        mine = commands([(number, text)], path)
        way = f"block {group}" if group > 0 else f"line {number}"
        found += (replace(one, group=way) if one.path == path else one for one in mine.requirements)
        indexes += mine.indexes
    return Contents("readme", path, tuple(found), indexes=tuple(dict.fromkeys(indexes)))
