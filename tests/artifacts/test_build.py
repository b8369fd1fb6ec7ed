"""The build step: refused where the check fails, carried out by trtexec, recorded, and read back."""

import json
import shutil

import made
import pytest

from compat.artifacts import open_artifact
from compat.cli.app import run
from compat.convert import build as building


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
    assert "no pip package holds it" in capsys.readouterr().err
