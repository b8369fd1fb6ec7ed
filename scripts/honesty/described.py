"""The machines that are described: the cases of issue threads, and the reported and other ones of the tests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compat import description
from scripts.cases import folder

Described = tuple[str, str, dict[str, Any]]  # name, goal, machine
_TESTS = Path(__file__).resolve().parents[2] / "tests"
_GOALS = ("use:gpu", "use:torch", "use:jax", "use:tensorflow", "use:onnxruntime-cuda", "use:tensorrt")


def described() -> list[Described]:
    """Every one of them with the goal that it was reported for, or that it may be asked."""
    return [*_dev(), *reported(), *_machines()]


def reported() -> Iterator[Described]:
    """Those that stand in the tests."""
    for file in sorted((_TESTS / "rules" / "data").glob("*.jsonl")):
        for one in _lines(file):
            yield one["name"], one["goal"], one["machine"]


def _dev() -> Iterator[Described]:
    cases = folder()
    for case in _lines(cases / "dev.jsonl") if cases is not None else ():
        yield case["id"], case["goal"], case["machine"]


def _machines() -> Iterator[Described]:
    for file in sorted((_TESTS / "machines" / "described").glob("*.toml")):
        (machine,) = description.load(str(file))
        facts = description.to_dict(machine)
        for goal in _GOALS:
            yield f"{file.stem} {goal}", goal, facts


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, filter(None, file.read_text(encoding="utf-8").splitlines()))
