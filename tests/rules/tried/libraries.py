"""Rules about libraries and the loader."""

from tried.base import LINUX, PLUGIN, Tried, lib, torch

TRIED = (
    Tried(
        "stub-library",
        "use:gpu",
        {"libcuda": {"stub": True}},
        {"libcuda": {"stub": False}},
        {"libcuda": {"path": "/x"}},
    ),
    Tried(
        "library-damaged",
        "use:torch",
        {
            **torch("2.7.1"),
            "damaged": [{"package": "torch", "path": "torch/lib/libtorch_cuda.so", "problem": "truncated"}],
        },
        {**torch("2.7.1"), "damaged": []},
        torch("2.7.1"),
    ),
    Tried(
        "library-shadowed",
        "use:torch",
        {
            **torch("2.7.1", cudnn="9.5"),
            "libraries": [lib("cudnn", "9.1.0", loaded=True), lib("cudnn", "9.5.1", "pip")],
        },
        {
            **torch("2.7.1", cudnn="9.5"),
            "libraries": [lib("cudnn", "9.8.0", loaded=True), lib("cudnn", "9.5.1", "pip")],
        },
        {**torch("2.7.1", cudnn="9.5"), "libraries": [lib("cudnn", "9.1.0"), lib("cudnn", "9.5.1", "pip")]},
    ),
    Tried(
        "cudnn-mismatch",
        "use:torch",
        {**torch(None, cudnn="8.9"), "libraries": [lib("cudnn", "8.4.1", loaded=True)]},
        {**torch(None, cudnn="8.4"), "libraries": [lib("cudnn", "8.9.7", loaded=True)]},
        torch(None, cudnn="8.9"),
    ),
    Tried(
        "cuda-library-too-old",
        "use:jax",
        {**LINUX, "packages": {**PLUGIN}, "libraries": [lib("cublas", "12.0.1", loaded=True)]},
        {**LINUX, "packages": {**PLUGIN}, "libraries": [lib("cublas", "12.6.4", loaded=True)]},
        {**LINUX, "packages": {**PLUGIN}},
    ),
    Tried(
        "cuda-major-mismatch",
        "use:onnxruntime-cuda",
        {
            "packages": {"onnxruntime-gpu": None},
            "builds": {"onnxruntime-gpu": {"cuda": "11.8"}},
            "toolkits": [{"version": "12.4"}],
        },
        {
            "packages": {"onnxruntime-gpu": None},
            "builds": {"onnxruntime-gpu": {"cuda": "12.4"}},
            "toolkits": [{"version": "12.1"}],
        },
        {
            "packages": {"onnxruntime-gpu": None},
            "builds": {"onnxruntime-gpu": {"cuda": "11.8"}},
            "toolkits": [{"origin": "system"}],
        },
    ),
    Tried(
        "mixed-cuda-majors",
        "use:torchvision",
        {
            "packages": {"torchvision": None, "torch": None},
            "builds": {"torchvision": {"cuda": "13.0"}, "torch": {"cuda": "12.8"}},
        },
        {
            "packages": {"torchvision": None, "torch": None},
            "builds": {"torchvision": {"cuda": "12.6"}, "torch": {"cuda": "12.8"}},
        },
        {"packages": {"torchvision": None, "torch": None}, "builds": {"torchvision": {"cuda": "13.0"}}},
    ),
    Tried(
        "library-not-found",
        "use:onnxruntime-cuda",
        {"packages": {"onnxruntime-gpu": "1.22.0"}, **LINUX, "missing_libraries": ["libcudnn.so.9"]},
        {"packages": {"onnxruntime-gpu": "1.22.0"}, **LINUX, "missing_libraries": ["libcudnn.so.8"]},
        {"packages": {"onnxruntime-gpu": "1.22.0"}, **LINUX},
    ),
    Tried(
        "glibc-too-old",
        "use:torch",
        {**LINUX, "glibc": "2.17", **torch("2.7.0+cu126")},
        {**LINUX, "glibc": "2.31", **torch("2.7.0+cu126")},
        {**LINUX, **torch("2.7.0+cu126")},
    ),
    Tried(
        "libstdcxx-too-old",
        "use:onnxruntime-cuda",
        {**LINUX, "glibcxx": "3.4.21", "packages": {"onnxruntime-gpu": "1.31.1"}},
        {**LINUX, "glibcxx": "3.4.32", "packages": {"onnxruntime-gpu": "1.31.1"}},
        {**LINUX, "packages": {"onnxruntime-gpu": "1.31.1"}},
    ),
)
