"""Which distributions a verdict can hang on: the guard lets through unread what moves none of them, and the probe reads
no more of the others than their names.

The names are read from the text of the matrix's compiled table: to import the matrix takes longer than uv does.
"""

from __future__ import annotations

from compat.compiled import text_of
from compat.names import normal

TYPE_CHECKING = False  # typing costs more than all else here
if TYPE_CHECKING:
    from collections.abc import Iterable

# Words of names that rules know by their shape, whatever CUDA they are for.
_TELLING = ("nvidia", "cuda", "cudnn", "-cu1", "tensorrt", "torch", "tensorflow", "jax", "onnx", "libcu")


_names: set[str] = set()


def spoken(name: str) -> bool:
    """Can a verdict hang on this distribution? Of the others no rule knows the name."""
    if not _names:
        _names.update(line.strip('",') for line in text_of("spoken").splitlines())
    plain = normal(name)
    return plain in _names or any(word in plain for word in _TELLING)


def any_spoken(names: Iterable[str]) -> bool:
    """Is one of them spoken of?"""
    return any(map(spoken, names))
