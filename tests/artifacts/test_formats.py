"""Every other format: recognised by content, named as what it is, the writer's release where the file says it."""

import base64
import json
import struct
from pathlib import Path

import made
import pytest

from compat.artifacts import open_artifact
from compat.convert.judge import with_engine
from compat.machine import Engine, Machine

MODELS = Path(__file__).parent / "data" / "models"


@pytest.fixture
def opened(tmp_path):
    def open_bytes(data: bytes, name: str):
        path = tmp_path / name
        path.write_bytes(data)
        return open_artifact(str(path))

    return open_bytes


@pytest.mark.parametrize(
    ("name", "form", "facts"),
    [
        ("checkpoint.pt", "torch-checkpoint", {"tensors": 2}),
        ("legacy.pth", "torch-checkpoint-legacy", {"modules": ["collections", "torch"]}),
        ("script.pt", "torchscript", {"code_files": 2}),
        ("export.pt2", "torch-export", {"torch": "2.13.0+cpu", "archive_version": "0"}),
        ("old.h5", "keras2", {"keras_version": "2.11.0", "backend": "tensorflow"}),
        ("latest.h5", "keras2", {"keras_version": "2.15.0", "backend": "tensorflow"}),
    ],
)
def test_files_that_the_frameworks_themselves_wrote(name, form, facts):
    found = open_artifact(str(MODELS / name))
    assert found.format == form
    assert facts.items() <= found.facts.items()


def test_a_pickle_is_named_and_never_opened(opened, tmp_path):
    mark = tmp_path / "ran"
    evil = b"\x80\x02cos\nsystem\nX" + len(f"touch {mark}").to_bytes(4, "little") + f"touch {mark}".encode() + b"\x85R."
    found = opened(evil, "model.engine")
    assert (found.format, found.facts["modules"]) == ("pickle", ["os"])
    assert not mark.exists()


@pytest.mark.parametrize(
    ("data", "name", "form"),
    [
        (
            made.lines("version https://git-lfs.github.com/spec/v1", "oid sha256:" + "0" * 64, "size 123"),
            "a.engine",
            "git-lfs-pointer",
        ),
        (b'{"format_version":"1.2","terraform_version":"1.5.0","planned_values":{}}', "a.plan", "terraform-plan"),
        (b'{"fileType": "Plan", "mission": {}}', "a.plan", "mission-plan"),
        (b"QGC WPL 110\n", "a.plan", "mission-plan"),
        (b"<!DOCTYPE html><html></html>", "a.onnx", "html"),
        (b"\x20\x00\x00\x00ORTM" + bytes(64), "a.ort", "onnxruntime-flatbuffer"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(64), "a.tflite", "tflite"),
        (b'node {\n  name: "x"\n  op: "Placeholder"\n}\n', "a.pbtxt", "text-graph"),
        (b'model_checkpoint_path: "model-1"\n', "checkpoint", "checkpoint-state"),
        (b"", "a.engine", "unknown"),
    ],
)
def test_files_that_are_something_else(opened, data, name, form):
    found = opened(data, name)
    assert (found.format, found.kind, found.engine, found.model) == (form, "other", None, None)


def test_safetensors(opened):
    table = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
            "b": {"dtype": "BF16", "shape": [1], "data_offsets": [4, 6]},
        }
    ).encode()
    found = opened(len(table).to_bytes(8, "little") + table + bytes(6), "a.safetensors")
    assert found.facts == {"tensors": 2, "types": {"BF16": 1, "F16": 1}, "metadata": {"format": "pt"}}


def test_a_length_alone_makes_no_safetensors(opened):
    table = b'["dtype"]'
    assert opened(len(table).to_bytes(8, "little") + table + bytes(6), "a.safetensors").format == "unknown"


def test_keras_3(opened):
    data = made.zipped(
        {
            "metadata.json": b'{"keras_version": "3.8.0", "date_saved": "2026-01-02"}',
            "config.json": b'{"class_name": "Functional"}',
            "model.weights.h5": b"x",
        }
    )
    found = opened(data, "a.keras")
    assert found.facts == {"keras_version": "3.8.0", "date_saved": "2026-01-02", "class": "Functional", "weights": True}


def test_a_torch_tensorrt_module_shows_the_engine_inside(opened):
    plan = made.plan((10, 3, 0, 26), made.archive((10, 3, 0, 26), made.p2(8, 6)), b"rtrt")
    for engine in (plan, base64.b64encode(plan)):
        data = made.zipped(
            {
                "m/data.pkl": b"\x80\x02X1234" + engine + b".",
                "m/constants.pkl": b"\x80\x02).",
                "m/code/__torch__.py": b"x : __torch__.torch.classes.tensorrt.Engine\n",
            }
        )
        found = opened(data, "a.ts")
        assert found.format == "torch-tensorrt"
        assert found.engine.tensorrt == "10.3.0.26"
        assert found.engine.compute_capability == "8.6"


