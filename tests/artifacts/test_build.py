"""The build step: refused where the check fails, carried out by trtexec, recorded, and read back."""

import json
import shutil
import subprocess
import sys

import made
import pytest

from compat.artifacts import open_artifact
from compat.cli.app import run
from compat.convert import build as building
from compat.machine import Machine


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.onnx"
    shutil.copy(made.FOLDER / "data" / "opset17.onnx", path)
    return path


@pytest.fixture
def trtexec(tmp_path, monkeypatch):
    """A trtexec that writes an engine of 10.3 where --saveEngine says."""

    def install(body: str = 'cp "$(dirname "$0")/made.engine" "$engine"'):
        engine = made.plan((10, 3, 0, 26), made.archive((10, 3, 0, 26), made.p2(8, 9)), b"rtrt")
        (tmp_path / "made.engine").write_bytes(engine)
        program = tmp_path / "trtexec"
        program.write_text(
            '#!/bin/sh\nfor word in "$@"; do\n'
            "case $word in --saveEngine=*) engine=${word#*=};; esac\ndone\n" + body + "\n"
        )
        program.chmod(0o755)
        monkeypatch.setattr(building, "PLACES", (str(program),))

    return install


def test_nothing_is_built_where_the_check_fails(capsys, model, trtexec, monkeypatch):
    trtexec()
    monkeypatch.setattr("compat.cli.common.exit_status", lambda reports, strict=False: 1)
    assert run(["convert", str(model), "--to", "tensorrt"]) == 1
    assert "nothing is built" in capsys.readouterr().err
    assert not model.with_suffix(".engine").exists()


def test_a_build_is_recorded_and_read_back(capsys, model, trtexec):
    trtexec()
    assert run(["convert", str(model), "--to", "tensorrt", "--precision", "fp16", "--force"]) == 0
    engine = model.with_suffix(".engine")
    record = json.loads(engine.with_suffix(".engine.json").read_text())
    assert record["tensorrt"] == "10.3.0.26"
    assert record["precision"] == "fp16"
    assert record["model_sha256"] == building.digest(building.Host(), str(model))
    assert record["command"][1:3] == [f"--onnx={model}", f"--saveEngine={engine}"]
    found = open_artifact(str(engine))
    assert found.facts["made"]["date"] == record["date"]
    # The header of a 10.3 engine does not tell the flag for certain; who made it does.
    assert found.engine.hardware_compatible is False


def test_a_side_file_of_another_engine_is_not_believed(model, trtexec):
    trtexec()
    assert run(["convert", str(model), "--to", "tensorrt", "--force"]) == 0
    engine = model.with_suffix(".engine")
    engine.write_bytes(made.plan((10, 3, 0, 26), made.archive((10, 3, 0, 26), made.p2(8, 6)), b"rtrt"))
    found = open_artifact(str(engine))
    assert "made" not in found.facts
    assert found.engine.hardware_compatible is None
    assert "is of another file" in found.remarks[0]


@pytest.mark.parametrize(
    ("body", "message"),
    [("echo no importer >&2; exit 3", "status 3"), ("sleep 20", "did not end"), ("true", "status 0")],
)
def test_a_build_that_fails_says_why(capsys, model, trtexec, body, message):
    trtexec(body)
    assert run(["convert", str(model), "--to", "tensorrt", "--force", "--timeout", "1"]) == 1
    assert message in capsys.readouterr().err
    assert not model.with_suffix(".engine.json").exists()


def test_without_trtexec_it_is_said_where_it_comes_from(capsys, model, monkeypatch):
    monkeypatch.setattr(building, "PLACES", ("/nowhere/trtexec",))
    assert run(["convert", str(model), "--to", "tensorrt", "--force"]) == 1
    assert "no pip package holds trtexec" in capsys.readouterr().err


