"""What the project in a folder asks for, where an installer is handed the folder (``-e .``, ``pip install .[gpu]``)."""

import os
import re
from importlib import import_module

from compat.guard.files import Contents, Requirement

_FILES = {"pyproject.toml": "pyproject", "setup.cfg": "setupcfg", "setup.py": "setuppy"}
_FOLDER = re.compile(r"^(\.{1,2}(?:/[^\[\];@]*)?|[\w.-]+(?:/[\w.-]+)*/|/[^\[\];@]*)(?:\[([\w\s,.-]*)\])?$")


def folder_of(text: str) -> tuple[str, tuple[str, ...]] | None:
    """(folder, extras) of ``.``, ``./lib[gpu]``; None for anything else."""
    match = _FOLDER.match(text.strip().removeprefix("file:"))
    if match is None:
        return None
    return match[1], tuple(one.strip() for one in (match[2] or "").split(",") if one.strip())


def of_folder(folder: str, extras: tuple[str, ...] = (), groups: bool = False) -> tuple[Requirement, ...]:
    """What the project's own files require, with these extras; with ``groups`` its groups too, as a project's manager
    installs them. Empty where the folder has no such file. Raises BadFile."""
    found: list[Requirement] = []
    wanted = {"", *(f"extra {one}" for one in extras)}
    for name, reader in _FILES.items():
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            contents: Contents = import_module(f"compat.guard.files.{reader}").read(path)
            found += (one for one in contents.requirements if one.group in wanted or (groups and "group" in one.group))
    return tuple(found)
