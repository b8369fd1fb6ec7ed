"""The pools of what is asked about packages, models and engines; pools.py has the values that they share."""

from scripts.honesty.pools import (
    BOTH,
    CODE,
    COPIES,
    CUDNN,
    GPUS,
    KITS,
    MAYBE_CUDA,
    NAMED_JETSON,
    PLATFORM,
    PYTHON,
    SONAMES,
    TENSORRT,
    Facts,
    Pool,
    Several,
    copy_of,
)  # fmt: skip

_INDEXES = (
    "https://download.pytorch.org/whl/cu126",
    "https://download.pytorch.org/whl/cpu",
    "https://pip.example/simple",
)
_JAX_RELEASES = (
    "0.4.7", "0.4.13", "0.4.20", "0.4.30", "0.4.31", "0.4.34", "0.5.0", "0.5.3", "0.6.0", "0.7.0", "0.8.1", "0.9",
    "0.4", None,
)  # fmt: skip
_JAXLIBS = (*_JAX_RELEASES, *_JAX_RELEASES, "0.4.13+cuda12.cudnn89", "0.4.13+cuda11.cudnn86", "0.4.7+cuda12.cudnn88")
JAX = Pool(
    ("use:jax", "use:jax", "import:jax"),
    {
        **PLATFORM,
        "packages": {
            "jax": _JAX_RELEASES,
            "jaxlib": _JAXLIBS,
            "jax-cuda12-plugin": _JAX_RELEASES,
            "jax-cuda12-pjrt": _JAX_RELEASES,
            "jax-cuda13-plugin": (*_JAX_RELEASES[-6:], *[False] * 6),
            "nvidia-cudnn-cu12": ("8.9.7.29", "9.1.0.70", "9.10.2.21"),
            "nvidia-cudnn-cu13": "9.13.0.50",
            "numpy": ("1.26.4", "2.1.0"),
            "torch": ("2.6.0", "2.9.0+cu130"),
        },
        "builds": {
            name: {"cuda": MAYBE_CUDA, "cudnn": ("8.9", "9.1.1"), "architectures": CODE}
            for name in ("jax", "jaxlib", "jax-cuda12-plugin")
        },
        "libraries": Several(copy_of("cudnn", CUDNN)),
        "toolkits": KITS,
    },
    0.4,
)
ENGINES = Pool(
    (
        "use:tensorrt", "run:engine", "run:engine", "convert:onnx-tensorrt", "use:onnxruntime-tensorrt",
        "use:torch-tensorrt", "use:tf-trt", "use:tensorrt-llm", "run:onnx",
    ),
    {
        **PLATFORM,
        "packages": {
            "tensorrt": (None, *TENSORRT, False),
            "tensorrt-cu12": (None, *TENSORRT[4:]),
            "onnxruntime-gpu": ("1.16.3", "1.18.0", "1.20.1", None),
            "tensorflow": ("2.10.0", "2.15.0", "2.17.0", None),
            "torch": ("2.6.0+cu124", "2.1.0", None),
            "torch-tensorrt": ("2.6.0", "2.1.0", None),
            "tensorrt-llm": ("0.17.0", "1.0.0", None),
            "nvidia-cudnn-cu12": "9.1.0.70",
        },
        "builds": {
            name: {
                "cuda": MAYBE_CUDA, "tensorrt": TENSORRT, "cudnn": ("8.9", "9.1.1"), "missing": ["libnvinfer.so.10"],
            }
            for name in ("tensorrt", "onnxruntime-gpu", "tensorflow", "torch")
        },
        "libraries": Several((copy_of("tensorrt", TENSORRT), copy_of("tensorrt", TENSORRT), copy_of("cudnn", CUDNN))),
        "missing_libraries": Several(SONAMES),
        "engine": {
            "tensorrt": TENSORRT,
            "compute_capability": ("7.5", "8.6", "8.9", "9.0"),
            "gpu": "Tesla T4",
            "os": ("linux", "windows"),
            "serialization": ("239", "240"),
            "version_compatible": BOTH,
            "hardware_compatible": BOTH,
            "platform": ("rtrt", "utrt"),
            "file": "model.engine",
            "damaged": "cut short",
        },
        "model": {
            "opset": ("13", "17", "22"),
            "precision": ("fp16", "fp8", "int8", "bf16", "fp4"),
            "device": ("gpu", "dla"),
            "types": (["float"], ["float8e4m3fn"], ["bfloat16"]),
            "operators": ["NonMaxSuppression", "GridSample"],
        },
        "container": {"image": ("nvcr.io/nvidia/tensorrt:24.05-py3", "nvcr.io/nvidia/tensorrt:20.12-py3")},
        "toolkits": KITS,
        "variables": {"LD_LIBRARY_PATH": "/opt/lib"},
        "jetson": NAMED_JETSON,
    },
    0.35,
)  # fmt: skip
_TYPES = (["float"], ["float16", "float"], ["int64", "float"], ["bfloat16"], ["float8e4m3fn"], ["double"], ["string"])
MODELS = Pool(
    (
        "run:onnx", "run:onnx", "convert:onnx-tensorrt", "convert:onnx-tensorrt", "convert:torch-onnx",
        "convert:tensorflow-onnx", "use:onnxruntime-cuda", "use:onnxruntime-tensorrt", "use:torch", "use:tensorrt",
    ),
    {
        "os": ("linux", "windows"),
        "arch": ("x86_64", "aarch64"),
        "gpus": GPUS,
        "python": PYTHON,
        "packages": {
            "onnx": ("1.12.0", "1.16.0", "1.22.0", None),
            "onnxruntime-gpu": ("1.4.0", "1.12.1", "1.16.3", "1.20.1", None),
            "onnxruntime": ("1.9.0", "1.18.0", "1.24.4", None),
            "tensorrt": (*TENSORRT, None),
            "torch": ("1.13.1+cu117", "2.1.0", "2.6.0", "2.9.0", None),
            "tf2onnx": ("1.9.1", "1.16.1", None),
            "tensorflow": ("2.10.0", "2.15.0", "2.17.0", None),
            "keras": ("3.4.0", "2.15.0"),
            "onnxscript": ("0.1.0", None),
            "protobuf": ("3.20.3", "4.25.0", "6.31.1"),
            "numpy": ("1.26.4", "2.1.0"),
        },
        "libraries": Several((copy_of("tensorrt", TENSORRT), copy_of("cudnn", CUDNN))),
        "model": {
            "format": "onnx",
            "opset": ("7", "11", "13", "17", "18", "20", "22", "24"),
            "ir_version": ("4", "7", "8", "9", "10", "12", "13"),
            "writer": ("onnx 1.16.0", "onnx 1.22.0", "pytorch 2.4", "tf2onnx 1.9.1"),
            "operators": Several(
                ("Conv", "Einsum", "LayerNormalization", "GroupNormalization", "NonMaxSuppression", "GridSample",
                 "Resize", "CumSum", "com.microsoft::Attention", "ai.onnx.ml::TreeEnsemble", "NonZero")
            ),
            "domains": {"com.microsoft": "1", "ai.onnx.ml": ("3", "5")},
            "types": _TYPES,
            "input_types": _TYPES,
            "operator_types": {"CumSum": (["int64"], ["float"]), "Conv": (["double"], ["float16"])},
            "attributes": {"Resize": {"antialias": ["1"]}},
            "quantized": BOTH,
            "precision": ("fp32", "fp16", "fp8", "int8", "bf16", "fp4", "tf32"),
            "device": ("gpu", "dla"),
            "file": "model.onnx",
        },
        "container": {"image": ("nvcr.io/nvidia/tensorrt:24.05-py3", "nvcr.io/nvidia/tritonserver:23.10-py3")},
        "jetson": NAMED_JETSON,
    },
    0.4,
)  # fmt: skip
FRAMEWORKS: Facts = {
    "torch": ("2.6.0+cu124", "2.1.0", "2.9.0", "2.9.0+cu130", "1.13.1+cu117", "2.6.0+cpu", None, False),
    "tensorflow": ("2.10.0", "2.15.0", "2.17.0", "2.20.0", None),
    "tensorflow-gpu": ("2.10.0", None),
    "onnxruntime-gpu": ("1.16.3", "1.18.0", "1.20.1", "1.24.4", None),
    "onnxruntime": ("1.18.0", "1.24.4", None),
    "vllm": ("0.6.0", "0.11.0", "0.4.0", None),
    "cupy-cuda12x": ("13.3.0", None),
    "cupy-cuda11x": "12.0.0",
    "ctranslate2": ("4.4.0", "4.5.0", "3.24.0", None),
    "paddlepaddle-gpu": ("2.6.1", "3.0.0", None),
    "xformers": ("0.0.29", "0.0.23", None),
    "torchvision": ("0.21.0", "0.16.0+cu121", None),
    "torchaudio": ("2.6.0", None),
    "flash-attn": ("2.7.4", None),
    "bitsandbytes": ("0.45.0", "0.41.0", None),
    "tf2onnx": ("1.16.1", "1.9.1"),
    "keras": ("3.4.0", "2.15.0"),
    "mxnet-cu112": "1.9.1",
    "triton": ("3.2.0", "2.1.0", None),
}
BESIDE: Facts = {
    "numpy": ("1.26.4", "2.1.0"),
    "protobuf": ("3.20.3", "4.25.0", "6.31.1"),
    "onnx": ("1.16.0", "1.22.0"),
    "nvidia-cudnn-cu12": ("8.9.7.29", "9.1.0.70", "9.10.2.21", None),
    "nvidia-cudnn-cu11": "8.5.0.96",
    "nvidia-cudnn-cu13": "9.13.0.50",
    "nvidia-cublas-cu12": ("12.1.3.1", "12.4.5.8", "12.8.4.1", None),
    "nvidia-nccl-cu12": ("2.19.3", "2.27.3"),
    "cudatoolkit": ("11.3", "11.8"),
    "cuda-version": "12.4",
    "pytorch-cuda": "12.4",
}
DAMAGED = (
    ("nvidia-cudnn-cu12", "nvidia/cudnn/lib/libcudnn.so.9"),
    ("torch", "torch/lib/libtorch_cuda.so"),
    ("nvidia-cublas-cu12", "nvidia/cublas/lib/libcublas.so.12"),
    ("nvidia-nccl-cu12", "nvidia/nccl/lib/libnccl.so.2"),
)
SOFTWARE: Facts = {
    **PLATFORM,
    "distribution": "ubuntu",
    "distribution_version": ("18.04", "22.04"),
    "glibc": ("2.17", "2.27", "2.31", "2.35"),
    "glibcxx": ("3.4.21", "3.4.28", "3.4.30"),
    "libraries": Several(COPIES),
    "toolkits": KITS,
    "missing_libraries": Several(SONAMES[:6]),
    "variables": {"LD_LIBRARY_PATH": ("/opt/lib", "/usr/local/cuda/compat"), "PIP_EXTRA_INDEX_URL": _INDEXES},
    "container": {"image": ("nvcr.io/nvidia/pytorch:24.05-py3", "nvidia/cuda:12.4.1-base")},
    "jetson": NAMED_JETSON,
    "model": {"target": ("sm_75", "sm_90a", "sm_120", "sm_121a")},
}
PACKAGES = Pool(
    (
        "use:torch", "use:tensorflow", "use:onnxruntime-cuda", "use:vllm", "use:cupy", "use:ctranslate2",
        "use:paddlepaddle", "import:onnxruntime", "import:torch", "import:vllm", "use:xformers", "use:torchvision",
        "use:torchaudio", "use:flash-attn", "use:bitsandbytes", "convert:tensorflow-onnx", "use:keras", "use:mxnet",
        "use:triton",
    ),
    SOFTWARE,
    0.3,
)  # fmt: skip
_SPECS = ("*", "<2", "==2.6.0", "==2.1.0", "==2.15.0", "==1.18.0", "==0.6.0", "==0.4.30", "==10.3.0", "==4.4.0")
REQUESTS: Facts = {
    "torch": ("==2.6.0+cu124", *_SPECS),
    "tensorflow": _SPECS,
    "tensorflow[and-cuda]": _SPECS,
    "onnxruntime-gpu": _SPECS,
    "vllm": ("==0.11.0", *_SPECS),
    "jax": _SPECS,
    "jax[cuda12]": _SPECS,
    "jax[cuda13]": "*",
    "tensorrt": _SPECS,
    "bitsandbytes": "*",
    "ctranslate2": _SPECS,
    "paddlepaddle-gpu": ("*", "==2.6.1"),
    "xformers": ("*", "==0.0.29"),
}
GOAL_OF = {"onnxruntime-gpu": "onnxruntime", "paddlepaddle-gpu": "paddlepaddle"}
INSTALLS = Pool((), SOFTWARE, 0.35)
BUILD: Facts = {
    "cuda": MAYBE_CUDA,
    "cudnn": ("8.9", "9.1.1"),
    "architectures": CODE,
    "source": ("pypi", "pytorch", "conda-forge"),
    "missing": ([], ["libcudnn.so.9"], ["libcublas.so.12"]),
}
_LOADER = ("/opt/lib", "/opt/conda/lib", "/usr/local/cuda/lib64", "")
FILES = Pool(
    (
        "import:torch", "import:onnxruntime", "import:tensorflow", "use:tensorflow", "use:torch", "use:ctranslate2",
        "import:tensorrt", "use:onnxruntime-cuda", "import:jax", "install:torch", "install:onnxruntime",
        "use:a-package-of-our-own",
    ),
    {
        "os": ("linux", "linux", "windows"),
        "arch": ("x86_64", "x86_64", "aarch64"),
        "python": ("3.6.9", *PYTHON, "3.14.0"),
        "environment": ([], ["conda"], ["docker"], ["wsl2"], ["colab"], ["externally-managed"]),
        "distribution": ("ubuntu", "debian", "centos", "rhel", "amzn", "rocky", "fedora", "opensuse-leap"),
        "distribution_version": ("7", "8", "8.6", "10", "12", "16.04", "18.04", "20.04", "22.04", "24.04", "2", "15.5"),
        "glibc": ("2.17", "2.23", "2.27", "2.31", "2.35"),
        "glibcxx": ("3.4.14", "3.4.18", "3.4.19", "3.4.21", "3.4.25", "3.4.30"),
        "variables": {"LD_LIBRARY_PATH": _LOADER, "LD_PRELOAD": "/opt/lib/libjemalloc.so", "PIP_INDEX_URL": _INDEXES},
        "container": {"image": ("nvidia/cuda:12.4.1-base", "python:3.10-slim", "nvcr.io/nvidia/pytorch:24.05-py3")},
        "packages": {
            "torch": ("1.4.0", "1.13.1+cu117", "2.1.0", "2.6.0+cu124", "2.6.0", "2.9.0", None),
            "pytorch": ("1.13.1", "2.1.0"),
            "tensorflow": ("2.4.0", "2.10.0", "2.17.0", "2.20.0", None),
            "onnxruntime-gpu": ("1.4.0", "1.16.3", "1.20.1", "1.24.4", None),
            "onnxruntime": ("1.9.0", "1.24.4"),
            "ctranslate2": ("3.24.0", "4.5.0", None),
            "jax": ("0.4.30", "0.8.1"),
            "jaxlib": ("0.4.30", "0.8.1"),
            "tensorrt": (*TENSORRT, None),
            "numpy": ("1.21.6", "1.26.4", "2.1.0"),
            "protobuf": ("3.20.3", "4.25.0"),
        },
        "builds": {
            name: {"source": ("pypi", "pytorch", "conda-forge", "ubuntu"), "python_tag": ("cp38", "cp310", "cp312")}
            for name in ("torch", "tensorflow", "onnxruntime-gpu", "ctranslate2")
        },
        "request": {"torch": ("*", "==2.6.0", "==2.6.0+cu124"), "onnxruntime-gpu": ("*", "==1.20.1")},
        "gpus": GPUS,
        "libraries": Several(COPIES),
        "jetson": NAMED_JETSON,
    },
    0.4,
)  # fmt: skip
