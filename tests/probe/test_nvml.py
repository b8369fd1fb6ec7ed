"""Asking NVML: every way in which it can fail to answer."""

import json
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from compat.machine import Gpu
from compat.probe import nvml, nvml_child
from compat.probe.host import Host


def answered(tmp_path: Path, program: str, timeout: float = 20.0) -> tuple[nvml.Answer, Host]:
    child = tmp_path / "child.py"
    child.write_text(program)
    host = Host()
    return nvml.ask(host, timeout, str(child)), host


def test_an_answer(tmp_path: Path) -> None:
    told = {
        "driver": "580.95.05",
        "cuda": 13000,
        "gpus": [{"name": "NVIDIA H200", "compute_capability": "9.0", "pci_id": "10de:2335", "mig": False}],
    }
    answer, host = answered(tmp_path, f"print({json.dumps(told)!r})")
    gpu = Gpu(name="NVIDIA H200", compute_capability="9.0", pci_id="10de:2335", mig=False)
    assert answer == nvml.Answer("580.95.05", "13.0", (gpu,))
    assert host.trouble == []


@pytest.mark.parametrize(
    ("number", "cuda"), [(12040, "12.4"), (11080, "11.8"), (13050, "13.5"), (0, None), ("x", None)]
)
def test_cuda_numbers(tmp_path: Path, number: object, cuda: str | None) -> None:
    assert answered(tmp_path, f"print({json.dumps({'cuda': number})!r})")[0].cuda == cuda


@pytest.mark.parametrize(
    "told", [{"driver": "N/A"}, {"driver": 580}, {"driver": ""}, {"gpus": [{"compute_capability": "x"}]}]
)
def test_words_that_are_no_versions(tmp_path: Path, told: dict[str, object]) -> None:
    answer, _ = answered(tmp_path, f"print({json.dumps(told)!r})")
    assert answer.driver is None
    assert [gpu.compute_capability for gpu in answer.gpus] in ([], [None])


def test_a_hanging_driver(tmp_path: Path) -> None:
    start = time.monotonic()
    answer, host = answered(tmp_path, "import time; time.sleep(60)", timeout=1.0)
    assert time.monotonic() - start < 20
    assert answer.errors == (("child", "time limit"),)
    assert [(trouble.path, trouble.reason) for trouble in host.trouble] == [("NVML", "time limit")]


@pytest.mark.parametrize(
    "program",
    ["", "print('[]')", "print('no JSON')", "print('{\"gpus\": [3]}')", "raise SystemExit(3)", "import os; os.abort()"],
)
def test_a_child_that_does_not_answer(tmp_path: Path, program: str) -> None:
    answer, host = answered(tmp_path, program)
    assert (answer.driver, answer.gpus) == (None, ())
    assert answer.errors[0][0] == "child"
    assert len(host.trouble) == 1


def test_the_reason_is_the_last_line_of_its_errors(tmp_path: Path) -> None:
    answer, _ = answered(tmp_path, "raise RuntimeError('broken')")
    assert answer.errors == (("child", "exit status 1: RuntimeError: broken"),)


def test_errors_of_single_calls_are_trouble(tmp_path: Path) -> None:
    told = {"driver": "550.54", "errors": {"nvmlDeviceGetCount": "Insufficient Permissions"}}
    answer, host = answered(tmp_path, f"print({json.dumps(told)!r})")
    assert answer.driver == "550.54"
    assert [trouble.path for trouble in host.trouble] == ["NVML nvmlDeviceGetCount"]


class FakeError(Exception):
    def __init__(self, value: int) -> None:
        super().__init__(f"code {value}")
        self.value = value


class Pci:
    pciDeviceId = 0x20B210DE  # noqa: N815


def fake(**functions: object) -> ModuleType:
    """A pynvml with these calls; a number stands for the error that the call raises."""
    module = ModuleType("pynvml")
    module.NVMLError = FakeError  # type: ignore[attr-defined]

    def make(value: object) -> object:
        def call(*arguments: object) -> object:
            if isinstance(value, int) and value < 0:
                raise FakeError(-value)
            return value(*arguments) if callable(value) else value

        return call

    for name, value in functions.items():
        setattr(module, name, make(value))
    return module


WORKING = {
    "nvmlInit": None,
    "nvmlSystemGetDriverVersion": b"580.95.05",
    "nvmlSystemGetCudaDriverVersion_v2": 13000,
    "nvmlDeviceGetCount": 1,
    "nvmlDeviceGetHandleByIndex": "handle",
    "nvmlDeviceGetName": lambda handle: {"handle": "NVIDIA A100", "instance": "NVIDIA A100 MIG 3g.40gb"}[handle],
    "nvmlDeviceGetCudaComputeCapability": lambda handle: (8, 0),
    "nvmlDeviceGetPciInfo": lambda handle: Pci(),
    "nvmlDeviceGetMigMode": lambda handle: [0, 0],
}


def child(monkeypatch: pytest.MonkeyPatch, **changes: object) -> dict[str, object]:
    monkeypatch.setitem(sys.modules, "pynvml", fake(**{**WORKING, **changes}))
    return nvml_child.main("")


def test_the_child_tells_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert child(monkeypatch) == {
        "driver": "580.95.05",
        "cuda": 13000,
        "gpus": [{"name": "NVIDIA A100", "compute_capability": "8.0", "pci_id": "10de:20b2", "mig": False}],
        "errors": {},
    }


def test_a_driver_of_another_release(monkeypatch: pytest.MonkeyPatch) -> None:
    assert child(monkeypatch, nvmlInit=-18) == {"errors": {"nvmlInit": "code 18"}}


@pytest.mark.parametrize("call", [name for name in WORKING if name != "nvmlInit"])
def test_any_call_may_fail_alone(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    told = child(monkeypatch, **{call: -999})
    assert told["errors"] == {call: "code 999"}
    assert len([value for value in told.values() if value]) >= 3


def test_what_a_gpu_does_not_support_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    told = child(monkeypatch, nvmlDeviceGetMigMode=-3)
    assert told["errors"] == {}
    assert told["gpus"][0]["mig"] is None  # type: ignore[index]


def test_a_library_too_old_for_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = {name: value for name, value in WORKING.items() if name != "nvmlDeviceGetMigMode"}
    monkeypatch.setitem(sys.modules, "pynvml", fake(**functions))
    assert nvml_child.main("")["gpus"][0]["mig"] is None


def test_the_profile_of_the_only_kind_of_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    def instance(handle: str, index: int) -> str:
        if index > 1:
            raise FakeError(6)
        return "instance"

    mig = {"nvmlDeviceGetMigMode": lambda handle: [1, 1], "nvmlDeviceGetMaxMigDeviceCount": 7}
    told = child(monkeypatch, nvmlDeviceGetMigDeviceHandleByIndex=instance, **mig)
    assert (told["gpus"][0]["mig"], told["errors"]) == ("3g.40gb", {})  # type: ignore[index]
    told = child(monkeypatch, nvmlDeviceGetMigDeviceHandleByIndex=-6, **mig)
    assert told["gpus"][0]["mig"] == "enabled"  # type: ignore[index]


def test_without_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert list(nvml_child.main("")["errors"]) == ["import"]


def test_the_real_child_answers_on_this_machine() -> None:
    """With or without a driver: an answer, or the reason."""
    answer = nvml.ask(Host())
    assert answer.driver or answer.errors[0][0] == "nvmlInit", answer
