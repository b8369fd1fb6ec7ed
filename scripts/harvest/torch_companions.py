"""Family torch-companions: torchvision, torchaudio, torch-tensorrt, xformers, nvidia-modelopt and tensorrt-llm.

What they pin comes from METADATA; what they were built with and for, from their own shared objects.
"""

from __future__ import annotations

import io
import json
import re
import tarfile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from . import binary, builds, fatbin, pe, progress, releases
from .document import Document, Row
from .index import Index, IndexFile
from .toml import capability_key
from .wheel import RemoteWheel

NAME = "torch-companions"

_CUDART = re.compile(r"libcudart(?:[-.][0-9a-f]{8})?\.so\.(\d+(?:\.\d+)?)")
_SYSTEM = re.compile(r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|gomp|util|z)\.so|ld-linux|lib(c10|torch|shm)|libpython")
_GPU = re.compile(r"lib(cu|nv|tensorrt)")
_OWN = re.compile(r"__version__\s*=\s*['\"][^'\"+]+\+(\w+)['\"]")
_LOCAL = re.compile(r"__version__\s*=\s*'[^'+]+\+cu(\d+)(\d)'")

_GPU_DLL = re.compile(r"(?:nvinfer|cudart|cu\w+64)_?\w*\.dll\Z")
_CUDART_DLL = re.compile(r"cudart64_(\d+)\.dll\Z")

_SMALL = 1 << 20

OLDEST = {
    "torchvision": "0.2.1",
    "torchaudio": "0.3.0",
    "torch-tensorrt": "1.0",
    "xformers": "0.0.16",
    "nvidia-modelopt": "0.11",
}
BOUND = {
    "torchvision": ["torch"],
    "torchaudio": ["torch"],
    "torch-tensorrt": ["torch", "tensorrt"],
    "xformers": ["torch"],
}
RECORDED = {"xformers": "xformers/cpp_lib.json"}  # what the build wrote down about itself
LIBRARIES = {
    "torchvision": re.compile(r"torchvision/_C(_stable)?\.so\Z"),
    "torchaudio": re.compile(
        r"torchaudio/(_torchaudio|lib/(libtorchaudio|libctc_prefix_decoder|torchaudio_prefixctc)(\.abi3)?)\.so\Z"
    ),
    "torch-tensorrt": re.compile(r"torch_tensorrt/lib/libtorchtrt\.so\Z"),
}
DLLS = {"torch-tensorrt": "torch_tensorrt/lib/torchtrt.dll"}


def harvest(index: Index) -> dict[str, Document]:
    """`observed/<package>.toml` of each."""
    documents = {f"observed/{project}.toml": wheels(index, project) for project in OLDEST}
    documents["observed/tensorrt-llm.toml"] = archives(index, "tensorrt-llm")
    return documents


def wheels(index: Index, project: str) -> Document:
    """The builds of a project that publishes wheels, and the pairs that their requirement lines make."""
    groups = [g for g in builds.group(index.files(project)) if g.version >= Version(OLDEST[project])]
    what = RECORDED.get(project) or "ELF headers and fat binaries"
    document = releases.document(index, project, what, lambda index, group: facts(index, project, group), groups)
    for row in document.tables["build"]:
        for pair in pairs(project, row["version"], row["requires"]):
            if "yanked" not in row and pair not in document.tables.get("pair", []):
                document.add("pair", pair)
    return document


def facts(index: Index, project: str, group: builds.Group) -> Row:
    """What the wheel's own record says, or its shared objects; of a Windows wheel also whether it says of itself that
    it is without CUDA."""
    if project in RECORDED:
        member = RECORDED[project]
        kept: str = index.remember(group.example, f"{member}/1", lambda: text_of(index.wheel(group.example), member))
        return recorded(json.loads(kept)) if kept else {}
    pattern = LIBRARIES.get(project)
    example = group.example
    if pattern is not None and group.os == "windows":
        local: str = index.remember(example, "torch-companions-local/1", lambda: local_of(index.wheel(example)))
        if local == "cpu" or project not in DLLS:
            return {"cuda": False} if local == "cpu" else {}
        dll = DLLS[project]
        linked: Row = index.remember(example, "torch-companions-dll/1", lambda: imported(index.wheel(example), dll))
        return linked
    if pattern is None or group.os != "linux":
        return {}
    found: Row = index.remember(example, "torch-companions/1", lambda: read(index.wheel(example), pattern))
    found.pop("brings", None)
    return found


def local_of(wheel: RemoteWheel) -> str:
    """The local part of the version that the package gives itself, "" without one."""
    texts = [wheel.read(member).decode() for member in wheel.names() if re.match(r"\w+/version\.py\Z", member)]
    found = [match[1] for text in texts if (match := _OWN.search(text))]
    return found[0] if found else ""


def imported(wheel: RemoteWheel, dll: str) -> Row:
    """cuda and needs by the DLLs that the wheel's own one imports; no cuda where its runtime is not among them."""
    if dll not in wheel.names():
        return {}
    with binary.spooled(wheel, dll) as reader:
        needs = sorted(name for name in pe.parse(reader).imports if _GPU_DLL.match(name))
    majors = [match[1] for name in needs if (match := _CUDART_DLL.match(name))]
    return {"needs": needs, **({"cuda": majors[0]} if majors else {})}


