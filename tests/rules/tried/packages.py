"""Rules about packages and their builds."""

from tried.base import LINUX, ORIN, Tried, torch

TRIED = (
    Tried(
        "package-missing",
        "use:torch",
        {"packages": {"torch": False}},
        {"packages": {"torch": "2.1.0"}},
        {"packages": {}},
    ),
    Tried(
        "package-unknown",
        "use:a-package-of-our-own",
        {"packages": {"a-package-of-our-own": "2.5.0"}},
        {"packages": {"torch": "2.5.0"}},
        None,  # it is asked of the matrix, which always tells
        severity="note",
        holding="use:torch",
    ),
    Tried(
        "package-removed",
        "install:tensorflow",
        {"request": {"tensorflow-gpu": "==2.12.0"}},
        {"request": {"tensorflow-gpu": "==2.9.1"}},
        {},
        beside=(
            (
                "duplicate-install",
                {"packages": {"tensorflow": "2.9.1"}, "duplicates": [{"name": "tensorflow", "version": "0.0.1"}]},
            ),
        ),
    ),
    Tried(
        "no-gpu-build-for-platform",
        "use:tensorflow",
        {"os": "windows", "packages": {"tensorflow": "2.14.0"}},
        {"os": "linux", "arch": "x86_64", "packages": {"tensorflow": "2.14.0"}},
        {"packages": {"tensorflow": "2.14.0"}},
    ),
    Tried(
        "jetson-build-mismatch",
        "use:torch",
        {**ORIN, **torch("2.1.0", cuda="12.2")},
        {**ORIN, **torch("2.1.0", cuda="11.4")},
        {**ORIN, "jetson": {"module": "AGX Orin"}, **torch("2.1.0", cuda="12.2")},
    ),
    Tried(
        "python-unsupported",
        "import:torch",
        {**LINUX, "python": "3.13.0", **torch("2.0.1", source="pypi")},
        {**LINUX, "python": "3.10.12", **torch("2.0.1", source="pypi")},
        {**LINUX, **torch("2.0.1")},
        beside=(
            ("jetson-build-mismatch", {**ORIN, "builds": {"torch": {"python_tag": "cp38"}}}),
            ("duplicate-install", {"duplicates": [{"name": "torch", "version": "0.0.1"}]}),
        ),
    ),
    Tried(
        "duplicate-install",
        "use:torch",
        {**torch("2.0.1"), "duplicates": [{"name": "torch", "version": "1.2.0"}]},
        {**torch("2.0.1"), "duplicates": [{"name": "numpy", "version": "1.2.0"}]},
        torch("2.0.1"),
    ),
    Tried("cpu-only-build", "use:torch", torch("2.1.0+cpu"), torch("2.1.0+cu121"), {**LINUX, **torch("2.1.0")}),
    Tried(
        "gpu-not-in-build",
        "use:torch",
        {"gpus": [{"compute_capability": "9.0"}], **torch(None, architectures=["sm_80"])},
        {"gpus": [{"compute_capability": "8.6"}], **torch(None, architectures=["sm_80"])},
        {"gpus": [{"name": "Unheard Of 1"}], **torch(None, architectures=["sm_80"])},
    ),
    Tried(
        "package-versions-mismatch",
        "use:torchvision",
        {"packages": {"torchvision": "0.18.0", "torch": "2.1.0"}},
        {"packages": {"torchvision": "0.18.0", "torch": "2.3.0"}},
        {"packages": {"torchvision": "0.18.0"}},
    ),
    Tried(
        "numpy-abi",
        "use:torch",
        {"packages": {"torch": "2.1.0", "numpy": "2.0.0"}},
        {"packages": {"torch": "2.1.0", "numpy": "1.26.4"}},
        {"packages": {"torch": "2.1.0"}},
    ),
    Tried(
        "protobuf-conflict",
        "use:tensorflow",
        {"packages": {"tensorflow": "2.8.0", "protobuf": "4.21.0"}},
        {"packages": {"tensorflow": "2.8.0", "protobuf": "3.20.3"}},
        {"packages": {"tensorflow": "2.8.0"}},
    ),
)
