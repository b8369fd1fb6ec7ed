"""Answers of the matrix that are asked for again and again: of the same texts the same answer, kept for a while."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., Any])

_MOST = 4096  # answers of one question; a stream of machines may name any number of drivers and GPUs


class _Remembered:
    """Stands for a method until an instance is asked for it; then the instance has its own, with a memory."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self._method
        asked = lru_cache(_MOST)(self._method.__get__(instance))
        instance.__dict__[self._method.__name__] = asked
        return asked


def remembered(method: Method) -> Method:
    """A question whose answer follows from its arguments, which are hashable; nobody alters what is answered."""
    return cast(Method, _Remembered(method))
