"""Which distributions a verdict can hang on: what moves none of them is let through unread.

The names are looked up in the text of the matrix's compiled table: to import the matrix takes longer than uv does.
"""

from __future__ import annotations

import os

from compat.compiled import compiled_folder, data_folder
from compat.names import normal

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Iterable

# Words of names that rules know by their shape, whatever CUDA they are for.
_TELLING = ("nvidia", "cuda", "cudnn", "-cu1", "tensorrt", "torch", "tensorflow", "jax", "onnx")
_table: list[str] = []


def spoken(name: str) -> bool:
    """Can a verdict hang on this distribution? Of the others no rule knows the name."""
    plain = normal(name)
    return any(word in plain for word in _TELLING) or f'\n"{plain}"' in _names()


def any_spoken(names: Iterable[str]) -> bool:
    """Is one of them spoken of?"""
    return any(map(spoken, names))


def _names() -> str:
    """The table's text, one name a line."""
    if not _table:
        with open(os.path.join(compiled_folder(data_folder()), "spoken.json"), encoding="utf-8") as file:
            _table.append(file.read())
    return _table[0]
