"""Wheels on an index or a page of links of their publisher's own, where the matrix's traits say which."""

from functools import lru_cache
from typing import TYPE_CHECKING

from compat.rules.extensions import torch_of

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

ARCHIVE = "archive"
ALONE = "onnxruntime"  # an index whose files are named as other builds on the public one: it is asked alone


def place(row: "Row", matrix: "Matrix") -> str | None:
    """The address that is asked beside the public index or alone: of an index, or of a page (it ends in ``.html``);
    None where the build lies on no such place."""
    own = row["index"] in (ARCHIVE, ALONE)
    return _place(matrix, row["package"], row["version"], row["variant"]) if own else None


def pytorch_folder(row: "Row", matrix: "Matrix") -> str:
    """The folder of PyTorch's index that a build lies in: its variant, of long-term support below another folder."""
    claim = matrix.traits.claim("torch", "index-folder", row["version"])
    return f"{claim['value'] if claim else ''}{row['variant']}"


@lru_cache(maxsize=1024)
def _place(matrix: "Matrix", package: str, version: str, variant: str) -> str | None:
    component = matrix.packages.component(package) or package
    claim = matrix.traits.claim(component, "own-index", version) or matrix.traits.claim(component, "own-page", version)
    if claim is None:
        return None
    cuda = variant[variant.find("c") :]  # pt28cu128
    text = str(claim["value"])
    return text.format(variant=variant, cuda=cuda, digits=cuda[2:], torch=torch_of(f"0+{variant}") or "")
