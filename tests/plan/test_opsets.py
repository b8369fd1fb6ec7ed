"""The chain of opsets in the reasons of a conversion's plan."""

import pytest

from compat.goals import parse
from compat.plan.asking.request import requests
from compat.plan.solve import plan
from scripts.fixtures.described import with_gpu


def said(real, asked, goal):
    machine = with_gpu("Tesla T4", "535.183.01", python="3.10.12")
    answer = plan(machine, requests(asked), real, parse(goal))
    return {
        step.component: (one.message, one.source)
        for step in answer.steps
        for one in step.why
        if one.rule == "onnx-version-unsupported"
    }


def test_each_end_is_named_with_its_source_and_the_last_says_what_to_export(real):
    found = said(real, {"torch": "2.1", "tensorrt": "8.6"}, "convert:onnx-tensorrt")
    assert list(found) == ["torch", "onnx", "tensorrt"]
    assert found["torch"][0].endswith("exports opsets up to 19.")
    assert found["tensorrt"][0].endswith(
        "reads opsets up to 17. All of them take opset 17, torch.onnx.export(..., opset_version=17)."
    )
    assert all(source for _, source in found.values())


def test_tensorflow_is_exported_by_its_converter(real):
    found = said(real, {"tensorflow": "2.15"}, "convert:onnx-tensorrt")
    assert "(15 unless told)" in found["tf2onnx"][0]
    assert "tf2onnx's --opset 18" in found["tensorrt"][0]


@pytest.mark.parametrize("goal", ["use:torch", "convert:onnx-tensorrt"])
def test_one_end_alone_is_no_chain(real, goal):
    assert said(real, {"torch" if goal == "use:torch" else "tensorrt": "*"}, goal) == {}
