"""Which ONNX operators TensorRT's parser takes, by release: reads the operator lists of onnx/onnx-tensorrt.

    python -m scripts.harvest.operators GIT_DIRECTORY     # a clone of onnx/onnx-tensorrt, bare or not

Writes `matrix/observed/onnx-tensorrt.toml`. The commit of each release is the one that the tag of NVIDIA/TensorRT
(of 9.0 and 9.2: the branch) names as its submodule; that of 7.1.3 still names 7.0's, so its is the parser's own branch.
The public clone ends with 10.1; what came later is in `matrix/onnx-tensorrt.toml`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import toml
from .document import Document, Row

TARGET = Path(__file__).resolve().parents[2] / "matrix" / "observed" / "onnx-tensorrt.toml"
SOURCE = "operators"

RELEASES = {
    "5.1.5": "8b52755beb781366f3bd2a34b3a0be0fcd4c0c33",
    "6.0.1": "400df73d8fb1f1b447bad4df4a6f237c75f165e5",
    "7.0.0": "84b5be1d6fc03564f2c0dba85a2ee75bad242c2e",
    "7.1.3": "1cf89ddda1f0b2de0cf54e0ed9a17cc4b5974508",
    "7.2.1": "eb559b6cdd1ec2169d64c0112fab9b564d8d503b",
    "8.0.1": "8fea430fc1ad452085add61b04045a9efbf2b981",
    "8.2.0": "078f20b8fbcbb802aa5ffcd2134519721a61b88c",
    "8.2.1": "e9456d57605c883cdf985e634ab483e2c1500bb1",
    "8.4.1": "1da7332349d5b1196ccfa6dc719b839876f1e83e",
    "8.5.1": "3b008c466bcb7375aaf5cabf51b289fd34d40c44",
    "8.6.0": "6872a9473391a73b96741711d52b98c2c3e25146",
    "8.6.1": "6ba67d3428e05f690145373ca87fb8d32f98df45",
    "9.0.1": "9d2d786c98129ecab62be0759d1ba2e5791ee424",
    "9.1.0": "877b5dccf5779d7d7dfa0c45b9c11cbee3b285ce",
    "9.2.0": "306247b30da17ec10b578d17c408fe04864d6fe5",
    "9.3.0": "1def182e2a04e939130b1070151a048321c6719c",
    "10.0.0": "973d68d06f671998ddcc0c504b9a2fdfcfc85a62",
    "10.0.1": "eb43908b02a296ea0594432f06e9d3fac288d672",
    "10.1.0": "96e781103cfc4adf4a6bb557e94bac8e693f6f4c",
}
# Old lists write these names without the capitals that ONNX gives them.
NAMES = {"Argmax": "ArgMax", "Argmin": "ArgMin", "IsNan": "IsNaN", "Depthtospace": "DepthToSpace"}
TYPES = {
    "FP32": "fp32",
    "FP16": "fp16",
    "BF16": "bf16",
    "FP8": "fp8",
    "FP4": "fp4",
    "INT4": "int4",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT32": "int32",
    "INT64": "int64",
    "INF64": "int64",
    "BOOL": "bool",
    "DOUBLE": "fp64",
}

# What the newest list says against an operator, in our words.
_REDUCE = "constant axes"
_DIRECTIONS = "bidirectional: the same activations both ways"
_SEED = "seed has no effect"
RESTRICTIONS = {
    "AveragePool": "2D and 3D; no dilation",
    "Constant": "no sparse and no string values",
    "CumSum": "constant axis",
    "DeformConv": "1D and 2D; equal padding at both ends of an axis",
    "DequantizeLinear": "zero point 0",
    "Dropout": "inference only",
    "EyeLike": "static shape",
    "GridSample": "4D",
    "GRU": _DIRECTIONS,
    "Hardmax": "static size of the axis",
    "If": "outputs of both branches of one rank, with different names",
    "LayerNormalization": "first output only",
    "Loop": "scan outputs of static length; carried tensors keep their shape",
    "LpPool": "no dilation",
    "LSTM": _DIRECTIONS + "; no input_forget; layout 0",
    "MaxPool": "2D and 3D; no indices; no dilation",
    "OneHot": "constant depth",
    "Pad": "constant axes",
    "QuantizeLinear": "zero point 0",
    "RandomNormal": _SEED,
    "RandomNormalLike": _SEED,
    "RandomUniform": _SEED,
    "RandomUniformLike": _SEED,
    "ReduceL1": _REDUCE,
    "ReduceL2": _REDUCE,
    "ReduceLogSum": _REDUCE,
    "ReduceLogSumExp": _REDUCE,
    "ReduceMax": _REDUCE,
    "ReduceMean": _REDUCE,
    "ReduceMin": _REDUCE,
    "ReduceProd": _REDUCE,
    "ReduceSum": _REDUCE,
    "ReduceSumSquare": _REDUCE,
    "Resize": "nearest and linear; no antialias; aspect ratio policy stretch; no tf_crop_and_resize",
    "RNN": _DIRECTIONS,
    "ScatterND": "no reduction",
    "Slice": "constant axes",
    "Squeeze": "constant axes",
    "TopK": "sorted; K below 3840",
    "Unsqueeze": "constant axes",
}

CODE = "code"
# Files of the parser that hold its importers and checks; which there are depends on the release.
IMPORTERS = ("builtin_op_importers.cpp", "onnxOpImporters.cpp", "onnxOpCheckers.cpp")
_FUNCTION = re.compile(
    r"DEFINE_(?:BUILTIN_)?OP_(?:IMPORTER|CHECKER)\((\w+)\)|^Node(?:ImportResult|Outputs) (\w+)\(", re.MULTILINE
)
_IMPORTED = re.compile(r"^\s*DEFINE_BUILTIN_OP_IMPORTER\((\w+)\)", re.MULTILINE)  # none that is commented out
_REFUSED = re.compile(r"otInvalidType\((?:inputs\.at\((\d)\)|valueWeights), \{([^}]*)\}")
# Functions that serve several operators, and the input that has an operator's own type where it is not the first.
_HELPERS = {"QuantDequantLinearHelper": ("QuantizeLinear", "DequantizeLinear")}
_OWN_INPUT = {"Where": "1", "OneHot": "2"}

# What the list of 11.1 names beyond that of 10.1 (read by hand: the clone ends before it).
LATER = "operators111"
LATER_TYPES = {
    "Constant": {"fp8": "11.1.0", "fp4": "11.1.0", "int4": "11.1.0"},
    "ConstantOfShape": {"fp8": "11.1.0", "fp4": "11.1.0", "int4": "11.1.0"},
    "DequantizeLinear": {"fp4": "11.1.0"},
    "Pow": {"int32": "11.1.0", "int64": "11.1.0"},
}

Operators = dict[str, tuple[list[str], bool]]  # operator -> types, whether the list restricts it


def text(repository: Path, commit: str) -> str:
    """The operator list of a commit; it moved to `docs/` with 8.0. Raises `ValueError` where there is none."""
    for path in ("docs/operators.md", "operators.md"):
        shown = file(repository, commit, path)
        if shown:
            return shown
    raise ValueError(f"{commit} has no list of operators")


def file(repository: Path, commit: str, path: str) -> str:
    """A file of a commit, empty where there is none."""
    git = [str(shutil.which("git")), "--git-dir", str(repository), "show", f"{commit}:{path}"]
    return subprocess.run(git, capture_output=True, text=True, check=False).stdout


def refused_types(code: str) -> dict[tuple[str, str], list[str]]:
    """(operator, what of it) -> types that the importer refuses by name."""
    found: dict[tuple[str, str], list[str]] = {}
    heads = list(_FUNCTION.finditer(code))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        name = head[1] or head[2]
        for match in _REFUSED.finditer(code, head.end(), following.start() if following else len(code)):
            typed = [TYPES[word] for word in re.findall(r"\w+", match[2])]
            for operator in _HELPERS.get(name, (name,)):
                if (match[1] or "0") == _OWN_INPUT.get(operator, "0"):
                    found[operator, "type"] = typed
                elif operator == "QuantizeLinear" and match[1] == "2":
                    found[operator, "zero_point_type"] = typed
    return found


def limits(codes: dict[str, str]) -> list[Row]:
    """A row for each run of releases whose importer of an operator refuses the same types."""
    found: list[Row] = []
    open_rows: dict[tuple[str, str], Row] = {}
    previous = ""
    for release, code in codes.items():
        now = refused_types(code)
        for key in sorted(set(open_rows) | set(now)):
            row = open_rows.get(key)
            if row is not None and row["refuses"] == now.get(key):
                continue
            if row is not None:
                row["until"] = previous
                del open_rows[key]
            if key in now:
                row = {"reader": "tensorrt", "operator": key[0], "of": key[1], "since": release, "refuses": now[key]}
                found.append(row)
                open_rows[key] = row
        previous = release
    return [row | {"source": CODE} for row in sorted(found, key=lambda row: (row["operator"], row["of"], row["since"]))]


def parse(page: str) -> tuple[Operators, list[str]]:
    """The operators that a list says Y to, and those it says N to."""
    taken: Operators = {}
    refused: list[str] = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) < 2 or cells[1].upper() not in ("Y", "N"):
            continue
        name = cells[0].removeprefix("experimental ")
        name = NAMES.get(name, name)
        if cells[1].upper() == "N":
            refused.append(name)
            continue
        typed = [TYPES[word] for word in re.findall(r"\w+", cells[2]) if word in TYPES] if len(cells) > 2 else []
        taken[name] = (typed, len(cells) > 3 and bool(cells[3]))
    return taken, refused


def rows(lists: dict[str, Operators]) -> list[Row]:
    """A row an operator: first release, types of the newest, the release of each type where it is a later one.

    Restrictions are of the newest list. An operator that a later list no longer has gets `until`, the last release.
    """
    found: dict[str, Row] = {}
    for release, operators in lists.items():
        for name, (typed, restricted) in operators.items():
            row = found.setdefault(name, {"reader": "tensorrt", "operator": name, "since": release, "types_since": {}})
            for one in typed:
                row["types_since"].setdefault(one, release)
            row.update({"types": typed or row.get("types"), "restricted": restricted, "last": release})
    newest = list(lists)[-1]
    return [finish(found[name], newest) for name in sorted(found)]


def imported(found: list[Row], codes: dict[str, str]) -> list[Row]:
    """The rows with their first release by the importers, where the list was late or early to name it.

    The parser takes what it has an importer for: the list of 8.5 says N to Mod and OneHot, which it came with, and that
    of 5.1 says Y to PRelu, whose importer is commented out.
    """
    first: dict[str, str] = {}
    for release, code in codes.items():
        for name in _IMPORTED.findall(code):
            first.setdefault(name, release)
    return [_since(row, first.get(str(row["operator"]), str(row["since"]))) for row in found]


def _since(row: Row, imported_in: str) -> Row:
    if imported_in == row["since"]:
        return row
    sources = row["source"] if isinstance(row["source"], list) else [row["source"]]
    return row | {"since": imported_in, "source": [*sources, CODE]}


def finish(row: Row, newest: str) -> Row:
    """The row without what says nothing.

    Lists name types from 8.0 on, so an older operator's types are as old as it. Raises `KeyError` for a restriction
    that nobody has put into words here.
    """
    last = row.pop("last")
    since = {one: at for one, at in row["types_since"].items() if toml.version_key(at) > toml.version_key("8.0.1")}
    kept = {one: at for one, at in since.items() if at != row["since"] and one in (row["types"] or [])}
    row["types_since"] = kept or None
    row["restrictions"] = RESTRICTIONS[row["operator"]] if row.pop("restricted") else None
    row["until"] = last if last != newest else None
    later = LATER_TYPES.get(row["operator"])
    if later is not None:
        row["types"] = [*row["types"], *later]
        row["types_since"] = (row["types_since"] or {}) | later
    known = {key: value for key, value in row.items() if value is not None}
    return known | {"source": [SOURCE, LATER] if later else SOURCE}


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 2 wrong usage."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    repository = Path(arguments[0])
    lists = {release: parse(text(repository, commit))[0] for release, commit in RELEASES.items()}
    document = Document("onnx-tensorrt")
    newest = list(RELEASES.values())[-1]
    document.source(
        SOURCE,
        "Operator lists of onnx/onnx-tensorrt at the commits of TensorRT 5.1.5 to 10.1.0",
        f"https://github.com/onnx/onnx-tensorrt/blob/{newest}/docs/operators.md",
        "2024-06-17",
        "vendor",
    )
    document.source(
        LATER,
        "onnx/onnx-tensorrt operator list of TensorRT 11.1",
        "https://github.com/onnx/onnx-tensorrt/blob/7c51a63a719180eb5160c874c111746f3fb46a6b/docs/operators.md",
        "2026-06-24",
        "vendor",
    )
    codes = {
        release: "".join(file(repository, commit, path) for path in IMPORTERS) for release, commit in RELEASES.items()
    }
    for row in imported(rows(lists), codes):
        document.add("operator", row)
    document.source(
        CODE,
        "onnx/onnx-tensorrt: operators that the importers serve and types that they refuse, TensorRT 5.1.5 to 10.1.0",
        f"https://github.com/onnx/onnx-tensorrt/blob/{newest}/onnxOpImporters.cpp",
        "2024-06-17",
        "vendor",
    )
    for row in limits(codes):
        document.add("operator_limit", row)
    TARGET.write_text(toml.write(document), encoding="utf-8")
    print(f"wrote {TARGET}: {len(document.tables['operator'])} rows", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