def test_an_exported_program_with_an_engine_shows_it(opened):
    plan = made.plan((10, 9, 0, 34), made.archive((10, 9, 0, 34), made.p3(8, 9), layout="D"), b"rtrt")
    data = made.zipped(
        {
            "m/archive_format": b"pt2",
            "m/models/model.json": b'{"target": "torch.ops.tensorrt.execute_engine.default", "torch_version": "2.8.0"}',
            "m/data/constants/custom_obj_0": b"\x80\x02X1234" + base64.b64encode(plan) + b".",
        }
    )
    found = opened(data, "a.pt2")
    assert (found.format, found.facts["torch"]) == ("torch-tensorrt", "2.8.0")
    assert (found.engine.tensorrt, found.engine.compute_capability) == ("10.9.0.34", "8.9")


NODE = made.message(1, made.message(1, b"x") + made.message(2, b"Placeholder"))


def test_a_saved_model_names_its_release(tmp_path):
    meta = made.message(1, made.message(4, b"serve") + made.message(5, b"2.15.0"))
    function = made.message(2, made.message(1, made.message(3, made.message(1, b"y") + made.message(2, b"MatMul"))))
    graph = made.message(2, meta + made.message(2, NODE + function + made.message(4, b"\x08\x9a\x0b")))
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01" + graph)
    for path in (tmp_path, tmp_path / "saved_model.pb"):
        found = open_artifact(str(path))
        assert found.format == "saved-model"
        assert found.facts["tensorflow"] == "2.15.0"
        assert found.facts["operators"] == {"MatMul": 1, "Placeholder": 1}
        assert found.facts["graph_producer"] == 1434


def test_a_frozen_graph(opened):
    found = opened(NODE + NODE, "frozen.pb")
    assert (found.format, found.facts["operators"]) == ("frozen-graph", {"Placeholder": 2})


def test_a_tensorrt_llm_folder(tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps(
            {
                "version": "0.9.0",
                "pretrained_config": {"architecture": "LlamaForCausalLM", "dtype": "float16"},
                "build_config": {"max_batch_size": 8},
            }
        )
    )
    (tmp_path / "rank0.engine").write_bytes(made.plan((9, 3, 0, 1), made.archive((9, 3, 0, 1), made.p2(8, 0))))
    found = open_artifact(str(tmp_path))
    assert found.title == "TensorRT-LLM engine folder of 0.9.0"
    assert found.engine.tensorrt == "9.3.0.1"
    assert found.facts["max_batch_size"] == 8


@pytest.mark.parametrize(
    ("members", "name", "form", "remark"),
    [
        ({"metadata.json": b'{"keras_version": "2.15.0"}', "config.json": b"{}"}, "a.keras", "keras2", "tf2onnx"),
        (
            {"metadata.json": b'{"keras_version": "3.15.1"}', "config.json": b"{}"},
            "a.keras",
            "keras3",
            "Keras 3 exports",
        ),
        (
            {
                "m/archive_format": b"pt2",
                "m/data/aotinductor/model/x_metadata.json": b'{"AOTI_DEVICE_KEY": "cuda", '
                b'"AOTI_COMPUTE_CAPABILITY": "90"}',
                "m/data/aotinductor/model/x.so": b"\x7fELF",
            },
            "a.pt2",
            "torch-aotinductor",
            "nothing leads back",
        ),
    ],
)
def test_what_exports_it_goes_by_what_wrote_it(opened, members, name, form, remark):
    found = opened(made.zipped(members), name)
    assert found.format == form
    assert remark in found.remarks[0]
    assert found.facts.get("compute_capability") in (None, "90")


def test_a_keras_3_model_in_hdf5_is_exported_by_keras_3(opened):
    data = (MODELS / "latest.h5").read_bytes()
    assert data.count(b"2.15.0") == 1
    assert opened(data.replace(b"2.15.0", b"3.15.1"), "a.h5").format == "keras3"


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b'<?xml version="1.0"?>\n<net name="m" version="11">\n<layers>', "openvino"),
        (b'{"format": "layers-model", "modelTopology": {}, "weightsManifest": []}', "tensorflowjs"),
    ],
)
def test_models_of_other_runtimes_are_named(opened, data, form):
    assert (opened(data, "model.bin").format, opened(data, "model.bin").kind) == (form, "other")


