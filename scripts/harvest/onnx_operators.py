"""Write matrix/observed/onnx-operators.toml: the operators of the ONNX standard and the opset that brought each.

    python -m scripts.harvest.onnx_operators

Needs the onnx package, whose schema registry is the source, in a release that matrix/observed/onnx.toml has: the date
of the source is that release's. With the list, an operator that a reader does not take can be told from one that no
standard knows (a plugin, or a custom operator).
"""

from pathlib import Path

from .document import Document
from .toml import read, write

OBSERVED = Path(__file__).resolve().parents[2] / "matrix" / "observed"


def released(version: str) -> str:
    """The day of an onnx release, of the file that `onnx` harvests."""
    known = read((OBSERVED / "onnx.toml").read_text(encoding="utf-8")).tables["release"]
    days = [str(row["date"]) for row in known if row["version"] == version]
    if not days:
        raise SystemExit(f"onnx {version} is not in matrix/observed/onnx.toml: harvest onnx first")
    return days[0]


def main() -> None:
    """Write the file."""
    import onnx  # type: ignore[import-not-found,unused-ignore]  # not needed by the other harvesters

    first: dict[str, int] = {}
    until: dict[str, int] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain:
            continue
        first[schema.name] = min(schema.since_version, first.get(schema.name, 1 << 30))
        if schema.deprecated:
            until[schema.name] = schema.since_version
    document = Document("onnx-operators")
    title = f"onnx {onnx.__version__}: schema registry of the package, domain ai.onnx"
    document.source("schemas", title, "package index: onnx", released(onnx.__version__), "read")
    for name, since in first.items():
        gone = str(until[name]) if name in until else None
        row = {"reader": "onnx", "operator": name, "since": str(since), "until": gone, "source": "schemas"}
        document.add("operator", row)
    (OBSERVED / "onnx-operators.toml").write_text(write(document), encoding="utf-8")


if __name__ == "__main__":
    main()
