"""No version of a product is compared in code: thresholds are facts with a source, and their home is the matrix.

Looked for outside of docstrings: a string that is a version or a bound (``"11.4"``, ``">=2.3"``), a number that
something called ``major`` or ``minor`` is compared with, a tuple of numbers that anything is compared with. What stands
in code all the same is named here with its reason, and an exception that is no longer needed fails too.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

COMPAT = Path(__file__).parent.parent / "compat"
NUMBER = r"\d+(?:\.\d+)+(?:(?:a|b|rc|\.post|\.dev)\d+)?"
VERSION = re.compile(rf"{NUMBER}|[<>=!~]=?\s*{NUMBER}(?:\s*,\s*[<>=!~]=?\s*(?:{NUMBER}|\d+))*")

FORMAT = "numbers of a file format, which its reader has to know"
CHIP = "compute capabilities: what a generation of GPUs is, not a release"
PROBE = "the probe reads without the matrix; what it reads is judged by the rules, which have it"
THERE = "runs in the inspected interpreter, where there is no matrix"
OURS = "a choice or a number of ours"

EXCEPTIONS: dict[str, tuple[str, set[str]]] = {
    "__init__.py": (OURS, {"0.1.0"}),
    "artifacts/device.py": (FORMAT, {"512, 1024", "7, 1, 0, 0", "8, 0, 0, 0"}),
    "artifacts/engine.py": (FORMAT, {"0", "8, 4, 0, 0", "8, 6, 0, 0", "9, 0, 0, 0", "11, 0, 0, 0"}),
    "artifacts/onnx/__init__.py": (FORMAT, {"1, 2", "1, 5", "1, 2, 3, 4, 5, 7"}),
    "artifacts/onnx/graph.py": (FORMAT, {"1, 2", "2, 3, 4", "5, 9", "6, 11", "7, 8, 9", "11, 12, 13"}),
    "artifacts/onnx/values.py": (FORMAT, {"1, 8", "4, 5, 9"}),
    "artifacts/tensorflow.py": (FORMAT, {"0, 1", "1, 2"}),
    "capability.py": (CHIP, {"10, 1"}),
    "guard/answers.py": ("pip is a tool of the gate, not of the stack that the matrix is about", {"22.2"}),
    "lock/pip.py": ("the glibc that a machine of unknown glibc is taken to have", {"2.28"}),
    "machine.py": ("control characters", {"9, 10, 13"}),
    "matrix/consistency.py": (OURS, {"0.0.0.0"}),
    "matrix/index/builds.py": ("glibc of the manylinux tags, by their PEPs (513, 571, 599)", {"2.5", "2.12", "2.17"}),
    "matrix/index/client.py": ("HTTP status", {"404, 410"}),
    "plan/ways/forge.py": (OURS, {"3.12"}),
    "plan/ways/moves.py": (OURS, {"3.6"}),
    "probe/binary/driverlib.py": ("the soname libcuda.so.1.1", {"1.1"}),
    "probe/binary/elf.py": (FORMAT, {"1, 2"}),
    "probe/binary/fatbin.py": (FORMAT, {"0.0"}),
    "probe/layers/builds/jax.py": (PROBE, {"0.4.26"}),
    "probe/loading/cudnnparts.py": (PROBE, {"9"}),
    "probe/loading/processes.py": (PROBE, {"9", "10.0"}),
    "report/sarif.py": (FORMAT, {"2.1.0"}),
    "rules/cuda/compilers.py": (CHIP, {"10"}),
    "rules/tensorrt/engines.py": (CHIP, {"8"}),
    "probe/binary/sqlite.py": (FORMAT, {"0, 7", "8, 9"}),
    "rules/subject.py": ("how many digits a tag may have", {"2, 3"}),
    "rules/tensorrt/precisions.py": (CHIP, {"7.2"}),
    "toml.py": ("the Python that runs us", {"3, 11"}),
    "verify/child/result.py": (CHIP, {"5, 3", "8, 0"}),
    "verify/child/with_jax.py": (CHIP, {"5.0"}),
    "verify/child/with_tensorrt.py": (THERE, {"6, 1", "8, 9", "10", "11"}),
}


def versions_in(text: str) -> Iterator[str]:
    """What looks like a version of something in a module's text."""
    tree = ast.parse(text)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    set_to = [(one.id, node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign) for one in _names(node)]
    numbers = {name for name, value in set_to if isinstance(value, ast.Attribute) and value.attr in NUMBERS} | NUMBERS
    constants = {name: value for name, value in set_to if isinstance(value, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            if VERSION.fullmatch(node.value):
                yield node.value
        elif isinstance(node, ast.Compare):
            sides = [constants.get(getattr(one, "id", ""), one) for one in (node.left, *node.comparators)]
            yield from _compared(sides, numbers)


def _names(node: ast.Assign) -> list[ast.Name]:
    return [one for one in node.targets if isinstance(one, ast.Name)]


def _compared(sides: list[ast.expr], numbers: set[str]) -> Iterator[str]:
    named = {getattr(part, "attr", getattr(part, "id", "")) for side in sides for part in ast.walk(side)}
    for side in sides:
        if isinstance(side, ast.Constant) and type(side.value) is int and side.value > 1 and named & numbers:
            yield str(side.value)
        for part in ast.walk(side):
            if isinstance(part, ast.Tuple) and part.elts and all(map(_is_number, part.elts)):
                yield ", ".join(map(ast.unparse, part.elts))


NUMBERS = {"major", "minor", "_major"}


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def test_no_version_of_a_product_is_compared_in_code() -> None:
    found: dict[str, set[str]] = {}
    for path in sorted(COMPAT.rglob("*.py")):
        inside = set(versions_in(path.read_text(encoding="utf-8")))
        if inside:
            found[path.relative_to(COMPAT).as_posix()] = inside
    new = {name: inside - EXCEPTIONS.get(name, ("", set()))[1] for name, inside in found.items()}
    assert {name: inside for name, inside in new.items() if inside} == {}, (
        "a bound of a release belongs into the matrix: a [[trait]] row with its source (CONTRIBUTING.md)"
    )
    gone = {name: inside - found.get(name, set()) for name, (_, inside) in EXCEPTIONS.items()}
    assert {name: inside for name, inside in gone.items() if inside} == {}


def test_what_is_found() -> None:
    text = '''
def judged(version):
    """Since 2.6."""
    return at_least(version, "2.7") or parse(version).major >= 13 or version < (8, 6) or admits(">=1.2,<2", version)
'''
    assert set(versions_in(text)) == {"2.7", "13", "8, 6", ">=1.2,<2"}
