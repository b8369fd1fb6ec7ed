"""A channel of conda's in a folder: a Python of this machine's own files, and tiny packages."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Collection, Mapping
from pathlib import Path

_LINE = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "__pycache__", "site-packages"}


def channel(folder: Path) -> Path:
    """onnx 1.17.0 and 1.18.0, numpy 1.26.4 and 2.0.0, pip (its name alone) and this Python."""
    _python(folder)
    for name, version in (("onnx", "1.17.0"), ("onnx", "1.18.0"), ("numpy", "1.26.4"), ("numpy", "2.0.0")):
        _distribution(folder, name, version)
    _distribution(folder, "pip", "24.0")
    return folder


def _package(
    folder: Path, subdir: str, name: str, version: str, files: Mapping[str, bytes], programs: Collection[str] = ()
) -> None:
    """Version 1 of conda's format: an archive with ``info/``, and its entry in the channel's ``repodata.json``."""
    (folder / subdir).mkdir(parents=True, exist_ok=True)
    generic = subdir == "noarch"
    index = {"name": name, "version": version, "build": "0", "build_number": 0, "subdir": subdir}
    index |= {"noarch": "python", "depends": ["python"]} if generic else {"arch": "x86_64", "depends": []}
    paths = [
        {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}
        for path, data in files.items()
    ]
    info = {"index.json": index, "paths.json": {"paths": paths, "paths_version": 1}, "about.json": {}}
    if generic:
        info["link.json"] = {"noarch": {"type": "python"}, "package_metadata_version": 1}
    archive = folder / subdir / f"{name}-{version}-0.tar.bz2"
    with tarfile.open(archive, "w:bz2", compresslevel=1) as tar:
        about = {f"info/{key}": json.dumps(value).encode() for key, value in info.items()}
        for path, data in {**files, **about, "info/files": "\n".join(files).encode()}.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755 if path in programs else 0o644
            tar.addfile(entry, io.BytesIO(data))
    data = archive.read_bytes()
    listed = folder / subdir / "repodata.json"
    content = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}, "repodata_version": 1}
    content = json.loads(listed.read_text()) if listed.exists() else content
    hashes = {kind: hashlib.new(kind, data).hexdigest() for kind in ("md5", "sha256")}
    content["packages"][archive.name] = {**index, **hashes, "size": len(data)}
    listed.write_text(json.dumps(content))


def _distribution(folder: Path, name: str, version: str) -> None:
    info = f"site-packages/{name}-{version}.dist-info"
    files = {
        f"site-packages/{name}/__init__.py": f"version = {version!r}\n".encode(),
        f"site-packages/{name}/data.bin": version.encode() * 300_000,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/INSTALLER": b"conda\n",
    }
    _package(folder, "noarch", name, version, files)


def _python(folder: Path) -> None:
    base = Path(sys.base_prefix)
    files = {f"lib/{_LINE}/site-packages/README.txt": b""}
    for root, folders, names in os.walk(base / "lib" / _LINE):
        folders[:] = [one for one in folders if one not in _LEFT_OUT and not one.startswith("config-")]
        files |= {str(path.relative_to(base)): path.read_bytes() for path in map(Path(root).joinpath, names)}
    files |= {f"lib/{one.name}": one.read_bytes() for one in (base / "lib").glob("libpython*.so*")}
    programs = [f"bin/{name}" for name in (_LINE, "python", "python3")]
    files |= dict.fromkeys(programs, (base / "bin" / _LINE).read_bytes())
    _package(folder, "linux-64", "python", sys.version.split()[0], files, programs)
