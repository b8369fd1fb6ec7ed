"""cog.yaml, which says how a published model is built (https://github.com/replicate/cog, docs/yaml.md).

Read are ``build``'s Python, its list of packages and the requirements file that it names, and what the commands of its
``run`` install. A package may be written with options of pip, since each is a word of pip's own command line there.
"""

import re

from compat.guard.files import Contents, Passed, gathered, text_of
from compat.guard.files.requirements import Reader
from compat.guard.files.shell import commands

_KEY = re.compile(r"^( +)([a-z_]+)\s*:\s*(.*)$")
_ITEM = re.compile(r"^\s*-\s+(.*)$")
_LISTS = ("python_packages", "run", "pre_install")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


def read(path: str) -> Contents:
    """What the model is built with. Raises BadFile."""
    python: tuple[str, int] | None = None
    reader, section, key = Reader(path, strict=False), "", ""
    found = reader.requirements
    for number, raw in enumerate(text_of(path).splitlines(), 1):
        line = _COMMENT.sub("", raw).rstrip()
        if line and not line[0].isspace() and not line.startswith("-"):
            section, key = line.partition(":")[0], ""
        inside, item = _KEY.match(line), _ITEM.match(line)
        if section != "build":
            continue
        if item is not None and key in _LISTS:
            reader.entries.spend(number)
            _item(key, _plain(item[1]), number, reader, path)
        elif inside is not None:
            key, value = inside[2], _plain(inside[3])
            if key == "python_version" and value:
                python = (value, number)
            elif key == "python_requirements" and value and "\0" not in value:
                reader.line(f"-r {value}", path, number, found)
            elif key in ("cuda", "cudnn") and value:
                reader.passed.append(Passed(path, number, f"{key} {value}", "which CUDA fits is the plan's to say"))
    return gathered(
        "cog",
        path,
        reader,
        python=python[0] if python and re.fullmatch(r"\d+\.\d+(?:\.\d+)?", python[0]) else None,
        python_line=python[1] if python else 0,
    )


def _item(key: str, text: str, number: int, reader: Reader, path: str) -> None:
    """One entry of a list: a requirement, or what a shell is told. Raises BadFile."""
    if key == "python_packages" and " -" not in text:
        reader.line(text, path, number, reader.requirements)
        return
    said = f"pip install {text}" if key == "python_packages" else text.removeprefix("command:").strip(" \"'")
    mine = commands([(number, said)], path)
    reader.requirements += mine.requirements
    reader.indexes += mine.indexes
    reader.passed += mine.passed


def _plain(text: str) -> str:
    return text.strip().strip("\"'").strip()
