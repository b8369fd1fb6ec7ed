"""One environment for all tests of installations: made once, and put back after each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform == "win32":
        pytest.skip("the environments of these tests are POSIX ones")
    return tiny.environment(Path(os.path.realpath(tmp_path_factory.mktemp("install"))) / "env")


@pytest.fixture(scope="session")
def as_made(made: Path) -> dict[str, str]:
    """Every name in it with its content, before any test and after each."""
    return tiny.manifest(made, compiled=True)


@pytest.fixture
def env(made: Path, as_made: dict[str, str]) -> Iterator[Path]:
    """The environment, with onnx 1.17.0; the test has to leave it as it was, or to leave a way back."""
    yield made
    if os.path.exists(f"{made}.compatcheck"):
        tiny.compatcheck("rollback", str(made), "--yes")
    assert tiny.manifest(made, compiled=True) == as_made


@pytest.fixture
def wheels(made: Path) -> Path:
    return made.parent / "env-wheels"


@pytest.fixture
def offline(wheels: Path) -> dict[str, str]:
    """Variables that let pip find the tiny wheels and nothing else."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    return tiny.write_plan(tmp_path / "plan.json", tiny.plan())
