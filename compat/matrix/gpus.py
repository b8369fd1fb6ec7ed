"""GPUs: from the name that a tool prints, or the PCI id, to compute capability, generation and class."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from compat.capability import BadCapability, Capability, canonical
from compat.capability import parse as parse_capability
from compat.matrix.claim import Claim
from compat.matrix.remembered import remembered

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_NOISE = re.compile(r"\b(nvidia|corporation|graphics|gpu|r|tm)\b|[®™()\[\],]")
_JOINED = re.compile(r"(?<=\b[gr]tx)(?=\d)|(?<=\bgt)(?=\d)")
# Memory sizes, form factors and link types that tell variants of one product apart, not chips; nor does what is in a
# laptop have another capability than the board of that name.
_VARIANT = re.compile(
    r"\b(\d+\s?gb|hbm\d?e?|pcie|sxm\d?|nvl\d*|oam|cnx|liquid cooled|founders edition|d3|mig \S+|mobile|max q|laptop)\b"
    r"|-(?=\s|$)"
)
# As lspci has it: chip, product, PCI id (GP104GL [Tesla P4] [10de:1bb3]).
_OF_LSPCI = re.compile(r"\b[A-Z]{2}\d{3}\w* \[(?P<product>[^\]]+)\]")


# A virtual GPU: board, perhaps a letter or two for its form, memory and type of the profile (A10-24Q, H100XM-80C).
_VIRTUAL = re.compile(r"^(?:grid )?(?P<board>.+?)(?P<form>xm|[dlx])? (?:\d )?\d{1,3}[abcq](?:me)?$")


_LISTED_AS = re.compile(r"^.*\b(vga compatible|3d|display) controller\b:?")  # what lspci has before a name


def _words(text: str) -> str:
    """The words of a text, each with a blank around it, so that a part of one is none."""
    return f" {' '.join(re.findall(r'[a-z0-9]+', text))} "


def simplify(name: str) -> str:
    """A GPU's name reduced to what identifies it: lower case, no vendor, single blanks, ``gt730`` as ``gt 730``."""
    listed = _OF_LSPCI.search(name)
    plain = _NOISE.sub(
        " ", (listed["product"] if listed else name).lower().replace("-", " ").replace("_", " ").replace("/", " ")
    )
    return " ".join(_JOINED.sub(" ", plain).split())


def without_variant(name: str) -> str:
    """A simplified name without memory size and form factor: ``a100 sxm4 80gb`` is ``a100``."""
    return " ".join(_VARIANT.sub(" ", name).split())


# What people write around a name: how many there are, a remark in brackets, the mining limit that the chip has.
# As texts: few names need them, and to compile them takes longer than to find a name.
_AROUND = r"(?i)\([^)]*\)|\b(lite hash rate|lhr)\b|^\d+\s*[x*\u00d7]\s*(?=\D)|(?<=\s)[x*\u00d7]\s*\d+$"
_SUFFIX = r"(?<=\d)(?=(ti|super|d)\b)"
_NUMBER = r"^(?:geforce )?(\d{3,4}(?: (?:ti|super|d))*)$"


def spellings(name: str) -> Iterator[str]:
    """A GPU's name reduced, as it is written and then with less around it: ``2x RTX 5090D (rev a1)``, ``1080 Ti``."""
    yield simplify(name)
    plain = re.sub(_SUFFIX, " ", simplify(re.sub(_AROUND, " ", name)))
    yield plain
    number = re.match(_NUMBER, without_variant(plain))
    if number is not None:
        yield from (f"geforce {brand} {number[1]}" for brand in ("gtx", "rtx"))


# A product name that was given to several chips: the rows of each carry theirs, ``GT 730 (GK208B)``,
# ``8400 GS (G84/G86/G98)``.
_CHIP = re.compile(r"^(.+) \([A-Z]{1,2}\d{2,3}[A-Z]?(?:/[A-Z]{1,2}\d{2,3}[A-Z]?)*\)$")


