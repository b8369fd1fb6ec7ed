"""The child that asks NVML; run as a program, with the path of pynvml.py. Prints one JSON object.

It imports nothing of this package, so that it starts whatever the interpreter's path is. Every call may fail on its
own (NVMLError), and no failure keeps the others from being made.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

_NO_ANSWER = (3, 6)  # NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_NOT_FOUND (an empty MIG slot): answers, not failures


def main(module_path: str) -> dict[str, Any]:
    """Everything that NVML tells: driver, CUDA, GPUs; `errors` maps calls that failed to their reasons."""
    if module_path:
        sys.path.append(os.path.dirname(module_path))
    try:
        import pynvml  # type: ignore[import-untyped]
    except ImportError as error:
        return {"errors": {"import": str(error)}}
    errors: dict[str, str] = {}

    def call(name: str, *arguments: Any) -> Any:
        function: Callable[..., Any] | None = getattr(pynvml, name, None)
        try:
            value = function(*arguments) if function else None
        except (pynvml.NVMLError, OSError, ValueError, UnicodeError) as error:
            if getattr(error, "value", None) not in _NO_ANSWER:
                errors[name] = str(error)
            return None
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    call("nvmlInit")
    if errors:
        return {"errors": errors}
    count = call("nvmlDeviceGetCount") or 0
    handles = [call("nvmlDeviceGetHandleByIndex", index) for index in range(min(count, 256))]
    return {
        "driver": call("nvmlSystemGetDriverVersion"),
        "cuda": call("nvmlSystemGetCudaDriverVersion_v2"),
        "gpus": [_gpu(call, handle) for handle in handles if handle is not None],
        "errors": errors,
    }


def _gpu(call: Callable[..., Any], handle: Any) -> dict[str, Any]:
    capability = call("nvmlDeviceGetCudaComputeCapability", handle)
    bus = call("nvmlDeviceGetPciInfo", handle)
    number = getattr(bus, "pciDeviceId", None)  # device in the upper, vendor in the lower half
    return {
        "name": call("nvmlDeviceGetName", handle),
        "compute_capability": "{}.{}".format(*capability) if capability else None,
        "pci_id": f"{number & 0xFFFF:04x}:{number >> 16:04x}" if number else None,
        "mig": _mig(call, handle),
    }


def _mig(call: Callable[..., Any], handle: Any) -> str | bool | None:
    """False, the profile of the only instance, or "enabled"; None where NVML cannot tell."""
    mode = call("nvmlDeviceGetMigMode", handle)
    if mode is None:
        return None
    if not mode[0]:
        return False
    names = set()
    for index in range(call("nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
        instance = call("nvmlDeviceGetMigDeviceHandleByIndex", handle, index)
        name = call("nvmlDeviceGetName", instance) if instance is not None else None
        if name and " MIG " in name:
            names.add(name.partition(" MIG ")[2])
    return names.pop() if len(names) == 1 else "enabled"


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1] if len(sys.argv) > 1 else "")))
