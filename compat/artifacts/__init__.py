"""Models, engines and other model files, read as bytes: never run, never unpickled, never imported.

A format is one module with ``recognise(head, size, name)`` and ``read(source)``, and one line in ``FORMATS``; a folder
format has ``recognise_folder(names)`` and ``read_folder(host, path)``, and one line in ``FOLDERS``. The modules are
asked in order and imported when it is their turn, so an engine costs the engine's reader only.
"""

from importlib import import_module

from compat.artifacts.artifact import Artifact, Malformed
from compat.probe.host import Host, Unreadable
from compat.records import replace

FORMATS: tuple[str, ...] = (
    "engine",
    "pointer",
    "rtx",
    "timing",
    "keras",
    "torch_archive",
    "hdf5",
    "safetensors",
    "pickled",
    "onnx",
    "tensorflow",
    "other",
)
FOLDERS: tuple[str, ...] = ("tensorflow", "tensorrt_llm")
_HEAD = 4096  # bytes that `recognise` is shown

__all__ = ["FOLDERS", "FORMATS", "Artifact", "Malformed", "NotReadable", "identify", "open_artifact"]


class NotReadable(OSError):
    """The path cannot be read; the text says why."""


def open_artifact(path: str, host: Host | None = None) -> Artifact:
    """What the file or folder is. Raises NotReadable; a file of no known format is an artifact of kind "other"."""
    host = host or Host()
    if host.is_dir(path):
        return _open_folder(host, path)
    source = host.open_at(path)
    if isinstance(source, Unreadable):
        raise NotReadable(f"{path}: {source.reason}")
    with source:
        head = source.read(0, _HEAD)
        found = identify(head, source.size, path.rpartition("/")[2].lower())
        if found is None:
            return Artifact("other", "unknown", _unknown(head, source.size), path, source.size)
        module = import_module(f"compat.artifacts.{found}")
        try:
            artifact: Artifact = module.read(source)
        except Malformed as error:
            artifact = Artifact("other", found, f"damaged file that begins as {found}", damaged=str(error))
    if hasattr(module, "complete"):
        artifact = module.complete(artifact, host, path)
    return _placed(artifact, path, source.size)


def identify(head: bytes, size: int, name: str) -> str | None:
    """The format whose reader takes a file of this beginning, size in bytes, and name in lower case."""
    for module in FORMATS:
        if import_module(f"compat.artifacts.{module}").recognise(head, size, name):
            return module
    return None


def _open_folder(host: Host, path: str) -> Artifact:
    names = host.listdir(path)
    for module in FOLDERS:
        found = import_module(f"compat.artifacts.{module}")
        if found.recognise_folder(names):
            try:
                artifact: Artifact = found.read_folder(host, path)
            except Malformed as error:
                return Artifact("folder", module, f"folder of a damaged {module} model", path, damaged=str(error))
            return _placed(artifact, path, artifact.size)
    return Artifact("folder", "unknown", "a folder that holds no model of a known format", path)


def _placed(artifact: Artifact, path: str, size: int) -> Artifact:
    """The artifact with its path; its engine or model says which file it is from."""
    engine, model = artifact.engine, artifact.model
    return replace(
        artifact,
        path=path,
        size=size,
        engine=engine and replace(engine, file=path, damaged=artifact.damaged),
        model=model and replace(model, file=path),
    )


def _unknown(head: bytes, size: int) -> str:
    if size == 0:
        return "empty file"
    printable = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head[:512])
    return "text of no known model format" if printable == len(head[:512]) else "binary file of no known model format"
