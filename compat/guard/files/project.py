"""What the project in a folder asks for, where an installer is handed the folder (``-e .``, ``pip install .[gpu]``)."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module

from compat.guard.files import Contents, Entries, Requirement
from compat.matrix.packages import normal
from compat.records import replace

_FILES = {"pyproject.toml": "pyproject", "setup.cfg": "setupcfg", "setup.py": "setuppy"}
_FOLDER = re.compile(r"^(\.{1,2}(?:/[^\[\];@]*)?|[\w.-]+(?:/[\w.-]+)*/|/[^\[\];@]*)(?:\[([\w\s,.-]*)\])?$")


def folder_of(text: str) -> tuple[str, tuple[str, ...]] | None:
    """(folder, extras) of ``.``, ``./lib[gpu]``; None for anything else."""
    match = _FOLDER.match(text.strip().removeprefix("file:"))
    if match is None:
        return None
    return match[1], tuple(one.strip() for one in (match[2] or "").split(",") if one.strip())


def with_own(
    found: Iterable[Requirement], name: object, path: str, included: Mapping[str, Iterable[str]] | None = None
) -> Iterator[Requirement]:
    """The requirements of a project; an extra or a group that asks for extras of the project itself
    (``all = ["name[gpu,onnx]"]``) or includes other groups (``included``) asks for what those do. Raises BadFile."""
    own = normal(name) if isinstance(name, str) else None
    lines: dict[str, list[Requirement]] = {}
    draws: dict[str, list[str]] = {group: list(others) for group, others in (included or {}).items()}
    for one in found:
        if own is not None and one.name == own:
            draws.setdefault(one.group, []).extend(f"extra {extra}" for extra in one.extras)
        else:
            lines.setdefault(one.group, []).append(one)
            yield one
    names = {_plain(group): group for group in (*lines, *draws)}
    entries = Entries(path)
    for group in draws:
        reached, left = {group}, [group]
        while left:
            for other in draws.get(left.pop(), ()):
                there = names.get(_plain(other), other)
                if there not in reached:
                    reached.add(there)
                    left.append(there)
                    entries.spend(0, 1 + len(lines.get(there, ())))
                    yield from (replace(one, group=group) for one in lines.get(there, ()))


def _plain(group: str) -> str:
    """Names of extras and groups are compared as names of packages are (PEP 685, PEP 735)."""
    kind, _, name = group.partition(" ")
    return f"{kind} {normal(name)}"


def of_folder(folder: str, extras: tuple[str, ...] = (), groups: bool = False) -> tuple[Requirement, ...]:
    """What the project's own files require, with these extras; with ``groups`` its groups too, as a project's manager
    installs them. Empty where the folder has no such file. Raises BadFile."""
    found: list[Requirement] = []
    wanted = {*(_plain(f"extra {one}") for one in extras)}
    for name, reader in _FILES.items():
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            contents: Contents = import_module(f"compat.guard.files.{reader}").read(path)
            found += (
                one
                for one in contents.requirements
                if not one.group or _plain(one.group) in wanted or (groups and "group" in one.group)
            )
    return tuple(found)
