"""The driver alone: a kernel in PTX, compiled by the driver, on each GPU; no framework takes part."""

from __future__ import annotations

import ctypes
import struct
from typing import Any

from compat.verify.child import cuda, result

_COUNT = 4096
_THREADS = 256
_FACTOR = 3.0
# PTX ISA 6.0 for the virtual architecture 5.0: every driver since R384 compiles it for every GPU since Maxwell.
_PTX = b"""
.version 6.0
.target sm_50
.address_size 64
.visible .entry saxpy(.param .u64 px, .param .u64 py, .param .f32 pa, .param .u32 pn)
{
    .reg .pred %p<2>;
    .reg .f32 %f<5>;
    .reg .b32 %r<6>;
    .reg .b64 %rd<8>;
    ld.param.u64 %rd1, [px];
    ld.param.u64 %rd2, [py];
    ld.param.f32 %f1, [pa];
    ld.param.u32 %r1, [pn];
    mov.u32 %r2, %ctaid.x;
    mov.u32 %r3, %ntid.x;
    mov.u32 %r4, %tid.x;
    mad.lo.s32 %r5, %r2, %r3, %r4;
    setp.ge.u32 %p1, %r5, %r1;
    @%p1 bra DONE;
    cvta.to.global.u64 %rd3, %rd1;
    cvta.to.global.u64 %rd4, %rd2;
    mul.wide.u32 %rd5, %r5, 4;
    add.s64 %rd6, %rd3, %rd5;
    add.s64 %rd7, %rd4, %rd5;
    ld.global.f32 %f2, [%rd6];
    ld.global.f32 %f3, [%rd7];
    fma.rn.f32 %f4, %f1, %f2, %f3;
    st.global.f32 [%rd7], %f4;
DONE:
    ret;
}
\0"""


def prove(options: result.Options) -> dict[str, Any]:
    """Run the kernel on each GPU. Raises Wrong."""
    try:
        number = cuda.count()
    except result.Wrong:
        if not options.cpu:
            raise
        return result.answer("driver", "", "cpu", [])
    if number == 0:
        raise result.Wrong("the driver sees no GPU")
    version = ctypes.c_int()
    cuda.library().cuDriverGetVersion(ctypes.byref(version))
    found = [_saxpy(cuda.Device(one)) for one in range(number)]
    return result.answer("CUDA driver", f"{version.value // 1000}.{version.value % 1000 // 10}", "gpu", found)


def _saxpy(device: cuda.Device) -> dict[str, Any]:
    """y = 3x + y on whole numbers, which float32 holds exactly: the result has no error at all."""
    module, function = ctypes.c_void_p(), ctypes.c_void_p()
    device.call("cuModuleLoadData", ctypes.byref(module), _PTX)
    device.call("cuModuleGetFunction", ctypes.byref(function), module, b"saxpy")
    xs, ys = [float(one) for one in range(_COUNT)], [float(one % 7) for one in range(_COUNT)]
    size = 4 * _COUNT
    x, y = device.allocate(size), device.allocate(size)
    device.upload(x, struct.pack(f"<{_COUNT}f", *xs))
    device.upload(y, struct.pack(f"<{_COUNT}f", *ys))
    values = (x, y, ctypes.c_float(_FACTOR), ctypes.c_uint32(_COUNT))
    pointers = (ctypes.c_void_p * len(values))(*(ctypes.cast(ctypes.byref(one), ctypes.c_void_p) for one in values))
    device.call("cuLaunchKernel", function, _COUNT // _THREADS, 1, 1, _THREADS, 1, 1, 0, None, pointers, None)
    got = struct.unpack(f"<{_COUNT}f", device.download(y, size))
    wrong = sum(one != _FACTOR * a + b for one, a, b in zip(got, xs, ys))  # noqa: B905 - the target's Python may be older than strict=
    return result.computation("kernel compiled by the driver", "fp32", wrong / _COUNT, 0.0, device.name)
