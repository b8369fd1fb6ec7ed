"""Wheels of a release joined to builds; it ships with the package, see `compat.matrix.index.builds`."""

from compat.matrix.index.builds import PYTHONS, Group, group, platforms, pythons, requirements

__all__ = ["PYTHONS", "Group", "group", "platforms", "pythons", "requirements"]
