"""The wheels of FlashAttention, and of Mamba and causal-conv1d, which took its way: read from every tag of a clone.

The package index has only the source. A tag's release workflow (``publish.yml``) says for which Python, torch, CUDA
and C++ ABI a wheel goes to the release page, its ``setup.py`` for which GPUs the code is made and by which name the
wheel is looked for.

    python -m scripts.harvest.flash_attn GIT_DIRECTORY [mamba-ssm | causal-conv1d]

Not one of the harvesters of ``python -m scripts.harvest``: what it reads is a clone, not the package index. That each
job of a workflow came to its end is not checked. Left out are tags that did not come to the package index, releases
whose wheels were looked for by the exact CUDA of torch, builds for a torch before its release, and those of a C++ ABI
that pip's torch of that release has not.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from compat.capability import parse
from compat.matrix import Matrix

from . import toml
from .document import Document, Row
from .index import Index


@dataclass(frozen=True)
class Project:
    """One of those that publish so."""

    name: str
    title: str
    repository: str
    workflow: str
    oldest: Version  # before it the exact CUDA of torch was in the name that is looked for
    requires: tuple[str, ...]


_WORKFLOWS = ".github/workflows"
PROJECTS = {
    one.name: one
    for one in (
        Project(
            "flash-attn",
            "FlashAttention",
            "Dao-AILab/flash-attention",
            f"{_WORKFLOWS}/publish.yml",
            Version("2.3.6"),
            ("einops", "torch"),
        ),
        Project(
            "mamba-ssm",
            "Mamba",
            "state-spaces/mamba",
            f"{_WORKFLOWS}/publish.yaml",
            Version("1.0.1"),
            ("einops", "torch", "transformers", "triton"),
        ),
        Project(
            "causal-conv1d",
            "causal-conv1d",
            "Dao-AILab/causal-conv1d",
            f"{_WORKFLOWS}/publish.yaml",
            Version("1.0.0"),
            ("torch",),
        ),
    )
}
_AXIS = re.compile(r"^\s+(os|python-version|torch-version|cuda-version|cxx11_abi): \[([^\]]*)\]", re.MULTILINE)
_EXCLUDED = re.compile(
    r"^\s+-((?:\s+(?:os|python-version|torch-version|cuda-version|cxx11_abi): *['\"]?[^\s'\"]+['\"]?\n)+)", re.MULTILINE
)
_PAIR = re.compile(r"([\w-]+): *['\"]?([^\s'\"]+)")
_NAMED = re.compile(r"tmpname=cu\$\{(MATRIX|WHEEL)_CUDA_VERSION\}torch")
_CODE = re.compile(r"\s+cc_flag\.append\(\"arch=compute_(\d+),code=sm_\d+\"\)")
_FROM_CUDA = re.compile(r"bare_metal_version >= Version\(\"([\d.]+)\"\)")
_ABI = {"TRUE": Version("2.6"), "FALSE": Version("2.7")}  # torch wheels: new ABI from 2.7 on, of 2.6 that of CUDA 12.6


def git(directory: str, *words: str) -> str:
    """What git says."""
    return subprocess.run(("git", "--git-dir", directory, *words), capture_output=True, text=True, check=True).stdout


def document(directory: str, project: Project) -> Document:
    """The builds of every tag, with the tag's day as that of the source."""
    made = Document(project.name)
    archive = re.compile(rf"{project.name.replace('-', '[_-]')}-(.+)\.tar\.gz")
    archives = (archive.fullmatch(file.filename) for file in Index().files(project.name))
    published = {Version(match[1]) for match in archives if match}
    tags = [tag for tag in git(directory, "tag", "--list", "v*").split() if Version(tag[1:]) in published]
    tags = [tag for tag in tags if Version(tag[1:]) >= project.oldest]
    name = project.workflow.rpartition("/")[2]
    for tag in sorted(tags, key=lambda one: Version(one[1:])):
        day = git(directory, "log", "-1", "--format=%cs", tag).strip()
        where = f"https://github.com/{project.repository}/blob/{tag}/{project.workflow}"
        source = f"publish-{tag[1:].replace('.', '-')}"
        made.source(source, f"{project.title} {tag[1:]}: {name} and setup.py of its tag", where, day, "vendor")
        workflow, setup = git(directory, "show", f"{tag}:{project.workflow}"), git(directory, "show", f"{tag}:setup.py")
        for row in rows(project, tag[1:], workflow, setup):
            made.add("build", {**row, "source": source})
    return made


