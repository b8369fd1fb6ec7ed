"""The fuzzer: every target runs, an example's number repeats it, and a failing parser is told."""

import json

import pytest

from scripts.fuzz import run as fuzz
from scripts.fuzz.table import counted, table
from scripts.fuzz.target import Target
from scripts.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS, ids=[one.name for one in TARGETS])
def test_a_bounded_run_of_every_parser(target):
    seeds = sorted(target.seeds(), key=len)
    assert seeds
    for number in range(60):
        assert fuzz.problem(target, fuzz.example(target, seeds, 7, number)) is None


def test_an_example_is_repeated_by_its_number():
    target = next(one for one in TARGETS if one.name == "onnx")
    seeds = sorted(target.seeds(), key=len)
    assert fuzz.example(target, seeds, 1, 12) == fuzz.example(target, seeds, 1, 12)
    assert len({fuzz.example(target, seeds, 1, number) for number in range(50)}) > 40


def test_a_crash_is_told_with_its_number():
    def crash(data):
        raise IndexError("behind the end") if data != b"seed" else ValueError

    def call(data):
        return None if data == b"seed" else crash(data)

    found = fuzz.fuzz(Target("broken", lambda: [b"seed"], call), 1, 0.2)
    assert found["failures"]
    assert "behind the end" in json.dumps(found["failures"][0])


def result(**fields):
    return {
        "target": "onnx", "seed": 1, "seconds": 10.0, "examples": 100, "slowest_ms": 5.0, "memory_mib": 2.0,
        "failures": [], "code": "a", **fields,
    }  # fmt: skip


def test_runs_of_several_seeds_are_added_up(tmp_path):
    runs = [result(), result(seed=2, seconds=300.0, examples=1_000_000, slowest_ms=4.5, memory_mib=7.25)]
    (tmp_path / "a").write_text("".join(f"{json.dumps(run)}\n" for run in runs))
    (tmp_path / "b").write_text(json.dumps(result(seed=3, target="hdf5", failures=[{"number": 1}])))
    head, _, hdf5, onnx = table([str(tmp_path / "a"), str(tmp_path / "b")]).splitlines()
    assert head.count("|") == onnx.count("|")
    assert onnx == "| onnx | 310.0 | 1,000,100 | 5.0 | 7.25 | 0 |"
    assert hdf5.endswith("| 1 |")


@pytest.mark.parametrize(
    ("runs", "kept"),
    [
        ([result(seconds=5.0), result(seconds=9.0)], [9.0]),  # one seed counts once
        ([result(code="old", seconds=5.0), result(seed=2)], [10.0]),  # another parser's
        ([result(seconds=5.0), result(seed=2, failures=[{}])], [5.0, 10.0]),  # of one code all counts
        ([result(code="old", failures=[{}]), result(seed=2, seconds=5.0)], [5.0]),
    ],
)
def test_runs_of_older_code_are_left_out(runs, kept):
    assert [run["seconds"] for run in counted(runs)] == kept


def test_runs_without_a_digest_count_unless_their_failures_are_mended():
    def undated(**fields):
        return {key: value for key, value in result(**fields).items() if key != "code"}

    assert len(counted([undated(), result(seed=2)])) == 2
    assert len(counted([undated(failures=[{}]), result(seed=2)])) == 1
    assert len(counted([undated(failures=[{}]), undated(seed=2)])) == 1
    assert len(counted([undated(failures=[{}]), undated(seed=2, failures=[{}])])) == 2


def test_the_digest_is_of_the_code_that_was_loaded():
    assert fuzz.code() == fuzz.code()
    assert len(fuzz.code()) == 16
