"""Rules about CUDA releases, PTX and forward compatibility."""

from tried.base import H100, Tried, lib, torch

TRIED = (
    Tried(
        "compat-library-older-than-driver",
        "use:gpu",
        {"libcuda": {"compat": True, "version": "535.104.05"}, "driver": {"version": "550.54.15"}},
        {"libcuda": {"compat": True, "version": "560.28.03"}, "driver": {"version": "550.54.15"}, **H100},
        {"libcuda": {"compat": True}, "driver": {"version": "550.54.15"}},
    ),
    Tried(
        "forward-compat-unsupported",
        "use:gpu",
        {"libcuda": {"compat": True}, "gpus": [{"name": "NVIDIA GeForce RTX 3090"}]},
        {
            "libcuda": {"compat": True, "version": "550.54.15", "compat_drivers": ["535"]},
            "driver": {"version": "535.54.03"},
            **H100,
        },
        {"libcuda": {"compat": True}},
    ),
    Tried(
        "cuda-older-than-gpu",
        "use:torch",
        {"gpus": [{"compute_capability": "7.5"}], **torch(None, cuda="9.0")},
        {"gpus": [{"compute_capability": "7.5"}], **torch(None, cuda="10.0")},
        {"gpus": [{"compute_capability": "8.9"}], **torch(None, cuda="11")},
    ),
    Tried(
        "ptx-newer-than-driver",
        "run:cuda-binary",
        {"driver": {"cuda": "12.2"}, "toolkits": [{"version": "12.4"}]},
        {"driver": {"cuda": "12.4"}, "toolkits": [{"version": "12.2"}]},
        {"toolkits": [{"version": "12.4"}]},
    ),
    Tried(
        "ptxas-too-old",
        "use:triton",
        {"model": {"target": "sm_90"}, "libraries": [lib("ptxas", "11.4.48")], "packages": {"triton": None}},
        {"model": {"target": "sm_90"}, "libraries": [lib("ptxas", "12.4.131")], "packages": {"triton": None}},
        {"model": {"target": "sm_90"}, "packages": {"triton": None}},
    ),
    Tried(
        "toolkit-mismatch-for-build",
        "build:cuda-extension",
        {**torch("2.1.0+cu118"), "toolkits": [{"version": "12.4"}]},
        {**torch("2.1.0+cu121"), "toolkits": [{"version": "12.4"}]},
        torch("2.1.0+cu118"),
        beside=(
            ("newer-than-known", torch("99.0.1+cu118")),
            ("duplicate-install", {"duplicates": [{"name": "torch", "version": "0.0.1"}]}),
        ),
    ),
)
