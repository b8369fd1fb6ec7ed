"""engine, model, convert and check --model/--engine, from the command line."""

import ast
import hashlib
import json
from pathlib import Path

import made
import pytest

from compat.cli.app import run

MACHINE = {
    "name": "bench", "os": "linux", "arch": "x86_64", "environment": [], "glibc": "2.35",
    "gpus": [{"name": "NVIDIA GeForce RTX 4090"}], "driver": {"version": "580.95.05", "cuda": "13.0"},
    "libraries": [{"name": "tensorrt", "version": "10.3.0.26", "origin": "system", "loaded": True}],
    "packages": {"onnxruntime-gpu": "1.19.2"}, "python": "3.11.9",
}  # fmt: skip
DATA = made.FOLDER / "data"


@pytest.fixture
def machine(tmp_path):
    def write(**changes):
        path = tmp_path / "machine.json"
        path.write_text(json.dumps({**MACHINE, **changes}))
        return str(path)

    return write


@pytest.fixture
def engine(tmp_path):
    def write(version=(10, 3, 0, 26), capability=(8, 9), pad=b"rtrt", more=(), level=0, name="m.engine"):
        path = tmp_path / name
        path.write_bytes(made.plan(version, made.archive(version, made.p2(*capability), level), pad, more))
        return str(path)

    return write


def answer(capsys, *words):
    status = run([*words, "--format", "json"])
    return status, json.loads(capsys.readouterr().out)


def rules(page, severity="error"):
    return [found["rule"] for one in page["answers"] for found in one["findings"] if found["severity"] == severity]


def test_an_engine_of_this_gpu_and_release_is_compatible(capsys, machine, engine):
    status, page = answer(capsys, "engine", engine(), "--machine", machine())
    assert (status, page["answers"][0]["verdict"], page["ways"]) == (0, "compatible", [])
    assert page["facts"]["tensorrt"] == "10.3.0.26"


def test_another_release_is_fatal_and_its_package_is_named(capsys, machine, engine):
    status, page = answer(capsys, "engine", engine((10, 9, 0, 34)), "--machine", machine())
    assert (status, rules(page)) == (1, ["engine-from-other-tensorrt"])
    assert page["ways"][0]["commands"][0]["argv"][4] == "tensorrt-cu12==10.9.0.34"
    assert page["ways"][1]["commands"][0]["argv"] == ["trtexec", "--onnx=m.onnx", "--saveEngine=m.engine", "--fp16"]


def test_the_build_number_counts(capsys, machine, engine):
    status, page = answer(capsys, "engine", engine((10, 3, 0, 30)), "--machine", machine())
    assert (status, rules(page)) == (1, ["engine-from-other-tensorrt"])
    assert "no pip package of exactly it" in page["ways"][0]["text"]


def test_another_gpu_is_fatal_where_the_level_is_proven(capsys, machine, engine):
    old = [{"name": "tensorrt", "version": "8.6.1.6", "loaded": True}]
    status, page = answer(capsys, "engine", engine((8, 6, 1, 6), (8, 6), bytes(4)), "--machine", machine(libraries=old))
    assert (status, rules(page)) == (1, ["engine-from-other-gpu"])


def test_another_gpu_is_a_warning_where_it_is_not(capsys, machine, engine):
    status, page = answer(capsys, "engine", engine(capability=(8, 6)), "--machine", machine())
    assert (status, rules(page), rules(page, "warning")) == (0, [], ["engine-from-other-gpu"])
    needs = [one["needs"] for one in page["answers"][0]["untold"] if one["rule"] == "engine-from-other-gpu"]
    assert needs == [["engine.hardware_compatible"]]


def test_another_gpu_is_fatal_before_ampere_whatever_the_flags(capsys, machine, engine):
    status, page = answer(capsys, "engine", engine(capability=(7, 5), level=1), "--machine", machine())
    assert (status, rules(page)) == (1, ["engine-from-other-gpu"])


def test_a_hardware_compatible_engine_runs_on_any_newer_gpu(capsys, machine, engine):
    status, page = answer(capsys, "engine", engine(capability=(8, 0), level=1), "--machine", machine())
    assert (status, page["answers"][0]["verdict"]) == (0, "compatible")


