"""How indexes compare the names of distributions."""


def normal(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503), without extras."""
    plain = name.partition("[")[0].strip().lower().replace("_", "-").replace(".", "-")
    while "--" in plain:
        plain = plain.replace("--", "-")
    return plain


COMPONENTS = ("torch", "tensorflow", "jax", "onnxruntime", "tensorrt")
"""What other packages extend: requests and verdicts begin with them, in this order."""

OF_TORCH = ("torchvision", "torchaudio")
"""Published with each release of torch, for each of its builds."""


def of_gpu_build(name: str) -> bool:
    """Does a distribution's name tell its build for CUDA from another's of its project (onnxruntime-genai-cuda)?"""
    return "gpu" in name or name.endswith("-cuda")
