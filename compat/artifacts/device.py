"""The device struct of an engine: the properties of the GPU that built it, in three orders (docs/artifacts.md).

P1 to TensorRT 8.4, P2 from 8.5 to 10.6, P3 from 10.9 on. The types of the values choose the order, since 10.7 and
10.8 have not been seen: P3 begins with a signed 64-bit number, and the Boolean "integrated" stands one place later
in P2 than in P1.
"""

from collections.abc import Iterable, Mapping, Sequence

from compat.artifacts.archive import Value

_BOOL, _U32, _U64, _I64 = 10, 7, 8, 9
_HEAD = ("cc_major", "cc_minor", "clock_khz", "memory_clock_khz", "memory_bus_bits", "l2_bytes")
_MIDDLE = (
    "shared_mem_per_block",
    "shared_mem_per_sm",
    "texture_alignment",
    "sm_count",
    "integrated",
    "max_threads_per_block",
    "max_grid_x",
    "max_grid_y",
    "max_grid_z",
)
P1 = (*_HEAD, *_MIDDLE)
P2 = (*_HEAD, "persisting_l2_max_bytes", *_MIDDLE)
P3 = (
    "total_global_mem",
    "l2_bytes",
    "persisting_l2_max_bytes",
    "clock_khz",
    "memory_clock_khz",
    "memory_bus_bits",
    "shared_mem_per_block",
    "shared_mem_per_sm",
    "sm_count",
    "integrated",
    "max_threads_per_block",
    "reserved_shared_mem_per_block",
    "cc_major",
    "cc_minor",
    "texture_alignment",
)
_P3_TYPES = (_I64, _U64, _U64, *(_U32,) * 12)


def read(groups: Iterable[Sequence[Value]], version: tuple[int, int, int, int]) -> tuple[str, Mapping[str, int]] | None:
    """(layout, properties) of the first group that is a device struct; None where none has a proven shape."""
    for group in groups:
        found = _read(group, version)
        if found is not None and _is_plausible(found[1]):
            return found
    return None


def _read(group: Sequence[Value], version: tuple[int, int, int, int]) -> tuple[str, dict[str, int]] | None:
    types = tuple(value.type for value in group)
    numbers = [value.number for value in group]
    if types == _P3_TYPES:
        return "P3", dict(zip(P3, numbers, strict=True))
    for name, fields in (("P1", P1), ("P2", P2)):
        place = fields.index("integrated")
        if len(group) >= len(fields) and types[0] == _U32 and types[place] == _BOOL and _BOOL not in types[:place]:
            found = dict(zip(fields, numbers, strict=False))
            return name, found | _tail(group[len(fields) :], version)
    return None


def _tail(rest: Sequence[Value], version: tuple[int, int, int, int]) -> dict[str, int]:
    """What follows the grid: reserved shared memory (10.x), memory (from 7.1 on), texture width (8.0 to 10.1)."""
    found: dict[str, int] = {}
    wide = [place for place, value in enumerate(rest[:2]) if value.type in (_U64, _I64)]
    if version < (7, 1, 0, 0) or not wide:
        return found
    place = wide[0]
    if place == 1:
        found["reserved_shared_mem_per_block"] = rest[0].number
    found["total_global_mem"] = rest[place].number
    if version >= (8, 0, 0, 0) and len(rest) > place + 1 and rest[place + 1].type == _U32:
        found["max_texture_1d_linear"] = rest[place + 1].number
    return found


def _is_plausible(found: Mapping[str, int]) -> bool:
    """Every CUDA GPU since 2.0 has 512 or 1024 threads a block; a shifted read does not survive these."""
    return (
        2 <= found["cc_major"] <= 40
        and 0 <= found["cc_minor"] <= 9
        and 1 <= found["sm_count"] <= 2048
        and found["max_threads_per_block"] in (512, 1024)
    )
