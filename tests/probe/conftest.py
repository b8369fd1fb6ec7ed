"""What the tests of several layers stand on."""

from pathlib import Path

import pytest
from software import Root


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A small system with an environment, ``/env``."""
    return Root(tmp_path).venv()
