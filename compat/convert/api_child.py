"""Build an engine through TensorRT's Python API: run by the inspected environment's interpreter, never imported.

    python -I api_child.py --onnx=MODEL --saveEngine=ENGINE [--fp16 ...] [--minShapes=x:1x3 ...]

It takes trtexec's options as ``compat.convert.tensorrt`` writes them, and refuses any other. Written against the
bindings of 7.1 to 11.1 (NVIDIA/TensorRT, python/src at each tag); the standard library of Python 3.7 is enough.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAGS = ("fp16", "bf16", "int8", "fp8", "int4", "noTF32", "allowGPUFallback", "explicitBatch")
_VALUES = ("onnx", "saveEngine", "minShapes", "optShapes", "maxShapes", "useDLACore", "hardwareCompatibilityLevel")
_SWITCHES = ("versionCompatible",)


class NotBuilt(Exception):
    """Why there is no engine."""


def options(words: Sequence[str]) -> dict[str, str]:
    """trtexec's options as a dict. Raises NotBuilt for one that is not known here."""
    found: dict[str, str] = {}
    for word in words:
        name, equal, value = word[2:].partition("=")
        if not word.startswith("--") or name not in (_VALUES if equal else _FLAGS + _SWITCHES):
            raise NotBuilt("an option that only trtexec has: " + word)
        found[name] = value
    return found


def shapes(text: str | None) -> dict[str, tuple[int, ...]]:
    """``x:1x3x224x224,y:4`` as {name: sizes}; a name may hold colons itself."""
    found: dict[str, tuple[int, ...]] = {}
    for part in (text or "").split(","):
        name, colon, sizes = part.rpartition(":")
        if colon:
            found[name] = tuple(int(size) for size in sizes.split("x") if size)
    return found


def build(trt: Any, asked: dict[str, str]) -> Any:
    """The serialized engine. Raises NotBuilt."""
    log = trt.Logger(trt.Logger.INFO)
    if hasattr(trt, "init_libnvinfer_plugins"):
        trt.init_libnvinfer_plugins(log, "")
    builder = trt.Builder(log)
    kinds = trt.NetworkDefinitionCreationFlag
    old = int(trt.__version__.partition(".")[0]) < 10
    network = builder.create_network(1 << int(kinds.EXPLICIT_BATCH) if old and hasattr(kinds, "EXPLICIT_BATCH") else 0)
    parser = trt.OnnxParser(network, log)
    if hasattr(parser, "parse_from_file"):  # finds weights in files beside the model
        parsed = parser.parse_from_file(asked["onnx"])
    else:
        with open(asked["onnx"], "rb") as file:
            parsed = parser.parse(file.read())
    if not parsed:
        raise NotBuilt("; ".join(str(parser.get_error(number)) for number in range(parser.num_errors)) or "not parsed")
    config = builder.create_builder_config()
    _settings(trt, config, asked)
    _profile(builder, config, network, asked)
    if hasattr(builder, "build_serialized_network"):
        return builder.build_serialized_network(network, config)
    engine = builder.build_engine(network, config)
    return engine.serialize() if engine is not None else None


def _settings(trt: Any, config: Any, asked: dict[str, str]) -> None:
    flags = {name: name.upper() for name in _FLAGS[:5]}
    flags.update(allowGPUFallback="GPU_FALLBACK", versionCompatible="VERSION_COMPATIBLE")
    for name, flag in flags.items():
        if name in asked:
            if not hasattr(trt.BuilderFlag, flag):
                raise NotBuilt("this TensorRT has no builder flag " + flag)
            config.set_flag(getattr(trt.BuilderFlag, flag))
    if "noTF32" in asked and hasattr(trt.BuilderFlag, "TF32"):
        config.clear_flag(trt.BuilderFlag.TF32)
    if "useDLACore" in asked:
        config.default_device_type = trt.DeviceType.DLA
        config.DLA_core = int(asked["useDLACore"])
    if asked.get("hardwareCompatibilityLevel") == "ampere+":
        config.hardware_compatibility_level = trt.HardwareCompatibilityLevel.AMPERE_PLUS


def _profile(builder: Any, config: Any, network: Any, asked: dict[str, str]) -> None:
    ranges = [shapes(asked.get(name)) for name in ("minShapes", "optShapes", "maxShapes")]
    if not any(ranges):
        return
    profile = builder.create_optimization_profile()
    for number in range(network.num_inputs):
        name = network.get_input(number).name
        if all(name in one for one in ranges):
            profile.set_shape(name, *(one[name] for one in ranges))
    config.add_optimization_profile(profile)


def main(words: Sequence[str]) -> int:
    """Exit status: 0 built, 1 not; errors on standard error."""
    try:
        asked = options(words)
        import tensorrt  # type: ignore[import-not-found]

        engine = build(tensorrt, asked)
        if engine is None:
            raise NotBuilt("the builder gave no engine; its messages stand above")
        with open(asked["saveEngine"], "wb") as file:
            file.write(engine)
    except (NotBuilt, ImportError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
