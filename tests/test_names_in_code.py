"""What distributions a component has is the matrix's to say: code asks it, and lists none of their names.

Looked for outside of docstrings and of the probe, which reads without the matrix: a string that is the name of a
distribution and not of its component (``tensorrt-cu12``, ``nvidia-cudnn-cu12``). What stands in code all the same is
named here with its reason, and an exception that is no longer needed fails too.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from compat.matrix import Matrix
from compat.names import normal

COMPAT = Path(__file__).parent.parent / "compat"
WITHOUT_MATRIX = ("probe/", "verify/child/")

GPU_NAME = "of the two names of the component, the one of its builds for GPUs"
STEM = "of NVIDIA's names of a part of CUDA the stem, which the major follows"
INDEXES = {"pytorch"}  # PyTorch's index, and conda's name of torch

EXCEPTIONS: dict[str, tuple[str, set[str]]] = {
    "convert/judge.py": (GPU_NAME, {"onnxruntime-gpu"}),
    "matrix/update.py": ("a file inside its wheels", {"onnxruntime-gpu"}),
    "plan/offers/onnxruntime.py": (GPU_NAME, {"onnxruntime-gpu"}),
    "plan/offers/tensorflow.py": (GPU_NAME, {"tensorflow-gpu"}),
    "plan/steps/make.py": ("a folder", {"tensorrt_libs"}),
    "plan/steps/repairs.py": ("how the names of TensorRT's libraries begin", {"libnvinfer"}),
    "rules/cuda/nvrtc.py": (STEM, {"nvidia-cuda-nvrtc"}),
    "rules/libraries/cublaslt.py": ("the one whose files the defect is about", {"nvidia-cublas-cu11"}),
    "rules/libraries/jitlink.py": (STEM, {"nvidia-nvjitlink"}),
    "rules/libraries/majors.py": (STEM, {"nvidia-cuda-runtime", "nvidia-cublas"}),
    "rules/torch_cuda.py": (STEM, {"nvidia-cuda-runtime"}),
    "verify/prove.py": (GPU_NAME, {"onnxruntime-gpu"}),
}


def names_in(text: str) -> Iterator[str]:
    """The strings of a module's text that are no docstrings."""
    tree = ast.parse(text)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def known(matrix: Matrix) -> set[str]:
    """The distributions that the matrix knows, by the packages of its components and by what carries a library."""
    packages = matrix.index["packages"]
    named = {name for about in packages.values() for names in about["distributions"].values() for name in names}
    named |= {name for about in packages.values() for name in about.get("parts", ())}
    named |= {name for row in matrix.table("sonames").values() for name in row.get("packages", ())}
    return {normal(name) for name in named} - set(packages) - set(matrix.components("release")) - INDEXES


def test_no_list_of_distributions_stands_in_code(matrix: Matrix) -> None:
    distributions, found = known(matrix), dict[str, set[str]]()
    for path in sorted(COMPAT.rglob("*.py")):
        place = path.relative_to(COMPAT).as_posix()
        if not place.startswith(WITHOUT_MATRIX):
            said = {name for name in names_in(path.read_text("utf-8")) if name == name.strip() and name.islower()}
            if named := {name for name in said if normal(name) in distributions}:
                found[place] = named
    assert found == {place: names for place, (_, names) in EXCEPTIONS.items()}
    assert {"tensorrt-cu12", "nvidia-cudnn-cu12", "cupy-cuda12x"} <= distributions
