"""Which subdirectories of a library directory the loader tries first on this processor.

glibc 2.33 brought `glibc-hwcaps/x86-64-v4` and so on (levels after the x86-64 psABI); the older `tls`,
`haswell` and `x86_64` subdirectories were last searched by glibc 2.36 (glibc NEWS for 2.37).
"""

from __future__ import annotations

from compat.probe.host import Host

_LEVELS = (
    ("x86-64-v2", frozenset({"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"})),
    ("x86-64-v3", frozenset({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"})),
    ("x86-64-v4", frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})),
)
"""Each level needs the flags of /proc/cpuinfo that are named here and those of the levels before it."""

_FIRST_PROCESSOR = 8192  # bytes; the file has as many kilobytes as the machine has processors, and is slow

NEWEST_WITH_LEGACY = (2, 36)
OLDEST_WITH_LEVELS = (2, 33)

ROOTS = ("glibc-hwcaps", "tls", "x86_64", "aarch64")
"""What a directory must hold for any of its subdirectories to matter."""


def levels(host: Host, machine: str) -> tuple[str, ...]:
    """The glibc-hwcaps levels that the processor of `host` has, best first; none where it cannot be told."""
    if machine != "x86_64":
        return ()
    text = host.read_head("/proc/cpuinfo", _FIRST_PROCESSOR) or b""
    flags: frozenset[str] = frozenset()
    for line in text.decode("ascii", "replace").splitlines():
        if line.startswith("flags"):
            flags = frozenset(line.partition(":")[2].split())
            break
    found: list[str] = []
    for name, needed in _LEVELS:
        if not needed <= flags:
            break
        found.insert(0, name)
    return tuple(found)


def subdirectories(names: tuple[str, ...], machine: str, glibc: tuple[int, ...] | None) -> tuple[str, ...]:
    """The subdirectories tried before a directory itself, in order, each ending in "/".

    `names` are the levels of the processor; a glibc of unknown version is taken to search both families.
    """
    modern = [f"glibc-hwcaps/{name}/" for name in names]
    if glibc is not None and glibc < OLDEST_WITH_LEVELS:
        modern = []
    legacy = ["tls/x86_64/", "tls/", "x86_64/"] if machine == "x86_64" else ["tls/aarch64/", "tls/", "aarch64/"]
    if glibc is not None and glibc > NEWEST_WITH_LEGACY:
        legacy = []
    return (*modern, *legacy)
