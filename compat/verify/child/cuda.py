"""The CUDA driver's own interface by ctypes: enough to allocate, copy, run a kernel and measure time.

The functions, their ``_v2`` names and argument types are those of cuda.h (CUDA Driver API reference).
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from compat.verify.child import result

_LIBRARY = "nvcuda.dll" if os.name == "nt" else "libcuda.so.1"
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR


class Device:
    """The primary context of one GPU, current in this thread."""

    def __init__(self, number: int = 0) -> None:
        self.library = library()
        self.handle = ctypes.c_int()
        self.call("cuDeviceGet", ctypes.byref(self.handle), number)
        name = ctypes.create_string_buffer(256)
        self.call("cuDeviceGetName", name, 256, self.handle)
        self.name = name.value.decode("utf-8", "replace")
        self.capability = (self._attribute(_MAJOR), self._attribute(_MINOR))
        context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), self.handle)
        self.call("cuCtxSetCurrent", context)

    def call(self, function: str, *arguments: Any) -> None:
        """Call the driver. Raises Wrong with the driver's name of the error."""
        status = getattr(self.library, function)(*arguments)
        if status != 0:
            raise result.Wrong(f"{function} failed: {error_name(self.library, status)}")

    def allocate(self, size: int) -> ctypes.c_uint64:
        """Memory of the GPU, in bytes; it is given back with the process."""
        address = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        return address

    def upload(self, address: ctypes.c_uint64, data: bytes) -> None:
        """Copy to the GPU."""
        self.call("cuMemcpyHtoD_v2", address, data, ctypes.c_size_t(len(data)))

    def download(self, address: ctypes.c_uint64, size: int) -> bytes:
        """Copy from the GPU, after everything on it has ended."""
        buffer = ctypes.create_string_buffer(size)
        self.synchronize()
        self.call("cuMemcpyDtoH_v2", buffer, address, ctypes.c_size_t(size))
        return buffer.raw

    def stream(self) -> int:
        """A stream of its own."""
        found = ctypes.c_void_p()
        self.call("cuStreamCreate", ctypes.byref(found), 0)
        return int(found.value or 0)

    def synchronize(self) -> None:
        """Wait for the GPU; an error of a kernel shows here."""
        self.call("cuCtxSynchronize")

    def _attribute(self, which: int) -> int:
        value = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(value), which, self.handle)
        return value.value


def library() -> Any:
    """The driver's library, started. Raises Wrong."""
    try:
        found = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise result.Wrong(str(error)) from None
    status = found.cuInit(0)
    if status != 0:
        raise result.Wrong(f"cuInit failed: {error_name(found, status)}")
    return found


def count() -> int:
    """Visible GPUs."""
    number = ctypes.c_int()
    found = library()
    status = found.cuDeviceGetCount(ctypes.byref(number))
    if status != 0:
        raise result.Wrong(f"cuDeviceGetCount failed: {error_name(found, status)}")
    return number.value


def error_name(found: Any, status: int) -> str:
    """``CUDA_ERROR_NO_DEVICE (error 100)``."""
    text = ctypes.c_char_p()
    found.cuGetErrorName(status, ctypes.byref(text))
    return f"{text.value.decode() if text.value else 'unknown'} (error {status})"