def rows(project: Project, version: str, workflow: str, setup: str) -> Iterator[Row]:
    """One build for each torch, CUDA and ABI, with its Pythons."""
    named = _NAMED.search(workflow)
    axes = {name: re.findall(r"[^\s,'\"]+", values) for name, values in _AXIS.findall(workflow)}
    excluded = [dict(_PAIR.findall(match[1])) for match in _EXCLUDED.finditer(workflow)]
    names = ("torch-version", "cuda-version", "cxx11_abi")
    for torch, cuda, abi in itertools.product(*(axes[name] for name in names)):
        release = Version(torch)
        if release.is_prerelease or (release >= _ABI["FALSE"] if abi == "FALSE" else release < _ABI["TRUE"]):
            continue
        made = dict(zip(names, (torch, cuda, abi), strict=True))
        pythons = [
            python
            for python in axes["python-version"]
            if not any(one.items() <= {**made, "python-version": python}.items() for one in excluded)
        ]
        major = cuda.partition(".")[0]
        tag = major if named and named[1] == "WHEEL" else "".join(cuda.split(".")[:2])
        local = f"cu{tag}torch{release.major}.{release.minor}cxx11abi{abi}"
        found = targets(setup, Version(cuda))
        if pythons and compiles(Version(cuda), found):
            first = f"cp{pythons[0].replace('.', '')}"
            yield {
                "package": project.name,
                "version": version,
                "os": "linux",
                "arch": "x86_64",
                "index": "archive",
                "variant": local,
                "local": local,
                "file": f"{project.name.replace('-', '_')}-{version}+{local}-{first}-{first}-linux_x86_64.whl",
                "cuda": cuda_of(release, major, abi),
                "python": pythons,
                "sass": found,
                "ptx": [],
                "requires": list(project.requires),
            }


def cuda_of(torch: Version, major: str, abi: str) -> str:
    """The CUDA of the torch that takes the wheel: setup.py takes it for all of its major, but of pip's torch of 2.6
    the build for 12.6 alone has the new ABI."""
    both = _ABI["TRUE"] <= torch < _ABI["FALSE"] and major == "12"
    return {"TRUE": "12.6", "FALSE": "12.4"}[abi] if both else major


def targets(setup: str, cuda: Version) -> list[str]:
    """The GPUs that nvcc of this CUDA makes code for: a flag stands under the conditions that it is indented below."""
    found: list[str] = []
    asked: list[tuple[int, Version]] = []
    for line in setup.splitlines():
        depth = len(line) - len(line.lstrip())
        if line.strip():
            asked = [(outer, least) for outer, least in asked if outer < depth]
        asked += [(depth, Version(least)) for least in _FROM_CUDA.findall(line)]
        if (match := _CODE.match(line)) and all(cuda >= least for _, least in asked):
            found.append(f"{match[1][:-1]}.{match[1][-1]}")
    return found


def compiles(cuda: Version, found: list[str]) -> bool:
    """Has nvcc of this CUDA all of them still? At one that it has dropped it stops, and the job makes no wheel."""
    ends = (Matrix.load().cuda.last_for(parse(one)) for one in found)
    return all(last is None or cuda.release[:2] <= Version(last.value).release[:2] for last in ends)


def main(directory: str, name: str = "flash-attn") -> None:
    """Write matrix/observed/NAME.toml."""
    target = Path(__file__).resolve().parents[2] / "matrix" / "observed" / f"{name}.toml"
    target.write_text(toml.write(document(directory, PROJECTS[name]), toml.Schema()), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
