"""Small matrices that are written for a test, and the machines that they are about."""

from pathlib import Path

from compat.goals import Goal
from compat.machine import Driver, Gpu, Machine
from compat.matrix import Matrix
from compat.plan.model import Choice
from compat.rules import every_rule
from compat.rules.base import Finding
from compat.rules.case import Case

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCED = """
component = "{component}"
[source.s]
title = "{component}, made for a test"
where = "nowhere"
date = 2026-01-01
level = "vendor"
"""
HEAD = f"""{SOURCED}
[package]
distributions = {{{{ pypi = {{names}} }}}}
accelerator = "{{accelerator}}"
cuda_from = "{{cuda_from}}"
"""
HARDWARE = """
[[architecture]]
name = "Old"
capabilities = ["6.1"]
driver_last = "580"
source = "s"
[[architecture]]
name = "New"
capabilities = ["8.6"]
driver_first = "450"
source = "s"
[[capability]]
capability = "6.1"
architecture = "Old"
cuda_first = "8.0"
source = "s"
[[capability]]
capability = "8.6"
architecture = "New"
cuda_first = "11.1"
source = "s"
"""
CUDA = """
[[major]]
major = "11"
minor_compatible = true
driver_linux = "450.80.02"
source = "s"
[[major]]
major = "12"
minor_compatible = true
driver_linux = "525.60.13"
source = "s"
[[toolkit]]
version = "11.8.0"
driver_linux = "520.61.05"
source = "s"
[[toolkit]]
version = "12.4.0"
driver_linux = "550.54.14"
source = "s"
"""
DRIVER = """
[[branch]]
branch = "470"
cuda = "11.4"
kind = "legacy"
latest_linux = "470.256.02"
source = "s"
[[branch]]
branch = "580"
cuda = "13.0"
kind = "long-term"
latest_linux = "580.178.04"
source = "s"
"""


def build(package: str, version: str, **fields: object) -> str:
    """One build row; ``python`` and the like as they stand in TOML."""
    row = {
        "os": "linux",
        "arch": "x86_64",
        "index": "pypi",
        "variant": "",
        "cuda": "11.8",
        "sass": ["6.1", "8.6"],
        "ptx": [],
        "python": ["3.10", "3.11"],
        "glibc": "2.17",
    } | fields
    lines = [
        f'package = "{package}"',
        f'version = "{version}"',
        *(f"{name} = {toml(value)}" for name, value in row.items()),
    ]
    return "[[build]]\n" + "\n".join(lines) + '\nsource = "s"\n'


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "[" + ", ".join(toml(one) for one in value) + "]" if isinstance(value, list) else f'"{value}"'


def small(folder: Path, **components: str) -> Matrix:
    """A matrix of two GPU generations, two CUDA majors, two driver branches and the given components."""
    folder.mkdir(exist_ok=True)
    (folder / "schema.toml").write_text((ROOT / "matrix" / "schema.toml").read_text())
    (folder / "matrix.toml").write_text('version = "1"\ndate = 2026-01-01\n')
    for name, text in {"architecture": HARDWARE, "cuda": CUDA, "driver": DRIVER}.items():
        (folder / f"{name}.toml").write_text(SOURCED.format(component=name) + text)
    for name, text in components.items():
        head = HEAD.format(component=name, names=toml([name]), accelerator="optional", cuda_from="itself")
        (folder / f"{name}.toml").write_text(text if text.lstrip().startswith("component") else head + text)
    return Matrix.from_folder(str(folder))


def machine(driver: str = "580.95.05", capability: str = "8.6", python: str = "3.10", **fields: object) -> Machine:
    """A Linux machine with one GPU."""
    return Machine(
        name="test",
        os="linux",
        arch="x86_64",
        glibc="2.35",
        environment=(),
        python=python,
        packages={},
        gpus=(Gpu("test GPU", capability),),
        driver=Driver(version=driver),
        **fields,
    )  # type: ignore[arg-type]


def file_faults(machine: Machine, choice: Choice, matrix: Matrix) -> set[str]:
    """The rules, of those that are asked of whatever is installed, that keep the files of a choice, and of what it
    brings, from being installed and loaded."""
    found = set()
    for name in (choice.component, *(name for name, _ in choice.brings)):
        case = Case(machine, Goal("import", name), matrix)
        for rule in (one for one in every_rule() if one.of == "files"):
            found |= {one.rule for one in rule.judge(case) if isinstance(one, Finding) and one.severity == "error"}
    return found
