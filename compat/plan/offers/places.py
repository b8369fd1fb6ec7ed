"""Wheels on an index, a page of links or a release page of their publisher's own: the matrix's traits say which."""

from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.rules.packages.extensions import torch_of

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

ARCHIVE = "archive"
ALONE = "onnxruntime"  # an index whose files are named as other builds on the public one: it is asked alone


def place(row: "Row", matrix: "Matrix") -> str | None:
    """The address that is asked beside the public index or alone: of an index, of a page (it ends in ``.html``), or of
    the wheel itself (``.whl``; ``{python}`` stands for the Python's tag); None where the build lies on no such
    place."""
    own = row["index"] in (ARCHIVE, ALONE)
    return _place(matrix, row["package"], row["version"], row["variant"]) if own else None


def pytorch_folder(row: "Row", matrix: "Matrix") -> str:
    """The folder of PyTorch's index that a build lies in: its variant, of long-term support below another folder."""
    claim = matrix.traits.claim("torch", "index-folder", row["version"])
    return f"{claim['value'] if claim else ''}{row['variant']}"


def file_of(address: str, machine: Machine) -> str:
    """The wheel's address for the machine's Python; an address of another kind as it is."""
    line = versions.major_minor(machine.python) if machine.python else None
    return address.replace("{python}", f"cp{line.replace('.', '')}") if line else address


@lru_cache(maxsize=1024)
def _place(matrix: "Matrix", package: str, version: str, variant: str) -> str | None:
    component = matrix.packages.component(package) or package
    # A page that moved is one claim for each of its times.
    pages = (*matrix.traits.every(component, "own-index"), *matrix.traits.every(component, "own-page"))
    claims = (*pages, *matrix.traits.every(component, "own-file"))
    claim = next((row for row in claims if versions.parse_range(row["range"]).admits(version)), None)
    if claim is None:
        return None
    cuda = variant[variant.find("c") :]  # pt28cu128
    text = str(claim["value"])
    own = {"variant": variant, "cuda": cuda, "digits": cuda[2:], "version": version, "python": "{python}"}
    return text.format(torch=torch_of(f"0+{variant}") or "", **own)