DOUBLE = """
import os
__version__ = "{version}"
class _Named:
    def __init__(self, **values): self.__dict__.update(values)
class Logger:
    INFO = 0
    def __init__(self, level): pass
class NetworkDefinitionCreationFlag: EXPLICIT_BATCH = 0
class BuilderFlag: {flags}
class Builder:
    def __init__(self, log): self.log = []
    def create_network(self, flags): return _Named(num_inputs=1, get_input=lambda n: _Named(name="x"), flags=flags)
    def create_builder_config(self):
        return _Named(set_flag=lambda f: self.log.append(f), clear_flag=lambda f: self.log.append("no " + f),
                      add_optimization_profile=lambda p: None)
    def create_optimization_profile(self): return _Named(set_shape=lambda *a: self.log.append(str(a)))
    def build_serialized_network(self, network, config):
        with open(os.path.dirname(os.path.abspath(__file__)) + "/log", "w") as file:
            file.write("|".join([str(network.flags), *self.log]))
        return open(os.path.dirname(os.path.abspath(__file__)) + "/made.engine", "rb").read()
class OnnxParser:
    num_errors = 1
    def __init__(self, network, log): pass
    def parse_from_file(self, path): return {parses}
    def get_error(self, number): return "In node 3: UNSUPPORTED_NODE"
"""


@pytest.fixture
def api(tmp_path):
    """The child run on a double of TensorRT's bindings: (status, what it did, its errors)."""

    def call(words, version="8.6.1", flags="FP16, TF32 = 'FP16', 'TF32'", parses=True):
        engine = made.plan((10, 3, 0, 26), made.archive((10, 3, 0, 26), made.p2(8, 9)), b"rtrt")
        (tmp_path / "made.engine").write_bytes(engine)
        (tmp_path / "tensorrt.py").write_text(DOUBLE.format(version=version, flags=flags, parses=parses))
        code = (
            "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); sys.argv.pop(0); "
            "runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        done = subprocess.run([sys.executable, "-I", "-c", code, str(tmp_path), building._CHILD, *words],
                              capture_output=True, text=True, check=False)  # fmt: skip
        log = tmp_path / "log"
        return done.returncode, log.read_text() if log.exists() else "", done.stderr

    return call


def test_the_api_builds_where_there_is_no_trtexec(api, tmp_path):
    engine = tmp_path / "out.engine"
    words = ["--onnx=m.onnx", f"--saveEngine={engine}", "--fp16", "--minShapes=x:1x3", "--optShapes=x:2x3",
             "--maxShapes=x:4x3"]  # fmt: skip
    assert api(words) == (0, "1|FP16|('x', (1, 3), (2, 3), (4, 3))", "")
    assert open_artifact(str(engine)).engine.tensorrt == "10.3.0.26"
    assert api(words[:2], "11.1.0")[:2] == (0, "0")


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (["--verbose"], {}, "an option that only trtexec has: --verbose"),
        (["--fp16"], {"version": "11.1.0", "flags": "TF32 = 'TF32'"}, "has no builder flag FP16"),
        ([], {"parses": False}, "In node 3: UNSUPPORTED_NODE"),
    ],
)
def test_the_api_says_why_there_is_no_engine(api, tmp_path, words, options, message):
    status, _, errors = api(["--onnx=m.onnx", f"--saveEngine={tmp_path}/out.engine", *words], **options)
    assert (status, message in errors) == (1, True)
    assert not (tmp_path / "out.engine").exists()


def test_the_api_is_taken_with_the_environments_own_python(monkeypatch):
    monkeypatch.setattr(building, "PLACES", ("/nowhere/trtexec",))
    machine = Machine(interpreter=sys.executable, packages={"tensorrt-cu12": "10.3.0"})
    assert building.program(building.Host(), machine) == (sys.executable, "-I", building._CHILD)
    with pytest.raises(building.BuildFailed):
        building.program(building.Host(), Machine(interpreter=sys.executable, packages={"torch": "2.6.0"}))
