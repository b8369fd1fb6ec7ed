"""What counts as harm: never what was wrong before and is not made worse."""

from dataclasses import replace

import pytest
from environments import MACHINES, built

from compat.guard.invocation import read
from compat.guard.nearest import nearest
from compat.guard.result import after
from compat.guard.transaction import Coming, Transaction, source_of
from compat.guard.verdict import Standing, harms
from compat.machine import Driver
from compat.matrix import Matrix

_OWN = ("own-index", "own-page")  # traits that name a place (compat/plan/offers/places.py)
_ON_THE_PAGE = {"jax": ("jaxlib",)}  # what lies there is a part of what the page is named for


def _kinds(before, transaction: Transaction, matrix: Matrix) -> dict[str, str]:
    return {str(one.goal): one.kind for one in harms(Standing(before, matrix), after(before, transaction, matrix))}


def test_a_driver_that_is_too_old_already_is_not_the_installers_fault(matrix: Matrix) -> None:
    before = replace(
        built("h100", "torch26", matrix), driver=Driver(version="450.51.05", kernel_module_version="450.51.05")
    )
    assert _kinds(before, Transaction((Coming("requests", "2.32.3", "pypi"),)), matrix) == {}
    other = Transaction((Coming("torch", "2.5.1", "pypi"), Coming("torchvision", "0.20.1", "pypi")))
    assert "broken" not in _kinds(before, other, matrix).values()


def test_what_was_broken_and_gets_worse_is_harm(matrix: Matrix) -> None:
    before = replace(
        built("h100", "torch26", matrix), driver=Driver(version="450.51.05", kernel_module_version="450.51.05")
    )
    found = _kinds(before, Transaction((Coming("nvidia-cudnn-cu13", "9.14.0.64", "pypi"),)), matrix)
    assert found["use:torch"] == "worse"


def test_what_was_broken_and_is_broken_otherwise_does_not_block(matrix: Matrix) -> None:
    first = built("h100", "torch26", matrix)
    before = after(first, Transaction((Coming("nvidia-cudnn-cu12", "8.9.7.29", "pypi"),)), matrix)
    fixed = Transaction((Coming("nvidia-cudnn-cu12", "9.1.0.70", "pypi"),))
    assert _kinds(before, fixed, matrix) == {}


def test_a_cpu_build_into_an_empty_environment_is_a_choice(matrix: Matrix) -> None:
    before = built("h100", "empty", matrix)
    assert _kinds(before, Transaction((Coming("torch", "2.6.0+cpu", "pytorch"),)), matrix) == {}


def test_a_new_package_that_cannot_work_here_is_harm(matrix: Matrix) -> None:
    before = built("a100-535", "empty", matrix)
    assert _kinds(before, Transaction((Coming("torch", "2.11.0", "pypi"),)), matrix) == {"use:torch": "unusable"}


def test_the_nearest_command_holds_what_would_move(matrix: Matrix) -> None:
    machine = built("h100", "tensorflow215", matrix)
    change = Transaction((Coming("opencv-python-headless", "4.13.0.90", "pypi"), Coming("numpy", "2.4.6", "pypi")))
    asked = read(["pip", "install", "-U", "opencv-python-headless"], "/env/bin/python", {})
    older = Transaction((Coming("opencv-python-headless", "4.11.0.86", "pypi"),))
    held = lambda tried: older if "numpy==1.26.4" in tried.argv else None  # noqa: E731
    ways = nearest(asked, machine, change, (), matrix, held)
    assert [way.argv[-1] for way in ways] == ["numpy==1.26.4"]


def test_the_nearest_command_is_planned_where_nothing_can_be_held(matrix: Matrix) -> None:
    machine = built("a100-535", "empty", matrix)
    asked = read(["pip", "install", "torch"], "/env/bin/python", {})
    ways = nearest(asked, machine, Transaction((Coming("torch", "2.13.0", "pypi"),)), (), matrix, lambda _: None)
    assert ways
    result = " ".join(word for way in ways for word in way.argv)
    assert "torch==" in result


def test_vendors_indexes_are_told_by_their_host() -> None:
    assert (
        source_of("https://download.pytorch.org/whl/cu126/torch-2.6.0%2Bcu126-cp311-cp311-linux_x86_64.whl")
        == "pytorch"
    )
    assert source_of("https://pypi.nvidia.com/x/y.whl") == "nvidia"
    assert source_of("https://index.invalid/y.whl") == "pypi"
    assert source_of("file:///tmp/y.whl", direct=True) is None
    assert MACHINES["no-gpu"].gpus == ()


def test_every_own_place_of_the_matrix_is_told_by_its_host(matrix: Matrix) -> None:
    owners = [owner for owner in matrix.components("trait") for name in _OWN if matrix.traits.row(owner, name)]
    assert len(owners) >= 3
    for owner in owners:
        claim = next(row for name in _OWN if (row := matrix.traits.row(owner, name)))
        rows = [
            row
            for name in (*matrix.packages.distributions(owner), *_ON_THE_PAGE.get(owner, ()))
            for builds in matrix.packages.builds(name).values()
            for row in builds
        ]
        index = source_of(str(claim["value"]))
        assert index != "pypi"
        assert any(row["index"] == index for row in rows), owner


def test_a_command_that_leaves_out_what_was_asked_for_is_not_near(matrix: Matrix) -> None:
    """Old releases of JAX have no extra cuda13: holding NumPy would silently give JAX without CUDA."""
    machine = built("h100", "torch26", matrix)
    asked = read(["uv", "pip", "install", "jax[cuda13]"], "/env/bin/python", {})
    change = Transaction(
        (
            Coming("jax", "0.10.2", "pypi"),
            Coming("numpy", "2.4.6", "pypi"),
            Coming("nvidia-cudnn-cu13", "9.28.0.42", "pypi"),
        )
    )
    bare = Transaction((Coming("jax", "0.4.30", "pypi"),))
    ways = nearest(asked, machine, change, (), matrix, lambda _: bare)
    assert not any(way.says.startswith("keeps") for way in ways)


@pytest.mark.parametrize(
    ("machine", "environment", "coming", "kinds"),
    [
        ("no-gpu", "tensorflow215", Coming("tensorflow-cpu", "2.15.1", "pypi"), {}),
        ("no-gpu", "tensorflow215", Coming("tensorflow-cpu", "2.20.0", "pypi"), {"import:tensorflow": "broken"}),
        ("h100", "tensorflow215", Coming("tensorflow-cpu", "2.15.1", "pypi"), {"use:tensorflow": "broken"}),
        (
            "h100",
            "onnxruntime123",
            Coming("onnxruntime-openvino", "1.23.0", "pypi"),
            {"use:onnxruntime-cuda": "broken"},
        ),
        ("h100", "torch26", Coming("xformers", "0.0.28", "pypi"), {"use:xformers": "unusable"}),
        ("h100", "torch26", Coming("xformers", "0.0.29.post2", "pypi"), {}),
    ],
)
def test_builds_of_one_module_and_of_another_torch(
    matrix: Matrix, machine: str, environment: str, coming: Coming, kinds: dict[str, str]
) -> None:
    """Where no GPU is at stake a build for the processor in the place of one for the GPU takes nothing away, as long as
    both are one release."""
    assert _kinds(built(machine, environment, matrix), Transaction((coming,)), matrix) == kinds
