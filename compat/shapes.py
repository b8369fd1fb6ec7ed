"""The fields of a machine description, each with the form that its value has to have (docs/machine.md).

A description is input from outside: every field is checked for its type and its form, the error names the field and
says what was expected.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from compat import capability, machine, records, versions


class BadDescription(ValueError):
    """The input is no machine description; ``hint`` says what would be."""

    def __init__(self, message: str, hint: str = "the fields are described in docs/machine.md") -> None:
        super().__init__(message)
        self.hint = hint


Reader = Callable[[Any, str], Any]


def _expected(path: str, what: str, value: Any) -> BadDescription:
    shown = json.dumps(value, default=str)
    return BadDescription(f"{path}: expected {what}, got {shown if len(shown) < 60 else shown[:57] + '...'}")


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _expected(path, "a string", value)
    if machine.steers(value):
        raise _expected(path, "text without control characters", value)
    return value


def _name(key: str, path: str) -> str:
    """A name is shown wherever what it names is spoken of."""
    if not key.isprintable():
        raise _expected(path, "names without control characters", key)
    return key


def _version(value: Any, path: str) -> str:
    text = _text(value, path)
    if versions.try_parse(text) is None:
        raise _expected(path, 'a version such as "12.4"', value)
    return text


def _capability(value: Any, path: str) -> str:
    try:
        capability.parse(_text(value, path))
    except capability.BadCapability:
        raise _expected(path, 'a compute capability such as "8.6"', value) from None
    return str(value)


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _expected(path, "true or false", value)
    return value


def _or_false(reader: Reader) -> Reader:
    return lambda value, path: False if value is False else reader(value, path)


def _choice(*allowed: str, **spelled: str) -> Reader:
    """One of several words, in any case; ``spelled`` has what others call them."""

    def read(value: Any, path: str) -> str:
        word = value.lower() if isinstance(value, str) else ""
        word = spelled.get(word, word)
        if word not in allowed:
            raise _expected(path, "one of " + ", ".join(allowed), value)
        return word

    return read


def _list(reader: Reader) -> Reader:
    def read(value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _expected(path, "a list", value)
        return tuple(reader(item, f"{path}[{index}]") for index, item in enumerate(value))

    return read


def _mapping(reader: Reader) -> Reader:
    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _expected(path, "an object", value)
        return {_name(key, path): reader(item, f"{path}.{key}") for key, item in value.items()}

    return read


def _nullable(reader: Reader) -> Reader:
    return lambda value, path: None if value is None else reader(value, path)


def _range(value: Any, path: str) -> str:
    try:
        versions.parse_range(_text(value, path))
    except versions.BadVersion:
        raise _expected(path, 'a version range such as ">=2.3,<2.5"', value) from None
    return str(value)


def _record(kind: type) -> Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise _expected(path, "an object", value)
        return kind(**fields(value, kind, path + "."))

    return read


FORMS: dict[str, Reader] = {
    "str": _text,
    "bool": _flag,
    "Version": _version,
    "VersionRange": _range,
    "Capability": _capability,
    "OsName": _choice("linux", "windows", "macos", darwin="macos"),
    "ArchName": _choice("x86_64", "aarch64", amd64="x86_64", x64="x86_64", arm64="aarch64"),
    "Problem": _choice("missing", "empty", "truncated", "overwritten"),
    "Device": _choice("gpu", "dla"),
    "Precision": _choice(
        *("fp64", "fp32", "tf32", "fp16", "bf16", "int8", "fp8", "fp4", "int4", "mxfp8"),
        float64="fp64",
        float32="fp32",
        float16="fp16",
        half="fp16",
        bfloat16="bf16",
    ),
}
"""The types that a field of ``compat.machine`` is written with, beside its records, and what each has to look like."""


def _reader(written: str) -> Reader:
    """The reader of a type as it is written: ``tuple[Version, ...]``."""
    if written in FORMS:
        return FORMS[written]
    if written.endswith(" | None"):
        return _nullable(_reader(written[: -len(" | None")]))
    if written.endswith(" | Literal[False]"):
        return _or_false(_reader(written[: -len(" | Literal[False]")]))
    if written.startswith("tuple["):
        return _list(_reader(written[len("tuple[") : -len(", ...]")]))
    if written.startswith("Mapping[str, "):
        return _mapping(_reader(written[len("Mapping[str, ") : -1]))
    return _record(getattr(machine, written))


SHAPES: dict[type, dict[str, Reader]] = {
    kind: {
        one.name: _reader(str(one.type).removesuffix(" | None"))
        for one in records.fields(kind)
        if one.name != "unknown"  # what no field has, which is kept as it is
    }
    for kind in vars(machine).values()
    if isinstance(kind, type) and records.is_dataclass(kind)
}
"""Each record's fields, with what reads each."""

_REQUIRED = {kind: [one.name for one in records.fields(kind) if str(one.type) in FORMS] for kind in SHAPES}


def fields(value: Mapping[str, Any], kind: type, path: str) -> dict[str, Any]:
    """The values of an object for a record of this kind, checked, without those that are null or that it does not
    have. Raises BadDescription."""
    shape, known = SHAPES[kind], dict[str, Any]()
    for key, item in value.items():
        reader = shape.get(key)
        if reader is None:
            _name(key, path.rstrip(".") or "a key")
        elif item is not None:
            known[key] = reader(item, path + key)
    if not known.keys() >= set(_REQUIRED[kind]):
        raise BadDescription(f"{path.rstrip('.')}: needs {', '.join(_REQUIRED[kind])}")
    return known
