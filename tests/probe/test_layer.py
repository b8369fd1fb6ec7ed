"""Merging what layers found."""

from compat.machine import Gpu
from compat.probe.layer import Reading


def reading(values: dict[str, object], sources: dict[str, str] | None = None) -> Reading:
    return Reading(dict(values), dict(sources or {}))


def test_the_first_layer_that_knows_a_value_keeps_it() -> None:
    found = reading({"kernel": "6.8"}, {"kernel": "/proc"})
    found.merge(reading({"kernel": "5.4", "glibc": "2.35"}, {"kernel": "uname", "glibc": "libc"}))
    assert found.values == {"kernel": "6.8", "glibc": "2.35"}
    assert found.sources == {"kernel": "/proc", "glibc": "libc"}


def test_false_and_empty_are_known() -> None:
    found = reading({"secure_boot": False, "gpus": ()})
    found.merge(reading({"secure_boot": True}))
    assert found.values == {"secure_boot": False, "gpus": ()}


def test_lists_grow_and_their_sources_take_the_new_numbers() -> None:
    found = reading({"gpus": (Gpu(name="A"),)}, {"gpus": "pci", "gpus[0].name": "information"})
    found.merge(
        reading(
            {"gpus": (Gpu(name="A"), Gpu(name="B"))}, {"gpus": "NVML", "gpus[0].name": "NVML", "gpus[1].name": "there"}
        )
    )
    assert [gpu.name for gpu in found.values["gpus"]] == ["A", "B"]
    assert found.sources == {"gpus": "pci", "gpus[0].name": "information", "gpus[1].name": "there"}


def test_the_source_of_entry_1_is_not_taken_for_entry_10() -> None:
    many = tuple(Gpu(name=str(number)) for number in range(11))
    found = reading({"gpus": (Gpu(name="0"),)})
    found.merge(reading({"gpus": many}, {f"gpus[{number}].name": f"file {number}" for number in range(11)}))
    assert found.sources["gpus[1].name"] == "file 1"
    assert found.sources["gpus[10].name"] == "file 10"


def test_mappings_take_the_keys_that_they_lack() -> None:
    found = reading({"packages": {"torch": "2.1"}})
    found.merge(reading({"packages": {"torch": "1.0", "numpy": "2.0"}}))
    assert found.values["packages"] == {"torch": "2.1", "numpy": "2.0"}


def test_unknown_is_not_noted() -> None:
    found = Reading()
    found.put("kernel", None, "nowhere")
    found.put("gpus", (), "/sys")
    assert found.values == {"gpus": ()}
    assert found.sources == {"gpus": "/sys"}
