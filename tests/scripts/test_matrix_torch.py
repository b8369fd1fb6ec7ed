"""The torch family's data: reviewed rows against observed ones, and what must hold whatever is added."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.harvest.toml import Schema, canonical, version_key

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MATRIX = Path(__file__).resolve().parents[2] / "matrix"
FAMILY = ["torch", "torchvision", "torchaudio", "torch-tensorrt", "triton", "vllm", "tensorrt-llm", "nvidia-modelopt"]

Row = dict[str, Any]


def load(name: str) -> dict[str, Any]:
    return tomllib.loads((MATRIX / name).read_text(encoding="utf-8"))


OBSERVED: list[Row] = load("observed/torch.toml")["build"]
REVIEWED: list[Row] = load("torch.toml")["build"]


def default(version: str, arch: str = "x86_64") -> Row:
    """The build that a plain install gives on Linux."""
    return next(r for r in OBSERVED if (r["version"], r["os"], r["arch"]) == (version, "linux", arch))


@pytest.mark.parametrize("name", [f"{folder}{name}.toml" for folder in ("", "observed/") for name in FAMILY])
def test_files_are_canonical_and_every_row_names_its_source(name: str) -> None:
    text = (MATRIX / name).read_text(encoding="utf-8")
    assert canonical(text) == text
    data = tomllib.loads(text)
    for table in Schema().tables:
        rows = data.get(table, [])
        for row in rows if isinstance(rows, list) else []:
            named = [row["source"]] if isinstance(row["source"], str) else row["source"]
            assert named
            assert set(named) <= set(data["source"])


@pytest.mark.parametrize("name", FAMILY)
def test_every_observed_build_traces_to_a_file(name: str) -> None:
    rows: list[Row] = load(f"observed/{name}.toml")["build"]
    for row in rows:
        stem = row["file"].lower().replace("_", "-")
        assert stem.startswith(f"{row.get('package', name)}-{row['version']}")


def test_the_build_scripts_agree_with_the_wheels() -> None:
    """The wheel of the public index is one of the variants of PyTorch's own: 7.0+PTX in a script is 7.0+PTX in it."""
    wheels = {(r["version"], r["os"], r["arch"], r["cuda"]): r for r in OBSERVED if r.get("cuda")}
    compared = 0
    for row in REVIEWED:
        wheel = wheels.get((row["version"], row["os"], row["arch"], row.get("cuda")))
        if row["index"] == "pytorch" and wheel and "sass" in row:
            compared += 1
            assert (sorted(row["sass"]), row["ptx"]) == (sorted(wheel["sass"]), wheel["ptx"]), row
            assert row.get("cudnn", wheel.get("cudnn")) == wheel.get("cudnn"), row
    assert compared >= 50


def test_windows_and_macos_wheels_of_the_public_index_have_no_cuda() -> None:
    assert {r["cuda"] for r in OBSERVED if r["os"] != "linux"} == {False}


def test_cuda_on_aarch64_begins_with_2_11() -> None:
    wheels = [r for r in OBSERVED if (r["os"], r["arch"]) == ("linux", "aarch64")]
    assert all(bool(r["cuda"]) == (version_key(r["version"]) >= version_key("2.11")) for r in wheels)


@pytest.mark.parametrize(
    ("capability", "last"), [("3.5", "1.3.0"), ("3.7", "2.0.1"), ("5.0", "2.7.1"), ("6.0", "2.7.1"), ("7.0", "2.10.0")]
)
def test_last_default_build_with_a_capability(capability: str, last: str) -> None:
    having = [r for r in OBSERVED if r["os"] == "linux" and r["arch"] == "x86_64" and capability in r.get("sass", [])]
    assert max((r["version"] for r in having), key=version_key) == last


def test_what_a_plain_install_gives() -> None:
    expected = {"1.4.0": "10.1", "1.12.1": "10.2", "1.13.1": "11.7", "2.3.1": "12.1", "2.6.0": "12.4", "2.7.1": "12.6"}
    expected |= {"2.8.0": "12.8", "2.10.0": "12.8", "2.11.0": "13.0", "2.14.1": "13.0", "2.15.0": "13.2"}
    assert {version: default(version)["cuda"] for version in expected} == expected


def test_the_first_triton_that_knows_spark() -> None:
    releases: list[Row] = load("observed/triton.toml")["release"]
    knowing = [r["version"] for r in releases if "12.1a" in r["capabilities"]]
    assert min(knowing, key=version_key) == "3.6.0"


def test_pairs_of_torchvision_do_not_contradict_each_other() -> None:
    pairs: list[Row] = load("torchvision.toml")["pair"] + load("observed/torchvision.toml")["pair"]
    found: dict[str, set[str]] = {}
    for pair in pairs:
        if pair["fits"].startswith("=="):
            found.setdefault(pair["range"], set()).add(pair["fits"])
    assert {release: fits for release, fits in found.items() if len(fits) > 1} == {}
