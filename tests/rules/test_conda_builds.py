"""A build of conda's is another one than pip's of the same name and version."""

from __future__ import annotations

import pytest

from compat import description, goals
from compat.check import check
from compat.machine import Build, Machine
from compat.matrix import Matrix
from compat.rules.candidates import find
from compat.rules.subject import Subject

MATRIX = Matrix.load()


def subject(packages: dict[str, str], source: str | None = None, **facts: str) -> Subject:
    machine = Machine(
        os="linux",
        arch="x86_64",
        environment=("conda",),
        packages=packages,
        builds={"tensorflow": Build(source=source, **facts)} if source or facts else {},
    )
    return find(machine, "tensorflow", MATRIX)


def indexes(found: Subject) -> set[str]:
    return {row["index"] for row in found.candidates}


def test_an_environment_of_conda_alone_says_nothing() -> None:
    assert indexes(subject({"tensorflow": "2.12.0", "cudatoolkit": "11.2"})) == {"pypi"}


def test_the_channel_says_it() -> None:
    found = subject({"tensorflow": "2.12.0"}, "conda-forge")
    assert indexes(found) == {"conda-forge"}
    assert {row["variant"] for row in found.candidates} == {"cpu", "cuda112"}


def test_the_cuda_of_the_environment_tells_the_variant() -> None:
    found = subject({"tensorflow": "2.13.1", "cudatoolkit": "11.8"}, "conda-forge")
    assert {row["variant"] for row in found.candidates} == {"cpu", "cuda118"}
    assert found.field("cuda").known == "11.8"


def test_a_package_that_only_conda_has_says_it() -> None:
    assert indexes(subject({"tensorflow": "2.12.0", "tensorflow-base": "2.12.0"})) == {"conda-forge"}


def test_a_local_version_is_never_condas() -> None:
    assert "conda-forge" not in indexes(subject({"tensorflow": "2.12.0+nv23.6", "tensorflow-base": "2.12.0"}))


def test_the_index_says_otherwise() -> None:
    assert indexes(subject({"tensorflow": "2.12.0", "tensorflow-base": "2.12.0"}, "pypi")) == {"pypi"}


def test_remedies_speak_of_condas_builds() -> None:
    found = subject({"tensorflow": "2.19.1"}, "conda-forge")
    assert {row["index"] for rows in found.published.values() for row in rows} == {"conda-forge"}


@pytest.mark.parametrize("version", ["0.3.0", "0.3.1"])
def test_another_channel_may_have_what_the_known_ones_lack(version: str) -> None:
    """PyTorch's own builds for Windows begin with 0.4.0; before, a channel of a user's (peterjc123) had them."""
    machine = {
        "os": "windows",
        "arch": "x86_64",
        "environment": ["conda"],
        "gpus": [{"name": "GeForce GTX 960M"}],
        "packages": {"pytorch": version},
    }
    report = check(description.from_dict(machine), goals.parse("use:torch"), MATRIX)
    assert (report.verdict, report.findings) == ("unknown", ())


def test_what_only_conda_names_is_of_somebodys_channel_where_its_source_is_no_index() -> None:
    machine = Machine(
        os="windows",
        environment=("conda",),
        packages={"pytorch": "0.3.1"},
        builds={"pytorch": Build(source="peterjc123")},
    )
    assert find(machine, "torch", MATRIX).conda
    assert not check(machine, goals.parse("use:torch"), MATRIX).errors


def test_numba_of_unknown_release_may_compile_ptx_that_the_driver_does_not_take() -> None:
    packages = {"numba": None, "cudatoolkit": "11.3"}
    machine = {"os": "windows", "environment": ["conda"], "driver": {"cuda": "11.1"}, "packages": packages}
    report = check(description.from_dict(machine), goals.parse("use:numba"), MATRIX)
    assert report.verdict == "unknown"
    assert [one.needs for one in report.untold if one.rule == "ptx-newer-than-driver"] == [("packages.numba",)]