def text_of(wheel: RemoteWheel, member: str) -> str:
    """A member's text, "" where the wheel has none."""
    return wheel.read(member).decode() if member in wheel.names() else ""


def recorded(said: dict[str, Row]) -> Row:
    """cuda, sass and ptx of a record that holds torch's CUDA number (1208) and TORCH_CUDA_ARCH_LIST."""
    number = said["version"].get("cuda")
    targets = (said["env"].get("TORCH_CUDA_ARCH_LIST") or "").replace(";", " ").split()
    row: Row = {"cuda": f"{number // 100}.{number % 100}" if number else False}
    if targets:
        row["sass"] = sorted({one.removesuffix("+PTX") for one in targets}, key=capability_key)
        row["ptx"] = sorted({one.removesuffix("+PTX") for one in targets if one.endswith("+PTX")}, key=capability_key)
    return row


def pairs(project: str, version: str, requires: list[str]) -> list[Row]:
    """`[[pair]]` rows for the libraries that a release is bound to by unconditional requirement lines."""
    rows: list[Row] = []
    for line in requires:
        wanted = Requirement(line)
        other = canonicalize_name(wanted.name)
        if other in BOUND.get(project, ()) and wanted.specifier and wanted.marker is None:
            row: Row = {"package": project, "range": f"=={version}", "other": other}
            rows.append({**row, "fits": str(wanted.specifier), "source": "metadata"})
    return rows


def read(wheel: RemoteWheel, pattern: re.Pattern[str]) -> Row:
    """cuda, sass, ptx, needs of the libraries whose member names match.

    What lies beside them (auditwheel's copies of cudart and the like, renamed) serves no other package.
    """
    names = wheel.names()
    members = [n for n in names if pattern.match(n)]
    carried = {n.rsplit("/", 1)[-1] for n in names if ".so" in n}
    needed: set[str] = set()
    targets: dict[str, set[str]] = {"sass": set(), "ptx": set()}
    for member in members:
        with binary.spooled(wheel, member) as reader:
            needed.update(binary.linked(reader, wheel.size_of(member))["needed"])
            for kind, found in fatbin.count(reader, wheel.size_of(member)).items():
                targets[kind].update(found)
    row: Row = {"needs": sorted(n for n in needed - carried if not _SYSTEM.match(n))}
    if not members:
        return {}
    row["cuda"] = cuda(wheel, needed | carried)
    if any(targets.values()):
        row.update({kind: sorted(found, key=capability_key) for kind, found in targets.items()})
    return row


def cuda(wheel: RemoteWheel, sonames: set[str]) -> str | bool | None:
    """CUDA of the build: from the local version, else from the cudart it needs; False where it touches none."""
    for member in wheel.names():
        if re.match(r"\w+/version\.py\Z", member) and (match := _LOCAL.search(wheel.read(member).decode())):
            return f"{match[1]}.{match[2]}"
    found = sorted({match[1] for name in sonames if (match := _CUDART.match(name))})
    if found:
        return found[-1].removesuffix(".0")
    return None if any(_GPU.match(name) or "_cuda" in name for name in sonames) else False


def archives(index: Index, project: str) -> Document:
    """One build per release of a project that puts only source archives on the index, pinned by their PKG-INFO.

    Of the pre-releases only those that no release has followed yet.
    """
    document = Document(project)
    files = [f for f in index.files(project) if f.version is not None and not f.is_wheel]
    final = max(f.version for f in files if f.version and not f.version.is_prerelease)
    for file in progress.over(files, project):
        if file.version is None or (file.version.is_prerelease and file.version < final):
            continue
        text = information(index, file)
        requires, extras = builds.requirements(text)
        row: Row = {"package": project, "version": file.version.public, "os": "linux", "arch": "any"}
        row.update(index="pypi", variant="", requires_python=file.requires_python, requires=requires, stub=True)
        row.update(extras=extras or None, date=file.uploaded, yanked=file.yanked, file=file.filename)
        row.update(source="archives", note="a source archive without code: its build fetches the wheel elsewhere")
        document.add("build", row)
        title, day = f"{project} source archives: PKG-INFO", file.uploaded or ""
        document.source("archives", title, f"package index: {project}", day, "declared")
    return document


def information(index: Index, file: IndexFile) -> str:
    """`package_info`, kept."""
    text: str = index.remember(file, "pkg-info/1", lambda: package_info(index, file))
    return text


def package_info(index: Index, file: IndexFile) -> str:
    """PKG-INFO of a small source archive, "" where it has none. Raises `ValueError` where it is no small one."""
    if file.size is None or file.size > _SMALL:
        raise ValueError(f"{file.filename} is too large to be a stub")
    with tarfile.open(fileobj=io.BytesIO(index.fetch(file.url, 0, file.size))) as archive:
        names = sorted((n for n in archive.getnames() if n.endswith("PKG-INFO")), key=len)
        member = archive.extractfile(names[0]) if names else None
        return member.read().decode("utf-8", "replace") if member else ""
