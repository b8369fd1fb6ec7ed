"""Engines built by the proven layout: release, GPU, flags, damage, what stands in front."""

import json
import struct

import made
import pytest

from compat.artifacts import open_artifact
from compat.artifacts.archive import stream


@pytest.fixture
def opened(tmp_path):
    def open_bytes(data: bytes, name: str = "model.engine"):
        path = tmp_path / name
        path.write_bytes(data)
        return open_artifact(str(path))

    return open_bytes


def test_a_plan_of_8_6(opened):
    found = opened(made.plan((8, 6, 1, 6), made.archive((8, 6, 1, 6), made.p2(8, 6))))
    assert found.facts["tensorrt"] == "8.6.1.6"
    assert found.facts["compute_capability"] == "8.6"
    assert found.facts["device"]["total_global_mem"] == 12 << 30
    assert found.damaged is None
    assert (found.engine.version_compatible, found.engine.hardware_compatible) == (False, False)


def test_a_plan_of_10_9_on_a_jetson(opened):
    found = opened(
        made.plan((10, 9, 0, 34), made.archive((10, 9, 0, 34), made.p3(8, 7), layout="D", tag=239), b"utrt", (b"WGHT",))
    )
    assert found.facts["archive"] == "ptrt D"
    assert found.facts["sections"] == ["ENGN", "WGHT"]
    assert (found.engine.os, found.engine.platform, found.engine.compute_capability) == ("linux", "utrt", "8.7")
    assert found.engine.hardware_compatible is None  # the level's meaning is proven for 8.6 only


@pytest.mark.parametrize(
    ("version", "level", "expected"),
    [((8, 6, 1, 6), 0, False), ((8, 6, 1, 6), 1, True), ((10, 3, 0, 26), 0, None), ((10, 3, 0, 26), 1, True)],
)
def test_the_hardware_compatibility_level(opened, version, level, expected):
    found = opened(made.plan(version, made.archive(version, made.p2(8, 9), level)))
    assert found.engine.hardware_compatible is expected


@pytest.mark.parametrize(
    ("version", "sections", "expected"),
    [
        ((8, 6, 1, 6), (), False),
        ((8, 6, 1, 6), (b"LEAN",), True),
        ((10, 3, 0, 26), (b"PLGN",), False),
        ((10, 3, 0, 26), (b"XXXX",), None),
        ((11, 2, 1, 2), (), None),
        ((11, 2, 1, 2), (b"LEAN",), True),
    ],
)
def test_a_lean_runtime_in_the_plan(opened, version, sections, expected):
    found = opened(made.plan(version, made.archive(version, made.p2(8, 9)), more=sections))
    assert found.engine.version_compatible is expected


def test_a_bare_archive_before_8_6_has_neither_flag(opened):
    found = opened(made.archive((8, 5, 1, 7), made.p2(7, 5), None, tag=232))
    assert (found.facts["tensorrt"], found.facts["serialization"]) == ("8.5.1.7", 232)
    assert (found.engine.version_compatible, found.engine.hardware_compatible) == (False, False)


@pytest.mark.parametrize(
    ("version", "layout", "closed", "tag"),
    [
        ((7, 1, 3, 0), "A", False, 97),
        ((7, 0, 0, 11), "A", False, 89),
        ((8, 0, 1, 6), "B", True, 43),
        ((8, 2, 1, 9), "C", True, 205),
    ],
)
def test_older_archives(opened, version, layout, closed, tag):
    found = opened(made.archive(version, made.p1(5, 3, closed), None, layout, tag))
    assert found.facts["tensorrt"] == ".".join(map(str, version))
    assert (found.facts["compute_capability"], found.facts["serialization"]) == ("5.3", tag)
    assert (found.facts["archive"], found.damaged) == (f"ptrt {layout}", None)
    assert ("total_global_mem" in found.facts["device"]) is closed


def test_a_flatbuffer_of_5_0_has_the_name_of_the_gpu(opened):
    found = opened(made.flatbuffer(b"TITAN V", 7, 0))
    assert (found.facts["tensorrt"], found.facts["compute_capability"]) == ("5.0.2.6", "7.0")
    assert (found.facts["gpu"], found.facts["device"]["sm_count"]) == ("TITAN V", 80)


@pytest.mark.parametrize("cut", [40, 200, 1])
def test_a_cut_file_is_damaged_and_keeps_its_version(opened, cut):
    whole = made.plan((8, 6, 1, 6), made.archive((8, 6, 1, 6), made.p2(8, 6)))
    found = opened(whole[:-cut])
    assert "cut short" in found.damaged
    assert found.engine.tensorrt == "8.6.1.6"
    assert found.engine.damaged == found.damaged


def test_a_wrong_end_is_said(opened):
    whole = made.plan((8, 6, 1, 6), made.archive((8, 6, 1, 6), made.p2(8, 6)))
    assert opened(whole[:-4] + bytes(4)).damaged == "the closing mark is missing"


def test_json_in_front_as_ultralytics_writes_it(opened):
    text = json.dumps({"task": "detect", "imgsz": [640, 640]}).encode()
    inner = made.plan((10, 3, 0, 26), made.archive((10, 3, 0, 26), made.p2(8, 9)), b"rtrt")
    found = opened(struct.pack("<I", len(text)) + text + inner)
    assert found.facts["prefix"] == {"task": "detect", "imgsz": [640, 640]}
    assert (found.facts["tensorrt"], found.damaged) == ("10.3.0.26", None)
    assert "before the engine" in found.remarks[0]


def test_a_device_struct_of_no_known_shape_leaves_the_capability_unknown(opened):
    odd = made.opening(0x8012) + made.record(9, 1) + made.record(7, 8) + made.record(7, 6) + made.closing(0x8012)
    found = opened(made.plan((11, 4, 0, 106), made.archive((11, 4, 0, 106), odd, layout="D"), b"rtrt"))
    assert found.engine.tensorrt == "11.4.0.106"
    assert found.engine.compute_capability is None
    assert found.engine.os is None  # the tags of 11 are not known


def test_versions_that_contradict_each_other_are_damage(opened):
    found = opened(made.plan((8, 6, 1, 6), made.archive((8, 6, 0, 12), made.p2(8, 6))))
    assert found.damaged == "container and archive state different versions"


def test_a_timing_cache_is_no_engine(opened):
    body = struct.pack("<HH", 0x8018, 1) + bytes(60)
    found = opened(b"ptrt" + struct.pack("<IIIQ", 0, 236, 0, len(body)) + body, "cache.engine")
    assert (found.format, found.engine) == ("tensorrt-timing-cache", None)


@pytest.mark.parametrize(("major", "minor"), [(8, 12), (1, 3), (41, 0)])
def test_a_device_that_cannot_be_is_not_read(opened, major, minor):
    found = opened(made.plan((8, 6, 1, 6), made.archive((8, 6, 1, 6), made.p2(major, minor))))
    assert "device" not in found.facts
    assert found.engine.compute_capability is None


def test_a_record_at_the_very_end_of_what_was_read_counts():
    whole = made.record(7, 3) + made.record(8, 4)
    assert [[one.number for one in group] for group in stream(whole, 0).groups] == [[3, 4]]
    assert [[one.number for one in group] for group in stream(whole[:-1], 0).groups] == [[3]]
