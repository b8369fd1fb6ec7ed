"""RECORD against the disk."""

from __future__ import annotations

import pytest
from software import Root

from compat.machine import Damage, Duplicate
from compat.probe.host import Host

SITE = "/env/lib/python3.10/site-packages"
LAYERS = ("python", "distributions", "integrity")
CUDNN = "nvidia/cudnn/lib/libcudnn.so.9"


def damaged(root: Root) -> tuple[Damage, ...]:
    found = root.reading("/env", LAYERS).values["damaged"]
    assert isinstance(found, tuple)
    return found


def test_a_sound_installation(root: Root) -> None:
    root.wheel(SITE, "torch", "2.9.0", {"torch/lib/libtorch.so": "x" * 99, "torch/version.py": "cuda = None\n"})
    assert damaged(root) == ()


@pytest.mark.parametrize(("content", "problem"), [(None, "missing"), (b"", "empty"), (b"x" * 50, "truncated")])
def test_lost_and_cut_libraries(root: Root, content: bytes | None, problem: str) -> None:
    root.wheel(SITE, "torch", "2.9.0", {"torch/lib/libtorch.so": "x" * 99})
    place = root.top / SITE.lstrip("/") / "torch/lib/libtorch.so"
    place.unlink() if content is None else place.write_bytes(content)
    assert damaged(root) == (Damage("torch", "torch/lib/libtorch.so", problem),)


def test_patched_and_edited_files_are_no_damage(root: Root) -> None:
    root.wheel(SITE, "torch", "2.9.0", {"torch/lib/libtorch.so": "x" * 99, "torch/version.py": "cuda = None\n"})
    root.file(f"{SITE}/torch/lib/libtorch.so", "x" * 120).file(f"{SITE}/torch/version.py", "")
    assert damaged(root) == ()


def test_an_empty_file_that_was_always_empty(root: Root) -> None:
    root.wheel(SITE, "torch", "2.9.0", {"torch/lib/libstub.so": ""})
    assert damaged(root) == ()


def test_cudnn_of_two_majors_over_each_other(root: Root) -> None:
    ops = "nvidia/cudnn/lib/libcudnn_ops.so.9"
    root.wheel(SITE, "nvidia-cudnn-cu12", "9.12.0.46", {CUDNN: "twelve", ops: "same"})
    root.wheel(SITE, "nvidia-cudnn-cu13", "9.13.0.50", {CUDNN: "thirteen", ops: "same"})
    assert damaged(root) == (Damage("nvidia-cudnn-cu12", CUDNN, "overwritten", "nvidia-cudnn-cu13"),)
    assert root.machine("/env").duplicates == ()


def test_two_that_bring_the_same_file_and_one_that_does_not(root: Root) -> None:
    root.wheel(SITE, "nvidia-cudnn-cu11", "9.10.0", {CUDNN: "eleven"})
    root.wheel(SITE, "nvidia-cudnn-cu12", "9.12.0.46", {CUDNN: "same, longer"})
    root.wheel(SITE, "nvidia-cudnn-cu13", "9.13.0.50", {CUDNN: "same, longer"})
    assert damaged(root) == (Damage("nvidia-cudnn-cu11", CUDNN, "overwritten", "nvidia-cudnn-cu12"),)


def test_at_equal_sizes_the_hash_tells(root: Root) -> None:
    root.wheel(SITE, "nvidia-cudnn-cu12", "9.12.0.46", {CUDNN: "aaaa"})
    root.wheel(SITE, "nvidia-cudnn-cu13", "9.13.0.50", {CUDNN: "bbbb"})
    root.file(f"{SITE}/{CUDNN}", "aaaa")
    assert damaged(root) == (Damage("nvidia-cudnn-cu13", CUDNN, "overwritten", "nvidia-cudnn-cu12"),)


def test_both_lost_it(root: Root) -> None:
    root.wheel(SITE, "nvidia-cudnn-cu12", "9.12.0.46", {CUDNN: "twelve"})
    root.wheel(SITE, "nvidia-cudnn-cu13", "9.13.0.50", {CUDNN: "thirteen"})
    (root.top / SITE.lstrip("/") / CUDNN).unlink()
    assert damaged(root) == (
        Damage("nvidia-cudnn-cu12", CUDNN, "missing"),
        Damage("nvidia-cudnn-cu13", CUDNN, "missing"),
    )
    root.file(f"{SITE}/{CUDNN}")
    assert [damage.problem for damage in damaged(root)] == ["empty", "empty"]
    root.file(f"{SITE}/{CUDNN}", "x")
    assert [damage.problem for damage in damaged(root)] == ["truncated", "truncated"]


def test_onnxruntime_over_onnxruntime_gpu(root: Root) -> None:
    state = "onnxruntime/capi/onnxruntime_pybind11_state.cpython-310-x86_64-linux-gnu.so"
    provider = "onnxruntime/capi/libonnxruntime_providers_cuda.so"
    root.wheel(SITE, "onnxruntime-gpu", "1.22.0", {state: "with cuda", provider: "c"})
    root.wheel(SITE, "onnxruntime", "1.22.0", {state: "cpu"})
    assert damaged(root) == (Damage("onnxruntime-gpu", state, "overwritten", "onnxruntime"),)
    assert root.machine("/env").duplicates == (Duplicate("onnxruntime-gpu", "1.22.0", "pip"),)


@pytest.mark.parametrize(
    "record",
    [b"", b"\xff\xfe,,\n\x00.so", b"torch/lib/a.so\n", b'"a,b.so",x,9\n../../bin/x.so,,3\n/x.so,,1\n'],
)
def test_a_record_that_makes_no_sense_is_no_damage_elsewhere(root: Root, record: bytes) -> None:
    root.wheel(SITE, "torch", "2.9.0").file(f"{SITE}/torch-2.9.0.dist-info/RECORD", record)
    assert all(not damage.path.startswith(("/", "..")) for damage in damaged(root))


def test_no_record_is_no_damage(root: Root) -> None:
    root.file(f"{SITE}/torch-2.9.0.dist-info/METADATA", "Name: torch\nVersion: 2.9.0\n")
    assert damaged(root) == ()


def test_only_compiled_code_of_gpu_packages_is_looked_at(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[str, str | bytes] = {f"torch/include/{number}.h": "x" for number in range(300)}
    root.wheel(SITE, "torch", "2.9.0", {**files, "torch/lib/libtorch.so": "x"})
    root.wheel(SITE, "pandas", "2.0", {"pandas/a.so": "x"})
    asked: list[str] = []
    real = Host.stat
    monkeypatch.setattr(Host, "stat", lambda self, path: asked.append(path) or real(self, path))
    assert damaged(root) == ()
    assert [path for path in asked if "/torch/" in path or "/pandas/" in path] == [f"{SITE}/torch/lib/libtorch.so"]


def test_the_list_of_a_wrecked_package_is_bounded(root: Root) -> None:
    root.wheel(SITE, "torch", "2.9.0", {f"torch/lib/lib{number}.so": "x" for number in range(200)})
    for number in range(200):
        (root.top / SITE.lstrip("/") / f"torch/lib/lib{number}.so").unlink()
    assert len(damaged(root)) == 40
