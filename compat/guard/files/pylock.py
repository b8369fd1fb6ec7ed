"""pylock.toml, the standard lock file: https://packaging.python.org/en/latest/specifications/pylock-toml/."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from compat.guard.files import BadFile, Contents, Requirement, bounded
from compat.guard.files.line import checked
from compat.guard.files.toml_lines import load
from compat.matrix.packages import normal


def read(path: str) -> Contents:
    """Every locked package in its release. Raises BadFile."""
    data, lines = load(path)
    packages = data.get("packages")
    if not isinstance(packages, list) or "lock-version" not in data:
        raise BadFile(path, 1, "no pylock file: it has lock-version and [[packages]]")
    found: list[Requirement] = []
    line, entries = 0, Counter[str]()
    for number, package in enumerate(bounded(packages, path)):
        if not isinstance(package, dict) or not isinstance(package.get("name"), str):
            raise BadFile(path, line or 1, f"package {number + 1} has no name")
        line = lines.named(package["name"], entries[package["name"]])
        entries[package["name"]] += 1
        version = package.get("version")
        if isinstance(version, str):
            marker = package.get("marker")
            found.append(
                Requirement(
                    normal(package["name"]),
                    checked(f"=={version}"),
                    path,
                    line,
                    marker=marker if isinstance(marker, str) else "",
                    url=_address(package),
                )
            )
    python = data.get("requires-python")
    return Contents("pylock", path, tuple(found), requires_python=checked(python) if isinstance(python, str) else None)


def _address(package: Mapping[str, Any]) -> str | None:
    """The address of the first wheel, which says more than the index's: a mirror keeps the folders."""
    wheels = package.get("wheels")
    for wheel in wheels if isinstance(wheels, list) else ():
        if isinstance(wheel, dict) and isinstance(wheel.get("url"), str):
            return str(wheel["url"])
    index = package.get("index")
    return index if isinstance(index, str) else None
