"""Models and engines: the readers of ``compat.artifacts``, one format each, and the door before all of them."""

import json
import struct
from collections.abc import Callable
from importlib import import_module
from typing import Any

from scripts.fuzz import mutate as ways
from scripts.fuzz.target import ROOT, Files, Memory, Target
from tests.artifacts import made

_DATA = ROOT / "tests" / "artifacts" / "data"

_HEADS = ROOT.parent / "shared" / "engines" / "heads"  # beginnings of real engines, where they are at hand
_NAMES = ("a.engine", "a.plan", "a.onnx", "a.pt", "a.pb", "a.h5", "a.keras", "a.safetensors", "a.bin")


def _reader(module: str, name: str) -> Callable[[bytes], object]:
    """The reader of a format, asked of what it recognises, and its answer shown as text and as JSON."""

    def call(data: bytes) -> object:
        from compat.artifacts.artifact import Malformed

        reader = import_module(f"compat.artifacts.{module}")
        if not reader.recognise(data[:4096], len(data), name):
            return None
        try:
            found = reader.read(Memory(data))
        except Malformed as error:
            return str(error)
        return _shown(found)

    return call


def _shown(found: Any) -> object:
    assert found.title
    return json.dumps(dict(found.facts), default=str)


def _opened(path: str) -> object:
    from compat.artifacts import open_artifact
    from compat.report import artifact as pages
    from compat.report.style import Style

    found = open_artifact(path)
    return list(pages.lines(found, [], [], (), Style())), _shown(found)


def _under_any_name() -> Callable[[bytes], object]:
    """Any format under any name, by the door that every command uses."""
    doors = [Files(name, {}, _opened) for name in _NAMES]
    return lambda data: doors[len(data) % len(doors)](data)


def _plans() -> list[bytes]:
    found = [
        made.plan((8, 6, 1, 6), made.archive((8, 6, 1, 6), made.p2(8, 6)), more=(b"LEAN",)),
        made.plan((10, 9, 0, 34), made.archive((10, 9, 0, 34), made.p3(8, 7), layout="D"), b"utrt", (b"WGHT",)),
        made.plan((10, 3, 0, 26), made.archive((10, 3, 0, 26), made.p2(8, 9)), b"rtrt"),
        b"\x11\0\0\0" + b'{"stride": 32.0}\n' + made.plan((10, 3, 0, 26), made.archive((10, 3, 0, 26), made.p2(8, 9))),
    ]
    return found + [data for data in _heads() if data[:4] == b"ftrt"]


def _archives() -> list[bytes]:
    found = [
        made.archive((8, 5, 1, 7), made.p2(7, 5), None),
        made.archive((8, 0, 1, 6), made.p1(8, 6), None, "B", 43),
        made.archive((7, 1, 3, 0), made.p1(5, 3, closed=False), None, "A", 97),
    ]
    return found + [data for data in _heads() if data[:4] == b"ptrt"]


def _heads() -> list[bytes]:
    return [bytes.fromhex(path.read_text()) for path in sorted(_HEADS.glob("*.hex"))] if _HEADS.is_dir() else []


def _for_rtx() -> list[bytes]:
    body = made.archive((1, 7, 1, 116), made.p3(8, 9), None)
    table = b"NGNE" + struct.pack("<IQQ", 0, 112, len(body)) + b"THGW" + struct.pack("<IQQ", 0, 112 + len(body), 40)
    whole = 112 + len(body) + 40
    head = b"vtrt" + struct.pack("<IIIQ", 0, 2, 0, whole) + bytes((1, 7, 1, 116)) + b"vtrt" + bytes(32)
    return [head + table + body + bytes(40)]


def _timing() -> list[bytes]:
    body = made.opening(0x8012) + made.record(7, 1) + b"GPU-01234567-89ab-cdef-0123-456789abcdef" + bytes(64)
    return [b"ptrt" + struct.pack("<IIIQ", 0, 236, 0, len(body)) + body]


def _models(*patterns: str) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(_DATA.glob(pattern))]


def _torch() -> list[bytes]:
    plan = made.plan((10, 3, 0, 26), made.archive((10, 3, 0, 26), made.p2(8, 6)), b"rtrt")
    module = {
        "m/data.pkl": b"\x80\x02X1234" + plan + b".",
        "m/constants.pkl": b"\x80\x02).",
        "m/code/__torch__.py": b"x : __torch__.torch.classes.tensorrt.Engine\n",
    }
    return [made.zipped(module), *_models("models/*.pt", "models/*.pt2")]


def _keras() -> list[bytes]:
    members = {
        "metadata.json": b'{"keras_version": "3.8.0", "date_saved": "2026-01-02"}',
        "config.json": b'{"module": "keras", "class_name": "Functional", "config": {"layers": []}}',
        "model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(200),
    }
    return [made.zipped(members), made.zipped(members, 8)]


