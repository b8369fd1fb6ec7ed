"""PyTorch: matrix product and convolution on each GPU, in each precision that it has."""

from __future__ import annotations

from typing import Any

from compat.verify.child import reference as sizes
from compat.verify.child import result


def prove(options: result.Options) -> dict[str, Any]:
    """Compute on every visible GPU. Raises Absent, Wrong, and whatever torch raises."""
    torch = result.load("torch")
    if options.cpu and not torch.cuda.is_available():
        found = [one for precision in ("fp32",) for one in _both(torch, torch.device("cpu"), "CPU", precision)]
        return result.answer("torch", torch.__version__, "cpu", found)
    torch.cuda.init()  # says why, where is_available() only says no
    found = []
    for number in range(torch.cuda.device_count()):
        device = torch.device("cuda", number)
        name = torch.cuda.get_device_name(device)
        for precision in result.precisions(*torch.cuda.get_device_capability(device)):
            found += _both(torch, device, name, precision)
        if torch.cuda.max_memory_allocated(device) == 0:
            raise result.Wrong(f"nothing was computed on {name}: no memory of it was ever used")
    if not found:
        raise result.Wrong("torch sees no GPU")
    cudnn = torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else None
    return result.answer("torch", torch.__version__, "gpu", found, cuda=torch.version.cuda, cudnn=cudnn)


def _both(torch: Any, device: Any, name: str, precision: str) -> list[dict[str, Any]]:
    _choose(torch, precision)
    kind = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision, torch.float32)
    source = torch.Generator().manual_seed(sizes.SEED)

    def numbers(*shape: int) -> Any:
        return (torch.rand(*shape, generator=source) * 2 - 1).to(kind)

    a, b = numbers(sizes.ROWS, sizes.TERMS), numbers(sizes.TERMS, sizes.COLUMNS)
    x = numbers(sizes.IMAGES, sizes.CHANNELS, sizes.SIDE, sizes.SIDE)
    w = numbers(sizes.FILTERS, sizes.CHANNELS, sizes.KERNEL, sizes.KERNEL)
    convolve = torch.nn.functional.conv2d
    product, folded = a.to(device) @ b.to(device), convolve(x.to(device), w.to(device))
    for one in (product, folded):
        if one.device.type != device.type:
            raise result.Wrong(f"the result is on {one.device}, not on {name}")
    errors = (
        _error(product, a.double() @ b.double(), a.double().abs() @ b.double().abs()),
        _error(folded, convolve(x.double(), w.double()), convolve(x.double().abs(), w.double().abs())),
    )
    return result.both(precision, *errors, name)


def _error(got: Any, want: Any, scale: Any) -> float:
    return float(((got.double().cpu() - want).abs() / scale).max())


def _choose(torch: Any, precision: str) -> None:
    """FP32 as it is written, or TF32; and no partial sums in half precision."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if hasattr(matmul, "fp32_precision"):  # since torch 2.9; the older switches may not be mixed with it
        word = "tf32" if precision == "tf32" else "ieee"
        matmul.fp32_precision = word
        cudnn.conv.fp32_precision = word
    else:
        matmul.allow_tf32 = cudnn.allow_tf32 = precision == "tf32"
    for name in ("allow_fp16_reduced_precision_reduction", "allow_bf16_reduced_precision_reduction"):
        if hasattr(matmul, name):
            setattr(matmul, name, False)
