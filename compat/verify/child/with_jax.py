"""JAX: matrix product and convolution on each GPU. Where the GPU fails JAX computes on the CPU and says little."""

from __future__ import annotations

from typing import Any

from compat.verify.child import reference, result


def prove(options: result.Options) -> dict[str, Any]:
    """Compute on every GPU. Raises Absent, Wrong, and whatever JAX raises."""
    jax = result.load("jax")
    numpy = result.load("numpy")
    try:
        devices = jax.devices("gpu")
    except RuntimeError:
        if not options.cpu:
            raise
        devices = []
    found = []
    for device in devices or jax.devices("cpu"):
        precisions = result.precisions(*_capability(device)) if devices else ["fp32"]
        for precision in precisions:
            found += _both(jax, numpy, device, precision)
    return result.answer("jax", jax.__version__, "gpu" if devices else "cpu", found)


def _capability(device: Any) -> tuple[int, int]:
    text = str(getattr(device, "compute_capability", "")) or "5.0"
    major, _, minor = text.partition(".")
    return int(major), int(minor or 0)


def _both(jax: Any, numpy: Any, device: Any, precision: str) -> list[dict[str, Any]]:
    kind = {"fp16": jax.numpy.float16, "bf16": jax.numpy.bfloat16}.get(precision, jax.numpy.float32)
    # As they are after rounding to the precision: that is what the reference computes with.
    a, b, x, w = (numpy.asarray(jax.numpy.asarray(one, dtype=kind)) for one in reference.inputs(numpy))
    accuracy = jax.lax.Precision.DEFAULT if precision == "tf32" else jax.lax.Precision.HIGHEST
    put = [jax.device_put(one, device) for one in (a, b, x, w)]
    product = jax.jit(lambda one, two: jax.numpy.matmul(one, two, precision=accuracy))(put[0], put[1])
    folded = jax.jit(lambda one, two: jax.lax.conv(one, two, (1, 1), "VALID", precision=accuracy))(put[2], put[3])
    for one in (product, folded):
        if set(one.devices()) != {device}:
            raise result.Wrong(f"the result is on {one.devices()}, not on {device}")
    wide = [numpy.asarray(one.astype(jax.numpy.float32)) for one in (product, folded)]
    a, b, x, w = (one.astype(numpy.float32) for one in (a, b, x, w))
    name = getattr(device, "device_kind", str(device))
    errors = reference.product_error(numpy, wide[0], a, b), reference.convolution_error(numpy, wide[1], x, w)
    return result.both(precision, *errors, name)
