"""Write matrix/observed/onnx-operators.toml: the operators of the ONNX standard and the opset that brought each.

    python -m scripts.harvest.onnx_operators

Needs the onnx package, whose schema registry is the source. With the list, an operator that a reader does not take
can be told from one that no standard knows (a plugin, or a custom operator).
"""

import datetime
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "matrix" / "observed" / "onnx-operators.toml"


def main() -> None:
    """Write the file."""
    import onnx  # not needed by the other harvesters

    first: dict[str, int] = {}
    until: dict[str, int] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain:
            continue
        first[schema.name] = min(schema.since_version, first.get(schema.name, 1 << 30))
        if schema.deprecated:
            until[schema.name] = schema.since_version
    lines = [
        'component = "onnx-operators"',
        "",
        "[source.schemas]",
        f'title = "onnx {onnx.__version__}: schema registry of the package, domain ai.onnx"',
        'where = "package index: onnx"',
        f"date = {datetime.date.today().isoformat()}",
        'level = "read"',
        "",
    ]
    for name in sorted(first, key=str.lower):
        lines += ["[[operator]]", 'reader = "onnx"', f'operator = "{name}"', f'since = "{first[name]}"']
        lines += [f'until = "{until[name]}"'] if name in until else []
        lines += ['source = "schemas"', ""]
    TARGET.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
