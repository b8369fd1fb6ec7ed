"""Traits: what code asks for is in the matrix, what the matrix has is asked for, and unknown stays unknown."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from compat.matrix import Matrix

COMPAT = Path(__file__).parents[2] / "compat"
ASKS = ("row", "holds", "claim", "every")


def asked() -> Iterator[tuple[str, str | None, str]]:
    """(file, component where the code names it, trait) of each question in compat/."""
    for path in COMPAT.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKS:
                if not ast.unparse(node.func.value).endswith("traits"):
                    continue
                component, name = node.args[0], node.args[1]
                known = component.value if isinstance(component, ast.Constant) else None
                if isinstance(name, ast.Constant):
                    yield path.name, known, name.value
                elif isinstance(name, ast.Name) and name.id in names:
                    yield path.name, known, names[name.id]


def test_what_code_asks_for_is_in_the_matrix(matrix: Matrix) -> None:
    rows = {(owner, row["name"]) for owner in matrix.components("trait") for row in matrix.rows("trait", owner)}
    names = {name for _, name in rows}
    wrong = [(file, owner, name) for file, owner, name in asked() if name not in names]
    wrong += [(file, owner, name) for file, owner, name in asked() if owner and (owner, name) not in rows]
    assert wrong == []


def test_every_trait_is_asked_for(matrix: Matrix) -> None:
    names = {name for _, _, name in asked()} | {"int64"}  # models.py and operator_limits.py: by the element's type
    assert {row["name"] for row in matrix.every("trait")} - names == set()


@pytest.mark.parametrize(
    ("component", "name", "of", "inside", "outside", "open_"),
    [
        ("tensorrt", "trtexec-flag", "fp16", "10.16.1.11", "11.0.0.114", None),
        ("driver", "named-by-branch", "", "580", "590", None),
        ("tensorrt", "takes-engines", "8", "10.3", "11.4", None),
        ("tensorrt", "dead-requirement", "cu13", "10.14.1.48", "10.14.1.48.post1", None),
        ("onnx-tensorrt", "operators-listed", "", "11.1.0.106", "11.2.1.2", "11"),
        ("torch", "cxx11-abi", "old", "2.5.1+cu124", "2.6.0", "2"),
        ("torch", "cudnn-same-minor", "", "0.4.1", "1.0.0", None),
        ("torch", "cxx11-abi-from-cuda", "", "2.6.0+cu126", "2.7.0", "2"),
        ("flash-attn", "named-for-old-abi", "", "2.8.2+cu12torch2.6cxx11abiFALSE", "2.7.4.post1", "2"),
        ("vllm", "runs-by-ptx", "12", "0.12.0", "0.9.1", "0"),
        ("vllm", "runs-partly-by-ptx", "9", "0.11.2", "0.9.1", "0"),
        ("torchaudio", "cuda-same-minor", "", "2.0.2", "0.13.0", None),
        ("torchvision", "cuda-same-minor", "", "0.15.2", "0.16.0", None),
        ("jaxlib", "assembler-unchecked", "", "0.3.15", "0.3.24", "0.3"),
        ("cupy", "compiles-for-gpu", "", "13.4.1", "9.3.0", "9"),
        ("jax", "fails-on-driver-branch", "525", "0.4.35", "0.4.33", "0.4"),
        ("keras", "numbered-as-tensorflow", "", "2.15.0", "3.0", "2"),
        ("container", "l4t-any-minor", "", "35.4.1", "36.2", "35"),
        ("container", "tag-names-major", "tensorflow", "19.11", "19.10", "19"),
    ],
)
def test_the_bounds(
    matrix: Matrix, component: str, name: str, of: str, inside: str, outside: str, open_: str | None
) -> None:
    traits = matrix.traits
    assert traits.holds(component, name, inside, of) is True
    assert traits.holds(component, name, outside, of) is False
    assert traits.holds(component, name, open_, of) is None
    assert traits.claim(component, name, inside, of) is traits.row(component, name, of)
    assert traits.claim(component, name, outside, of) is None


def test_what_nobody_claims_is_unknown(matrix: Matrix) -> None:
    assert matrix.traits.holds("torch", "no-such-trait", "2.0") is None
    assert matrix.traits.holds("no-such-component", "cxx11-abi", "2.0") is None
    assert matrix.traits.holds("torch", "cxx11-abi", "2.0", "middle") is None
