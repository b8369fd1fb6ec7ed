"""The machine as a table of Debian packages has it."""

from compat.guard.apt.system import as_packaged
from compat.machine import Library, Machine
from compat.matrix import Matrix


def test_what_packages_bring_takes_the_place_of_what_was_read(matrix: Matrix) -> None:
    table = {"libcudnn9-cuda-12": "9.8.0.87-1"}
    for libraries in (None, (), (Library("cudnn", "9.1.0", "system"), Library("cudnn", "9.2.1", "pip"))):
        after = as_packaged(Machine(libraries=libraries), table, frozenset(("cudnn",)), matrix)
        system = [one.version for one in after.libraries or () if one.origin == "system"]
        assert system == ["9.8.0.87"]
        assert [one.version for one in after.libraries or () if one.origin == "pip"] == (["9.2.1"] if libraries else [])


def test_a_driver_that_no_package_brings_is_as_it_was_read(matrix: Matrix) -> None:
    assert as_packaged(Machine(), {}, frozenset(), matrix).driver == Machine().driver