def name_index(rows: "list[Row]") -> dict[str, list[int]]:
    """Where a GPU's row is, by name, PCI id or chip.

    The keys are the simplified name; ``~`` and the name without its variant; ``chip:`` and the name that several chips
    share; ``pci:`` and the PCI id. Made when the matrix is compiled.
    """
    index: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for pci in row.get("pci", ()):
            index[f"pci:{pci}"] = [number]
        names = {simplify(text) for text in (row["name"], *row.get("aliases", ()))}
        shared = _CHIP.match(row["name"])
        keys = names | {f"~{without_variant(name)}" for name in names}
        if shared:  # people leave the brand out: GT 730
            product = simplify(shared[1])
            keys |= {f"chip:{product}", f"chip:{product.removeprefix('geforce ')}"}
        for key in sorted(keys):
            index.setdefault(key, []).append(number)
    return index


class Gpus:
    """The ``gpu`` and ``architecture`` components."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix

    def _named(self, key: str) -> "list[Row]":
        rows = self._matrix.rows("gpu", "gpu")
        return [rows[number] for number in self._matrix.table("gpu.names").get(key, ())]

    @remembered
    def find(self, name: str | None, pci_id: str | None = None) -> "Row | None":
        """The product, or None where the name is unknown or stands for chips of several capabilities."""
        known = self._named(f"pci:{pci_id.lower()}") if pci_id is not None else []
        if known:
            return known[0]
        if name is None:
            return None
        found = (self._product(plain) or self._virtual(plain) for plain in spellings(name))
        return next((row for row in found if row is not None), None)

    @remembered
    def chips(self, name: str | None) -> "list[Row]":
        """The chips that a product's name stands for, one of each capability, newest first; empty if it is one."""
        found = next(filter(None, map(self._candidates, spellings(name))), []) if name is not None else []
        known = {parse_capability(row["capability"]): row for row in found}
        return [known[capability] for capability in sorted(known, reverse=True)] if len(known) > 1 else []

    def _candidates(self, plain: str) -> "list[Row]":
        bare = without_variant(plain)
        for key in (plain, bare, f"~{bare}", f"chip:{bare}"):
            candidates = self._named(key)
            if candidates:
                return candidates
        return []

    def _product(self, plain: str) -> "Row | None":
        candidates = self._candidates(plain)
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

    @remembered
    def other_maker(self, name: str | None, pci_id: str | None = None) -> "Row | None":
        """Who made it, where that is somebody whose GPUs run no CUDA; None also where nothing tells."""
        if self.find(name, pci_id) is not None or self.chips(name):
            return None
        makers = self._matrix.rows("maker", "gpu")
        if pci_id is not None:
            return next((row for row in makers if row["vendor"] == pci_id.lower()[:4] and not row["cuda"]), None)
        words = _words(_LISTED_AS.sub("", (name or "").lower()))
        if any(_words(text) in words for row in makers if row["cuda"] for text in row["words"]):
            return None
        return next((row for row in makers if any(words.startswith(_words(text)) for text in row["words"])), None)

    @cached_property
    def capabilities(self) -> "dict[Capability, Row]":
        """Every compute capability that the matrix knows."""
        return {parse_capability(row["capability"]): row for row in self._matrix.rows("capability", "architecture")}

    @remembered
    def capability(self, gpu: Capability) -> "Row | None":
        """The row of a compute capability, under its canonical name."""
        return self.capabilities.get(canonical(gpu.plain))

    @cached_property
    def _architectures(self) -> "dict[str, Row]":
        return {row["name"]: row for row in self._matrix.rows("architecture", "architecture")}

    @remembered
    def architecture(self, gpu: Capability) -> "Row | None":
        """The generation that a capability belongs to."""
        row = self.capability(gpu)
        return self._architectures.get(row["architecture"]) if row is not None else None

    @remembered
    def first_driver(self, gpu: Capability) -> Claim | None:
        """The first driver branch that knows a capability; where that is not told, the first of its generation."""
        row, field = self.capability(gpu), "driver_first_linux"
        if row is None or field not in row:
            row, field = self.architecture(gpu), "driver_first"
        return Claim(row[field], row, field) if row is not None and field in row else None


def read_capability(text: str | None) -> Capability | None:
    """A capability from a description, or None."""
    if text is None:
        return None
    try:
        return parse_capability(text)
    except BadCapability:
        return None
