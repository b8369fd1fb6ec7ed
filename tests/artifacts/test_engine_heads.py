"""The sample of real engine heads (shared/engines): every fact as the sample's own record has it."""

import json
import os
from pathlib import Path

import pytest

from compat.artifacts import engine, identify

SAMPLE = Path(os.environ.get("COMPATCHECK_ENGINES", "/work/shared/engines"))
RECORDS = json.loads((SAMPLE / "engines.json").read_text())["engines"] if SAMPLE.is_dir() else []

pytestmark = pytest.mark.skipif(not RECORDS, reason="the sample of real heads is not in the repository")


class Head:
    """The first bytes of a file of ``size`` bytes; the rest is not there."""

    def __init__(self, head: bytes, size: int) -> None:
        self.head = head
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        return self.head[offset : offset + length]


def head_of(record: dict) -> Head:
    return Head(bytes.fromhex("".join((SAMPLE / record["head"]).read_text().split())), record["size"])


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["head"][6:8])
def test_facts_are_those_of_the_record(record):
    head = head_of(record)
    if record["kind"] != "engine":
        assert not engine.recognise(head.head, head.size, "x.engine")
        return
    assert identify(head.head, head.size, "x.engine") == "engine"
    facts = engine.read(head).facts
    assert facts["tensorrt"] == record["trt_version"]
    assert facts["compute_capability"] == record["cc"]
    assert record["device"].items() <= facts["device"].items()
    assert set(facts["device"]) - set(record["device"]) <= {"cc_major", "cc_minor", "l2_bytes", "integrated"}
    assert facts.get("gpu") == record.get("device_name")
    if "archive" in facts:
        release = tuple(map(int, record["trt_version"].split(".")))
        tags = {(7, 1): 97, (8, 0): 43, (8, 2): 205, (8, 4): 213, (8, 5): 232, (8, 6): 236}
        assert facts["serialization"] == tags.get(release[:2], facts["serialization"])
        assert facts["serialization"] > 0


ENGINES = [one for one in RECORDS if one["kind"] == "engine"]


@pytest.mark.parametrize("record", ENGINES, ids=lambda one: one["head"][6:8])
def test_flags_that_the_header_proves(record):
    found = engine.read(head_of(record)).engine
    assert found is not None
    release = tuple(map(int, record["trt_version"].split(".")))
    assert found.version_compatible is False  # no section for a lean runtime in any of them
    assert found.hardware_compatible is (False if release < (9,) else None)
    assert found.platform == ({"8.7": "utrt"}.get(record["cc"], "rtrt") if release >= (10,) else None)
