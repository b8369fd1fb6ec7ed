"""The cuDNN that is planned beside TensorRT: by the release that it runs on, else by the soname alone."""

import pytest

from compat.machine import Machine
from compat.plan.offers.tensorrt import offers


@pytest.mark.parametrize(("release", "bound"), [("8.5.3.1", ">=8.6.0,<9"), ("8.6.1", ">=8,<9")])
def test_only_what_runs_on_cudnn_bounds_its_release(real, release, bound):
    machine = Machine(os="linux", arch="x86_64", python="3.10")
    (choice, *_) = offers(machine, real, f"=={release}", True)
    assert [pin.range for pin in choice.pins if "cudnn" in pin.name] == [bound]
