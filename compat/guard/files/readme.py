"""READMEs (.md): the lines of their code blocks that install something.

Blocks are often several ways to the same (a CUDA each), so each is a group of its own; so is what stands behind a
comment inside one ("# optional: the release before").
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
    said: list[tuple[int, str, str]] = []
    fenced, block, part = False, 0, ""
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if len(line) > LONGEST:
            continue
        if _FENCE.match(line):
            fenced, block, part = not fenced, block + (not fenced), ""
        elif fenced and line.lstrip().startswith("#") and any(way == f"block {block}" for *_, way in said):
            part = f", line {number}"
        elif (fenced or re.match(r"^(?: {4}|\t)", line)) and _INSTALLS.match(line) and len(said) < _MOST:
            way = f"block {block}{part}" if fenced else f"line {number}"
            said.append((number, _INSTALLS.sub("", line).rstrip(" \\"), way))
    found: list[Requirement] = []
    indexes: list[str] = []
    for number, text, way in said:
        mine = commands([(number, text)], path)
        found += (replace(one, group=way) if one.path == path else one for one in mine.requirements)
        indexes += mine.indexes
    return Contents("readme", path, tuple(found), indexes=tuple(dict.fromkeys(indexes)))
