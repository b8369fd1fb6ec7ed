"""What is fuzzed: every parser of a file that somebody else may have written, with its seeds and its ways of change.

A target's function takes the bytes and must give an answer or the one error that its parser documents; whatever else
it raises is a crash.
"""

import json
import os
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from scripts import fuzz_mutate as ways
from tests.artifacts import made

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "artifacts" / "data"
_HEADS = ROOT.parent / "shared" / "engines" / "heads"  # beginnings of real engines, where they are at hand
_NAMES = ("a.engine", "a.plan", "a.onnx", "a.pt", "a.pb", "a.h5", "a.keras", "a.safetensors", "a.bin")


@dataclass(frozen=True)
class Target:
    """A parser: its seeds, how they are changed, the call, and whether it belongs to the long run."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    call: Callable[[bytes], object]
    change: ways.Mutator = ways.plain
    long: bool = True


class Memory:
    """Bytes as the readers see a file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read(self, offset: int, length: int) -> bytes:
        """As ``compat.probe.host.Reader.read``."""
        return self.data[offset : offset + length] if offset >= 0 and length > 0 else b""


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


def _folder() -> str:
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 (memory: a fuzzer writes much)
    return tempfile.mkdtemp(prefix="compatcheck-fuzz-", dir=place)


class _Files:
    """A call that needs files: the bytes go to ``name`` in a folder of its own, beside what stands there already."""

    def __init__(
        self, name: str, beside: dict[str, bytes], call: Callable[[str], object], folder: bool = False
    ) -> None:
        self.name, self.beside, self.call, self.folder = name, beside, call, folder
        self.place = ""

    def __call__(self, data: bytes) -> object:
        if not self.place:
            self.place = _folder()
            os.makedirs(os.path.dirname(f"{self.place}/{self.name}"), exist_ok=True)
            for name, content in self.beside.items():
                (Path(self.place) / name).write_bytes(content)
        path = f"{self.place}/{self.name}"
        with open(path, "wb") as file:
            file.write(data)
        return self.call(self.place if self.folder else path)


def _opened(path: str) -> object:
    from compat.artifacts import open_artifact
    from compat.report import artifact as pages
    from compat.report.style import Style

    found = open_artifact(path)
    return list(pages.lines(found, [], [], (), Style())), _shown(found)


def _under_any_name() -> Callable[[bytes], object]:
    """Any format under any name, by the door that every command uses."""
    doors = [_Files(name, {}, _opened) for name in _NAMES]
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


def _timing() -> list[bytes]:
    body = made.opening(0x8012) + made.record(7, 1) + b"GPU-01234567-89ab-cdef-0123-456789abcdef" + bytes(64)
    return [b"ptrt" + struct.pack("<IIIQ", 0, 236, 0, len(body)) + body]


def _models(*patterns: str) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(DATA.glob(pattern))]


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


def _described(path: str) -> object:
    from compat.description import BadDescription, load, to_dict

    try:
        return [to_dict(machine) for machine in load(path)]
    except BadDescription as error:
        return str(error)


def _machines(pattern: str) -> list[bytes]:
    found = sorted((ROOT / "compat" / "examples").glob(pattern)) + sorted((ROOT / "tests" / "machines").glob(pattern))
    return [data for path in found[:12] if len(data := path.read_bytes()) < 1 << 16]


def _required(path: str) -> object:
    from compat.guard.files import BadFile, read

    try:
        return read(path)
    except BadFile as error:
        return str(error)


def _elf(data: bytes) -> object:
    from compat.probe.elf import Elf, parse
    from compat.probe.fatbin import read_fatbins

    source = Memory(data)
    found = parse(source.read, len(data))
    return (found, read_fatbins(source.read, found)) if isinstance(found, Elf) else found


def _elf_seeds() -> list[bytes]:
    from tests.probe import elf_bytes, elfimage

    fatbin = struct.pack("<IHHQ", 0xBA55ED50, 1, 16, 64) + struct.pack("<HHIQ", 2, 0x101, 64, 0) + bytes(48)
    notes = elf_bytes.note("GNU", b"\x01" * 20, 3) + elf_bytes.note("NVIDIA Corporation", b"580.95.05\0")
    strings = b"\0libcudart.so.12\0$ORIGIN/../lib\0"
    table = elf_bytes.dynamic([(1, 1), (29, 17), (5, 0), (10, len(strings))])
    return [
        elfimage.shared_object("libcudnn.so.9", defines=("libcudnn.so.9", "GLIBC_2.34")),
        elfimage.shared_object(None, "aarch64", sections={".note.cuda": (7, elfimage.note("NVIDIA", b"1"))}),
        elfimage.kernel_module("580.95.05", "Dual MIT/GPL"),
        *(
            elf_bytes.elf([(".nv_fatbin", 1, fatbin), (".note", 7, notes), (".dynamic", 6, table)], bits, order)
            for bits in (64, 32)
            for order in "<>"
        ),
    ]


