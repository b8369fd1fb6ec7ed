"""Family vllm: pins of its wheels, the CUDA they link, and the GPUs that their general kernels are built for."""

from __future__ import annotations

import re

from packaging.version import Version

from . import binary, builds, fatbin, releases
from .document import Document, Row
from .index import Index
from .toml import capability_key
from .wheel import RemoteWheel

NAME = "vllm"

OLDEST = Version("0.2.0")

EVERY = Version("0.10.0")
"""From this release on every wheel is read: dozens of megabytes each."""

EARLIER = frozenset(["0.2.7", "0.3.3", "0.4.3", "0.5.5", "0.6.6.post1", "0.7.3", "0.8.5.post1", "0.9.2"])
"""Of the earlier releases, the last of each series; of the others METADATA only."""

_MAIN = re.compile(r"vllm/_C(_stable_libtorch)?(\.abi3|\.cpython-\d+\w?-[\w-]+)?\.so\Z")
_SMALL = re.compile(r"vllm/(cumem_allocator|_flashmla_extension_C|_qutlass_C|_flashmla_C)\.abi3\.so\Z")
_SYSTEM = re.compile(r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so|ld-linux|lib(c10|torch)|libpython")
_FATBINS = 8


def harvest(index: Index) -> dict[str, Document]:
    """`observed/vllm.toml`: one build per release and platform."""
    groups = [g for g in builds.group(index.files("vllm")) if g.version >= OLDEST]
    what = f"first {_FATBINS} fat binaries of the main extension, ELF headers of small ones"
    return {"observed/vllm.toml": releases.document(index, "vllm", what, facts, groups[::-1])}


def facts(index: Index, group: builds.Group) -> Row:
    """`read` of the group's example, kept; nothing of the releases that are not looked into."""
    if group.version < EVERY and str(group.version) not in EARLIER:
        return {}
    found: Row = index.remember(group.example, "vllm/1", lambda: read(index.wheel(group.example)))
    return found


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
