"""RAPIDS: the wheels of cuDF and cuML, and the GPUs that their code is made for.

What they pin comes from METADATA of the package index, which has the wheels since 24.12 (cuDF) and 25.10 (cuML); of a
release before them it has a source archive that fetches the wheel from NVIDIA's index. The code lies in libcudf and
libcuml, of hundreds of megabytes; for which GPUs it is made, rapids-cmake says, by the CUDA of the build and the
release: all of RAPIDS is built with it. (libcuml-cu13 26.10.0 was read: it has what its rapids-cmake says.)

    python -m scripts.harvest.rapids GIT_DIRECTORY_OF_RAPIDS_CMAKE

Not one of the harvesters of ``python -m scripts.harvest``: it reads a clone as well.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from packaging.version import Version

from . import releases, toml
from .builds import group
from .document import Document, Row
from .flash_attn import git
from .index import Index, IndexFile

NAME = "rapids"
PROJECTS = ("cudf-cu11", "cudf-cu12", "cudf-cu13", "cuml-cu11", "cuml-cu12", "cuml-cu13")
OLDEST = Version("23.02")  # the first whose rapids-cmake has a tag of its own
SCRIPT = "rapids-cmake/cuda/set_architectures.cmake"

_LIST = re.compile(r"(?:set|list)\((?:APPEND )?supported_archs((?:\s+\"[\w-]+\")+)\)")
_AFTER_11 = 100  # the first target that CUDA 11 has not
_FROM_CUDA = "CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL {}.0.0"


def document(index: Index, project: str, directory: str) -> Document:
    """The builds of a project, each with the targets of its release's rapids-cmake."""
    groups = [one for one in group(index.files(project)) if one.version >= OLDEST]
    made = releases.document(index, project, "", lambda index, group: {}, groups)
    there = {one.version for one in groups}
    for file in index.files(project):
        if not file.is_wheel and file.version is not None and file.version not in there and file.version >= OLDEST:
            made.add("build", fetched(file))
            title = f"{project}: the source archives that fetch its wheels from NVIDIA's index"
            made.source("archives", title, f"package index: {project}", file.uploaded or "", "declared")
    major = project.rpartition("-cu")[2]
    for row in made.tables.get("build", ()):
        release = Version(row["version"])
        tag = f"v{release.major}.{release.minor:02d}.00"
        tag = tag if git(directory, "tag", "--list", tag).strip() else f"{tag}a"
        sass, ptx = targets(git(directory, "show", f"{tag}:{SCRIPT}"), major)
        source = f"rapids-cmake-{release.major}-{release.minor:02d}"
        where = f"https://github.com/rapidsai/rapids-cmake/blob/{tag}/{SCRIPT}"
        day = git(directory, "log", "-1", "--format=%cs", tag).strip()
        made.source(source, f"rapids-cmake {tag}: the architectures that RAPIDS is built for", where, day, "vendor")
        row.update(cuda=major, sass=sass, ptx=ptx, sources={"sass": source, "ptx": source})
    return made


def fetched(file: IndexFile) -> Row:
    """The wheel on NVIDIA's index that a source archive fetches; for which Pythons it is, is not told."""
    row: Row = {"package": file.project, "version": str(file.version), "os": "linux", "arch": "any"}
    row.update(index="nvidia", variant="", date=file.uploaded, file=file.filename, source="archives")
    return row


def targets(script: str, major: str) -> tuple[list[str], list[str]]:
    """(machine code, PTX) of the newest compiler of a CUDA major.

    Of an older script the one list is for all, of which the last is made as PTX too; a later one has a list for each
    CUDA, the newest first, that says of each target which it is.
    """
    lists = [re.findall(r"\"([\w-]+)\"", words) for words in _LIST.findall(script)]
    own = lists[0] if _FROM_CUDA.format("13") not in script or major == "13" else lists[1]
    own = [one for one in own if major != "11" or int(re.sub(r"\D", "", one)) < _AFTER_11]
    if not any("-" in one for one in own):
        own = [f"{one}-real" for one in own[:-1]] + own[-1:]
    kinds: dict[str, list[str]] = {"real": [], "virtual": []}
    for one in own:
        number, _, kind = one.partition("-")
        digits = number.rstrip("af")
        for name in (kind,) if kind else ("real", "virtual"):
            kinds[name].append(f"{digits[:-1]}.{digits[-1]}{number[len(digits) :]}")
    return kinds["real"], kinds["virtual"]


def main(directory: str) -> None:
    """Write matrix/observed/PROJECT.toml of each."""
    folder = Path(__file__).resolve().parents[2] / "matrix" / "observed"
    index = Index()
    for project in PROJECTS:
        text = toml.write(document(index, project, directory), toml.Schema())
        (folder / f"{project}.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