def _ldcache(data: bytes) -> object:
    from compat.probe.ldcache import parse

    return parse(data)


def _ldcache_seeds() -> list[bytes]:
    strings = b"libcuda.so.1\0/usr/lib/x86_64-linux-gnu/libcuda.so.1\0x86-64-v3\0"
    start = 48 + 24
    extension = start + len(strings) + -(start + len(strings)) % 4
    new = b"glibc-ld.so.cache1.1" + struct.pack("<IIB3xI12x", 1, len(strings), 2, extension)
    new += (
        struct.pack("<iIIIQ", 0x303, start, start + 13, 0, 1 << 62) + strings + bytes(extension - start - len(strings))
    )
    new += struct.pack("<IIIIIII", 0xEAA42174, 1, 1, 0, extension + 24, 4, start + 52)
    old = b"ld.so-1.7.0\0" + struct.pack("<IiII", 1, 0x303, 0, 13) + strings
    return [new, old]


def _recorded(path: str) -> object:
    """The record of an installed distribution, and its headers."""
    from compat.probe.distributions import find
    from compat.probe.host import Host
    from compat.probe.integrity import record

    folder = path.rpartition("/")[0]
    with open(f"{folder}/METADATA", "wb") as file, open(path, "rb") as source:
        file.write(source.read())
    host = Host()
    return [record(host, one) for one in find(host, [folder.rpartition("/")[0]]).found]


def _explained(data: bytes) -> object:
    from compat import explain
    from compat.convert import messages

    text = data.decode("utf-8", "replace")
    return explain.read(text, _matrix()), messages.read(text, _matrix())


@cache
def _matrix() -> Any:
    from compat.matrix import Matrix

    return Matrix.load()


def _texts() -> list[bytes]:
    return [text.encode() for row in _matrix().every("symptom") for text in row.get("examples", ())]


def _plan_file(path: str) -> object:
    from compat.install.known import names
    from compat.install.planfile import BadPlan, load

    try:
        return load(path, names(_matrix()))
    except BadPlan as error:
        return str(error)


_PLAN = {
    "schema": "compatcheck.plan/1",
    "outcome": "planned",
    "machine": None,
    "request": {},
    "goal": "use:torch-cuda",
    "steps": [],
    "result": {"os": "linux"},
    "conflict": [],
}


