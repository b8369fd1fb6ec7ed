"""Harvest GPU products: PCI id -> chip -> compute capability and name, into `matrix/observed/gpu.toml`.

    python -m scripts.harvest.gpus PCI_IDS README --readme-date YYYY-MM-DD [--out FILE]

PCI_IDS is the `pci.ids` file of a checkout of pciutils/pciids, README that of NVIDIA/open-gpu-kernel-modules.
Neither is fetched here and neither is committed. The derivation: the README names a device as the driver does
(Turing and newer), pci.ids names its chip; a chip has one compute capability. Devices that only pci.ids knows
get the name that the driver prints for them, by the rules in `driver_name`.

A name that stands for chips of different capability (GeForce GTX 750 Ti is GM107 and GK106) becomes one row a
chip, named `NAME (CHIP)`: by such a name alone a capability cannot be told.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .document import Document
from .toml import write

# Chip -> compute capability. NVIDIA's cuda-gpus pages give it by product, pci.ids the chip of the product.
CHIPS = {
    "1.0": "G80",
    "1.1": "C77 C79 G84 G86 G92 G94 G96 G96C G98",
    "1.2": "GT215 GT216 GT218",
    "1.3": "GT200 GT200b",
    "2.0": "GF100 GF110",
    "2.1": "GF104 GF106 GF108 GF114 GF116 GF117 GF119",
    "3.0": "GK104 GK106 GK107",
    "3.2": "GK20A",
    "3.5": "GK110 GK110B GK180 GK208 GK208B",
    "3.7": "GK210",
    "5.0": "GM107 GM108",
    "5.2": "GM200 GM204 GM206",
    "6.0": "GP100",
    "6.1": "GP102 GP104 GP106 GP107 GP108",
    "7.0": "GV100",
    "7.5": "TU102 TU104 TU106 TU116 TU117",
    "8.0": "GA100",
    "8.6": "GA102 GA103 GA104 GA106 GA107",
    "8.9": "AD102 AD103 AD104 AD106 AD107",
    "9.0": "GH100",
    "10.0": "GB100 GB102",
    "10.3": "GB110 GB112",
    "11.0": "GB10B",
    "12.0": "GB202 GB203 GB205 GB206 GB207",
    "12.1": "GB20B",
}
CAPABILITY = {chip: capability for capability, chips in CHIPS.items() for chip in chips.split()}
ARCHITECTURE = {
    "1": "Tesla",
    "2": "Fermi",
    "3": "Kepler",
    "5": "Maxwell",
    "6": "Pascal",
    "7.0": "Volta",
    "7.5": "Turing",
    "8": "Ampere",
    "8.9": "Ada",
    "9": "Hopper",
    "10": "Blackwell",
    "11": "Blackwell",
    "12": "Blackwell",
}

# What a product's model name begins with; pci.ids also has codes, samples, reserved ids and parts of a card.
PRODUCT = re.compile(
    r"(GeForce |Quadro |Tesla [A-Z]\d|NVS \d|GRID [KM]\d|TITAN|RTX (A?\d|PRO|Spark)|CMP |P10[2-6]-|Jetson |"
    r"[AHBLT]\d+[A-Z]*\b|AX800|G[BH]\d{2,3}\b(?!-))"
)
NO_PRODUCT = re.compile(
    r"Engineering|\bES\b|ES-A|FAKE|SKU|PG\d{3}|USM|vGPU|GH3|NVS USM|Tesla T\d+-\d|SXM2-16GB SKU|"
    r"Matrox|DRIVE|DGX Display|DGX Station|GV100 DGX1|INT\d|ESI|Processor|NVSwitch|RTX A4 "
)
MODEL = re.compile(r"\[([^\]]+)\]\s*$")
UNPREFIXED = ("Tesla", "Quadro", "GRID", "NVS", "Jetson")


@dataclass(frozen=True)
class Device:
    """One PCI device id with its name, chip and capability; `sources` are source ids of the document."""

    pci: str
    name: str
    chip: str
    sources: tuple[str, ...]

    @property
    def capability(self) -> str:
        return CAPABILITY[self.chip]


def chip_of(code: str) -> str | None:
    """The chip of a pci.ids code: `GP107GLM` and `GP107BM` are `GP107`. None where the chip is not known."""
    for chip in (code, re.sub(r"(GLM|GL|BM|M)$", "", code)):
        if chip in CAPABILITY:
            return chip
    return None


def read_pci_ids(text: str) -> dict[str, tuple[str, str]]:
    """NVIDIA's devices of a pci.ids file: id -> (chip, the name in brackets or ""). Unknown chips are left out."""
    devices: dict[str, tuple[str, str]] = {}
    inside = False
    for line in text.splitlines():
        if re.match(r"[0-9a-f]{4}  ", line):
            inside = line.startswith("10de")
        match = re.match(r"\t([0-9a-f]{4})  (\S+)(.*)", line)
        if not inside or match is None:
            continue
        chip = chip_of(match[2])
        model = MODEL.search(match[3])
        if chip is not None and (model is not None or not match[3].strip()):
            devices[match[1]] = (chip, model[1] if model else "")
    return devices


