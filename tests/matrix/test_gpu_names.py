"""Names of GPUs as NVML, people and virtual machines write them."""

from __future__ import annotations

import pytest

from compat.matrix import Matrix

MATRIX = Matrix.load()


@pytest.mark.parametrize(
    ("name", "capability", "kind"),
    [
        ("NVIDIA A10-24Q", "8.6", "grid"),
        ("NVIDIA RTXA5000-24Q", "8.6", "grid"),
        ("NVIDIA H100XM-80C", "9.0", "grid"),
        ("GRID A100D-1-10CME", "8.0", "grid"),
        ("GRID RTX8000-48Q", "7.5", "grid"),
        ("NVIDIA RTX6000-Ada-48Q", "8.9", "grid"),
        ("GRID T4-8C", "7.5", "grid"),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "8.0", "datacenter"),
        ("A100-PCIE-40GB", "8.0", "datacenter"),
        ("rtx 4060ti", "8.9", "geforce"),
        ("GeForce GTX 1080 Ti", "6.1", "geforce"),
        ("NVIDIA GeForce GTX 1050 Mobile", "6.1", "geforce"),
        ("GeForce RTX 2070 Max-Q", "7.5", "geforce"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "8.9", "geforce"),
        ("NVIDIA Corporation GP104GL [Tesla P4] [10de:1bb3] (rev a1)", "6.1", "datacenter"),
    ],
)
def test_the_capability_of_a_name(name: str, capability: str, kind: str) -> None:
    row = MATRIX.gpus.find(name)
    assert row is not None
    assert (row["capability"], row["class"]) == (capability, kind)


@pytest.mark.parametrize(
    ("name", "capability"),
    [
        ("2x RTX 3090", "8.6"),
        ("RTX 3090 x2", "8.6"),
        ("8 x NVIDIA A100-SXM4-80GB", "8.0"),
        ("NVIDIA GeForce RTX 2080 Ti (rev a1)", "7.5"),
        ("GeForce RTX 3060 Lite Hash Rate", "8.6"),
        ("RTX 5090D", "12.0"),
        ("RTX 3090Ti", "8.6"),
        ("GeForce 1080 Ti", "6.1"),
        ("4090", "8.9"),
        ("1650", "7.5"),
        ("GeForce 9500 GT", "1.1"),
        ("310M", "1.2"),
        ("GTX 280", "1.3"),
        ("Quadro FX 1800M", "1.2"),
        ("GeForce 8800 GTX", "1.0"),
    ],
)
def test_a_name_as_people_write_it(name: str, capability: str) -> None:
    row = MATRIX.gpus.find(name)
    assert row is not None
    assert row["capability"] == capability


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA Foo-4Q",
        "GeForce GT 730",
        "2x GT 730",
        "GeForce 8400 GS",
        "GeForce 7800",
        "4000",
        "NVIDIA Graphics Device",
        "Q",
        "8C",
        "",
    ],
)
def test_a_name_of_no_chip_or_of_several(name: str) -> None:
    assert MATRIX.gpus.find(name) is None


@pytest.mark.parametrize(
    ("name", "capabilities"),
    [
        ("GeForce GT 730", ["3.5", "3.0", "2.1"]),
        ("GeForce 8400 GS", ["1.2", "1.1"]),
        ("NVIDIA GeForce GTX 860M", ["5.0", "3.0"]),
        ("GeForce GTX 1050", []),  # one chip, or several of one capability
        ("GeForce GTX 750 Ti", []),  # a reviewed row says which is meant
        ("Foo", []),
    ],
)
def test_the_chips_of_a_name(name: str, capabilities: list[str]) -> None:
    assert [row["capability"] for row in MATRIX.gpus.chips(name)] == capabilities


@pytest.mark.parametrize(
    ("name", "pci_id", "maker"),
    [
        ("Advanced Micro Devices, Inc. [AMD/ATI] Navi 21 [Radeon RX 6800]", None, "AMD"),
        ("Apple M1 Max", None, "Apple"),
        (None, "8086:3e92", "Intel"),
        ("NVIDIA Graphics Device", "10de:ffff", None),
        ("Intel UHD Graphics 630 + NVIDIA GeForce GTX 1650", None, None),  # one of them is not Intel's
        ("Arcadia", None, None),
        ("GeForce GT 730", None, None),  # several chips, all of them NVIDIA's
        ("", None, None),
    ],
)
def test_who_else_made_it(name: str | None, pci_id: str | None, maker: str | None) -> None:
    row = MATRIX.gpus.other_maker(name, pci_id)
    assert (row and row["name"]) == maker
