"""TensorRT: a small ONNX network built, serialized, deserialized and run in each precision, and timed beside torch.

Written against the Python bindings of 8.6 to 11.1 (NVIDIA/TensorRT, python/src at each tag). What differs: networks of
9 and later can be strongly typed, those of 11 are so without being asked, and its flags for precisions, its calibrators
and ``EXPLICIT_BATCH`` (of no effect since 10) are gone; 8-bit precisions come by the model's own Q/DQ nodes everywhere.
"""

from __future__ import annotations

import time
from typing import Any

from compat.verify.child import cuda, network, result

_WORKSPACE = 1 << 28  # bytes
_ROUNDS = 200
_WARM_UP = 20


def prove(options: result.Options) -> dict[str, Any]:
    """Build and run in every precision. Raises Absent, Wrong, and whatever TensorRT raises."""
    tensorrt = result.load("tensorrt")
    numpy = result.load("numpy")
    device = cuda.Device()
    engine_log = _logger(tensorrt)
    x, filters, matrix = network.weights(numpy)
    found, notes = [], []
    for precision in _precisions(tensorrt, device):
        try:
            found.append(_one(tensorrt, numpy, device, engine_log, precision, (x, filters, matrix)))
        except NotBuilt as error:
            if precision in ("fp32", "fp16"):
                raise
            notes.append(str(error))  # a release need not have the others for every layer: not proven, not wrong
    speed = _speed_up(found[0]["seconds"], x, filters, matrix)
    return result.answer("tensorrt", tensorrt.__version__, "gpu", found, notes=notes, **speed)


class NotBuilt(result.Wrong):
    """The release does not take the network in this precision."""