def targets() -> tuple[Target, ...]:
    """Every target, the artifacts' readers first."""
    text = ways.words
    files = {
        "requirements.txt": (
            b"torch==2.6.0 ; python_version < '3.13'\n-r other.txt\n--index-url https://x/y\n-e .\n",
            text("==", ">=", "-c ", "@ http://x/y.whl", "[a]", "; extra == 'x'", "#", "\\\n"),
        ),
        "Dockerfile": (
            b"ARG T=24.01\nFROM nvcr.io/nvidia/pytorch:${T}-py3 AS a\nRUN pip install torch==2.6 && apt-get "
            b"install -y libcudnn9\nFROM a\nENV A=b\n",
            text("FROM ", "RUN ", "ARG ", "${A:-b}", "<<EOF\n", "EOF\n", "&&", "'", "pip install "),
        ),
        "environment.yml": (
            b"name: x\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pytorch=2.5=cuda*\n"
            b"  - pip:\n    - torch==2.6\n",
            text("- ", "  - pip:", "::", "=1=b", "[", "]", "'", "dependencies:"),
        ),
        "pyproject.toml": (
            b'[project]\nrequires-python = ">=3.10"\ndependencies = ["torch>=2"]\n[tool.poetry.dependencies]'
            b'\ntorch = {version = "^2", extras = ["x"]}\n',
            text("[project]", "dependencies", '"^1"', "{", "}", "[tool.uv.sources]"),
        ),
        "pylock.toml": (
            b'lock-version = "1.0"\n[[packages]]\nname = "torch"\nversion = "2.6.0"\nwheels = [{url = "u"}]\n',
            text("[[packages]]", "name = 1", "wheels = [{url=1}]", "packages=[1]"),
        ),
    }
    toml = text("[[gpus]]", "[driver]", 'version = "1"', "true", "=", "[packages]", '"torch"')
    return (
        Target("ftrt", _plans, _reader("engine", "a.engine"), ways.any_of(ways.sized(16, "<Q"), ways.plain)),
        Target("ptrt", _archives, _reader("engine", "a.engine"), ways.any_of(ways.sized(16, "<Q", 24), ways.plain)),
        Target(
            "flatbuffer",
            lambda: [made.flatbuffer(b"TITAN V", 7, 0)],
            _reader("engine", "a.engine"),
            ways.sized(0, "<Q"),
        ),
        Target("timing-cache", _timing, _reader("timing", "a.cache"), ways.sized(16, "<Q", 24)),
        Target(
            "lfs-pointer", lambda: [_POINTER], _reader("pointer", "a.engine"), text("oid sha256:", "size ", "version ")
        ),
        Target("keras-zip", _keras, _reader("keras", "a.keras"), ways.any_of(ways.inside_zip, ways.plain)),
        Target("torch-archive", _torch, _reader("torch_archive", "a.pt"), ways.any_of(ways.inside_zip, ways.plain)),
        Target("hdf5", lambda: _models("models/*.h5"), _reader("hdf5", "a.h5")),
        Target(
            "safetensors",
            _safetensors,
            _reader("safetensors", "a.safetensors"),
            ways.any_of(ways.sized(0, "<Q", 14), ways.plain, text('"dtype"', '"__metadata__"', "{", "}")),
        ),
        Target("pickle", lambda: _models("models/*.pth"), _reader("pickled", "a.pkl")),
        Target("onnx", lambda: _models("*.onnx"), _reader("onnx", "a.onnx"), ways.any_of(ways.protobuf, ways.plain)),
        Target("tensorflow", _tensorflow, _reader("tensorflow", "a.pb"), ways.any_of(ways.protobuf, ways.plain)),
        Target(
            "tensorrt-llm",
            lambda: [json.dumps(_LLM).encode()],
            _Files("config.json", {"rank0.engine": _RANK}, _opened, folder=True),
            text('"version"', '"builder_config"', "{", "}", "[", "null", "1e999"),
        ),
        Target(
            "side-file",
            _side,
            _Files("a.engine.json", {"a.engine": _RANK}, lambda path: _opened(path[:-5])),
            text('"schema"', '"head_sha256"', "{", "}", "true", "null"),
        ),
        Target(
            "engine-cache",
            _plans,
            _Files("TensorrtExecutionProvider_TRTKernel_graph_1.engine", {}, _opened),
            ways.any_of(ways.sized(16, "<Q"), ways.plain),
        ),
        Target(
            "any-name",
            lambda: [
                *_plans(),
                *_archives(),
                *_torch(),
                *_keras(),
                *_tensorflow(),
                *_safetensors(),
                *_models("*.onnx", "models/*"),
            ],
            _under_any_name(),
        ),
        Target("machine-toml", lambda: _machines("*.toml"), _Files("m.toml", {}, _described), toml, long=False),
        Target(
            "machine-json",
            lambda: [*_machines("*.json"), b'{"os": "linux", "gpus": [{"name": "A10"}]}'],
            _Files("m.json", {}, _described),
            text('"gpus"', "{", "}", "[", "null", '"driver"'),
            long=False,
        ),
        *(
            Target(name, lambda seed=seed: [seed], _Files(name, {}, _required), way, long=False)
            for name, (seed, way) in files.items()
        ),
        Target("elf", _elf_seeds, _elf, long=False),
        Target("ld-cache", _ldcache_seeds, _ldcache, long=False),
        Target(
            "record",
            lambda: [b"Name: torch\nVersion: 2.6.0\n\ntorch/lib/libtorch.so,sha256=abc,12\ntorch/a.so,,\n"],
            _Files("torch-2.6.0.dist-info/RECORD", {}, _recorded),
            text(",", ".so", "sha256=", '"', "../"),
            long=False,
        ),
        Target(
            "error-text", _texts, _explained, text("error", "CUDA", "version", "12.4", "0x", "expecting "), long=False
        ),
        Target(
            "plan-file",
            lambda: [json.dumps(_PLAN).encode()],
            _Files("plan.json", {}, _plan_file),
            text('"steps"', '"argv"', "{", "}", "[", '"result"'),
            long=False,
        ),
    )
