"""llama-cpp-python's wheels with CUDA: which its release workflow makes, read from the tags of a clone.

The package index has only the source, which is compiled without CUDA unless CMAKE_ARGS asks for it. Wheels lie on the
release page, one release for each CUDA: the tag ``v0.2.90-cu124`` is there when its files are. The workflow of
``v0.2.90`` says for which systems and Pythons they are, and for which GPUs.

    python -m scripts.harvest.llama_cpp_python GIT_DIRECTORY

Not one of the harvesters of ``python -m scripts.harvest``: what it reads is a clone, not the package index. That each
file of a release is there is not checked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.version import Version

from . import toml
from .builds import PYTHONS
from .document import Document, Row
from .flash_attn import git
from .index import Index, IndexFile

NAME = "llama-cpp-python"
README = "https://github.com/abetlen/llama-cpp-python/blob/3691546f1c9e0c1bf93323dff02230bd959cf562/README.md"
DAY = "2026-08-17"
WORKFLOW = ".github/workflows/build-wheels-cuda.yaml"
_SYSTEMS = {"ubuntu": "linux", "windows": "windows"}
_PLATFORMS = {"linux": "linux_x86_64", "windows": "win_amd64"}  # auditwheel, from 0.3.29 on, calls Linux's by its glibc
_LIST = r"'{}' = @\(([^)]*)\)"
_EXCLUDED = re.compile(r"@\{ 'os' = '([\w.-]+)'; 'cuda' = '([\d.]+)' \}")
_TARGETS = re.compile(r"CMAKE_CUDA_ARCHITECTURES=([\w;-]+)|^\s+\$cudaArchs = \"([\w;-]+)\"", re.MULTILINE)
_FROM = re.compile(r"-(lt|ge) \[version\]\"([\d.]+)\"")
# What CMake makes of "all" for CUDA 12.0 to 12.7 (Modules/Internal/CMakeCUDAArchitecturesAll.cmake).
_ALL = ";".join(f"{one}-real" for one in (50, 52, 53, 60, 61, 62, 70, 72, 75, 80, 86, 87, 89)) + ";90"
_LOADS = ("libcublas.so.{}", "libcudart.so.{}")
_CUDART = {"11": "11.0"}  # what its soname says of a major, where that is not the major alone


def document(directory: str) -> Document:
    """The builds of every release that has one for CUDA, with the tag's day as that of the source."""
    made = Document(NAME)
    tags = re.findall(r"^(v[\d.]+)-cu(\d+)$", git(directory, "tag", "--list"), re.MULTILINE)
    for tag in sorted({tag for tag, _ in tags}, key=lambda one: Version(one[1:])):
        day = git(directory, "log", "-1", "--format=%cs", tag).strip()
        where = f"https://github.com/abetlen/llama-cpp-python/blob/{tag}/{WORKFLOW}"
        source = f"wheels-{tag[1:].replace('.', '-')}"
        made.source(source, f"llama-cpp-python {tag[1:]}: build-wheels-cuda.yaml of its tag", where, day, "vendor")
        workflow = git(directory, "show", f"{tag}:{WORKFLOW}")
        for row in rows(tag[1:], workflow, {cuda for one, cuda in tags if one == tag}):
            made.add("build", {**row, "source": source, "date": day})
    for file in Index().files(NAME):
        if file.version is not None and not file.is_wheel and not file.version.is_prerelease:
            made.add("build", of_source(file))
            made.source(
                "readme",
                "llama-cpp-python: README.md, installation: compiled for the CPU by default",
                README,
                DAY,
                "vendor",
            )
            made.source(
                "sdists", "llama-cpp-python: its source archives", f"package index: {NAME}", _day(file), "declared"
            )
    return made


def of_source(file: IndexFile) -> Row:
    """The source, which is compiled without CUDA unless CMAKE_ARGS asks for it."""
    row: Row = {"package": NAME, "version": str(file.version), "os": "any", "arch": "any", "index": "pypi"}
    row.update(variant="", requires_python=file.requires_python, date=_day(file), file=file.filename, source="sdists")
    row.update(cuda=False, sources={"cuda": "readme"})
    return row


def _day(file: IndexFile) -> str:
    return file.uploaded or ""


def rows(version: str, workflow: str, published: set[str]) -> Iterator[Row]:
    """One build for each system and CUDA whose release is published (``124``)."""
    axes = {name: _words(name, workflow) for name in ("os", "pyver", "cuda")}
    excluded = _EXCLUDED.findall(workflow)
    for image in axes["os"]:
        for cuda in axes["cuda"]:
            line = cuda.rpartition(".")[0]
            local = line.replace(".", "")
            if local not in published or (image, cuda) in excluded:
                continue
            system = _SYSTEMS[image.partition("-")[0]]
            sass, ptx = targets(workflow, Version(line))
            row: Row = {"package": NAME, "version": version, "os": system, "arch": "x86_64", "index": "archive"}
            row.update(variant=f"cu{local}", cuda=line, sass=sass, ptx=ptx, python=pythons(axes["pyver"]))
            row["file"] = f"llama_cpp_python-{version}-{tag(axes['pyver'])}-{_PLATFORMS[system]}.whl"
            major = line.partition(".")[0]
            if system == "linux":
                numbers = (major, _CUDART.get(major, major))
                row["needs"] = [name.format(number) for name, number in zip(_LOADS, numbers, strict=True)]
            yield row


def _words(name: str, workflow: str) -> list[str]:
    match = re.search(_LIST.format(name), workflow)
    return re.findall(r"[\"']([\w.-]+)[\"']", match[1]) if match else []


def pythons(listed: list[str]) -> list[str]:
    """One Python alone stands for a wheel that any takes (``py3-none``)."""
    return listed if len(listed) > 1 else [one for one in PYTHONS if Version(one) >= Version("3.8")]


def tag(listed: list[str]) -> str:
    """The Python part of a wheel's name, of the oldest Python."""
    first = f"cp{listed[0].replace('.', '')}"
    return f"{first}-{first}" if len(listed) > 1 else "py3-none"


def targets(workflow: str, cuda: Version) -> tuple[list[str], list[str]]:
    """(machine code, PTX) that the workflow asks for with this CUDA: later lines of it are for some releases alone."""
    chosen = ""
    for match in _TARGETS.finditer(workflow):
        listed = match[1] or match[2]
        bound = _FROM.findall("\n".join(workflow[: match.start()].splitlines()[-2:])) if match[2] else []
        fits = all((cuda < Version(text)) if sign == "lt" else (cuda >= Version(text)) for sign, text in bound)
        chosen = listed if fits and not listed.startswith("cuda") else chosen
    kinds: dict[str, list[str]] = {"real": [], "virtual": []}
    for one in (_ALL if chosen == "all" else chosen).split(";"):
        number, _, kind = one.partition("-")
        for name in (kind,) if kind else ("real", "virtual"):  # without a word both are made
            kinds[name].append(f"{number[:-1]}.{number[-1]}")
    return kinds["real"], kinds["virtual"]


def main(directory: str) -> None:
    """Write matrix/observed/llama-cpp-python.toml."""
    target = Path(__file__).resolve().parents[2] / "matrix" / "observed" / f"{NAME}.toml"
    target.write_text(toml.write(document(directory), toml.Schema()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
