"""Notebooks (.ipynb): what their cells install with ``!pip install``, ``%pip install``, ``!conda install``, in
cells of ``%%bash`` too."""

import json
import re

from compat.guard.files import BadFile, Contents, gathered, text_of
from compat.guard.files.shell import commands

_INSTALLS = re.compile(r"^\s*[!%]\s*(.*\binstall\b.*)$")
_PLAIN = re.compile(r"^\s*([^#%].*\binstall\b.*)$")
_SHELL = re.compile(r"^\s*%%(?:bash|sh|script\s+(?:ba)?sh)\b")
_TOOL = re.compile(r"\b(?:pip3?|conda|mamba)\b")

_MOST_LISTS = 200_000
_MOST = 1000  # installing lines; each is looked for in the file


def read(path: str) -> Contents:
    """The packages of every cell. Raises BadFile. Line numbers are those of the file."""
    text = text_of(path)
    if text.count("[") + text.count("{") > _MOST_LISTS:
        raise BadFile(path, 0, f"more than {_MOST_LISTS:,} lists and objects")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(path, getattr(error, "lineno", 0) or 0, f"not a notebook: {error}") from None
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list):
        raise BadFile(path, 1, "not a notebook: it has no cells")
    lines = text.splitlines()
    said: list[tuple[int, str]] = []
    for cell in cells:
        source = cell.get("source") if isinstance(cell, dict) and cell.get("cell_type") == "code" else None
        whole = "".join(one for one in source if isinstance(one, str)) if isinstance(source, list) else source
        text_of_cell = whole.replace("\\\n", " ") if isinstance(whole, str) else ""
        shell = _SHELL.match(text_of_cell) is not None
        for line in text_of_cell.splitlines():
            match = (_PLAIN if shell else _INSTALLS).match(line)
            if match is not None and _TOOL.search(match[1]):
                if len(said) >= _MOST:
                    raise BadFile(path, 0, f"more than {_MOST} lines that install something")
                written = json.dumps(line.split(" \\")[0].strip())[1:-1]
                number = next((at for at, one in enumerate(lines, 1) if written[:60] in one), 1)
                said.append((number, match[1]))
    return gathered("notebook", path, commands(said, path))