def read_readme(text: str) -> Iterator[tuple[str, str]]:
    """(device id, name) of each row of the open kernel modules' table of supported devices."""
    for line in text.splitlines():
        match = re.match(r"\| (\S.*?)\s*\| ([0-9A-F]{4})(?: [0-9A-F]{4} [0-9A-F]{4})? +\|", line)
        if match is not None:
            yield match[2].lower(), match[1]


def split_models(model: str) -> list[str]:
    """`Quadro K620M / Quadro M500M` -> both; `GeForce GTX 960 OEM / 970M` gets its brand in both parts."""
    parts = [part.strip() for part in re.split(r"\s*/\s*", model)]
    first = parts[0]
    brand = re.match(r"(GeForce (?:GTX|GTS|GT|RTX)?|Quadro|Tesla|NVS|GRID)\s*", first)
    full = [first]
    for part in parts[1:]:
        if part in ("Mobile", "Max-Q"):
            full[0] = f"{first.removesuffix(' Max-Q')} Mobile"
        elif re.match(r"[A-Z]?\d", part) and brand is not None:
            full.append(f"{brand[1].strip()} {part}")
        else:
            full.append(part)
    return full


def driver_name(model: str, capability: str) -> str:
    """What the driver prints for a model name of pci.ids.

    Tesla, Quadro, GRID and NVS products have no `NVIDIA ` before them; mobile parts carry no `Mobile` up to
    Pascal and `Laptop GPU` from Turing on; `Max-Q` is `with Max-Q Design`; the data center cards of Pascal and
    Volta are written with dashes. Read off the README's table and nvidia-smi output in public threads.
    """
    name = re.sub(r"\s*(Rev\. ?\d|Lite Hash Rate|OEM)$", "", model.replace("(TM)", ""))
    old = float(capability) < 7.5
    name = re.sub(r" (?:Max-Q )?Mobile\b", "" if old else " Laptop GPU", name)
    name = re.sub(r" Max-Q$", " with Max-Q Design", name).replace("TITAN X Pascal", "TITAN X (Pascal)")
    card = re.match(r"Tesla (P100|V100S?) (PCIe|SXM\d|DGXS|FHHL) (\d+GB)$", name)
    if card is not None:
        return f"Tesla {card[1]}-{card[2].upper()}-{card[3]}"
    return name if name.startswith(UNPREFIXED) else f"NVIDIA {name}"


