"""What a computation answers, and how its error is judged."""

from __future__ import annotations

from typing import Any

from compat.verify.child.reference import CHANNELS, KERNEL, TERMS


class Absent(Exception):
    """The library is not installed."""


class Wrong(Exception):
    """The computation did not run where it should, or its result is wrong."""


class Options:
    """``cpu``: compute on the CPU where there is no GPU (tests); nothing is verified by that."""

    def __init__(self, goal: str, cpu: bool = False) -> None:
        self.goal = goal
        self.cpu = cpu


# Relative to the sum of magnitudes |A||B|, component by component, an inner product of n terms that is accumulated with
# unit roundoff u differs by at most about n*u, whatever the order (Higham, Accuracy and Stability of Numerical
# Algorithms, 2nd ed., section 3.1); tensor cores truncate, which doubles u. To that comes rounding the result, and for
# TF32 rounding both inputs to 11 bits. The inputs here are exact in their precision.
_UNIT = {"fp64": 2.0**-53, "fp32": 2.0**-24, "tf32": 2.0**-23, "fp16": 2.0**-23, "bf16": 2.0**-23}
_ROUNDING = {"fp64": 2.0**-53, "fp32": 2.0**-24, "tf32": 2.0**-10, "fp16": 2.0**-11, "bf16": 2.0**-8}
# A convolution may be computed by a fast algorithm (Winograd, FFT), whose constant is larger.
_FAST = 8.0


def bound(precision: str, terms: int, fast: bool = False) -> float:
    """Largest relative error of an inner product of so many terms."""
    return (2.0 * _ROUNDING[precision] + (terms + 2) * _UNIT[precision]) * (_FAST if fast else 1.0)


# For a whole small network, relative to the largest value of its result: two layers of the above, and GPU libraries
# take TF32 for FP32 unless told otherwise. Quantized ones are held against the network of the rounded numbers, whose
# products are exact in 32-bit integers; tensor cores add up 8-bit floating point with fewer bits than FP32 has.
NETWORK = {"fp32": 5e-3, "fp16": 1e-2, "bf16": 5e-2, "int8": 5e-3, "fp8": 2e-2}


def computation(name: str, precision: str, error: float, limit: float, device: str, **more: Any) -> dict[str, Any]:
    """One computation; raises Wrong where its error is over the limit (or is no number)."""
    if not error <= limit:
        raise Wrong(
            f"{name} in {precision} on {device} is wrong: relative error {error:.3g}, at most {limit:.3g} is due"
        )
    return {"name": name, "precision": precision, "error": float(error), "bound": limit, "device": device, **more}


def both(precision: str, product: float, folded: float, device: str) -> list[dict[str, Any]]:
    """A matrix product and a convolution of the reference's sizes by their errors; raises Wrong as `computation`."""
    return [
        computation("matrix product", precision, product, bound(precision, TERMS), device),
        computation("convolution", precision, folded, bound(precision, CHANNELS * KERNEL**2, fast=True), device),
    ]


def answer(library: str, version: str, on: str, computations: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The child's whole answer; ``on`` is gpu or cpu."""
    return {"state": "computed", "library": library, "version": version, "on": on, "computations": computations, **more}


def load(name: str) -> Any:
    """Import the library that is to be proven. Raises Absent only where the library itself is what is missing."""
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise Absent(f"{name} is not installed") from None
        raise


def precisions(major: int, minor: int) -> list[str]:
    """Floating-point formats that a GPU has (CUDA C++ Programming Guide, compute capabilities)."""
    capability = (major, minor)
    found = ["fp32"]
    if capability >= (8, 0):
        found.append("tf32")
    if capability >= (5, 3):
        found.append("fp16")
    if capability >= (8, 0):
        found.append("bf16")
    return found
