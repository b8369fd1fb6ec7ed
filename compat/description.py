"""Machine descriptions in and out: JSON, TOML, one machine a line (docs/machine.md).

A description is input from outside: every field is checked for its type and its form, the error names
the field and says what was expected. Unknown keys are kept and reported, never fatal.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from compat import capability, records, versions
from compat.machine import (
    SCHEMA,
    Build,
    Container,
    Damage,
    Driver,
    Duplicate,
    Engine,
    FabricManager,
    Gpu,
    Jetson,
    Libcuda,
    Library,
    Machine,
    Model,
    Toolkit,
    steers,
)

_SIZE_LIMIT = 64 << 20
_LINE_LIMIT = 16 << 20
_ONE_A_LINE = "a .jsonl file has one machine description a line; the answers before this line stand"


class BadDescription(ValueError):
    """The input is no machine description; ``hint`` says what would be."""

    def __init__(self, message: str, hint: str = "the fields are described in docs/machine.md") -> None:
        super().__init__(message)
        self.hint = hint


Reader = Callable[[Any, str], Any]
Path = tuple[str | int, ...]


def _expected(path: str, what: str, value: Any) -> BadDescription:
    shown = json.dumps(value, default=str)
    return BadDescription(f"{path}: expected {what}, got {shown if len(shown) < 60 else shown[:57] + '...'}")


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _expected(path, "a string", value)
    if steers(value):
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


def _choice(*allowed: str) -> Reader:
    def read(value: Any, path: str) -> str:
        if value not in allowed:
            raise _expected(path, "one of " + ", ".join(allowed), value)
        return str(value)

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
        return kind(**_fields(value, SHAPES[kind], path + "."))

    return read


def _shape(text: str = "", version: str = "", flag: str = "", **special: Reader) -> dict[str, Reader]:
    shape: dict[str, Reader] = dict.fromkeys(text.split(), _text)
    shape.update(dict.fromkeys(version.split(), _version))
    shape.update(dict.fromkeys(flag.split(), _flag))
    return shape | special


SHAPES: dict[type, dict[str, Reader]] = {
    Gpu: _shape("name pci_id", flag="visible", compute_capability=_capability, mig=_or_false(_text)),
    FabricManager: _shape(version="version", flag="installed running"),
    Driver: _shape(
        "kernel_module",
        "version cuda kernel_module_version nvidia_smi_version",
        "kernel_module_loaded kernel_module_signed signer_enrolled",
    ),
    Libcuda: _shape("path", "version", "compat stub", compat_drivers=_list(_version)),
    Toolkit: _shape("origin path", "version"),
    Library: _shape("name origin path", "version", "loaded", loaded_by=_list(_text)),
    Build: _shape(
        "python_tag source",
        "cudnn tensorrt",
        cuda=_or_false(_version),
        architectures=_list(_text),
        missing=_list(_text),
    ),
    Duplicate: _shape("name origin", "version"),
    Damage: _shape("package path by", problem=_choice("missing", "empty", "truncated", "overwritten")),
    Container: _shape("image driver_capabilities requires", "", "gpu_access toolkit_installed"),
    Jetson: _shape("module", "jetpack l4t"),
    Model: _shape(
        "format writer file",
        "opset ir_version",
        "quantized",
        operators=_list(_text),
        target=_capability,
        domains=_mapping(_version),
        types=_list(_text),
        operator_types=_mapping(_list(_text)),
        attributes=_mapping(_mapping(_list(_text))),
        input_types=_list(_text),
        precision=_choice("fp64", "fp32", "tf32", "fp16", "bf16", "int8", "fp8", "fp4", "int4", "mxfp8"),
        device=_choice("gpu", "dla"),
    ),
    Engine: _shape(
        "gpu os platform file damaged",
        "tensorrt serialization",
        "version_compatible hardware_compatible",
        compute_capability=_capability,
    ),
}
SHAPES[Machine] = _shape(
    "name distribution distribution_version kernel interpreter loader_configuration",
    "glibc glibcxx python",
    "secure_boot nvswitch",
    os=_choice("linux", "windows", "macos"),
    arch=_choice("x86_64", "aarch64"),
    environment=_list(_text),
    gpus=_list(_record(Gpu)),
    fabric_manager=_record(FabricManager),
    driver=_record(Driver),
    libcuda=_record(Libcuda),
    device_nodes=_list(_text),
    toolkits=_list(_record(Toolkit)),
    libraries=_list(_record(Library)),
    missing_libraries=_list(_text),
    packages=_mapping(_nullable(_or_false(_version))),
    builds=_mapping(_record(Build)),
    duplicates=_list(_record(Duplicate)),
    damaged=_list(_record(Damage)),
    variables=_mapping(_text),
    container=_record(Container),
    jetson=_record(Jetson),
    request=_mapping(_range),
    model=_record(Model),
    engine=_record(Engine),
    sources=_mapping(_text),
)
_REQUIRED: dict[type, tuple[str, ...]] = {
    Library: ("name",),
    Duplicate: ("name",),
    Damage: ("package", "path", "problem"),
}


def _fields(value: Mapping[str, Any], shape: Mapping[str, Reader], path: str) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for key, item in value.items():
        reader = shape.get(key)
        if reader is None:
            _name(key, path.rstrip(".") or "a key")
        elif item is not None:
            known[key] = reader(item, path + key)
    for kind, names in _REQUIRED.items():
        if shape is SHAPES[kind] and not set(names) <= set(known):
            raise BadDescription(f"{path.rstrip('.')}: needs {', '.join(names)}")
    return known


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
    machine = Machine(**_fields(told, SHAPES[Machine], ""))
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
