"""The ONNX reader against what the onnx package says of the same files (scripts/fixtures/onnx.py wrote both)."""

import json
from pathlib import Path

import made
import pytest
from bounds import opened

from compat.artifacts import open_artifact
from compat.report import artifact as pages
from compat.report import model
from compat.report.style import Style

DATA = Path(__file__).parent / "data"
EXPECTED = json.loads((DATA / "expected.json").read_text())["models"]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_facts_are_those_of_the_onnx_package(name):
    expected = EXPECTED[name]
    artifact = open_artifact(str(DATA / f"{name}.onnx"))
    facts = artifact.facts
    assert artifact.format == "onnx"
    assert artifact.damaged is None
    for key in ("ir_version", "opsets", "operators", "inputs", "outputs"):
        assert facts.get(key, []) == expected[key]
    assert facts.get("initializer_types", {}) == expected["initializer_types"]
    assert sorted(facts.get("external_data", {})) == expected["external"]
    assert facts.get("functions", []) == expected["functions"]
    assert facts.get("subgraphs", 0) == expected["subgraphs"]
    assert artifact.model.quantized is expected["quantized"]
    assert artifact.model.writer == expected["producer"]


def test_attributes_that_matter_are_kept():
    assert open_artifact(str(DATA / "opset17.onnx")).facts["attributes"] == {
        "Cast": {"to": ["int32"]},
        "Conv": {"auto_pad": ["SAME_UPPER"]},
    }


def test_absent_and_short_external_data_are_said(tmp_path):
    model = tmp_path / "external.onnx"
    model.write_bytes((DATA / "external.onnx").read_bytes())
    assert "is not there: external.bin" in open_artifact(str(model)).remarks[0]
    (tmp_path / "external.bin").write_bytes(bytes(4200))
    assert "has 4200 bytes, the model refers to 4224" in open_artifact(str(model)).remarks[0]
    (tmp_path / "external.bin").write_bytes(bytes(4224))
    assert open_artifact(str(model)).remarks == ()


def test_a_file_that_was_cut_short_is_damaged_and_keeps_what_it_has(tmp_path):
    whole = (DATA / "opset17.onnx").read_bytes()
    short = tmp_path / "short.onnx"
    short.write_bytes(whole[: len(whole) // 2])
    artifact = open_artifact(str(short))
    assert artifact.damaged.startswith("cut short")
    assert artifact.facts["ir_version"] == 8


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def test_two_gigabytes_take_no_memory_and_little_time(tmp_path):
    """A graph of 200 weights of 10 MB each, which lie in holes of the file."""
    size = 10 << 20
    tensor = b"\x08\x01\x10\x01\x42\x01w\x4a" + _varint(size)
    entry = b"\x2a" + _varint(len(tensor) + size) + tensor
    node = b"\x0a\x06\x22\x04Relu"
    length = len(node) + 200 * (len(entry) + size)
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.write(b"\x08\x08\x3a" + _varint(length) + node)
        for _ in range(200):
            file.write(entry)
            file.seek(size, 1)
        file.write(b"\x42\x02\x10\x11")
    artifact = opened(path, seconds=2, memory=8 << 20)
    assert path.stat().st_size > 2_000_000_000
    assert artifact.facts["initializer_types"] == {"float": 200}
    assert artifact.model.opset == "17"


def test_nothing_in_a_file_steers_the_terminal(tmp_path):
    evil = b"\x1b]0;t\x07\x1b[2J"
    node = made.message(1, made.message(1, b"x") + made.message(2, b"y") + made.message(4, b"Re" + evil))
    graph = made.message(7, node + made.message(11, made.message(1, b"in" + evil)))
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x08\x08" + made.message(2, b"torch" + evil) + graph + made.message(8, b"\x10\x11"))
    artifact = open_artifact(str(path))
    shown = [*pages.lines(artifact, list(model.rows(artifact)), [], [], Style()), *artifact.model.operators]
    assert all(line.isprintable() for line in shown)