def _precisions(tensorrt: Any, device: cuda.Device) -> list[str]:
    """Those that GPU and release have (TensorRT support matrix: INT8 from 6.1 on, FP8 from 8.9 on)."""
    typed = hasattr(tensorrt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED") or _major(tensorrt) >= 11
    found = [one for one in result.precisions(*device.capability) if one != "tf32" and (one != "bf16" or typed)]
    if device.capability >= (6, 1):
        found.append("int8")
    if device.capability >= (8, 9) and typed:
        found.append("fp8")
    return found


def _major(tensorrt: Any) -> int:
    return int(tensorrt.__version__.split(".")[0])


def _logger(tensorrt: Any) -> Any:
    class Log(tensorrt.ILogger):  # type: ignore[misc]
        """Keeps warnings and errors."""

        def __init__(self) -> None:
            tensorrt.ILogger.__init__(self)
            self.lines: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if int(severity) <= int(tensorrt.ILogger.Severity.WARNING):
                self.lines.append(message)

    return Log()


def _one(
    tensorrt: Any, numpy: Any, device: cuda.Device, log: Any, precision: str, arrays: tuple[Any, Any, Any]
) -> dict[str, Any]:
    x, filters, matrix = arrays
    seen = network.narrowed(numpy, x, precision), network.narrowed(numpy, filters, precision)
    want = network.expected(numpy, seen[0], seen[1], matrix)
    model = network.model(network.raw(numpy, filters, precision), network.raw(numpy, matrix, precision), precision)
    started = time.perf_counter()
    engine_bytes = _build(tensorrt, log, model, precision)
    built = time.perf_counter() - started
    engine = _made(tensorrt.Runtime, log).deserialize_cuda_engine(engine_bytes)
    if engine is None:
        raise result.Wrong(f"TensorRT cannot read back the engine that it wrote ({precision}): {_tail(log)}")
    data = network.raw(numpy, x, precision)
    size = 2 if precision in ("fp16", "bf16") else 4
    count = 1
    for one in network.OUTPUT:
        count *= one
    source, sink = device.allocate(len(data)), device.allocate(count * size)
    device.upload(source, data)
    run = _runner(engine, device, int(source.value), int(sink.value))
    run()
    got = network.wide(numpy, device.download(sink, count * size), network.OUTPUT, precision)
    seconds = _seconds(run, device.synchronize)
    return network.judge(
        numpy,
        got,
        want,
        precision,
        device.name,
        seconds=seconds,
        build_seconds=round(built, 3),
        engine_bytes=len(bytes(engine_bytes)),
    )


def _made(kind: Any, log: Any) -> Any:
    """A builder or runtime. Where TensorRT makes none, the bindings say "nullptr" and only the log says why."""
    try:
        return kind(log)
    except TypeError:
        raise result.Wrong(f"TensorRT makes no {kind.__name__}: {_tail(log)}") from None


def _build(tensorrt: Any, log: Any, model: bytes, precision: str) -> Any:
    """The serialized engine. Networks are strongly typed where TensorRT has that (9 and later; 11 has nothing else)."""
    builder = _made(tensorrt.Builder, log)
    kinds = tensorrt.NetworkDefinitionCreationFlag
    flags = 0
    typed = hasattr(kinds, "STRONGLY_TYPED")
    if typed:
        flags |= 1 << int(kinds.STRONGLY_TYPED)
    if hasattr(kinds, "EXPLICIT_BATCH") and _major(tensorrt) < 10:
        flags |= 1 << int(kinds.EXPLICIT_BATCH)
    definition = builder.create_network(flags)
    parser = tensorrt.OnnxParser(definition, log)
    if not parser.parse(model):
        errors = "; ".join(str(parser.get_error(number)) for number in range(getattr(parser, "num_errors", 0)))
        raise NotBuilt(f"TensorRT cannot read the ONNX network in {precision}: {errors}")
    settings = builder.create_builder_config()
    if hasattr(settings, "set_memory_pool_limit"):
        settings.set_memory_pool_limit(tensorrt.MemoryPoolType.WORKSPACE, _WORKSPACE)
    flag = getattr(tensorrt.BuilderFlag, {"fp16": "FP16", "int8": "INT8"}.get(precision, ""), None)
    if not typed and flag is not None:
        settings.set_flag(flag)
    engine = builder.build_serialized_network(definition, settings)
    if engine is None:
        raise NotBuilt(f"TensorRT cannot build the network in {precision}: {_tail(log)}")
    return engine


def _runner(engine: Any, device: cuda.Device, source: int, sink: int) -> Any:
    """A function that runs the engine once (not waiting for it)."""
    context = engine.create_execution_context()
    if not hasattr(engine, "num_io_tensors"):  # before 8.5
        return lambda: _ran(context.execute_v2([source, sink]))
    stream = device.stream()
    context.set_tensor_address("x", source)
    context.set_tensor_address("y", sink)
    return lambda: _ran(context.execute_async_v3(stream))


def _ran(fine: bool) -> None:
    if not fine:
        raise result.Wrong("TensorRT could not run the engine")


def _seconds(run: Any, wait: Any) -> float:
    """Seconds a run, of many in a row."""
    for _ in range(_WARM_UP):
        run()
    wait()
    started = time.perf_counter()
    for _ in range(_ROUNDS):
        run()
    wait()
    return (time.perf_counter() - started) / _ROUNDS


def _speed_up(seconds: float, x: Any, filters: Any, matrix: Any) -> dict[str, Any]:
    """The same network in FP32 in torch, if it is there and sees the GPU."""
    try:
        torch = result.load("torch")
        place = [torch.from_numpy(one).cuda() for one in (x, filters, matrix)]
    except Exception as error:  # whatever keeps torch from the GPU, it is not what is proven here
        return {"speed_up": None, "speed_up_why": f"no framework to compare with: {error}"}

    def run() -> None:
        torch.relu(torch.nn.functional.conv2d(place[0], place[1])) @ place[2]

    with torch.no_grad():
        framework = _seconds(run, torch.cuda.synchronize)
    return {
        "speed_up": round(framework / seconds, 2),
        "framework": f"torch {torch.__version__}",
        "framework_seconds": framework,
    }


def _tail(log: Any) -> str:
    return "; ".join(log.lines[-5:]) or "it does not say why"
