"""What is judged unasked: what the matrix says of a package, in a fixed order."""

import pytest

from compat.description import from_dict
from compat.goals import parse
from compat.matrix import Matrix
from compat.suggest import goals_of


def test_every_name_that_suggests_a_goal_is_a_name_of_the_package(matrix: Matrix) -> None:
    suggesting = {name: about for name, about in matrix.index["packages"].items() if "suggested_by" in about}
    assert len(suggesting) >= 14
    for name, about in suggesting.items():
        published = {one for names in about["distributions"].values() for one in names}
        assert set(about["suggested_by"]) <= published, name
        assert parse(about["goals"][0]).verb == "use", name


@pytest.mark.parametrize(
    ("machine", "goals"),
    [
        ({}, ["use:gpu"]),
        ({"packages": {"vllm": "0.9.0", "jax": "0.5.0", "torch": "2.7.0"}}, ["use:torch", "use:jax", "use:vllm"]),
        ({"packages": {"torch": False}}, ["use:gpu"]),
        ({"builds": {"tf_nightly": {}}}, ["use:tensorflow"]),
        ({"engine": {"tensorrt": "10.3.0"}}, ["run:engine"]),
        ({"container": {"requires": "cuda>=12.4"}}, ["start:container"]),
    ],
)
def test_what_is_described_suggests(machine: dict[str, object], goals: list[str], matrix: Matrix) -> None:
    assert [str(goal) for goal in goals_of(from_dict(machine), matrix)] == goals


def test_a_framework_that_is_new_in_the_matrix_is_judged_unasked() -> None:
    """One table in one file: no other place names it."""
    new = {"distributions": {"pypi": ["new-thing"]}, "goals": ["use:new"], "suggested_by": ["new-thing"]}
    known = Matrix({"index": {"packages": {"new": new}, "tables": {}}})
    assert [str(goal) for goal in goals_of(from_dict({"packages": {"New.Thing": "1.0"}}), known)] == ["use:new"]
