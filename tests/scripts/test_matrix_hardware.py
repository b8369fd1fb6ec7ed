"""What must hold across cuda.toml, driver.toml, architecture.toml and gpu.toml, whatever is added to them."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MATRIX = Path(__file__).resolve().parents[2] / "matrix"


def table(file: str, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((MATRIX / file).read_text(encoding="utf-8"))[name]
    return rows


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


TOOLKITS = sorted(table("cuda.toml", "toolkit"), key=lambda row: numbers(row["version"]))
# A row without CUDA only adds another source's claim to its branch.
BRANCHES = sorted(
    (row for row in table("driver.toml", "branch") if "cuda" in row), key=lambda row: numbers(row["branch"])
)
CAPABILITIES = {row["capability"]: row for row in table("architecture.toml", "capability")}
GPUS = table("gpu.toml", "gpu")


def test_driver_minima_never_fall() -> None:
    for field in ("driver_linux", "driver_windows", "ptx", "capability_maximum", "gcc"):
        known = [numbers(row[field]) for row in TOOLKITS if field in row]
        assert known == sorted(known), field


def test_a_later_branch_offers_no_older_cuda() -> None:
    for field in ("cuda", "ptx"):
        known = [numbers(row[field]) for row in BRANCHES if field in row]
        assert known == sorted(known), field


def test_branch_and_toolkit_agree_on_the_ptx_isa() -> None:
    by_minor = {".".join(row["version"].split(".")[:2]): row["ptx"] for row in TOOLKITS}
    for row in BRANCHES:
        if row.get("cuda") in by_minor:
            assert row["ptx"] == by_minor[row["cuda"]], row["branch"]


def test_the_driver_of_a_toolkit_lies_in_a_branch_of_its_cuda() -> None:
    for row in TOOLKITS:
        minor = ".".join(row["version"].split(".")[:2])
        for field in ("driver_linux", "driver_windows", "bundled_linux", "bundled_windows"):
            if field in row and numbers(minor) >= (9, 0) and row["version"] != "9.1.85":
                below = [b for b in BRANCHES if numbers(b["branch"])[0] <= numbers(row[field])[0]]
                assert below[-1]["cuda"] == minor, (row["version"], field)


def test_forward_packages_serve_only_older_branches() -> None:
    for row in table("driver.toml", "forward"):
        assert all(numbers(branch) < numbers(row["driver"]) for branch in row["branches"]), row["cuda"]


def test_every_toolkit_target_is_a_known_capability_in_its_span() -> None:
    for row in TOOLKITS:
        minor = numbers(row["version"])[:2]
        for capability in row["capabilities"]:
            known = CAPABILITIES.get(capability)
            if known is None:
                assert capability[:-1] in CAPABILITIES, capability
                continue
            assert numbers(known["cuda_first"]) <= minor, (row["version"], capability)
            assert "cuda_last" not in known or minor <= numbers(known["cuda_last"]), (row["version"], capability)


def test_every_gpu_has_a_known_capability() -> None:
    for row in GPUS + table("observed/gpu.toml", "gpu"):
        assert row["capability"] in CAPABILITIES, row["name"]


def test_a_name_means_one_capability() -> None:
    meant: dict[str, set[str]] = defaultdict(set)
    for row in GPUS:
        for name in [row["name"], *row.get("aliases", [])]:
            meant[name.lower()].add(row["capability"])
    assert {name for name, capabilities in meant.items() if len(capabilities) > 1} == set()


def test_the_harvest_and_the_review_agree() -> None:
    reviewed = {row["name"]: (row["capability"], row["class"]) for row in GPUS}
    for row in table("observed/gpu.toml", "gpu"):
        assert reviewed.get(row["name"], (row["capability"], row["class"])) == (row["capability"], row["class"])
