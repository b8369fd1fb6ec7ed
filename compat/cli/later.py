"""Modules that click imports and that most runs never use: imported when something of theirs is asked for.

``inspect`` alone takes a fifth of the budget of ``--help``; of it click needs ``cleandoc``, once an option.
``platform`` compiles seven regular expressions. ``uuid`` and ``datetime`` are for types of options that nothing here
has, and ``gettext`` looks four times for translations that click does not come with.

Measured on 2026-11-23 (CPU time, least of 25): ``check`` takes 6.3 times ``python -c pass`` with the stand-ins and 7.0
without; 7 is its budget.
"""

import sys
from types import ModuleType
from typing import Any


class Later(ModuleType):
    """Stands in ``sys.modules`` for a module of the standard library until an attribute of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import machinery's own questions
            raise AttributeError(name)
        _forget(self)
        from importlib import import_module

        self.__dict__.update(import_module(self.__name__).__dict__)
        return getattr(self, name)


class _Unused:
    """A class that an unused option type of click names."""


def import_click() -> None:
    """Import click without what this program does not use of it.

    Of inspect no more than ``cleandoc`` is used later on either. What is only there to be named while click is
    imported is gone again behind it, so that whoever imports those modules next gets the real ones.
    """
    _postpone("inspect", cleandoc=_cleandoc)
    named = [
        _postpone("uuid", UUID=_Unused),
        _postpone("datetime", datetime=_Unused),
        _postpone("gettext", gettext=str, ngettext=_counted),
    ]
    import click  # noqa: F401 - to have it in place, as it is wanted, for those that import it

    for module in named:
        if module is not None:
            _forget(module)


def _postpone(name: str, **own: object) -> Later | None:
    if name in sys.modules:
        return None
    module = sys.modules[name] = Later(name)
    module.__dict__.update(own)
    return module


def _forget(module: Later) -> None:
    if sys.modules.get(module.__name__) is module:
        del sys.modules[module.__name__]


def _counted(one: str, several: str, number: int) -> str:
    """As gettext.ngettext without a translation."""
    return one if number == 1 else several


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
