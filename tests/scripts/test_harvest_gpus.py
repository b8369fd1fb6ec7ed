"""The GPU harvest: names and capabilities from a pci.ids excerpt and a README excerpt, both made up in shape only."""

from __future__ import annotations

import pytest

from scripts.harvest.gpus import document, driver_name, product_class, split_models
from scripts.harvest.toml import read, write

PCI_IDS = """#\tDate:    2026-08-22 03:15:01
10dd  Another vendor
\t2684  AD102 [Not NVIDIA]
10de  NVIDIA Corporation
\t0fc2  GK106 [GeForce GTX 750 Ti]
\t1380  GM107 [GeForce GTX 750 Ti]
\t10f0  GP104 High Definition Audio Controller
\t1db1  GV100GL [Tesla V100 SXM2 16GB]
\t\t10de 1212  a board
\t25b6  GA107GL [A2 / A16]
\t2684  AD102 [GeForce RTX 4090]
\t2900  GB100 [Reserved Dev ID A]
\tffff  XY100 [GeForce of a chip to come]
10df  Yet another vendor
"""
README = """
| Product Name                  | PCI ID         |
| ----------------------------- | -------------- |
| NVIDIA GeForce RTX 4090       | 2684           |
| NVIDIA A2                     | 25B6 10DE 157E |
| NVIDIA A16                    | 25B6 10DE 14A9 |
"""


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in document(PCI_IDS, README, "2026-03-05").tables["gpu"]}


def test_the_chip_gives_the_capability_and_the_readme_the_name(rows: dict[str, dict[str, object]]) -> None:
    row = rows["NVIDIA GeForce RTX 4090"]
    assert (row["capability"], row["chip"], row["pci"]) == ("8.9", "AD102", ["10de:2684"])
    assert row["source"] == ["open-gpu-readme", "pci-ids"]


def test_two_products_of_one_device_id_are_two_rows(rows: dict[str, dict[str, object]]) -> None:
    assert rows["NVIDIA A2"]["pci"] == rows["NVIDIA A16"]["pci"] == ["10de:25b6"]


def test_a_name_on_chips_of_different_capability_is_split(rows: dict[str, dict[str, object]]) -> None:
    assert "NVIDIA GeForce GTX 750 Ti" not in rows
    assert rows["NVIDIA GeForce GTX 750 Ti (GK106)"]["capability"] == "3.0"
    assert rows["NVIDIA GeForce GTX 750 Ti (GM107)"]["capability"] == "5.0"


def test_parts_reserved_ids_unknown_chips_and_other_vendors_are_left_out(
    rows: dict[str, dict[str, object]],
) -> None:
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("model", "capability", "name"),
    [
        ("Tesla V100 SXM2 16GB", "7.0", "Tesla V100-SXM2-16GB"),
        ("Tesla P100 PCIe 16GB", "6.0", "Tesla P100-PCIE-16GB"),
        ("GeForce GTX 1060 Mobile", "6.1", "NVIDIA GeForce GTX 1060"),
        ("GeForce RTX 2060 Max-Q", "7.5", "NVIDIA GeForce RTX 2060 with Max-Q Design"),
        ("GeForce RTX 5060 Max-Q Mobile", "12.0", "NVIDIA GeForce RTX 5060 Laptop GPU"),
        ("Quadro P2000 Mobile", "6.1", "Quadro P2000"),
        ("TITAN X Pascal", "6.1", "NVIDIA TITAN X (Pascal)"),
    ],
)
def test_driver_name(model: str, capability: str, name: str) -> None:
    assert driver_name(model, capability) == name


def test_split_models_completes_the_brand() -> None:
    assert split_models("GeForce GTX 960 OEM / 970M") == ["GeForce GTX 960 OEM", "GeForce GTX 970M"]
    assert split_models("GeForce RTX 5090 Max-Q / Mobile") == ["GeForce RTX 5090 Mobile"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("NVIDIA L4", "datacenter"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "datacenter"),
        ("NVIDIA RTX A2000 Laptop GPU", "mobile-workstation"),
        ("NVIDIA T1000 8GB", "workstation"),
        ("NVIDIA GeForce GTX TITAN X", "geforce"),
        ("NVIDIA CMP 170HX", "mining"),
        ("NVIDIA GB10", "desktop-soc"),
    ],
)
def test_product_class(name: str, label: str) -> None:
    assert product_class(name) == label


def test_the_text_is_canonical() -> None:
    text = write(document(PCI_IDS, README, "2026-03-05"))
    assert write(read(text)) == text
