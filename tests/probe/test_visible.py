"""Which of several GPUs CUDA_VISIBLE_DEVICES selects, by what the probe knows of them."""

import pytest

from compat.machine import Gpu
from compat.probe.layer import Reading
from compat.probe.layers.visible import mark

_UUIDS = ("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "GPU-89aa11bb-0000-0000-0000-000000000000", "GPU-11111111-0")
_GPUS = (Gpu("A"), Gpu("B"), Gpu("C"))


def _visible(value: str | None, order: str = "", gpus: tuple[Gpu, ...] = _GPUS) -> list[bool | None]:
    environ = {"CUDA_DEVICE_ORDER": order} | ({} if value is None else {"CUDA_VISIBLE_DEVICES": value})
    return [gpu.visible for gpu in mark(Reading(), gpus, _UUIDS, environ)]


@pytest.mark.parametrize(
    ("value", "order", "expected"),
    [
        (None, "PCI_BUS_ID", [None, None, None]),
        ("1", "PCI_BUS_ID", [False, True, False]),
        ("2, 0", "PCI_BUS_ID", [True, False, True]),
        ("0,7,1", "PCI_BUS_ID", [True, False, False]),
        ("1,1,2", "PCI_BUS_ID", [None, None, None]),
        ("0,-1,1", "PCI_BUS_ID", [True, False, False]),
        ("", "PCI_BUS_ID", [False, False, False]),
        ("1", "", [None, None, None]),
        ("1", "FASTEST_FIRST", [None, None, None]),
        ("GPU-8932", "", [True, False, False]),
        ("GPU-11111111-0,GPU-8932", "", [True, False, True]),
        ("GPU-89", "", [False, False, False]),
        ("MIG-GPU-8932f937-d72c-4106-c12f-20bd9faed9f6/1/0", "", [True, False, False]),
        ("MIG-41b36412-f4ea-52f8", "", [None, None, None]),
    ],
)
def test_selected(value: str | None, order: str, expected: list[bool | None]) -> None:
    assert _visible(value, order) == expected


def test_a_mig_instance_is_of_the_only_gpu_that_is_cut() -> None:
    gpus = (Gpu("A"), Gpu("B", mig="enabled"))
    assert [gpu.visible for gpu in mark(Reading(), gpus, _UUIDS[:2], {"CUDA_VISIBLE_DEVICES": "MIG-41b3"})] == [
        False,
        True,
    ]
    assert _visible("0", "PCI_BUS_ID", gpus) == [None, None]


def test_a_uuid_that_nobody_knows_tells_nothing() -> None:
    assert [gpu.visible for gpu in mark(Reading(), _GPUS, ("", "", ""), {"CUDA_VISIBLE_DEVICES": "GPU-8932"})] == [
        None
    ] * 3


def test_it_is_said_where_it_was_read() -> None:
    found = Reading()
    mark(found, _GPUS, _UUIDS, {"CUDA_VISIBLE_DEVICES": "GPU-8932"})
    assert found.sources["gpus[2].visible"] == "CUDA_VISIBLE_DEVICES"
