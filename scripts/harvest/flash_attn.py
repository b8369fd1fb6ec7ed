"""FlashAttention's wheels: which its release workflow makes, read from every tag of a clone.

The package index has only the source. A tag's ``.github/workflows/publish.yml`` says for which Python, torch, CUDA
and C++ ABI a wheel goes to the release page, its ``setup.py`` for which GPUs the code is made and by which name the
wheel is looked for.

    python -m scripts.harvest.flash_attn GIT_DIRECTORY

Not one of the harvesters of ``python -m scripts.harvest``: what it reads is a clone, not the package index. That each
job of a workflow came to its end is not checked. Left out are tags that did not come to the package index, releases
before 2.3.6, whose wheels were looked for by the exact CUDA of torch, builds for a torch before its release, and those
of a C++ ABI that pip's torch of that release has not.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.version import Version

from . import toml
from .document import Document, Row
from .index import Index

NAME = "flash-attn"
OLDEST = Version("2.3.6")
WORKFLOW = ".github/workflows/publish.yml"
_AXIS = re.compile(r"^\s+(os|python-version|torch-version|cuda-version|cxx11_abi): \[([^\]]*)\]", re.MULTILINE)
_EXCLUDED = re.compile(
    r"^\s+-((?:\s+(?:os|python-version|torch-version|cuda-version|cxx11_abi): *['\"]?[^\s'\"]+['\"]?\n)+)", re.MULTILINE
)
_PAIR = re.compile(r"([\w-]+): *['\"]?([^\s'\"]+)")
_NAMED = re.compile(r"tmpname=cu\$\{(MATRIX|WHEEL)_CUDA_VERSION\}torch")
_CODE = re.compile(r"^\s+cc_flag\.append\(\"arch=compute_(\d+),code=sm_\d+\"\)", re.MULTILINE)
_FROM_CUDA = re.compile(r"bare_metal_version >= Version\(\"([\d.]+)\"\)")
_ABI = {"TRUE": Version("2.6"), "FALSE": Version("2.7")}  # torch wheels: new ABI from 2.7 on, of 2.6 that of CUDA 12.6


def git(directory: str, *words: str) -> str:
    """What git says."""
    return subprocess.run(("git", "--git-dir", directory, *words), capture_output=True, text=True, check=True).stdout


def document(directory: str) -> Document:
    """The builds of every tag, with the tag's day as that of the source."""
    made = Document(NAME)
    archives = (re.fullmatch(r"flash[_-]attn-(.+)\.tar\.gz", file.filename) for file in Index().files(NAME))
    published = {Version(match[1]) for match in archives if match}
    tags = [tag for tag in git(directory, "tag", "--list", "v2.*").split() if Version(tag[1:]) in published]
    tags = [tag for tag in tags if Version(tag[1:]) >= OLDEST]
    for tag in sorted(tags, key=lambda one: Version(one[1:])):
        day = git(directory, "log", "-1", "--format=%cs", tag).strip()
        where = f"https://github.com/Dao-AILab/flash-attention/blob/{tag}/{WORKFLOW}"
        source = f"publish-{tag[1:].replace('.', '-')}"
        made.source(source, f"FlashAttention {tag[1:]}: publish.yml and setup.py of its tag", where, day, "vendor")
        workflow, setup = git(directory, "show", f"{tag}:{WORKFLOW}"), git(directory, "show", f"{tag}:setup.py")
        for row in rows(tag[1:], workflow, setup):
            made.add("build", {**row, "source": source})
    return made


def rows(version: str, workflow: str, setup: str) -> Iterator[Row]:
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
        if pythons:
            first = f"cp{pythons[0].replace('.', '')}"
            yield {
                "package": NAME,
                "version": version,
                "os": "linux",
                "arch": "x86_64",
                "index": "archive",
                "variant": local,
                "local": local,
                "file": f"flash_attn-{version}+{local}-{first}-{first}-linux_x86_64.whl",
                "cuda": cuda_of(release, major, abi),
                "python": pythons,
                "sass": targets(setup, Version(cuda)),
                "ptx": [],
                "requires": ["einops", "torch"],
            }


def cuda_of(torch: Version, major: str, abi: str) -> str:
    """The CUDA of the torch that takes the wheel: setup.py takes it for all of its major, but of pip's torch of 2.6
    the build for 12.6 alone has the new ABI."""
    both = _ABI["TRUE"] <= torch < _ABI["FALSE"] and major == "12"
    return {"TRUE": "12.6", "FALSE": "12.4"}[abi] if both else major


def targets(setup: str, cuda: Version) -> list[str]:
    """The GPUs that nvcc of this CUDA makes code for."""
    found = []
    for match in _CODE.finditer(setup):
        before = setup[: match.start()].splitlines()[-2:]
        least = [Version(one) for line in before for one in _FROM_CUDA.findall(line)]
        if not least or cuda >= least[-1]:
            found.append(f"{match[1][:-1]}.{match[1][-1]}")
    return found


def main(directory: str) -> None:
    """Write matrix/observed/flash-attn.toml."""
    target = Path(__file__).resolve().parents[2] / "matrix" / "observed" / f"{NAME}.toml"
    target.write_text(toml.write(document(directory), toml.Schema()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
