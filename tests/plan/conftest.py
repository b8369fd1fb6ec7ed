"""The matrix of this checkout, read once, and a plan to be locked."""

import sys
from pathlib import Path

import pytest

from compat.description import load
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.model import Plan
from compat.plan.solve import plan
from compat.records import replace

_H100 = Path(__file__).parent.parent / "machines" / "described" / "h100-driver535.toml"


@pytest.fixture(scope="session")
def real() -> Matrix:
    return Matrix.load()


@pytest.fixture(scope="session")
def planned(real: Matrix) -> Plan:
    """torch 2.6 for an H100, in this Python's line."""
    (machine,) = load(str(_H100))
    return plan(replace(machine, python=sys.version.split()[0]), requests({"torch": ">=2.4"}), real)
