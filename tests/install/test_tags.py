"""Wheels that another machine takes: packaging says which, of a machine of the same kind."""

import pytest

from compat.machine import Machine
from compat.plan.commands.tags import of_machine, of_python


@pytest.mark.parametrize("minor", [4, 5, 12, 16, 17, 28, 35])
def test_names_of_manylinux_by_glibc(minor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from packaging import _manylinux

    monkeypatch.setattr(_manylinux, "_get_glibc_version", lambda: (2, minor))
    monkeypatch.setattr(_manylinux, "_have_compatible_abi", lambda executable, archs: True)
    monkeypatch.setattr(_manylinux, "_is_compatible", lambda arch, version: version <= (2, minor))
    wanted = list(_manylinux.platform_tags(["x86_64"]))
    machine = Machine(os="linux", arch="x86_64", glibc=f"2.{minor}")
    assert list(of_machine(machine)) == [*wanted, "linux_x86_64"]


def test_other_systems_and_an_unknown_glibc() -> None:
    assert list(of_machine(Machine(os="windows", arch="x86_64"))) == ["win_amd64"]
    assert list(of_machine(Machine(os="windows", arch="aarch64"))) == ["win_arm64"]
    assert list(of_machine(Machine(os="linux", arch="aarch64"))) == ["linux_aarch64"]


def test_a_free_threaded_python_has_its_number_and_an_abi_of_its_own() -> None:
    assert list(of_python("3.13.1")) == ["--python-version", "3.13.1"]
    assert list(of_python("3.13.1t")) == ["--python-version", "3.13.1", "--abi", "cp313t"]
