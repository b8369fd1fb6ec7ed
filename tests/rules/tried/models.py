"""Rules about TensorRT, models and engines."""

from tried.base import H100, T4, Tried, lib, torch

TRIED = (
    Tried(
        "gpu-unsupported-by-tensorrt",
        "use:tensorrt",
        {"gpus": [{"name": "Tesla V100-PCIE-16GB"}], "libraries": [lib("tensorrt", "10.7.0")]},
        {**T4, "libraries": [lib("tensorrt", "10.7.0")]},
        T4,
    ),
    Tried(
        "onnx-version-unsupported",
        "use:onnxruntime-cuda",
        {"packages": {"onnxruntime-gpu": "1.16.0"}, "model": {"format": "onnx", "opset": "21"}},
        {"packages": {"onnxruntime-gpu": "1.16.0"}, "model": {"format": "onnx", "opset": "17"}},
        {"model": {"format": "onnx", "opset": "21"}},
    ),
    Tried(
        "precision-unsupported",
        "use:torch",
        {**T4, **torch(), "model": {"precision": "fp8"}},
        {**H100, **torch(), "model": {"precision": "fp8"}},
        {"gpus": [{"name": "Unheard Of 1"}], **torch(), "model": {"precision": "fp8"}},
        beside=(("newer-than-known", {"packages": {"torch": "99.0.1"}}),),
    ),
    Tried(
        "engine-unreadable",
        "run:engine",
        {"engine": {"file": "a.engine", "damaged": "cut short"}},
        {"engine": {"file": "a.engine", "tensorrt": "10.3.0"}},
        {"engine": {"tensorrt": "10.3.0"}},
    ),
    Tried(
        "engine-from-other-gpu",
        "run:engine",
        {**T4, "engine": {"compute_capability": "8.0"}},
        {**T4, "engine": {"compute_capability": "7.5"}},
        {"gpus": [{"name": "Unheard Of 1"}], "engine": {"compute_capability": "8.0"}},
    ),
    Tried(
        "engine-from-other-tensorrt",
        "run:engine",
        {"libraries": [lib("tensorrt", "8.5.3")], "engine": {"tensorrt": "8.4.1"}},
        {"libraries": [lib("tensorrt", "8.5.3")], "engine": {"tensorrt": "8.5.3"}},
        {"engine": {"tensorrt": "8.4.1"}},
    ),
    Tried(
        "engine-from-other-os",
        "run:engine",
        {"os": "linux", "engine": {"os": "windows"}},
        {"os": "linux", "engine": {"os": "linux"}},
        {"engine": {"os": "windows"}},
    ),
)
