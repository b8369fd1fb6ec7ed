"""The matrix of this checkout, read once."""

import pytest

from compat.matrix import Matrix


@pytest.fixture(scope="session")
def real() -> Matrix:
    return Matrix.load()