def test_a_checkpoint_names_the_modules_of_its_pickle():
    assert "collections" in open_artifact(str(MODELS / "checkpoint.pt")).facts["modules"]


@pytest.mark.parametrize("name", ["a.pt", "model", "a.jit", "a.bin"])
def test_torchscript_is_known_by_its_first_member(opened, name):
    """torch.jit.save writes the tensors first, behind which the names that tell lie beyond the head."""
    members = {
        "net/data/0": bytes(5000),
        "net/data.pkl": b"\x80\x02}.",
        "net/code/__torch__.py": b"class M(Module):\n",
        "net/constants.pkl": b"\x80\x02).",
        "net/version": b"3\n",
    }
    found = opened(made.zipped(members), name)
    assert (found.format, found.facts) == ("torchscript", {"file_version": "3", "code_files": 1})
    mobile = opened(made.zipped({**members, "net/bytecode.pkl": b"\x80\x02)."}), name)
    assert mobile.facts["mobile"].startswith("bytecode of PyTorch Mobile")


def pickled(*names):
    pairs = (name.rpartition(".") for name in names)
    return b"\x80\x02" + b"".join(f"c{module}\n{name}\n)R0".encode() for module, _, name in pairs) + b"}."


@pytest.mark.parametrize(
    ("names", "whole", "modules"),
    [
        (("collections.OrderedDict", "torch._utils._rebuild_tensor_v2"), None, ["collections", "torch"]),
        (("__main__.Net", "torch.nn.modules.conv.Conv2d"), True, ["__main__", "torch"]),
        (("torch.nn.modules.container.Sequential",), True, ["torch"]),
    ],
)
def test_a_module_pickled_whole_is_no_mere_checkpoint(opened, names, whole, modules):
    data = pickled(*names)
    for found in (
        opened(made.zipped({"archive/data.pkl": data, "archive/data/0": b"x", "archive/version": b"3"}), "a.pth"),
        opened(bytes.fromhex("80028a0a6cfc9c46f9206aa850192e") + data, "a.pth"),
    ):
        assert found.kind == "weights"
        assert found.facts.get("whole_module") is whole
        assert found.facts["modules"] == modules


def for_rtx(size=None):
    """An engine of TensorRT for RTX, laid out as five real ones of 1.7.1.116 are."""
    body, weights = bytes(300), bytes(40)
    at = 64 + 2 * 24
    total = at + len(body) + len(weights)
    head = b"vtrt" + struct.pack("<IIIQ", 0, 2, 0, total) + bytes((1, 7, 1, 116)) + b"vtrt"
    head += struct.pack("<QQQQ", 0x7E, 0, 0, len(weights))
    for name, start, length in ((b"NGNE", at, len(body)), (b"THGW", at + len(body), len(weights))):
        head += name + struct.pack("<IQQ", 0, start, length)
    return (head + body + weights)[:size]


def test_an_engine_of_tensorrt_for_rtx(opened):
    found = opened(for_rtx(), "a.engine")
    assert (found.kind, found.format, found.damaged) == ("engine", "tensorrt-rtx-engine", None)
    assert found.facts == {"tensorrt_rtx": "1.7.1.116", "platform": "vtrt", "sections": {"ENGN": 300, "WGHT": 40}}
    assert opened(for_rtx(-5), "a.engine").damaged == "cut short: 5 bytes are missing"
    assert opened(for_rtx(70), "a.engine").damaged == f"cut short: {len(for_rtx()) - 70} bytes are missing"


@pytest.mark.parametrize(
    ("packages", "damaged"),
    [
        ({"tensorrt": "10.3.0"}, "it is an engine of TensorRT for RTX 1.7.1.116, which TensorRT does not load"),
        (
            {"tensorrt-rtx": "1.6.0.1"},
            "it is an engine of TensorRT for RTX 1.7.1.116, and 1.6.0.1 loads no other release's",
        ),
        ({"tensorrt-rtx": "1.7.1.116"}, None),
        (None, None),
    ],
)
def test_who_loads_an_engine_of_tensorrt_for_rtx(opened, packages, damaged):
    machine = with_engine(Machine(os="linux", packages=packages), opened(for_rtx(), "a.engine"))
    assert machine.engine.damaged == damaged


def test_a_container_whose_engine_was_not_found_is_unknown_not_broken(opened):
    members = {"m/data.pkl": b"\x80\x02}.", "m/constants.pkl": b"", "m/code/__torch__.py": b"tensorrt.Engine"}
    found = opened(made.zipped(members), "a.ts")
    assert (found.format, found.engine) == ("torch-tensorrt", None)
    assert with_engine(Machine(os="linux"), found).engine == Engine(file=found.path)
