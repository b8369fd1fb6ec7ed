"""NCCL on the package index: `nvidia-nccl-cu11`, `-cu12`, `-cu13`: tags, dates and the libraries each wheel brings.

The packages of two CUDA majors write the same paths (`nvidia/nccl/lib/libnccl.so.2`): of two installed together
the last one wins.
"""

from __future__ import annotations

import re
from functools import partial

from . import progress
from .builds import group, requirements
from .document import Document
from .index import Index, IndexFile

NAME = "nccl"

PROJECTS = {"nvidia-nccl-cu11": "11", "nvidia-nccl-cu12": "12", "nvidia-nccl-cu13": "13"}


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/nccl.toml`."""
    document = Document("nccl")
    for project, major in PROJECTS.items():
        for one in progress.over(group(index.files(project)), project):
            row = one.row(variant=f"cu{major}")
            row["cuda"] = major
            row["nccl"] = ".".join(str(part) for part in one.version.release)
            row["brings"] = index.remember(one.example, "nccl/brings/1", partial(libraries, index, one.example))
            row["requires"], _ = requirements(index.metadata(one.example))
            row["source"] = f"index-{project}"
            document.source(
                f"index-{project}",
                f"{project}: wheel tags, METADATA and file names of each release",
                f"package index: {project}",
                one.date or "",
                "read",
            )
            document.add("build", row)
    return {"observed/nccl.toml": document}


def libraries(index: Index, file: IndexFile) -> list[str]:
    """File names of the shared objects in a wheel."""
    wheel = index.wheel(file)
    return sorted(n.rsplit("/", 1)[-1] for n in wheel.names() if re.search(r"\.so(\.\d+)*$", n))
