"""Harvesters that are commands of their own write the matrix's canonical text, with the days of what they read."""

import re
import sys
import types
from pathlib import Path

import pytest

from scripts.harvest import dla_operators, onnx_operators, plugin_operators
from scripts.harvest.toml import canonical


def test_plugins_are_in_the_matrixs_order(tmp_path, monkeypatch):
    monkeypatch.setattr(plugin_operators, "TARGET", tmp_path / "plugins.toml")
    monkeypatch.setattr(
        plugin_operators, "tables", lambda _: {"7.1.3": {"BatchedNMS_TRT", "B_TRT"}, "7.2.1": {"BatchedNMSDynamic_TRT"}}
    )
    plugin_operators.main("")
    text = plugin_operators.TARGET.read_text()
    assert text == canonical(text)
    assert text.count('until = "7.1.3"') == 2


def test_operators_of_the_dla(tmp_path, monkeypatch):
    monkeypatch.setattr(dla_operators, "TARGET", tmp_path / "dla.toml")
    table = tmp_path / "README.md"
    table.write_text("|Sub|Native| |\n|Abs|Native, as of TensorRT 8.6.12| |\n|Add|can be inferred at build time| |\n")
    dla_operators.main(str(table), "abc")
    text = dla_operators.TARGET.read_text()
    assert text == canonical(text)
    assert text.index('"Abs"') < text.index('"Add"') < text.index('"Sub"')
    assert text.count("restrictions") == 1


def test_the_standards_operators_have_the_day_of_their_release(tmp_path, monkeypatch):
    released = 'component = "onnx"\n\n[[release]]\nversion = "1.19.0"\ndate = 2025-08-27\nsource = "x"\n'
    (tmp_path / "onnx.toml").write_text(released)
    monkeypatch.setattr(onnx_operators, "OBSERVED", tmp_path)
    attribute = types.SimpleNamespace(
        type="INT", required=False, default_value=types.SimpleNamespace(SerializeToString=lambda: b"")
    )
    said = {"domain": "", "deprecated": False, "attributes": {}, "inputs": [], "min_output": 1}
    moved = {"inputs": [types.SimpleNamespace(option="Single")]}
    schemas = [
        types.SimpleNamespace(name=name, since_version=since, **said | other)
        for name, since, other in (
            *(("Add", since, {}) for since in (7, 1, 13)),
            *(("Sum", 1, {"attributes": {"axes": attribute}}), ("Sum", 13, moved), ("Sum", 18, moved)),
            *(("Shape", 1, {}), ("Shape", 15, {"attributes": {"start": attribute}})),
            ("Upsample", 10, {"deprecated": True}),
            ("Tree", 1, {"domain": "ai.onnx.ml"}),
        )
    ]
    package = types.SimpleNamespace(
        __version__="1.19.0", defs=types.SimpleNamespace(get_all_schemas_with_history=lambda: schemas)
    )
    monkeypatch.setitem(sys.modules, "onnx", package)
    onnx_operators.main()
    text = Path(tmp_path / "onnx-operators.toml").read_text()
    assert text == canonical(text)
    assert all(one in text for one in ("date = 2025-08-27", 'since = "1"', 'until = "10"'))
    assert "Tree" not in text
    assert re.findall("changed = .*", text) == ['changed = ["13"]']
    package.__version__ = "1.20.0"
    with pytest.raises(SystemExit, match="harvest onnx first"):
        onnx_operators.main()
