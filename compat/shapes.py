"""The fields of a machine description, each with the form that its value has to have (docs/machine.md).

A description is input from outside: every field is checked for its type and its form, the error names the field and
says what was expected.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from compat import capability, versions
from compat.machine import (
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
        return kind(**fields(value, SHAPES[kind], path + "."))

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
        precision=_choice(
            *("fp64", "fp32", "tf32", "fp16", "bf16", "int8", "fp8", "fp4", "int4", "mxfp8"),
            float64="fp64",
            float32="fp32",
            float16="fp16",
            half="fp16",
            bfloat16="bf16",
        ),
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
    os=_choice("linux", "windows", "macos", darwin="macos"),
    arch=_choice("x86_64", "aarch64", amd64="x86_64", x64="x86_64", arm64="aarch64"),
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


def fields(value: Mapping[str, Any], shape: Mapping[str, Reader], path: str) -> dict[str, Any]:
    """The values of an object, checked, without those that are null or that no shape has. Raises BadDescription."""
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
