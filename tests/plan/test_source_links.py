"""Sources of a plan lead to where they can be read, in the formats that have links."""

from pathlib import Path

import pytest

from compat.description import load
from compat.plan.asking.request import requests
from compat.plan.solve import plan
from compat.report.plan import render
from compat.report.plan.words import address

BOX = Path(__file__).parent.parent / "machines" / "described" / "h100-driver535.toml"
NOTES = "https://docs.nvidia.com/cuda/archive/13.2.2/cuda-toolkit-release-notes/index.html"


@pytest.mark.parametrize(
    ("form", "link"), [("html", f'<a href="{NOTES}" rel="noreferrer">CUDA 13'), ("markdown", f"](<{NOTES}>)")]
)
def test_a_source_with_an_address_is_a_link(real, form, link):
    (machine,) = load(str(BOX))
    text = "\n".join(render([plan(machine, requests({"torch": "2.6"}), real)], real, form, "pip"))
    assert link in text


def test_what_is_no_address_is_none(real):
    assert address("/srv/app/requirements.txt:3", real) is None
    assert address("docs/plan.md, commands", real) is None
    assert address("https://example.com/a", real) == "https://example.com/a"
    assert address("https://example.com/ and more", real) is None
