"""Modules that click imports and that most runs never use: imported when something of theirs is asked for.

``inspect`` alone takes a fifth of the budget of ``--help``; of it click needs ``cleandoc``, once an option.
``platform`` compiles seven regular expressions.
"""

import os
import sys
from types import ModuleType
from typing import Any


class Later(ModuleType):
    """Stands in ``sys.modules`` for a module of the standard library until an attribute of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import machinery's own questions
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        from importlib import import_module

        self.__dict__.update(import_module(self.__name__).__dict__)
        return getattr(self, name)


def postpone() -> None:
    """Let the imports cost nothing until more is used: of inspect than ``cleandoc``, of platform than ``system``.

    ``platform`` is imported by ``uuid``, which asks it for the system's name on all systems that have ``os.uname``.
    """
    _postpone("inspect", cleandoc=_cleandoc)
    if hasattr(os, "uname"):
        _postpone("platform", system=_system)


def _postpone(name: str, **own: object) -> None:
    if name not in sys.modules:
        module = Later(name)
        module.__dict__.update(own)
        sys.modules[name] = module


def _system() -> str:
    """As platform.system where there is ``os.uname``."""
    return os.uname().sysname


def _cleandoc(text: str) -> str:
    """As inspect.cleandoc: the first line apart, of the others the common margin, blank lines at the ends off."""
    first, *others = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in others if line.strip()), default=0)
    lines = [first.lstrip(), *(line[margin:] for line in others)]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines)
