"""Of several GPUs those are judged that a process may use."""

from typing import Any

import pytest
from tried import Facts, errors, judge

_OLD, _NEW = {"name": "Tesla K80"}, {"name": "NVIDIA GeForce RTX 3090"}
_TORCH: Facts = {"os": "linux", "arch": "x86_64", "packages": {"torch": "2.6.0+cu124"}}


def _told(*gpus: Facts, value: str | None = None, variables: bool = True) -> Any:
    machine = {**_TORCH, "gpus": list(gpus)}
    if variables:
        machine["variables"] = {} if value is None else {"CUDA_VISIBLE_DEVICES": value}
    return judge("use:torch", machine)


def test_every_gpu_is_used_where_nothing_is_said() -> None:
    finding = next(one for one in _told(_OLD, _NEW, variables=False).errors if one.rule == "gpu-not-in-build")
    taken = [one.fact for one in finding.evidence if one.source == "default"]
    assert taken == [
        "not stated, gpus[0].visible, variables.CUDA_VISIBLE_DEVICES: every GPU that is listed is one that is used"
    ]


def test_a_gpu_that_is_left_out_is_not_judged() -> None:
    assert errors(_told({**_OLD, "visible": False}, {**_NEW, "visible": True}, value="1")) == []
    assert "gpu-not-in-build" in errors(_told({**_OLD, "visible": True}, {**_NEW, "visible": False}, value="0"))


@pytest.mark.parametrize("value", ["0", "1", "GPU-8932f937"])
def test_by_a_number_it_may_be_any_of_those_that_differ(value: str) -> None:
    """CUDA counts from the fastest one, by a measure that nobody publishes."""
    report = _told(_OLD, _NEW, value=value)
    assert errors(report) == []
    assert "gpu-not-in-build" in [one.rule for one in report.untold]


def test_what_is_wrong_with_each_of_them_is_wrong_with_the_one() -> None:
    found = next(
        one for one in _told(_OLD, {"name": "Tesla M2090"}, value="1").errors if one.rule == "gpu-not-in-build"
    )
    assert "Tesla K80 or Tesla M2090" in found.message


@pytest.mark.parametrize("value", ["0,1", "1,0,2", None])
def test_all_of_them_are_judged(value: str | None) -> None:
    assert "gpu-not-in-build" in errors(_told(_OLD, _NEW, value=value))


def test_the_list_ends_with_what_means_no_gpu_or_comes_again() -> None:
    assert errors(_told(_OLD, _NEW, value="1,1")) == []
    assert errors(_told(_OLD, _NEW, value="1,-1,0")) == []


def test_gpus_that_are_alike_need_no_order() -> None:
    assert "gpu-not-in-build" in errors(_told(_OLD, _OLD, value="1"))


def test_one_mig_instance_is_chosen() -> None:
    cut = {"name": "NVIDIA A100-SXM4-80GB", "mig": "1g.10gb"}
    assert "mig-single-instance" in errors(_told(cut, cut))
    assert "mig-single-instance" not in errors(_told(cut, cut, value="MIG-41b36412-f4ea-52f8-a8d5-0d5d0b0dbe03"))


def test_an_image_s_requirement_is_asked_of_each_gpu() -> None:
    """One that does not meet it is refused, wherever it stands in the list; of an unknown one it is not told."""
    machine = {"driver": {"version": "575.57.08"}, "container": {"requires": "arch>=7.5"}}
    for gpus in ([_OLD, _NEW], [_NEW, _OLD], [{}, _OLD]):
        assert "container-needs-newer-driver" in errors(judge("use:gpu", {**machine, "gpus": gpus}))
    report = judge("use:gpu", {**machine, "gpus": [{}, _NEW]})
    assert "container-needs-newer-driver" in [one.rule for one in report.untold]


@pytest.mark.parametrize("value", ["", "0", "5", "GPU-8932f937", None])
def test_a_gpu_that_is_said_to_be_visible_is_judged_whatever_the_variable_says(value: str | None) -> None:
    assert "gpu-not-in-build" in errors(_told({**_OLD, "visible": True}, {}, value=value))


@pytest.mark.parametrize("value", ["", "-1", "none"])
@pytest.mark.parametrize("gpus", [(_OLD, _NEW), (_OLD, {**_OLD, "visible": False})])
def test_a_list_of_none_hides_those_of_which_nothing_is_said(gpus: tuple[Facts, ...], value: str) -> None:
    assert errors(_told(*gpus, value=value)) == ["gpus-hidden"]


def test_one_that_was_seen_is_judged_whatever_the_list_says() -> None:
    assert "gpu-not-in-build" in errors(_told({**_OLD, "visible": True}, _NEW, value=""))
