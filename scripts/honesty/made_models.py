"""Models and engines made up by chance, and the chances themselves."""

from random import Random
from typing import Any

Facts = dict[str, Any]


class Chances:
    """What chance decides, as a function of a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - not for cryptography

    def often(self, chance: float = 0.7) -> bool:
        return self.random.random() < chance

    def some(self, chances: dict[str, tuple[float, Any]]) -> Facts:
        """Each of these facts with its chance; a value is made only if it is taken."""
        return {name: make() for name, (chance, make) in chances.items() if self.often(chance)}

    def one(self, *items: Any) -> Any:
        return self.random.choice(items)


def model(chances: Chances) -> Facts:
    """A model, as far as somebody speaks of it."""
    return chances.some(
        {
            "format": (0.7, lambda: "onnx"),
            "opset": (0.5, lambda: chances.one("9", "13", "17", "21", "24")),
            "ir_version": (0.3, lambda: chances.one("7", "9", "10", "12")),
            "writer": (0.2, lambda: chances.one("onnx 1.16.0", "pytorch 2.4")),
            "operators": (0.3, lambda: chances.random.sample(["Conv", "Einsum", "NonZero", "LayerNormalization"], 2)),
            "precision": (0.5, lambda: chances.one("fp16", "int8", "bf16", "fp8", "fp4", "tf32")),
            "device": (0.15, lambda: chances.one("gpu", "dla")),
            "target": (0.15, lambda: chances.one("sm_75", "sm_90a", "sm_120", "sm_121a")),
            "types": (0.2, lambda: chances.random.sample(["float", "float16", "int64", "bfloat16", "double"], 2)),
            "quantized": (0.2, lambda: chances.often()),
            "domains": (0.1, lambda: {"com.microsoft": "1", "ai.onnx.ml": chances.one("3", "5")}),
            "operator_types": (0.1, lambda: {"CumSum": [chances.one("int64", "float")], "Conv": ["double"]}),
            "attributes": (0.1, lambda: {"Resize": {"antialias": ["1"]}}),
        }
    )


def engine(chances: Chances, gpus: list[str]) -> Facts:
    """A serialized engine: what its file, or whoever built it, says."""
    if chances.often(0.1):
        return {"gpu": chances.random.choice(gpus)}
    if chances.often(0.2):
        return {"serialization": chances.one("205", "213", "239")}
    return chances.some(
        {
            "tensorrt": (0.6, lambda: chances.one("7.1.3", "8.2", "8.6.1", "10.3.0", "10.13.2", "11.0")),
            "compute_capability": (0.6, lambda: chances.one("6.1", "7.5", "8.0", "8.6", "8.9", "9.0", "12.0")),
            "os": (0.3, lambda: chances.one("linux", "windows")),
            "version_compatible": (0.2, lambda: chances.often()),
            "hardware_compatible": (0.2, lambda: chances.often()),
            "platform": (0.15, lambda: chances.one("rtrt", "utrt")),
            "file": (0.3, lambda: "model.engine"),
        }
    )
