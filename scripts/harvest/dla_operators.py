"""Write matrix/observed/onnx-dla.toml: ONNX operators that TensorRT runs on Orin's DLA.

    python -m scripts.harvest.dla_operators README.md COMMIT

The table is operators/README.md of github.com/NVIDIA/Deep-Learning-Accelerator-SW at that commit. Operators that it
calls native, or inferred when the engine is built, make a row; all others run on the GPU.
"""

import re
import sys
from pathlib import Path

from .document import Document
from .toml import write

TARGET = Path(__file__).resolve().parents[2] / "matrix" / "observed" / "onnx-dla.toml"
_FIRST = "8.5.2"  # the TensorRT of JetPack 5.1.1, the oldest that the table is for
_NAME = re.compile(r"^[A-Z][A-Za-z0-9]+$")
_AS_OF = re.compile(r"as of TensorRT ([0-9.]+)")


def rows(text: str) -> list[tuple[str, str, str]]:
    """(operator, first release, how) of each operator that runs on the DLA."""
    found: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) < 3 or not _NAME.match(cells[0]):
            continue
        support = cells[1]
        if support.startswith("Native"):
            since = _AS_OF.search(support)
            # Some operators stand in two lines; the first is the general one.
            found.setdefault(cells[0], (since.group(1) if since else _FIRST, ""))
        elif "inferred at build time" in support:
            found.setdefault(cells[0], (_FIRST, "inferred when the engine is built"))
    return [(name, *how) for name, how in sorted(found.items(), key=lambda one: one[0].lower())]


def main(path: str, commit: str) -> None:
    """Write the file."""
    document = Document("onnx-dla")
    document.source(
        "operators", "NVIDIA Deep-Learning-Accelerator-SW: ONNX operators on Orin's DLA",
        f"https://github.com/NVIDIA/Deep-Learning-Accelerator-SW/blob/{commit}/operators/README.md",
        "2024-06-10", "vendor")  # fmt: skip
    for operator, since, how in rows(Path(path).read_text(encoding="utf-8")):
        row = {"reader": "dla", "operator": operator, "since": since, "restrictions": how or None}
        document.add("operator", row | {"source": "operators"})
    TARGET.write_text(write(document), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
