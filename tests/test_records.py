"""Records behave as the standard dataclasses that they stand in for."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle

import pytest

from compat import records
from compat.capability import Capability
from compat.machine import Driver, Gpu, Machine


def test_fields_defaults_equality_and_text() -> None:
    gpu = Gpu("Tesla T4", mig=False)
    assert gpu == Gpu("Tesla T4", mig=False)
    assert gpu != Gpu("Tesla T4")
    assert hash(gpu) == hash(Gpu("Tesla T4", mig=False))
    assert repr(gpu) == "Gpu(name='Tesla T4', compute_capability=None, mig=False, pci_id=None, visible=None)"
    assert [one.name for one in records.fields(Gpu)] == ["name", "compute_capability", "mig", "pci_id", "visible"]
    assert list(inspect.signature(Gpu).parameters) == ["name", "compute_capability", "mig", "pci_id", "visible"]


def test_a_default_that_is_made_is_each_ones_own() -> None:
    assert Machine().builds == {}
    assert Machine().builds is not Machine().builds


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Gpu().name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Gpu(nonsense=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="nonsense"):
        records.replace(Gpu(), nonsense=1)  # type: ignore[call-arg]


def test_the_functions_of_the_standard_module_take_them() -> None:
    machine = Machine(name="one", driver=Driver(version="580.95.05"))
    assert dataclasses.is_dataclass(machine)
    assert dataclasses.replace(machine, name="two") == records.replace(machine, name="two")
    assert dataclasses.asdict(machine)["driver"]["version"] == "580.95.05"
    assert [one.name for one in dataclasses.fields(Gpu)] == [one.name for one in records.fields(Gpu)]
    assert copy.deepcopy(machine) == pickle.loads(pickle.dumps(machine)) == machine


def test_order() -> None:
    assert Capability(8, 6) < Capability(9, 0)
    assert sorted([Capability(9, 0), Capability(7, 5)])[0] == Capability(7, 5)
