"""Tiny wheels, an index that serves them, an environment with pip, and plan files: all without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.index_server import Answering, served

ROOT = Path(__file__).resolve().parents[2]

# name, version, files beside those that every wheel has; the big one is recorded by a link or a clone.
ONNX_OLD = ("onnx", "1.17.0", {"onnx/old.py": b"OLD = 1\n", "onnx/lib.so": b"old" * 700_000})
ONNX_NEW = ("onnx", "1.18.0", {"onnx/new.py": b"NEW = 1\n", "onnx/lib.so": b"new" * 700_000})
NUMPY = ("numpy", "2.0.0", {f"numpy/part{number}.py": b"x = 1\n" * number for number in range(40)})
PROTOBUF = (
    "protobuf",
    "5.29.0",
    {"google/protobuf/x.py": b"y = 2\n", "protobuf-5.29.0.data/scripts/tool": b"#!python\n"},
)


def wheel(folder: Path, name: str, version: str, files: Mapping[str, bytes], requires: str = "") -> Path:
    """Write one wheel."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + (
        f"Requires-Dist: {requires}\n" if requires else ""
    )
    content = {
        f"{name}/__init__.py": f"__version__ = {version!r}\n".encode(),
        **files,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, data in content.items():
            archive.writestr(inside, data)
    return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def wheels(folder: Path) -> Path:
    """A folder with all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in (ONNX_OLD, NUMPY, PROTOBUF):
        wheel(folder, *one)
    wheel(folder, *ONNX_NEW, requires="protobuf>=5")
    return folder


def environment(folder: Path) -> Path:
    """An environment with pip and onnx 1.17.0."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    store = wheels(folder.parent / f"{folder.name}-wheels")
    pip(folder, "install", "--no-index", "--find-links", str(store), "onnx==1.17.0")
    return folder


def pip(folder: Path, *arguments: str) -> None:
    """Run the environment's pip."""
    argv = [f"{folder}/bin/python", "-I", "-m", "pip", "--isolated", "--disable-pip-version-check", *arguments]
    subprocess.run(argv, check=True, capture_output=True)


def copy_environment(source: Path, folder: Path) -> Path:
    """The same environment at another place; its scripts' first lines are of no matter here."""
    shutil.copytree(source, folder, symlinks=True)
    return folder


def command(python: str, *wanted: str) -> dict[str, Any]:
    argv = [python, "-m", "pip", *wanted]
    return {"installer": "pip", "argv": argv, "shell": shlex.join(argv)}


def step(component: str, before: str | None, after: str, *wanted: str, python: str = "python") -> dict[str, Any]:
    return {
        "kind": "package",
        "component": component,
        "from": before,
        "to": after,
        "why": [],
        "commands": [command(python, *wanted)],
        "needs_root": False,
        "reversible": True,
    }


def plan(*steps: dict[str, Any], goal: str = "import:onnx", **more: Any) -> dict[str, Any]:
    """A plan: onnx 1.17.0 -> 1.18.0 and numpy, unless other steps are given."""
    steps = steps or (
        step("onnx", "1.17.0", "1.18.0", "install", "onnx==1.18.0"),
        step("numpy", None, "2.0.0", "install", "onnx==1.18.0", "numpy==2.0.0"),
    )
    return {
        "schema": "compatcheck.plan/1",
        "outcome": "planned",
        "machine": "test",
        "request": {"onnx": "==1.18.0"},
        "goal": goal,
        "matrix": {"version": "1", "date": "2026-11-22"},
        "steps": list(steps),
        "result": {"os": "linux"},
        "conflict": [],
        "lifts": [],
        "alternatives": [],
        **more,
    }


def write_plan(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def manifest(folder: Path, compiled: bool = False) -> dict[str, str]:
    """Every name below a folder with its kind, mode and content; ``compiled``: what Python compiled by itself too."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if compiled or name != "__pycache__"]
        for name in [*folders, *names]:
            path = Path(place) / name
            mode = path.lstat().st_mode
            if path.is_symlink():
                said = f"link {os.readlink(path)}"
            elif path.is_dir():
                said = f"folder {mode:o}"
            else:
                said = f"{mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            found[str(path.relative_to(folder))] = said
    return found


def compatcheck(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        argv(*arguments), capture_output=True, text=True, env=variables_of(**variables), cwd="/", check=False
    )


def argv(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "compat", *arguments]


def variables_of(**more: str) -> dict[str, str]:
    """No index but the one that is named, and the checkout's compat."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "VIRTUAL_ENV"))}
    return {
        **kept,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "PYTHONPATH": str(ROOT),
        "PIP_RETRIES": "0",
        **more,
    }


@contextmanager
def index(
    folder: Path, stop_after: int | None = None, other_hash: str = "", asked: list[str] | None = None
) -> Iterator[str]:
    """A simple index (PEP 503) of a folder's wheels. It goes away in the middle of a wheel after some requests, or
    names another hash for one file; ``asked`` gets the path of each request."""
    sent = 0

    class Handler(Answering):
        def respond(self) -> None:
            nonlocal sent
            if asked is not None:
                asked.append(self.path)
            parts = self.path.strip("/").split("/")
            file = folder / parts[-1]
            if file.is_file():
                sent += 1
                data = file.read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                lost = stop_after is not None and sent > stop_after
                self.wfile.write(data[: len(data) // 2] if lost else data)
                return
            links = "".join(_link(path, path.name == other_hash) for path in folder.glob(f"{parts[-1]}-*.whl"))
            page = f"<html><body>{links}</body></html>".encode()
            self.answer(200 if links else 404, "text/html", page)

    with served(Handler) as address:
        yield address


def _link(path: Path, wrong: bool) -> str:
    digest = "0" * 64 if wrong else hashlib.sha256(path.read_bytes()).hexdigest()
    return f'<a href="/files/{path.name}#sha256={digest}">{path.name}</a>'
