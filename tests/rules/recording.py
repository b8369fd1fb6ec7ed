"""Which facts of a machine a rule reads: a machine that notes what it is asked for."""

from types import FunctionType
from typing import Any

from compat.records import is_dataclass


class Recording:
    """Stands in for a record and notes the fields that are taken from it, as ``gpus.name``."""

    def __init__(self, record: Any, path: str, read: set[str]) -> None:
        self.__dict__["_recorded"] = (record, path, read)

    def __getattr__(self, name: str) -> Any:
        record, path, read = self.__dict__["_recorded"]
        method = getattr(type(record), name, None)
        if isinstance(method, FunctionType):
            return lambda *given: method(self, *given)
        if isinstance(method, property) and method.fget is not None:
            return method.fget(self)
        return _noted(getattr(record, name), f"{path}.{name}".lstrip("."), read)

    def __eq__(self, other: object) -> bool:
        return bool(self.__dict__["_recorded"][0] == other)

    def __hash__(self) -> int:
        return hash(self.__dict__["_recorded"][0])


def _noted(value: Any, path: str, read: set[str]) -> Any:
    """The value, or what notes the reading of its parts."""
    if is_dataclass(value):
        return Recording(value, path, read)
    read.add(path)
    if isinstance(value, tuple):
        return tuple(Recording(one, path, read) if is_dataclass(one) else one for one in value)
    if isinstance(value, dict):
        return {name: Recording(one, path, read) if is_dataclass(one) else one for name, one in value.items()}
    return value
