"""PyTorch's zip files: checkpoints, TorchScript modules and torch.export archives; their pickles are never opened.

A checkpoint holds ``data.pkl``; TorchScript also ``code/`` and ``constants.pkl``; torch.export ``archive_format`` and
``models/*.json``, before 2.8 ``serialized_exported_program.json``. A Torch-TensorRT module is a TorchScript whose
code names the class tensorrt.Engine; the engine lies in its pickle, raw or in base 64, and its header is read there.
"""

import base64
import binascii
import re
from typing import Any

from compat.artifacts import engine, pickled
from compat.artifacts.artifact import Artifact, Bytes, Malformed, Window
from compat.artifacts.zipped import MAGIC, Zip

_NAMES = ("data.pkl", "constants.pkl", "archive_format", "serialized_exported_program.json")
_FIRST = re.compile(
    rb"[^/]{1,200}/(?:data/\d+|data\.pkl|version|byteorder|\.data/.{1,40}|code/.{1,200})"
)  # of a folder
_TORCH_VERSION = re.compile(rb'"torch_version"\s*:\s*"([0-9][0-9A-Za-z.+_-]{0,40})"')
_AOTI = re.compile(r'"(AOTI_[A-Z_]{1,40})"\s*:\s*"([^"\\]{0,60})"')
_AOTI_FACTS = {"AOTI_DEVICE_KEY": "device", "AOTI_COMPUTE_CAPABILITY": "compute_capability", "AOTI_MACHINE": "machine"}
_SEARCHED = 16 << 20  # bytes of a member that are searched
_RAW = (b"ftrt\0\0\0\0", b"ptrt\0\0\0\0")
_BASE64 = re.compile(rb"(?:ZnRydA|cHRydA)[A-Za-z0-9+/]{64,8192}")


def recognise(head: bytes, size: int, name: str) -> bool:
    """A zip file whose first members are PyTorch's, or one that bears its endings."""
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    return head[:4] == MAGIC and (
        _FIRST.fullmatch(first) is not None
        or any(one.encode() in head[:512] for one in (*_NAMES, "/.format_version", "/byteorder"))
        or name.endswith((".pt", ".pth", ".pt2", ".ts", ".ckpt", ".torchscript"))
    )


def read(source: Bytes) -> Artifact:
    """Which of the three it is, and what its text members say. Raises Malformed."""
    archive = Zip(source)
    facts: dict[str, Any] = {}
    version = archive.text("version", 32)
    if version is not None and version.strip().isdigit():
        facts["file_version"] = version.strip()
    if _is_export(archive):
        return _export(archive, facts)
    if any("/code/" in f"/{name}" and name.endswith(".py") for name in archive.members):
        return _script(archive, facts)
    if archive.find("data.pkl") is not None:
        return _checkpoint(archive, facts)
    raise Malformed("a zip file without a PyTorch model in it")


def _checkpoint(archive: Zip, facts: dict[str, Any]) -> Artifact:
    facts["tensors"] = sum("/data/" in f"/{name}" for name in archive.members)
    pickle = archive.find("data.pkl")
    head = archive.read(pickle, 1 << 16) if pickle is not None else b""
    facts["modules"] = pickled.modules(head)
    if pickled.holds_module(head):
        facts["whole_module"] = True
        return Artifact(
            "weights",
            "torch-checkpoint",
            "PyTorch module, pickled whole, never opened here",
            facts=facts,
            remarks=(_CLASSES_NEEDED,),
        )
    return Artifact(
        "weights",
        "torch-checkpoint",
        "PyTorch checkpoint: pickled weights, never opened here",
        facts=facts,
        remarks=(_CODE_NEEDED,),
    )


_CLASSES_NEEDED = (
    "its graph is the code of its classes, which have to be importable as they were; loading it runs code "
    "(weights_only=False), so load only files that you trust"
)
_CODE_NEEDED = (
    "it holds no graph: the Python code of the model has to load it and export it to ONNX; loading a pickle runs "
    "code, so load only files that you trust, with weights_only=True"
)


def _is_export(archive: Zip) -> bool:
    return (archive.text("archive_format", 16) or "").strip() == "pt2" or (
        archive.find("serialized_exported_program.json") is not None
    )


