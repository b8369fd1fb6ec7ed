"""Write matrix/observed/onnx-operators.toml: ONNX's operators and the opsets that brought and changed each.

    python -m scripts.harvest.onnx_operators

Needs the onnx package, whose schema registry is the source, in a release that matrix/observed/onnx.toml has: the date
of the source is that release's. With the list, an operator that a reader does not take can be told from one that no
standard knows (a plugin, or a custom operator), and a model of a later opset than a reader's from one that differs.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

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


def differs(before: Any, after: Any) -> bool:
    """Would a reader of the older schema read a node of the newer one wrongly?

    It passes over attributes that it does not know and outputs that nobody asks for; types are not looked at.
    """
    known = {name: _attribute(one) for name, one in before.attributes.items()}
    now = {name: _attribute(one) for name, one in after.attributes.items()}
    if any(now.get(name) != one for name, one in known.items()) or any(now[name][1] for name in now.keys() - known):
        return True
    if [str(one.option) for one in before.inputs] != [str(one.option) for one in after.inputs]:
        return True
    return after.min_output != before.min_output


def _attribute(one: Any) -> tuple[str, bool, bytes]:
    return str(one.type), one.required, one.default_value.SerializeToString()


def main() -> None:
    """Write the file."""
    import onnx  # type: ignore[import-not-found,unused-ignore]  # not needed by the other harvesters

    opsets: dict[str, dict[int, Any]] = {}
    until: dict[str, int] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain:
            continue
        opsets.setdefault(schema.name, {})[schema.since_version] = schema
        if schema.deprecated:
            until[schema.name] = schema.since_version
    document = Document("onnx-operators")
    title = f"onnx {onnx.__version__}: schema registry of the package, domain ai.onnx"
    document.source("schemas", title, "package index: onnx", released(onnx.__version__), "read")
    for name, schemas in opsets.items():
        since, *later = sorted(schemas)
        changed = [str(at) for before, at in pairwise((since, *later)) if differs(schemas[before], schemas[at])]
        gone = str(until[name]) if name in until else None
        row = {"reader": "onnx", "operator": name, "since": str(since), "until": gone, "changed": changed or None}
        document.add("operator", row | {"source": "schemas"})
    (OBSERVED / "onnx-operators.toml").write_text(write(document), encoding="utf-8")


if __name__ == "__main__":
    main()
