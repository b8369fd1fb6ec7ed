"""Whoever adds something finds one room for it: what CONTRIBUTING.md calls a file and a line is that, both ways.

Each room has one list. What is in the list is there and has what the room asks for; what is there is in the list.
"""

import ast
import re
from pathlib import Path

import pytest

from compat import artifacts, lock, report
from compat.cli import app
from compat.matrix.packages import CONDA_INDEXES
from compat.matrix.schema import Schema
from compat.plan import offers
from compat.plan.offers import published
from compat.probe import assemble
from compat.report import plan as plan_report
from compat.rules import CATALOGUE, FAMILIES, candidates
from compat.verify.child.main import MODULES

COMPAT = Path(app.__file__).parents[1]


def modules_with(folder: str, name: str, arguments: tuple[str, ...]) -> set[str]:
    """Modules directly in a folder of compat/, or folders there, that define a function of this name with these
    arguments."""
    found = set()
    for path in (*(COMPAT / folder).glob("*.py"), *(COMPAT / folder).glob("*/__init__.py")):
        module = path.parent if path.stem == "__init__" else path
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            own = isinstance(node, ast.FunctionDef) and node.name == name and module != COMPAT / folder
            if own and tuple(one.arg for one in node.args.args) == arguments:
                found.add(f"compat.{folder.replace('/', '.')}.{module.stem}")
    return found


@pytest.mark.parametrize(
    ("listed", "folder", "name", "arguments"),
    [
        (set(report.FORMATS.values()), "report", "render", ("reports", "shown")),
        (set(plan_report.FORMATS.values()), "report/plan", "render", ("plans", "matrix", "installer")),
        (set(lock.FORMATS.values()), "lock", "render", ("locked", "wanted", "plan", "matrix_date")),
        ({f"compat.lock.{name}" for name in lock.RESOLVERS}, "lock", "ask", ("wanted", "constraints", "folder")),
        (set(offers.OWN.values()), "plan/offers", "offers", ("machine", "matrix", "wanted", "gpu")),
        ({f"compat.probe.layers.{name}" for name in assemble.LAYERS}, "probe/layers", "read", ("host", "so_far")),
        (
            {f"compat.artifacts.{name}" for name in artifacts.FORMATS},
            "artifacts",
            "recognise",
            ("head", "size", "name"),
        ),
        ({f"compat.artifacts.{name}" for name in artifacts.FOLDERS}, "artifacts", "recognise_folder", ("names",)),
        ({f"compat.verify.child.{name}" for name in MODULES.values()}, "verify/child", "prove", ("options",)),
    ],
    ids=["reports", "plans", "locks", "resolvers", "offers", "layers", "model files", "model folders", "proofs"],
)
def test_a_room_and_its_list(listed: set[str], folder: str, name: str, arguments: tuple[str, ...]) -> None:
    there = modules_with(folder, name, arguments)
    if folder == "plan/offers":
        there -= {"compat.plan.offers.listed"}  # what needs nothing but its entry in the matrix
    assert listed == there


def test_every_command_of_a_file_is_in_the_list() -> None:
    listed = {module for module, _ in app.COMMANDS.values()}
    assert listed == {
        f"compat.cli.{path.stem}"
        for path in (COMPAT / "cli").glob("*.py")
        if any(isinstance(node, ast.FunctionDef | ast.Assign) and "command" in _names(node) for node in _body(path))
    }


def _body(path: Path) -> list[ast.stmt]:
    return ast.parse(path.read_text(encoding="utf-8")).body


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    return {one.id for one in getattr(node, "targets", ()) if isinstance(one, ast.Name)}


def test_every_file_with_a_rule_has_a_family() -> None:
    entered: dict[str, set[str]] = {}
    rules = COMPAT / "rules"
    for path in rules.rglob("*.py"):
        name = ".".join(path.relative_to(rules).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "rule" and node.args:
                entered.setdefault(name, set()).add(ast.unparse(node.args[0]))
    files = [name for group in FAMILIES.values() for name in group]
    assert set(files) == set(entered) - {"base"}
    assert len(files) == len(set(files))
    assert sum(map(len, entered.values())) >= len(CATALOGUE)


def test_every_script_has_its_place_in_the_table() -> None:
    root = COMPAT.parent
    there = {path.stem for path in (root / "scripts").glob("*.py")} - {"__init__"}
    for package in (path.parent for path in (root / "scripts").glob("*/__init__.py")):
        commands = [path for path in package.glob("*.py") if '__name__ == "__main__"' in path.read_text("utf-8")]
        one = (package / "__main__.py").is_file()  # one command, whose name is the package's
        there |= {package.name} if one else {f"{package.name}.{path.stem}" for path in commands}
    table = (root / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Scripts")[2].partition("## Facts")[0]
    rows = "".join(line for line in table.splitlines() if line.startswith("|"))
    assert set(re.findall(r"`([\w.]+)`", rows)) == there


def test_the_indexes_that_code_knows_are_those_of_the_schema() -> None:
    """One that the schema has alone would be taken for the name of a distribution."""
    _, _, named = Schema().required("build")["index"].partition(":")
    assert set(candidates._INDEXES) == set(named.split("|"))
    assert {*CONDA_INDEXES, *candidates.JETSON, *published.JETSON} < set(named.split("|"))
    assert candidates.JETSON == published.JETSON
