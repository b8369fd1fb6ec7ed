"""What TensorRT's parser refuses of operators that it takes, read from a file and judged by release."""

from pathlib import Path

import pytest

from compat.artifacts import open_artifact
from compat.check import check
from compat.convert.judge import with_model, with_tensorrt
from compat.goals import parse
from compat.machine import Machine, Model
from compat.matrix import Matrix
from compat.records import replace

DATA = Path(__file__).parent / "data"
MATRIX = Matrix.load()


def findings(machine: Machine, release: str) -> dict[str, str]:
    report = check(with_tensorrt(machine, release), parse("convert:onnx-tensorrt"), MATRIX)
    return {one.message: one.severity for one in report.findings if one.rule == "onnx-version-unsupported"}


def limited() -> Machine:
    return with_model(Machine(os="linux"), open_artifact(str(DATA / "limited.onnx")))


def of_operator(name: str, types: tuple[str, ...] = (), **attributes: tuple[str, ...]) -> Machine:
    model = Model(operators=(name,), operator_types={name: types}, attributes={name: attributes})
    return Machine(os="linux", model=model)


def test_facts_between_the_nodes_are_read():
    facts = open_artifact(str(DATA / "limited.onnx")).facts
    assert facts["operator_types"] == {
        "Cast": ["float"],
        "CumSum": ["int64"],
        "DequantizeLinear": ["uint8"],
        "MaxPool": ["float"],
        "QuantizeLinear": ["float"],
        "Resize": ["float"],
    }
    assert facts["attributes"]["MaxPool"] == {"dilations": [2], "outputs": [2]}
    assert facts["attributes"]["DequantizeLinear"] == {"zero_point": ["other"], "zero_point_type": ["uint8"]}


def test_every_limit_of_a_release_is_said_once():
    assert findings(limited(), "10.0.1") == {
        "TensorRT 10.0.1 does not take Cast to UINT16.": "error",
        "TensorRT 10.0.1 does not take DequantizeLinear of UINT8.": "error",
        "TensorRT 10.0.1 does not take DequantizeLinear with a zero point that is not zero "
        "(asymmetric quantization).": "error",
        "TensorRT 10.0.1 does not take MaxPool with 2 outputs.": "error",
        "TensorRT 10.0.1 does not take MaxPool with dilations 2.": "error",
        "TensorRT 10.0.1 does not take QuantizeLinear to UINT8.": "error",
        "TensorRT 10.0.1 does not take QuantizeLinear with a zero point that is not zero "
        "(asymmetric quantization).": "error",
        "TensorRT 10.0.1 does not take Resize with antialias 1.": "error",
        "TensorRT 10.0.1's operator list does not name INT64 for CumSum.": "warning",
    }


def test_an_input_type_has_its_first_release():
    message = "TensorRT 8.4.3 does not take an input of type UINT8: 8.5.1 is the first that does."
    assert findings(limited(), "8.4.3")[message] == "error"
    assert not [one for one in findings(limited(), "8.6.1") if "an input of" in one]


def test_of_a_release_newer_than_the_lists_a_limit_is_a_warning():
    found = findings(limited(), "11.4.0")
    assert set(found.values()) == {"warning"}
    assert "TensorRT 11.1.0 does not take Resize with antialias 1; of 11.4.0 it is not known." in found


@pytest.mark.parametrize(
    ("machine", "release", "severity"),
    [
        (of_operator("MatMul", ("int32",)), "8.6.1", "error"),
        (of_operator("MatMul", ("int64",)), "8.6.1", "error"),  # INT64 is read as INT32
        (of_operator("MatMul", ("float16", "float", "double")), "8.6.1", None),
        (of_operator("Add", ("bfloat16",)), "8.6.1", "warning"),
        (of_operator("Add", ("bfloat16",)), "10.0.1", None),
        (of_operator("Pow", ("int32",)), "10.0.1", "warning"),
        (of_operator("Pow", ("int32",)), "10.9.0", None),  # taken up somewhere between 10.1 and 11.1
        (of_operator("Pow", ("int32",)), "11.1.0", None),
        (of_operator("Pad", mode=("reflect",)), "8.0.1", "error"),
        (of_operator("Pad", mode=("reflect",)), "8.2.0", None),
        (of_operator("Pad", mode=("wrap",)), "8.6.1", "error"),
        (of_operator("Pad", mode=("wrap",)), "10.0.1", None),
        (of_operator("Resize", mode=("cubic",)), "7.0.0", "error"),
        (of_operator("Resize", mode=("cubic",)), "8.4.1", "error"),
        (of_operator("Resize", coordinate_transformation_mode=("align_corners",)), "7.0.0", "error"),
        (of_operator("Resize", coordinate_transformation_mode=("align_corners",)), "7.1.3", None),
        (of_operator("Resize", coordinate_transformation_mode=("tf_half_pixel_for_nn",)), "7.2.3", "error"),
        (of_operator("Resize", coordinate_transformation_mode=("tf_half_pixel_for_nn",)), "8.0.1", None),
        (of_operator("Resize", mode=("cubic",)), "8.5.1", None),
        (of_operator("TopK", ("int32",)), "8.5.1", "error"),
        (of_operator("TopK", ("int32",)), "8.5.3", "warning"),
        (of_operator("TopK", ("int32",)), "8.6.1", None),
    ],
)
def test_limits_by_release(machine, release, severity):
    assert list(findings(machine, release).values()) == ([severity] if severity else [])


def test_an_unknown_type_is_no_finding():
    assert findings(replace(limited(), model=Model(operators=("CumSum",))), "10.0.1") == {}


@pytest.mark.parametrize(
    ("opset", "release", "warns"), [("7", "8.6.1", 0), ("6", "8.6.1", 1), ("8", "10.0.1", 1), ("9", "10.0.1", 0)]
)
def test_an_opset_below_the_lists_is_a_warning(opset, release, warns):
    assert list(findings(Machine(os="linux", model=Model(opset=opset)), release).values()) == ["warning"] * warns


@pytest.mark.parametrize(
    ("operator", "release", "severity", "said"),
    [
        ("EfficientNMS_TRT", "10.3.0", None, ""),
        ("TRT::EfficientNMS_TRT", "11.1.0", None, ""),
        ("EfficientNMS_TRT", "7.2.3", "error", "lacks it"),  # which is of a release after the first that is listed
        ("BatchedNMS_TRT", "7.0.0", "warning", "may lack it"),  # the lists begin with it
        ("BatchedNMS_TRT", "11.1.0", "warning", "no longer has it"),
        ("BatchedNMS_TRT", "10.9.0", None, ""),
        ("mmdeploy::TRTBatchedNMS", "10.3.0", "warning", "needs a plugin that has TRTBatchedNMS"),
    ],
)
def test_plugins_of_tensorrts_own_library(operator, release, severity, said):
    found = findings(Machine(os="linux", model=Model(operators=(operator,))), release)
    assert [(one, said in message) for message, one in found.items()] == ([(severity, True)] if severity else [])
