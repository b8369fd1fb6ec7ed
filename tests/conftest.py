"""What the tests of several rooms stand on."""

import pytest

from compat.matrix import Matrix


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    """The matrix of this checkout, read once."""
    return Matrix.load()
