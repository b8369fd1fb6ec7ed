"""Machine descriptions in and out: JSON, TOML, one machine a line (docs/machine.md).

A description is input from outside: every field is checked by its shape (``compat.shapes``). Unknown keys are kept and
reported, never fatal.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from compat import records
from compat.machine import SCHEMA, Machine
from compat.shapes import SHAPES, BadDescription, fields

_SIZE_LIMIT = 64 << 20
_LINE_LIMIT = 16 << 20
_ONE_A_LINE = "a .jsonl file has one machine description a line; the answers before this line stand"

Path = tuple[str | int, ...]


def _unknown(raw: Any, made: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The keys that no record has, each with its way from the top (``("gpus", 0, "nmae")``) and its value."""
    shape = SHAPES.get(type(made))
    if shape is not None:
        for key, item in raw.items():
            if key not in shape:
                yield (*path, key), item
            elif item is not None:
                yield from _unknown(item, getattr(made, key), (*path, key))
    elif isinstance(made, tuple) and made and type(made[0]) in SHAPES:
        for index, one in enumerate(made):
            yield from _unknown(raw[index], one, (*path, index))
    elif isinstance(made, dict) and type(next(iter(made.values()), None)) in SHAPES:
        for key, one in made.items():
            yield from _unknown(raw[key], one, (*path, key))


def from_dict(value: Any) -> Machine:
    """Check and read one machine. Raises BadDescription naming the field that is wrong."""
    if not isinstance(value, dict):
        raise BadDescription("a machine description is an object", 'the smallest is {"os": "linux"}')
    schema = value.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise BadDescription(f"schema: expected {SCHEMA!r}, got {schema!r}")
    told = {key: item for key, item in value.items() if key != "schema"}
    machine = Machine(**fields(told, Machine, ""))
    unknown = dict(_unknown(told, machine))
    return records.replace(machine, unknown=unknown) if unknown else machine


def to_dict(machine: Machine, sources: bool = False) -> dict[str, Any]:
    """The description as plain data; what is unknown is left out."""
    plain = {"schema": SCHEMA, **_plain(machine)}
    plain.pop("unknown", None)
    for path, item in machine.unknown.items():
        place: Any = plain
        for step in path[:-1]:  # a record of which nothing else is known was left out
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        place[path[-1]] = item
    if not sources:
        plain.pop("sources", None)
    return plain


def _plain(value: Any) -> Any:
    if records.is_dataclass(value) and not isinstance(value, type):
        found = {f.name: _plain(getattr(value, f.name)) for f in records.fields(value)}
        return {key: item for key, item in found.items() if item is not None and not _is_blank(value, key, item)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _is_blank(owner: Any, key: str, item: Any) -> bool:
    # A record of which nothing is known, and the two mappings whose emptiness says nothing.
    return item == {} and (key in ("builds", "sources") or records.is_dataclass(getattr(owner, key)))


def load(path: str) -> Iterator[Machine]:
    """The machines of a file: one of JSON or TOML, or one a line of ``.jsonl``; ``-`` is standard input.

    Raises BadDescription (with the line for ``.jsonl``) and OSError.
    """
    if path.endswith(".jsonl"):
        yield from _lines(path)
        return
    yield from_dict(_parse(_text_of(path), path))


def _text_of(path: str) -> str:
    """The text of a file or of standard input. Raises BadDescription and OSError."""
    if path == "-":
        import sys

        data = sys.stdin.buffer.read(_SIZE_LIMIT + 1)
    else:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size or _SIZE_LIMIT  # 0: a pipe; reading takes room for all it may get
            data = file.read(min(size, _SIZE_LIMIT) + 1)
    if len(data) > _SIZE_LIMIT:
        raise BadDescription(f"{path}: larger than {_SIZE_LIMIT >> 20} MB", "a machine description has some kilobytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDescription(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None


def _lines(path: str) -> Iterator[Machine]:
    with open(path, encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(_LINE_LIMIT), ""), 1):
            if len(line) == _LINE_LIMIT:
                raise BadDescription(f"{path}:{number}: a line of more than {_LINE_LIMIT >> 20} MB", _ONE_A_LINE)
            if line.strip():
                try:
                    yield from_dict(_json(line))
                except _NotJson as error:
                    raise BadDescription(f"{path}:{number}: not JSON: {error}", _ONE_A_LINE) from None
                except BadDescription as error:
                    raise BadDescription(f"{path}:{number}: {error}", error.hint) from None


class _NotJson(Exception):
    """Why a text is not JSON, and the line on which it is not."""

    line = 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; json alone would keep the last of two values and say nothing of the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadDescription(f"{next(name for name in names if names.count(name) > 1)}: is there twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


def _json(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except BadDescription:
        raise
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and nesting without end
        reason = _NotJson(getattr(error, "msg", None) or str(error).partition(";")[0])
        reason.line = getattr(error, "lineno", 1)
        raise reason from None


def _parse(text: str, path: str) -> Any:
    if not path.endswith(".toml"):
        try:
            return _json(text)
        except _NotJson as error:
            if path.endswith(".json") or text.lstrip()[:1] in ("{", "["):
                raise BadDescription(f"{path}:{error.line}: not JSON: {error}") from None
    from compat import toml

    try:
        return toml.loads_foreign(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise BadDescription(f"{path}: neither JSON nor TOML: {error}") from None