def _safetensors() -> list[bytes]:
    table = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
        "b": {"dtype": "BF16", "shape": [1], "data_offsets": [4, 6]},
    }
    text = json.dumps(table).encode()
    return [len(text).to_bytes(8, "little") + text + bytes(6)]


def _tensorflow() -> list[bytes]:
    node = made.message(1, made.message(1, b"x") + made.message(2, b"Placeholder") + made.message(3, b"y"))
    function = made.message(2, made.message(1, made.message(3, made.message(1, b"y") + made.message(2, b"MatMul"))))
    graph = node + function + made.message(4, b"\x08\x9a\x0b")
    meta = made.message(1, made.message(4, b"serve") + made.message(5, b"2.15.0"))
    signature = made.message(5, made.message(1, b"serving_default") + made.message(2, b""))
    return [b"\x08\x01" + made.message(2, meta + made.message(2, graph) + signature), node + node + function]


_POINTER = made.lines("version https://git-lfs.github.com/spec/v1", f"oid sha256:{'0' * 64}", "size 123")
_LLM = {
    "version": "0.9.0",
    "pretrained_config": {"architecture": "LlamaForCausalLM", "dtype": "float16"},
    "build_config": {"max_batch_size": 8, "plugin_config": {"gemm_plugin": "auto"}},
}
_RANK = made.plan((9, 3, 0, 1), made.archive((9, 3, 0, 1), made.p2(8, 0)))


def _side() -> list[bytes]:
    import hashlib

    made_by = {
        "schema": "compatcheck.engine/1",
        "head_sha256": hashlib.sha256(_RANK).hexdigest(),
        "precision": "fp16",
        "version_compatible": True,
        "command": ["trtexec"],
    }
    return [json.dumps(made_by).encode()]


def _anything() -> list[bytes]:
    known = [*_plans(), *_archives(), *_torch(), *_keras(), *_tensorflow(), *_safetensors()]
    return [*known, *_models("*.onnx", "models/*")]


TARGETS = (
    Target("ftrt", _plans, _reader("engine", "a.engine"), ways.any_of(ways.sized(16, "<Q"), ways.plain)),
    Target("ptrt", _archives, _reader("engine", "a.engine"), ways.any_of(ways.sized(16, "<Q", 24), ways.plain)),
    Target(
        "flatbuffer", lambda: [made.flatbuffer(b"TITAN V", 7, 0)], _reader("engine", "a.engine"), ways.sized(0, "<Q")
    ),
    Target("rtx-engine", _for_rtx, _reader("rtx", "a.engine"), ways.any_of(ways.sized(16, "<Q"), ways.plain)),
    Target("timing-cache", _timing, _reader("timing", "a.cache"), ways.sized(16, "<Q", 24)),
    Target(
        "lfs-pointer",
        lambda: [_POINTER],
        _reader("pointer", "a.engine"),
        ways.words("oid sha256:", "size ", "version "),
    ),
    Target("keras-zip", _keras, _reader("keras", "a.keras"), ways.any_of(ways.inside_zip, ways.plain)),
    Target("torch-archive", _torch, _reader("torch_archive", "a.pt"), ways.any_of(ways.inside_zip, ways.plain)),
    Target("hdf5", lambda: _models("models/*.h5"), _reader("hdf5", "a.h5")),
    Target(
        "safetensors",
        _safetensors,
        _reader("safetensors", "a.safetensors"),
        ways.any_of(ways.sized(0, "<Q", 14), ways.plain, ways.words('"dtype"', '"__metadata__"', "{", "}")),
    ),
    Target("pickle", lambda: _models("models/*.pth"), _reader("pickled", "a.pkl")),
    Target("onnx", lambda: _models("*.onnx"), _reader("onnx", "a.onnx"), ways.any_of(ways.protobuf, ways.plain)),
    Target("tensorflow", _tensorflow, _reader("tensorflow", "a.pb"), ways.any_of(ways.protobuf, ways.plain)),
    Target(
        "tensorrt-llm",
        lambda: [json.dumps(_LLM).encode()],
        Files("config.json", {"rank0.engine": _RANK}, _opened, folder=True),
        ways.words('"version"', '"builder_config"', "{", "}", "[", "null", "1e999"),
    ),
    Target(
        "side-file",
        _side,
        Files("a.engine.json", {"a.engine": _RANK}, lambda path: _opened(path[:-5])),
        ways.words('"schema"', '"head_sha256"', "{", "}", "true", "null"),
    ),
    Target(
        "engine-cache",
        _plans,
        Files("TensorrtExecutionProvider_TRTKernel_graph_1.engine", {}, _opened),
        ways.any_of(ways.sized(16, "<Q"), ways.plain),
    ),
    Target("any-name", _anything, _under_any_name()),
)