@pytest.mark.parametrize(("version", "more"), [((10, 0, 1, 6), (b"LEAN",)), ((8, 6, 1, 6), (b"LEAN",))])
def test_a_version_compatible_engine_runs_with_a_newer_release(capsys, machine, engine, version, more):
    pad = b"rtrt" if version[0] == 10 else bytes(4)
    status, page = answer(capsys, "engine", engine(version, pad=pad, more=more), "--machine", machine())
    assert (status, rules(page)) == (0, [])


def test_an_engine_of_tensorrt_11_is_fatal_by_its_header_on_an_older_release_alone(capsys, machine, engine):
    path, newer = engine((11, 3, 0, 99), (8, 6)), [{"name": "tensorrt", "version": "11.4.0.13", "loaded": True}]
    status, page = answer(capsys, "engine", path, "--machine", machine(libraries=newer))
    assert (status, rules(page)) == (0, [])
    assert set(rules(page, "warning")) == {"engine-from-other-gpu", "engine-from-other-tensorrt"}
    status, page = answer(capsys, "engine", path, "--machine", machine())
    assert (status, rules(page)) == (1, ["engine-from-other-tensorrt"])


@pytest.mark.parametrize(
    ("pad", "changes", "expected"),
    [
        (b"utrt", {}, ["engine-from-other-os"]),
        (b"rtrt", {"os": "windows", "glibc": None}, ["engine-from-other-os"]),
        (b"wxyz", {}, []),
        (b"wxyz", {"os": "windows", "glibc": None}, []),
        (b"rtrt", {"arch": "aarch64"}, []),
    ],
)
def test_platform_tags_decide_only_where_they_are_known(capsys, machine, engine, pad, changes, expected):
    _, page = answer(capsys, "engine", engine(pad=pad), "--machine", machine(**changes))
    assert [rule for rule in rules(page) if rule == "engine-from-other-os"] == expected


def test_a_jetson_gets_the_jetpack_that_has_the_release(capsys, machine, engine):
    jetson = machine(arch="aarch64", environment=["jetson"], jetson={"module": "Orin NX"}, gpus=None, packages={},
                     libraries=[{"name": "tensorrt", "version": "8.6.2.3", "loaded": True}])  # fmt: skip
    status, page = answer(capsys, "engine", engine((10, 3, 0, 30), (8, 7), b"utrt"), "--machine", jetson)
    assert (status, rules(page)) == (1, ["engine-from-other-tensorrt"])
    assert "JetPack 6.1 (L4T 36.4), 6.2 (L4T 36.4.3)" in page["ways"][0]["text"]


@pytest.mark.parametrize(
    ("module", "release", "built_on", "said"),
    [
        ("Jetson Orin NX 16GB", (8, 5, 2, 2), (8, 7), "JetPack 5.1 (L4T 35.2.1), 5.1.1 (L4T 35.3.1)"),
        ("AGX Orin", (8, 4, 1, 5), (8, 7), "JetPack 5.0.2 (L4T 35.1) has TensorRT 8.4.1"),
        ("Nano", (8, 5, 2, 2), (5, 3), "none of them is for Nano"),
    ],
)
def test_jetpacks_by_the_number_of_the_build(capsys, machine, engine, module, release, built_on, said):
    jetson = machine(arch="aarch64", environment=["jetson"], jetson={"module": module}, gpus=None, packages={},
                     libraries=[{"name": "tensorrt", "version": "8.6.2.3", "loaded": True}])  # fmt: skip
    _, page = answer(capsys, "engine", engine(release, built_on, bytes(4)), "--machine", jetson)
    assert said in page["ways"][0]["text"]


