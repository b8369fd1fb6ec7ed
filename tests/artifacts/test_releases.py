"""Which release, precision and opset a conversion is given: TensorRT's packages, what GPU and release both have."""

import pytest

from compat.capability import parse
from compat.convert.model_ways import _opset
from compat.convert.releases import TENSORRT
from compat.convert.tensorrt import precisions, published
from compat.machine import Driver, Machine, Model
from compat.matrix import Matrix
from compat.records import replace


@pytest.mark.parametrize(
    ("python", "cuda", "expected"),
    [("3.10.4", "13.0", ("tensorrt", "8.5.1.7")), ("3.13.1", "13.0", None), ("3.10.4", None, ("tensorrt", "8.5.1.7"))],
)
def test_a_pip_package_is_named_only_where_it_serves(python, cuda, expected):
    machine = Machine(os="linux", arch="x86_64", python=python, driver=Driver(cuda=cuda))
    assert published(Matrix.load(), "8.5.1.7", machine) == expected


@pytest.mark.parametrize(
    ("release", "system", "arch", "expected"),
    [
        ("10.3.0.26", "windows", "x86_64", ("tensorrt-cu12", "10.3.0")),
        ("10.3.0.26", "linux", "aarch64", None),
        ("8.6.1.6", "windows", "x86_64", None),
    ],
)
def test_a_pip_package_is_one_for_the_platform(release, system, arch, expected):
    assert published(Matrix.load(), release, Machine(os=system, arch=arch, python="3.10")) == expected


@pytest.mark.parametrize(
    ("gpu", "release", "has", "lacks"),
    [
        ("9.0", "8.4.1", {"int8", "fp16"}, {"fp8", "bf16"}),
        ("9.0", "8.6.1", {"fp8", "int8"}, {"bf16"}),
        ("9.0", None, {"fp8", "bf16"}, {"fp4"}),
        ("7.5", None, {"int8", "fp16"}, {"bf16", "tf32"}),
    ],
)
def test_precisions_that_gpu_and_release_both_have(gpu, release, has, lacks):
    found = set(precisions(Matrix.load(), parse(gpu), release))
    assert found >= has
    assert not found & lacks


def test_what_is_not_known_to_be_read_gets_no_other_opset():
    """A release of which the matrix has no opset: nothing is said of the opset to export with."""
    asked = Machine(model=Model(format="onnx", opset="21"))
    assert _opset(asked, replace(TENSORRT, component="nothing"), "8.6.1", Matrix.load()) == []
