"""GPUs: from the name that a tool prints, or the PCI id, to compute capability, generation and class."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from compat.capability import BadCapability, Capability, canonical
from compat.capability import parse as parse_capability

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_NOISE = re.compile(r"\b(nvidia|corporation|graphics|gpu|r|tm)\b|[®™()\[\],]")
# Memory sizes, form factors and link types that tell variants of one product apart, not chips.
_VARIANT = re.compile(
    r"\b(\d+\s?gb|hbm\d?e?|pcie|sxm\d?|nvl\d*|oam|cnx|liquid cooled|founders edition|d3|mig \S+)\b|-(?=\s|$)"
)


# A virtual GPU: board, perhaps a letter or two for its form, memory and type of the profile (A10-24Q, H100XM-80C).
_VIRTUAL = re.compile(r"^(?:grid )?(?P<board>.+?)(?P<form>xm|[dlx])? (?:\d )?\d{1,3}[abcq](?:me)?$")


def simplify(name: str) -> str:
    """A GPU's name reduced to what identifies it: lower case, no vendor, single blanks."""
    return " ".join(_NOISE.sub(" ", name.lower().replace("-", " ").replace("_", " ").replace("/", " ")).split())


def without_variant(name: str) -> str:
    """A simplified name without memory size and form factor: ``a100 sxm4 80gb`` is ``a100``."""
    return " ".join(_VARIANT.sub(" ", name).split())


def name_index(rows: "list[Row]") -> dict[str, list[int]]:
    """Where a GPU's row is, by simplified name, by ``~`` and the name without its variant, and by ``pci:`` and PCI id.

    Made when the matrix is compiled.
    """
    index: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for pci in row.get("pci", ()):
            index[f"pci:{pci}"] = [number]
        names = {simplify(text) for text in (row["name"], *row.get("aliases", ()))}
        for key in sorted(names | {f"~{without_variant(name)}" for name in names}):
            index.setdefault(key, []).append(number)
    return index


class Gpus:
    """The ``gpu`` and ``architecture`` components."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix

    def _named(self, key: str) -> "list[Row]":
        rows = self._matrix.rows("gpu", "gpu")
        return [rows[number] for number in self._matrix.gpu_names.get(key, ())]

    def find(self, name: str | None, pci_id: str | None = None) -> "Row | None":
        """The product, or None where the name is unknown or stands for chips of several capabilities."""
        known = self._named(f"pci:{pci_id.lower()}") if pci_id is not None else []
        if known:
            return known[0]
        if name is None:
            return None
        plain = simplify(name)
        return self._product(plain) or self._virtual(plain)

    def _product(self, plain: str) -> "Row | None":
        bare = without_variant(plain)
        candidates = self._named(plain) or self._named(bare) or self._named(f"~{bare}")
        if not candidates:
            return None
        return candidates[0] if len({row["capability"] for row in candidates}) == 1 else None

    def _virtual(self, plain: str) -> "Row | None":
        """A virtual GPU has the capability of the board that it is a part of."""
        match = _VIRTUAL.match(plain)
        if match is None:
            return None
        board = re.sub(r"^rtx(?=[a\d])", "rtx ", match["board"])
        for name in (board + (match["form"] or ""), board, f"{board} generation", f"quadro {board}"):
            product = self._product(name)
            if product is not None:
                return {**product, "class": "grid"}
        return None

    @cached_property
    def capabilities(self) -> "dict[Capability, Row]":
        """Every compute capability that the matrix knows."""
        return {parse_capability(row["capability"]): row for row in self._matrix.rows("capability", "architecture")}

    def capability(self, gpu: Capability) -> "Row | None":
        """The row of a compute capability, under its canonical name."""
        return self.capabilities.get(canonical(gpu.plain))

    @cached_property
    def _architectures(self) -> "dict[str, Row]":
        return {row["name"]: row for row in self._matrix.rows("architecture", "architecture")}

    def architecture(self, gpu: Capability) -> "Row | None":
        """The generation that a capability belongs to."""
        row = self.capability(gpu)
        return self._architectures.get(row["architecture"]) if row is not None else None


def read_capability(text: str | None) -> Capability | None:
    """A capability from a description, or None."""
    if text is None:
        return None
    try:
        return parse_capability(text)
    except BadCapability:
        return None