def test_an_engine_of_another_product_with_the_same_capability_loads_with_a_note(capsys, machine, engine):
    path = engine()
    side = {"schema": "compatcheck.engine/1", "gpu": "NVIDIA GeForce RTX 4080",
            "head_sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}  # fmt: skip
    Path(f"{path}.json").write_text(json.dumps(side))
    status, page = answer(capsys, "engine", path, "--machine", machine())
    assert (status, rules(page), rules(page, "note")) == (0, [], ["engine-from-other-gpu"])


@pytest.mark.parametrize(
    ("module", "release", "verdict", "said"),
    [
        ("Jetson AGX Orin", "8.5.2", "warning", "The DLA does not run If"),
        ("Jetson Xavier NX", "8.5.2", "warning", "being of Xavier, perhaps others"),
        ("Jetson Xavier NX", "8.0.1", None, ""),  # before the list of the DLA's operators begins
        ("Jetson AGX Thor", "10.13.3", "error", "has no DLA"),
    ],
)
def test_operators_of_the_dla_by_module(capsys, machine, module, release, verdict, said):
    jetson = machine(arch="aarch64", environment=["jetson"], gpus=[{"name": module}], packages={},
                     libraries=[{"name": "tensorrt", "version": release, "loaded": True}])  # fmt: skip
    _, page = answer(capsys, "model", str(DATA / "branches.onnx"), "--dla", "--machine", jetson)
    found = [one for one in page["answers"][0]["findings"] if one["component"] == "dla"]
    assert ([one["severity"] for one in found][:1] or [None]) == [verdict]
    assert not found or said in found[0]["message"]


def test_the_worst_of_several_files_counts(capsys, machine, engine, tmp_path):
    pointer = tmp_path / "p.engine"
    pointer.write_bytes(made.lines("version https://git-lfs.github.com/spec/v1", "oid sha256:0", "size 9"))
    status, pages = answer(capsys, "engine", engine(), str(pointer), "--machine", machine())
    assert status == 1
    assert [rules(page) for page in pages] == [[], ["engine-unreadable"]]
    assert "Git-LFS pointer" in pages[1]["title"]


def test_no_such_file(capsys):
    assert run(["engine", "/nowhere/x.engine"]) == 2
    assert "error: /nowhere/x.engine: absent" in capsys.readouterr().err


def test_a_model_that_both_readers_take(capsys, machine):
    status, page = answer(capsys, "model", str(DATA / "opset17.onnx"), "--machine", machine())
    assert status == 0
    assert {one["goal"]: one["verdict"] for one in page["answers"]} == {
        "convert:onnx-tensorrt": "compatible", "run:onnx": "compatible"}  # fmt: skip
    taken = {one["release"]: one["takes"] for one in page["releases"]["tensorrt"]}
    assert (taken["8.6.1"], taken["8.2.5"], taken["10.3.0"]) == (True, False, True)


def test_a_release_for_jetson_only_is_no_answer_elsewhere(capsys, machine):
    model = str(DATA / "opset17.onnx")
    _, page = answer(capsys, "model", model, "--machine", machine())
    assert "11.4.1" not in [one["release"] for one in page["releases"]["tensorrt"]]
    orin = machine(arch="aarch64", environment=["jetson"], gpus=[{"name": "Orin", "compute_capability": "8.7"}])
    _, page = answer(capsys, "model", model, "--machine", orin)
    assert "11.4.1" in [one["release"] for one in page["releases"]["tensorrt"]]


def test_an_opset_beyond_the_installed_release_gets_the_least_changes(capsys, machine, tmp_path):
    path = tmp_path / "m.onnx"  # the axes of ReduceMean are an input since opset 18
    node = made.message(7, made.message(1, made.message(4, b"ReduceMean")))
    path.write_bytes(b"\x08\x0b" + node + made.message(8, b"\x10\x17"))
    status, page = answer(capsys, "model", str(path), "--machine", machine(), "--tensorrt", "8.6.1",
                          "--onnxruntime", "1.19.2")  # fmt: skip
    assert status == 1
    assert set(rules(page)) == {"onnx-version-unsupported"}
    texts = " ".join(way["text"] for way in page["ways"])
    assert "opset 17" in texts  # TensorRT 8.6
    assert "opset 21" in texts  # ONNX Runtime 1.19
    assert "IR version to 10" in texts
    assert any("onnx==1.17.0" in command["shell"] for way in page["ways"] for command in way["commands"])


def test_a_later_opset_whose_operators_are_those_of_an_older_one(capsys, machine):
    """TensorRT's parser goes on where the opset is beyond its list; ONNX Runtime refuses it."""
    model = str(DATA / "opset23.onnx")
    _, page = answer(capsys, "model", model, "--machine", machine())
    taken = {name: [one["release"] for one in every if one["takes"]] for name, every in page["releases"].items()}
    assert "8.6.1" in taken["tensorrt"]
    assert "1.19.2" not in taken["onnxruntime"]


def test_an_operator_that_no_release_takes_and_one_of_a_plugin(capsys, machine, tmp_path):
    node = made.message(1, made.message(4, b"DFT"))
    node += made.message(1, made.message(4, b"Plug") + made.message(7, b"my.domain"))
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x08\x08" + made.message(7, node) + made.message(8, b"\x10\x11"))
    _, page = answer(capsys, "model", str(path), "--machine", machine())
    messages = [found["message"] for found in page["answers"][0]["findings"]]
    assert "TensorRT 10.3.0.26 does not read DFT." in messages
    assert any("needs a plugin that has Plug" in message for message in messages)


@pytest.mark.parametrize(
    ("release", "precision", "model", "severity"),
    [
        ("11.1.0", "int8", "opset17", "error"),
        ("10.3.0.26", "int8", "opset17", "warning"),
        ("11.1.0", "fp16", "opset17", "warning"),
        ("10.3.0.26", "fp4", "opset17", "error"),
    ],
)
def test_precisions(capsys, machine, release, precision, model, severity):
    _, page = answer(capsys, "model", str(DATA / f"{model}.onnx"), "--machine", machine(), "--tensorrt", release,
                     "--precision", precision)  # fmt: skip
    assert "precision-unsupported" in rules(page, severity)


def test_quantized_models_need_no_calibration(capsys, machine):
    _, page = answer(capsys, "model", str(DATA / "quantized.onnx"), "--machine", machine(), "--precision", "int8")
    assert "precision-unsupported" not in [*rules(page), *rules(page, "warning")]


def test_a_gpu_without_a_dla(capsys, machine):
    _, page = answer(capsys, "model", str(DATA / "opset17.onnx"), "--machine", machine(), "--dla")
    assert "NVIDIA GeForce RTX 4090 has no DLA." in [found["message"] for found in page["answers"][0]["findings"]]


def test_operators_that_the_dla_leaves_to_the_gpu(capsys, machine, tmp_path):
    node = made.message(1, made.message(4, b"Conv")) + made.message(1, made.message(4, b"GridSample"))
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x08\x08" + made.message(7, node) + made.message(8, b"\x10\x11"))
    orin = machine(arch="aarch64", environment=["jetson"], jetson={"module": "AGX Orin"}, gpus=None, packages={})
    _, page = answer(capsys, "model", str(path), "--machine", orin, "--dla", "--precision", "fp16")
    (found,) = [one for one in page["answers"][0]["findings"] if one["component"] == "dla"]
    assert found["severity"] == "warning"
    assert "does not run GridSample:" in found["message"]


def test_convert_shows_its_steps(capsys, machine):
    path = str(DATA / "opset17.onnx")
    words = ("convert", path, "--to", "tensorrt", "--precision", "fp16", "--output", "/tmp/e.engine")
    status, page = answer(capsys, *words, "--dry-run", "--machine", machine())
    assert status == 0
    assert [step["kind"] for step in page["steps"]] == ["build", "verify"]
    assert page["steps"][0]["commands"][0]["argv"][:4] == [
        "trtexec", f"--onnx={path}", "--saveEngine=/tmp/e.engine", "--fp16"]  # fmt: skip


def test_convert_of_a_saved_model_exports_first(capsys, machine, tmp_path):
    node = made.message(1, made.message(1, b"x") + made.message(2, b"Placeholder"))
    graph = made.message(2, made.message(1, made.message(5, b"2.15.0")) + made.message(2, node))
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01" + graph)
    _, page = answer(capsys, "convert", str(tmp_path), "--to", "tensorrt", "--dry-run", "--machine", machine())
    assert page["steps"][0]["kind"] == "prepare"
    export = next(step for step in page["steps"] if step["kind"] == "export")["commands"][0]["argv"]
    assert export[1:3] == ["-m", "tf2onnx.convert"]
    assert export[-2:] == ["--saved-model", str(tmp_path)]


def steps(capsys, file, machine):
    _, page = answer(capsys, "convert", str(file), "--to", "tensorrt", "--dry-run", "--machine", machine)
    return page["steps"]


def test_convert_of_a_keras_3_model_installs_what_its_exporter_calls(capsys, machine, tmp_path):
    """As tried on Keras 3.15.1 with TensorFlow 2.21.0 and tf2onnx 1.17.0: of one input, several, and a Sequential; a
    model that was only loaded counts as never called, and is refused."""
    file = tmp_path / 'a "b".keras'
    file.write_bytes(made.zipped({"metadata.json": b'{"keras_version": "3.9.0"}', "config.json": b"{}"}))
    found = steps(capsys, file, machine(packages={"numpy": "1.26.4"}, python="3.11.9"))
    prepared = [step["text"].split()[0] for step in found if step["kind"] == "prepare"]
    assert {"keras", "tensorflow", "tf2onnx", "onnx"} <= set(prepared)
    keras = next(step["text"].split()[1] for step in found if step["text"].startswith("keras "))
    assert tuple(map(int, keras.split(".")[:2])) >= (3, 9)
    export = next(step for step in found if step["kind"] == "export")["commands"][0]["argv"]
    pip = next(step for step in found if step["text"].startswith("tf2onnx"))["commands"][0]["argv"]
    assert export[0] == pip[0]  # where the packages are
    code = ast.parse(export[2])
    assert str(file) in [node.value for node in ast.walk(code) if isinstance(node, ast.Constant)]
    assert [ast.unparse(line).partition("(")[0] for line in code.body] == [
        "import keras", "m = keras.saving.load_model", "i = m.inputs", "m", "m.export"]  # fmt: skip


def test_convert_of_an_ultralytics_checkpoint_uses_its_own_exporter(capsys, machine, tmp_path):
    data = b"\x80\x02cultralytics.nn.tasks\nDetectionModel\n)R0ctorch.nn.modules.conv\nConv2d\n)R0}."
    file = tmp_path / "yolo11n.pt"
    file.write_bytes(made.zipped({"a/data.pkl": data, "a/version": b"3"}))
    prepare, export, build, _ = steps(capsys, file, machine())
    assert prepare["commands"][0]["argv"][-2:] == ["ultralytics", "onnx"]
    assert export["commands"][0]["argv"] == ["yolo", "export", f"model={file}", "format=onnx", "opset=17"]
    assert build["commands"][0]["argv"][1] == f"--onnx={tmp_path / 'yolo11n.onnx'}"


def test_convert_of_a_pickled_module_says_whose_classes_it_needs(capsys, machine, tmp_path):
    data = b"\x80\x02cmynets.body\nNet\n)R0ctorch.nn.modules.conv\nConv2d\n)R0}."
    file = tmp_path / "a.pth"
    file.write_bytes(made.zipped({"a/data.pkl": data, "a/version": b"3"}))
    export = steps(capsys, file, machine())[0]
    assert export["text"].startswith("where mynets can be imported: torch.onnx.export(torch.load(FILE")


def test_convert_builds_only_here(capsys, machine):
    assert run(["convert", str(DATA / "opset17.onnx"), "--to", "tensorrt", "--machine", machine()]) == 2
    assert "hint: add --dry-run" in capsys.readouterr().err


def test_check_takes_files(capsys, machine, engine):
    status = run(["check", "--machine", machine(), "--engine", engine((8, 6, 1, 6), (7, 5), bytes(4)),
                  "--model", str(DATA / "opset17.onnx"), "--format", "json"])  # fmt: skip
    answers = {one["goal"]: one["verdict"] for one in json.loads(capsys.readouterr().out)}
    assert (status, answers) == (1, {"convert:onnx-tensorrt": "compatible", "run:engine": "incompatible"})


def test_that_a_model_is_cut_short_is_said_beside_the_verdict_on_it(capsys, machine, tmp_path):
    short = tmp_path / "short.onnx"
    short.write_bytes((DATA / "opset17.onnx").read_bytes()[:-40])
    assert run(["model", str(short), "--machine", machine()]) == 1
    shown = capsys.readouterr().out
    assert "  damaged: cut short" in shown
    assert "convert:onnx-tensorrt: compatible" in shown


def test_an_engine_of_which_nothing_is_told_has_no_empty_brackets(capsys, machine, tmp_path):
    stump = tmp_path / "a.engine"
    stump.write_bytes(b"ftrt" + bytes(20))
    assert run(["engine", str(stump), "--machine", machine()]) == 1
    assert "  TensorRT        unknown\n" in capsys.readouterr().out