def _export(archive: Zip, facts: dict[str, Any]) -> Artifact:
    names = [name for name in archive.members if re.search(r"(^|/)models/[^/]+\.json$", name)]
    names += [name for name in archive.members if name.endswith("serialized_exported_program.json")]
    uses_tensorrt = False
    for name in names[:4]:
        # The version is a field of the program's own; it stands at the end of the text in all seen.
        program = archive.read(archive.members[name], _SEARCHED)
        found = _TORCH_VERSION.search(program)
        uses_tensorrt = uses_tensorrt or b"torch.ops.tensorrt." in program
        if found is not None:
            facts["torch"] = found.group(1).decode()
            break
    archive_version = archive.text("archive_version", 16)
    if archive_version is not None:
        facts["archive_version"] = archive_version.strip()
    facts["models"] = len(names)
    compiled = [name for name in archive.members if "/aotinductor/" in f"/{name}"]
    if compiled:
        facts["compiled"] = "AOTInductor code: for one GPU and one PyTorch release"
        facts |= _compiled_for(archive, compiled)
    if compiled and not names:
        return Artifact(
            "other",
            "torch-aotinductor",
            "AOTInductor package: code that torch compiled, without the program it is of",
            facts=facts,
            remarks=("export the model's own program (torch.export.save) for ONNX; nothing leads back from the code",),
        )
    if uses_tensorrt:
        parts = [name for name in archive.members if "custom_obj" in name or "constants" in name]
        return _with_engine(archive, parts[:50], facts, "torch.export archive")
    return Artifact(
        "model",
        "torch-export",
        "torch.export archive",
        facts=facts,
        remarks=("torch.onnx.export takes it with the torch that wrote it, or a newer one",),
    )


def _compiled_for(archive: Zip, names: list[str]) -> dict[str, str]:
    """Device and capability that the compiled code is for, as its metadata says."""
    found = next((name for name in names if name.endswith("metadata.json")), None)
    text = archive.read(archive.members[found], 1 << 14).decode("utf-8", "replace") if found else ""
    told = dict(_AOTI.findall(text))
    return {key: told[name] for name, key in _AOTI_FACTS.items() if told.get(name)}


def _script(archive: Zip, facts: dict[str, Any]) -> Artifact:
    code = [name for name in archive.members if name.endswith(".py")]
    facts["code_files"] = len(code)
    if archive.find("bytecode.pkl") is not None:
        facts["mobile"] = "bytecode of PyTorch Mobile beside the code"
    uses_tensorrt = any(
        "tensorrt" in (archive.read(archive.members[name], 1 << 16).decode("utf-8", "replace")) for name in code[:200]
    )
    if not uses_tensorrt:
        return Artifact(
            "model",
            "torchscript",
            "TorchScript module",
            facts=facts,
            remarks=(
                "torch.onnx's older exporter (dynamo=False) takes TorchScript; the newer one wants the Python module",
            ),
        )
    pickles = [one.name for name in ("data.pkl", "constants.pkl") if (one := archive.find(name)) is not None]
    return _with_engine(archive, pickles, facts, "TorchScript")


def _with_engine(archive: Zip, parts: list[str], facts: dict[str, Any], kind: str) -> Artifact:
    inner = _engine_inside(archive, parts)
    if inner is not None and inner.engine is not None:
        facts["engine"] = {
            key: inner.facts[key] for key in ("tensorrt", "compute_capability", "platform") if key in inner.facts
        }
    return Artifact(
        "engine",
        "torch-tensorrt",
        f"Torch-TensorRT module: {kind} with a TensorRT engine inside",
        facts=facts,
        engine=inner.engine if inner is not None else None,
        remarks=("it needs the torch_tensorrt release and the TensorRT that made it",),
    )


def _engine_inside(archive: Zip, parts: list[str]) -> Artifact | None:
    """The header of the first engine in these members, its end unchecked: where it ends only the pickle would tell."""
    for name in parts:
        member = archive.members[name]
        data = archive.read(member, min(member.size, _SEARCHED))
        for mark in _RAW:
            at = data.find(mark)
            if at >= 0:
                return engine.read(_Whole(data[at : at + 8192]))
        found = _BASE64.search(data)
        if found is not None:
            try:
                return engine.read(_Whole(base64.b64decode(found.group()[: len(found.group()) // 4 * 4])))
            except (binascii.Error, ValueError):
                continue
    return None


class _Whole(Window):
    """The beginning of an engine whose length is what its own header says."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        stated = int.from_bytes(head[16:24], "little")
        self.size = stated if head[:4] == b"ftrt" and stated < 1 << 44 else stated + 24

    def read(self, offset: int, length: int) -> bytes:
        """A piece of what is there."""
        return self._head[offset : offset + length]
