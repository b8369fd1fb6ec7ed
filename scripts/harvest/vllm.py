"""Family vllm: pins of its wheels, the CUDA they link, and the GPUs that their general kernels are built for."""

from __future__ import annotations

import io
import re
import tarfile
from functools import partial

from packaging.version import Version

from . import binary, builds, fatbin, releases
from .document import Document, Row
from .index import Index, IndexFile
from .toml import capability_key
from .wheel import RemoteWheel

NAME = "vllm"

OLDEST = Version("0.2.0")

SMALL = 12 << 20
"""Bytes of a source archive that is fetched: to 0.11.0. Of later wheels the linked CUDA runtime is enough."""

ATTENTION = Version("0.8.3")
"""From this release on the PTX of FlashAttention 2 is looked at."""

_FLASH = re.compile(r"vllm/vllm_flash_attn/_vllm_fa2_C\.abi3\.so\Z")
_MAIN = re.compile(r"vllm/_C(_stable_libtorch)?(\.abi3|\.cpython-\d+\w?-[\w-]+)?\.so\Z")
_SMALL = re.compile(r"vllm/(cumem_allocator|_flashmla_extension_C|_qutlass_C|_flashmla_C)\.abi3\.so\Z")
_SYSTEM = re.compile(r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so|ld-linux|lib(c10|torch)|libpython")
_FATBINS = 8
_MAIN_CUDA = re.compile(r"^MAIN_CUDA_VERSION = \"(\d+\.\d+)\"", re.MULTILINE)


def harvest(index: Index) -> dict[str, Document]:
    """`observed/vllm.toml`: one build per release and platform."""
    groups = [g for g in builds.group(index.files("vllm")) if g.version >= OLDEST]
    what = f"first {_FATBINS} fat binaries of the main extension, ELF headers of small ones"
    document = releases.document(index, "vllm", what, facts, groups[::-1])
    archives = {str(f.version): f for f in index.files("vllm") if not f.is_wheel and (f.size or SMALL) < SMALL}
    for row in document.tables["build"]:
        archive = archives.get(row["version"])
        made = index.remember(archive, "vllm/main-cuda/1", partial(main_cuda, index, archive)) if archive else None
        if archive and made and made.startswith(row.get("cuda", "")):
            row["cuda"], row["sources"] = made, {**(row.get("sources") or {}), "cuda": "archives"}
            title = "vllm source archives: setup.py, the CUDA of a wheel whose version does not name one"
            document.source("archives", title, "package index: vllm", archive.uploaded or "", "declared")
    for one in (g for g in groups if g.version >= ATTENTION and (g.os, g.arch) == ("linux", "x86_64")):
        isa: str = index.remember(one.example, "vllm/attention/1", partial(attention, index.wheel(one.example)))
        if isa:
            document.add("release", {"version": str(one.version), "built": {"ptx": isa}, "source": "attention"})
            title = "vllm wheels: PTX ISA of FlashAttention 2, whose machine code is for 8.0 alone"
            document.source("attention", title, "package index: vllm", one.example.uploaded or "", "read")
    return {"observed/vllm.toml": document}


def main_cuda(index: Index, archive: IndexFile) -> str:
    """`MAIN_CUDA_VERSION` of setup.py, "" where there is none (before 0.2.2).

    A wheel made with another CUDA gets ``+cuNNN`` behind its version, and those of the package index have none.
    """
    with tarfile.open(fileobj=io.BytesIO(index.fetch(archive.url, 0, archive.size or 0))) as packed:
        member = next((m for m in packed.getmembers() if re.fullmatch(r"[^/]+/setup\.py", m.name)), None)
        opened = packed.extractfile(member) if member else None
        found = _MAIN_CUDA.search(opened.read().decode("utf-8", "replace")) if opened else None
    return found[1] if found else ""


def facts(index: Index, group: builds.Group) -> Row:
    """`read` of the group's example, kept. Dozens of megabytes each."""
    found: Row = index.remember(group.example, "vllm/1", lambda: read(index.wheel(group.example)))
    return found


def attention(wheel: RemoteWheel) -> str:
    """The PTX ISA of FlashAttention 2, which has machine code for 8.0 and for newer GPUs this PTX; "" without one."""
    member = next((n for n in wheel.names() if _FLASH.match(n)), None)
    if member is None:
        return ""
    with wheel.open(member) as stream:
        return fatbin.isa(stream) or ""


def read(wheel: RemoteWheel) -> Row:
    """sass and ptx of the general kernels, sonames that the small extensions need, CUDA major where one tells it."""
    row: Row = {}
    main = next((n for n in wheel.names() if _MAIN.match(n)), None)
    if main:
        with wheel.open(main) as stream:
            row.update(common(fatbin.sample(stream, _FATBINS)))
    carried = {n.rsplit("/", 1)[-1] for n in wheel.names()}
    needed: set[str] = set()
    for member in filter(_SMALL.match, wheel.names()):
        needed.update(binary.describe(wheel, member)["needed"])
    needs = sorted(n for n in needed - carried if not _SYSTEM.match(n))
    if needs:
        row["needs"] = needs
    majors = {m[1] for name in needs if (m := re.match(r"lib(?:cudart|nvrtc)\.so\.(\d+)", name))}
    if len(majors) == 1:
        row["cuda"] = majors.pop()
    return row


def common(found: dict[str, dict[str, int]]) -> Row:
    """The capabilities that at least half of the fat binaries have: what every general kernel is built for."""
    most = max((count for targets in found.values() for count in targets.values()), default=0)
    if not most:
        return {}
    return {
        kind: sorted((c for c, count in targets.items() if 2 * count >= most), key=capability_key)
        for kind, targets in found.items()
    }
