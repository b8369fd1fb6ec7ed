"""The fuzzer: every target runs, an example's number repeats it, and a failing parser is told."""

import json

import pytest

from scripts import fuzz
from scripts.fuzz_targets import Target, targets

TARGETS = targets()


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
