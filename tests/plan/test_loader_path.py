"""Where a build looks for CUDA on the loader's path only."""

from pathlib import Path

import pytest

from compat.description import load
from compat.plan.request import requests
from compat.plan.solve import plan

BOX = Path(__file__).parent.parent / "machines" / "described" / "h100-driver535.toml"


@pytest.mark.parametrize(("release", "settings"), [("2.15", 0), ("2.16", 1), ("2.17", 0)])
def test_tensorflow_2_16_needs_it_in_spite_of_its_extra(real, release, settings):
    answer = plan(next(iter(load(str(BOX)))), requests({"tensorflow": release}), real)
    assert sum(step.after.startswith("LD_LIBRARY_PATH") for step in answer.steps) == settings
