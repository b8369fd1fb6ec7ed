"""One copy of a library, as the layers hand it on, and the version that a header beside it gives."""

from __future__ import annotations

import re

from compat.machine import Library
from compat.probe.host import Host, Unreadable
from compat.records import dataclass

HEADERS = {
    "cudnn": (("cudnn_version.h", "cudnn.h"), ("CUDNN_MAJOR", "CUDNN_MINOR", "CUDNN_PATCHLEVEL")),
    "tensorrt": (
        ("NvInferVersion.h",),
        ("NV_TENSORRT_MAJOR", "NV_TENSORRT_MINOR", "NV_TENSORRT_PATCH", "NV_TENSORRT_BUILD"),
    ),
}
"""Library to the headers beside it that give its version, and the names of the numbers."""

_HEADER_LIMIT = 256 << 10


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy: the description's entry, the real file behind it, and what told its version."""

    library: Library
    real: str
    source: str


def header_version(host: Host, name: str, real: str) -> tuple[str, str] | None:
    """The version that a header of the same installation defines, with the header's path.

    Sources: cudnn_version.h (CUDNN_MAJOR, _MINOR, _PATCHLEVEL) and NvInferVersion.h (NV_TENSORRT_*).
    """
    files, names = HEADERS.get(name, ((), ()))
    folder = real.rpartition("/")[0]
    up = folder.rpartition("/")[0]
    places = (
        [f"{up}/include"]
        if "/site-packages/" in real or "-packages/" in real
        else [f"{up}/include", "/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu"]
    )
    for place in places:
        for file in files:
            text = host.read_text(f"{place}/{file}", _HEADER_LIMIT)
            if isinstance(text, Unreadable):
                continue
            numbers = [re.search(rf"^\s*#\s*define\s+{n}\s+(\d+)", text, re.MULTILINE) for n in names]
            if all(numbers):
                return ".".join(m[1] for m in numbers if m), f"{place}/{file}"
    return None