def product_class(name: str) -> str:
    """The market class of a product, by its name (the classes of `matrix/schema.toml`)."""
    bare = name.removeprefix("NVIDIA ")
    rules = [
        (r"CMP |P10[2-6]-", "mining"),
        (r"TITAN", "titan"),
        (r"GeForce", "geforce"),
        (r"GRID", "grid"),
        (r"Jetson", "jetson"),
        (r"GB10$|RTX Spark", "desktop-soc"),
        (r"Tesla|RTX PRO .* Server|[ALT]\d+[A-Z]?$|A\d+[-M ]|AX800|[HB]\d+|G[BH]\d+|L\d+", "datacenter"),
        (r".*Laptop GPU|(Quadro|NVS) .*\d+M\b|Quadro .*Max-Q|T500$", "mobile-workstation"),
    ]
    if re.match(r"T(400|500|550|600|1000|1200)", bare):
        return "mobile-workstation" if "Laptop" in bare or bare == "T500" else "workstation"
    return next((label for pattern, label in rules if re.match(pattern, bare)), "workstation")


def form_factor(name: str) -> str | None:
    """`laptop` or `embedded` where the name says so; None is not told by the name."""
    if name.endswith("Embedded GPU"):
        return "embedded"
    return "laptop" if "Laptop GPU" in name or "Max-Q Design" in name else None


def devices(pci_ids: str, readme: str) -> Iterator[Device]:
    """Every device of both lists whose chip is known; the README's name goes before that of pci.ids."""
    known = read_pci_ids(pci_ids)
    named: dict[str, set[str]] = defaultdict(set)
    for identifier, name in read_readme(readme):
        if identifier in known and not NO_PRODUCT.search(name):
            named[identifier].add(name)
    for identifier, (chip, model) in known.items():
        if identifier in named:
            for name in sorted(named[identifier]):
                yield Device(f"10de:{identifier}", name, chip, ("open-gpu-readme", "pci-ids"))
        else:
            for part in split_models(model):
                if not PRODUCT.match(part) or NO_PRODUCT.search(part):
                    continue
                yield Device(f"10de:{identifier}", driver_name(part, CAPABILITY[chip]), chip, ("pci-ids",))


def document(pci_ids: str, readme: str, readme_date: str) -> Document:
    """The rows, one a name (one a name and chip where the name is shared by chips of different capability)."""
    result = Document("gpu")
    dated = re.search(r"^#\s*Date:\s*(\d{4}-\d\d-\d\d)", pci_ids, re.M)
    result.source("pci-ids", "pci.ids: chip and name of each NVIDIA device", "https://github.com/pciutils/pciids",
                  dated[1] if dated else "1970-01-01", "reported")  # fmt: skip
    result.source("open-gpu-readme", "NVIDIA open GPU kernel modules, README: supported devices by PCI id",
                  "https://github.com/NVIDIA/open-gpu-kernel-modules", readme_date, "vendor")  # fmt: skip
    groups: dict[str, list[Device]] = defaultdict(list)
    for device in devices(pci_ids, readme):
        groups[device.name].append(device)
    for name, members in groups.items():
        by_capability: dict[str, list[Device]] = defaultdict(list)
        for device in members:
            by_capability[device.capability].append(device)
        for capability, same in by_capability.items():
            chips = sorted({device.chip for device in same})
            sources = sorted({source for device in same for source in device.sources})
            generation = ARCHITECTURE.get(capability) or ARCHITECTURE[capability.split(".")[0]]
            result.add("gpu", {
                "name": name if len(by_capability) == 1 else f"{name} ({'/'.join(chips)})",
                "capability": capability,
                "class": product_class(name),
                "pci": sorted({device.pci for device in same}),
                "chip": "/".join(chips),
                "architecture": generation,
                "form": form_factor(name),
                "source": sources if len(sources) > 1 else sources[0],
            })  # fmt: skip
    return result


def main() -> None:
    """Read both files, write the matrix file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pci_ids", type=Path)
    parser.add_argument("readme", type=Path)
    parser.add_argument("--readme-date", required=True)
    parser.add_argument("--out", type=Path, default=Path("matrix/observed/gpu.toml"))
    arguments = parser.parse_args()
    text = document(
        arguments.pci_ids.read_text(encoding="utf-8"),
        arguments.readme.read_text(encoding="utf-8"),
        arguments.readme_date,
    )
    arguments.out.write_text(write(text), encoding="utf-8")


if __name__ == "__main__":
    main()
